/**
 * Attribute values: what is taken, what is cut, and how they look on the wire.
 *
 *     KeyValue      1 key string · 2 value AnyValue
 *     AnyValue      1 string · 2 bool · 3 int64 · 4 double · 5 ArrayValue
 *                   6 KeyValueList · 7 bytes
 *     ArrayValue    1 values AnyValue, repeated
 *     KeyValueList  1 values KeyValue, repeated
 *
 * opentelemetry-proto 1.x, common.proto.
 */
import type { ChunkWriter } from './chunk-writer.js';
import { ATTRIBUTE_DEPTH, ATTRIBUTE_ELEMENTS, STRING_LENGTH } from './limits.js';

/** An attribute or log body as recorded: any of OTLP's value types. A map has no prototype. */
export type AnyValue =
  | string
  | number
  | boolean
  | bigint
  | Uint8Array
  | undefined
  | readonly AnyValue[]
  | { readonly [key: string]: AnyValue };

/** Attributes in the flat form that records keep: `[key, value, key, value, …]`. */
export type FlatAttributes = unknown[];

const TAG_1 = 0x0a;
const TAG_VALUE = 0x12;
const TAG_BOOL = 0x10;
const TAG_INT = 0x18;
const TAG_DOUBLE = 0x21;
const TAG_ARRAY = 0x2a;
const TAG_MAP = 0x32;
const TAG_BYTES = 0x3a;

/**
 * The recordable form of what a program passed as a value: strings cut to `lengthLimit` UTF-16
 * units, arrays, maps and bytes copied (the caller may change them later), cycles and depth cut.
 * `undefined` when nothing of it can be recorded. Never throws, whatever a getter does.
 */
export function sanitizeValue(value: unknown, lengthLimit: number): AnyValue {
  switch (typeof value) {
    case 'string':
      return cut(value, lengthLimit);
    case 'number':
    case 'boolean':
    case 'bigint':
      return value;
    case 'object':
      if (value === null) return undefined;
      try {
        return sanitizeObject(value, lengthLimit, 0);
      } catch {
        // A getter or proxy of the program's threw; the value is left out.
        return undefined;
      }
    default:
      return undefined;
  }
}

function cut(text: string, lengthLimit: number): string {
  const limit = Math.min(lengthLimit, STRING_LENGTH);
  if (text.length <= limit) return text;
  // Not between the halves of a surrogate pair: the rest would be an invalid character.
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit);
}

function sanitizeObject(value: object, lengthLimit: number, depth: number): AnyValue {
  if (value instanceof Uint8Array) {
    return Uint8Array.from(value.subarray(0, Math.min(lengthLimit, STRING_LENGTH)));
  }
  if (depth >= ATTRIBUTE_DEPTH) return undefined;
  if (Array.isArray(value)) {
    const items: AnyValue[] = [];
    const count = Math.min(value.length, ATTRIBUTE_ELEMENTS);
    for (let index = 0; index < count; index++) {
      items.push(sanitizeNested(value[index], lengthLimit, depth + 1));
    }
    return items;
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  return sanitizeMap(value, lengthLimit, depth);
}

function sanitizeNested(value: unknown, lengthLimit: number, depth: number): AnyValue {
  return typeof value === 'object' && value !== null
    ? sanitizeObject(value, lengthLimit, depth)
    : sanitizeValue(value, lengthLimit);
}

function sanitizeMap(value: object, lengthLimit: number, depth: number): AnyValue {
  // No prototype: `__proto__` is a key like any other.
  const map = Object.create(null) as Record<string, AnyValue>;
  const entries: Iterable<[unknown, unknown]> =
    value instanceof Map ? value.entries() : Object.entries(value);
  let count = 0;
  for (const [key, item] of entries) {
    if (count++ >= ATTRIBUTE_ELEMENTS) break;
    const kept = sanitizeNested(item, lengthLimit, depth + 1);
    if (kept !== undefined) map[cut(String(key), STRING_LENGTH)] = kept;
  }
  return map;
}

/**
 * Flat attributes from an object of the program's: invalid keys and values are left out, at most
 * `countLimit` are kept. Adds the number of those beyond the limit to what it returns.
 */
export function flattenAttributes(
  source: unknown,
  countLimit: number,
  lengthLimit: number,
): { flat: FlatAttributes; dropped: number } {
  const flat: FlatAttributes = [];
  if (typeof source !== 'object' || source === null) return { flat, dropped: 0 };
  const room = countLimit * 2;
  try {
    const prototype: unknown = Object.getPrototypeOf(source);
    if (prototype === Object.prototype || prototype === null) {
      // A plain object has no inherited keys, and for…in makes no list of its own.
      const plain = source as Readonly<Record<string, unknown>>;
      let left = 0;
      for (const key in plain) left += pushAttribute(flat, room, key, plain[key], lengthLimit);
      return { flat, dropped: left };
    }
  } catch {
    // A getter threw: once more, one by one.
    flat.length = 0;
  }
  let dropped = 0;
  for (const key of safeKeys(source)) {
    dropped += pushAttribute(flat, room, key, safeGet(source, key), lengthLimit);
  }
  return { flat, dropped };
}

/** Appends what can be recorded of one attribute; 1 when there was no room for it, else 0. */
function pushAttribute(
  flat: FlatAttributes,
  room: number,
  key: string,
  value: unknown,
  lengthLimit: number,
): number {
  const kept = typeof value === 'number' ? value : sanitizeValue(value, lengthLimit);
  if (kept === undefined || key === '') return 0;
  if (flat.length >= room) return 1;
  flat.push(key, kept);
  return 0;
}

/** The own keys of an object of the program's; none when asking throws. */
export function safeKeys(source: object): string[] {
  try {
    return Object.keys(source);
  } catch {
    return [];
  }
}

/** A property of an object of the program's; `undefined` when its getter throws. */
export function safeGet(source: object, key: string): unknown {
  try {
    return (source as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** Flat attributes as a plain object without prototype, for readers of recorded spans. */
export function attributesObject(flat: FlatAttributes): Record<string, AnyValue> {
  const map = Object.create(null) as Record<string, AnyValue>;
  for (let index = 0; index < flat.length; index += 2) {
    map[flat[index] as string] = flat[index + 1] as AnyValue;
  }
  return map;
}

/** Writes flat attributes as repeated KeyValue fields with the tag `tag` (field number × 8 + 2). */
export function writeAttributes(writer: ChunkWriter, tag: number, flat: FlatAttributes): void {
  for (let index = 0; index < flat.length; index += 2) {
    writeKeyValue(writer, tag, flat[index] as string, flat[index + 1] as AnyValue);
  }
}

/** Writes one KeyValue field with the tag `tag`. */
export function writeKeyValue(
  writer: ChunkWriter,
  tag: number,
  key: string,
  value: AnyValue,
): void {
  const estimate = key.length + 8 + (typeof value === 'string' ? value.length : 8);
  writer.byte(tag);
  const start = writer.open(estimate);
  writer.byte(TAG_1);
  writer.string(key);
  writer.byte(TAG_VALUE);
  writeValueMessage(writer, value);
  writer.close(start, estimate);
}

/** Writes length and content of an AnyValue. The value must be a sanitized one. */
export function writeValueMessage(writer: ChunkWriter, value: AnyValue): void {
  const estimate = typeof value === 'string' ? value.length + 3 : 0;
  const start = writer.open(estimate);
  switch (typeof value) {
    case 'string':
      writer.byte(TAG_1);
      writer.string(value);
      break;
    case 'number':
      writeNumber(writer, value);
      break;
    case 'boolean':
      writer.byte(TAG_BOOL);
      writer.byte(value ? 1 : 0);
      break;
    case 'bigint':
      writeBigint(writer, value);
      break;
    case 'object':
      writeObject(writer, value);
      break;
    default:
    // An AnyValue without content is OTLP's null: an array's hole.
  }
  writer.close(start, estimate);
}

function writeNumber(writer: ChunkWriter, value: number): void {
  if (Number.isSafeInteger(value)) {
    writer.byte(TAG_INT);
    writer.int64(value);
  } else {
    writer.byte(TAG_DOUBLE);
    writer.double(value);
  }
}

function writeBigint(writer: ChunkWriter, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) {
    writer.byte(TAG_INT);
    writer.int64(value);
  } else {
    // OTLP has no larger integers; digits lose nothing.
    writer.byte(TAG_1);
    writer.string(value.toString());
  }
}

function writeObject(writer: ChunkWriter, value: AnyValue & object): void {
  if (value instanceof Uint8Array) {
    writer.byte(TAG_BYTES);
    writer.lengthAndBytes(value);
    return;
  }
  const isArray = Array.isArray(value);
  writer.byte(isArray ? TAG_ARRAY : TAG_MAP);
  const start = writer.open();
  if (isArray) {
    for (const item of value as readonly AnyValue[]) {
      writer.byte(TAG_1);
      writeValueMessage(writer, item);
    }
  } else {
    const map = value as Readonly<Record<string, AnyValue>>;
    for (const key of Object.keys(map)) writeKeyValue(writer, TAG_1, key, map[key]);
  }
  writer.close(start);
}
