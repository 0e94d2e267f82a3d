/**
 * OTLP/JSON → protobuf, in one pass without objects between: values are written as they are read.
 *
 * The rules (OTLP specification, "JSON Protobuf Encoding", over the proto3 JSON mapping): names in
 * lowerCamelCase, unknown names ignored, null = absent, trace and span ids in hex, enums as
 * numbers only, 64-bit integers as strings or numbers, bytes in base64 (both alphabets), doubles
 * also as "NaN", "Infinity", "-Infinity". A name that comes twice: the last wins.
 * google.rpc's Any is the one message that is written but not read (nothing of ours needs it).
 */
import { decode } from './decode.js';
import { OtlpError } from './errors.js';
import type { Field, MessageName } from './fields.js';
import { FIELDS, isPacked, WIRE_LENGTH, wireTypeOf } from './fields.js';
import { doubleOf, integerOf } from './json-number.js';
import { JsonReader } from './json-reader.js';
import { MAX_DEPTH } from './limits.js';
import type { MessageTypes } from './messages.js';
import { tooDeep } from './wire-reader.js';
import { tagOf } from './wire-write.js';
import { WireWriter } from './wire-writer.js';

/** Decodes an OTLP/JSON text (UTF-8) to the object model. Throws OtlpError. */
export function decodeJson<Name extends MessageName>(
  name: Name,
  json: Uint8Array,
): MessageTypes[Name] {
  return decode(name, jsonToProtobuf(name, json));
}

/** Turns an OTLP/JSON text (UTF-8) into the same message in protobuf. Throws OtlpError. */
export function jsonToProtobuf(name: MessageName, json: Uint8Array): Uint8Array {
  // JSON spends more bytes on everything than protobuf: half its size hardly ever grows.
  const state: State = {
    reader: new JsonReader(json),
    writer: new WireWriter(json.length >>> 1),
    marks: new Int32Array((MAX_DEPTH + 1) * MARKS_PER_DEPTH),
  };
  readMessage(state, LAYOUTS[name], 1);
  state.reader.finish();
  return state.writer.finish();
}

/** One more than the highest field number of any message; `seen` below is a 32-bit mask. */
const FIELD_SLOTS = 17;
const MARKS_PER_DEPTH = FIELD_SLOTS * 2;

interface State {
  readonly reader: JsonReader;
  readonly writer: WireWriter;
  /** For the open message of each depth: where each field's bytes start and end in the writer. */
  readonly marks: Int32Array;
}

interface Layout {
  readonly name: MessageName;
  readonly fields: readonly Field[];
  readonly keys: readonly Uint8Array[];
  readonly tags: readonly number[];
  readonly byKey: ReadonlyMap<string, number>;
}

const LAYOUTS = Object.fromEntries(
  Object.entries(FIELDS).map(([name, fields]) => [name, layoutOf(name as MessageName, fields)]),
) as { readonly [name in MessageName]: Layout };

function layoutOf(name: MessageName, fields: readonly Field[]): Layout {
  return {
    name,
    fields,
    keys: fields.map((field) => new Uint8Array(Buffer.from(field.name))),
    tags: fields.map((field) =>
      tagOf(field.number, isPacked(field) ? WIRE_LENGTH : wireTypeOf(field.kind)),
    ),
    byKey: new Map(fields.map((field, index) => [field.name, index])),
  };
}

/** The index of the field whose name was just read, −1 when unknown. `guess` is tried first. */
function fieldIndex(reader: JsonReader, layout: Layout, guess: number): number {
  const key = layout.keys[guess];
  const { bytes, start, end } = reader;
  if (key !== undefined && key.length === end - start) {
    let index = 0;
    while (index < key.length && key[index] === bytes[start + index]) {
      index++;
    }
    if (index === key.length) {
      return guess;
    }
  }
  return layout.byKey.get(reader.text()) ?? -1;
}

function readMessage(state: State, layout: Layout, depth: number): void {
  const { reader } = state;
  if (depth > MAX_DEPTH) {
    throw tooDeep(reader.at);
  }
  if (!reader.atObject()) {
    throw wrongValue(reader, layout.name, 'an object');
  }
  let seen = 0;
  let guess = 0;
  for (let more = reader.enterObject(); more; more = reader.nextMember()) {
    reader.key();
    const index = fieldIndex(reader, layout, guess);
    if (index < 0) {
      reader.skipValue(depth + 1);
      continue;
    }
    guess = index + 1;
    const { number } = layout.fields[index]!;
    if ((seen & (1 << number)) !== 0) {
      removeEarlier(state, depth, number, seen);
    }
    seen |= 1 << number;
    const mark = depth * MARKS_PER_DEPTH + number * 2;
    state.marks[mark] = state.writer.size;
    readField(state, layout, index, depth);
    state.marks[mark + 1] = state.writer.size;
  }
}

/**
 * Takes out what the same name wrote before in this message. A byte is moved at most once for each
 * field of its message, so a text cannot make this quadratic.
 */
function removeEarlier(state: State, depth: number, number: number, seen: number): void {
  const { marks, writer } = state;
  const base = depth * MARKS_PER_DEPTH;
  const start = marks[base + number * 2]!;
  const end = marks[base + number * 2 + 1]!;
  if (start === end) {
    return;
  }
  writer.bytes.copyWithin(start, end, writer.size);
  writer.size -= end - start;
  for (let other = 1; other < FIELD_SLOTS; other++) {
    const mark = base + other * 2;
    if ((seen & (1 << other)) !== 0 && marks[mark]! >= end) {
      marks[mark]! -= end - start;
      marks[mark + 1]! -= end - start;
    }
  }
}

function readField(state: State, layout: Layout, index: number, depth: number): void {
  const { reader, writer } = state;
  if (reader.takeNull()) {
    return;
  }
  const field = layout.fields[index]!;
  const tag = layout.tags[index]!;
  if (field.repeated !== true) {
    writer.varint(tag);
    readValue(state, layout.name, field, depth);
    return;
  }
  if (!reader.atArray()) {
    throw wrongValue(reader, `${layout.name}.${field.name}`, 'an array');
  }
  if (!reader.enterArray()) {
    return;
  }
  if (isPacked(field)) {
    writer.varint(tag);
    const start = writer.begin();
    do {
      readValue(state, layout.name, field, depth);
    } while (reader.nextElement());
    writer.end(start);
    return;
  }
  do {
    writer.varint(tag);
    if (field.kind === 'message' && reader.takeNull()) {
      // A null among an array's values: an AnyValue without a value.
      writer.varint(0);
    } else {
      readValue(state, layout.name, field, depth);
    }
  } while (reader.nextElement());
}

/** An error that names the field and what it takes. */
function wrongValue(reader: JsonReader, name: string, wanted: string): OtlpError {
  return new OtlpError('bad_json_value', reader.at, `${name} must be ${wanted}`);
}

function readValue(state: State, message: string, field: Field, depth: number): void {
  const { reader, writer } = state;
  switch (field.kind) {
    case 'string':
      readString(state, message, field);
      return;
    case 'message':
      if (field.message === 'Duration') {
        readDuration(state, message, field);
      } else {
        const start = writer.begin();
        readMessage(state, LAYOUTS[field.message as MessageName], depth + 1);
        writer.end(start);
      }
      return;
    case 'id':
      readId(state, message, field);
      return;
    case 'bytes':
      writer.lengthDelimited(base64Of(state, message, field));
      return;
    case 'bool':
      if (reader.peek() !== 0x74 && reader.peek() !== 0x66) {
        throw wrongValue(reader, `${message}.${field.name}`, 'true or false');
      }
      writer.varint(reader.boolean() ? 1 : 0);
      return;
    case 'double':
      writer.double(readDouble(reader, message, field));
      return;
    default:
      if (!copyDigits(state, field)) {
        writeInteger(writer, field, readInteger(reader, message, field));
      }
  }
}

/** Digits that always fit 64 bits, whatever they are. */
const SAFE_DIGITS = 19;
const TWO_32 = 4_294_967_296;

/**
 * The quick way for nearly every integer: up to 19 digits, quoted or not, summed in two halves and
 * written without a string or a bigint. Returns false, having read nothing, for any other form.
 */
function copyDigits(state: State, field: Field): boolean {
  const { reader, writer } = state;
  const isQuoted = reader.peek() === 0x22;
  if (isQuoted && field.kind === 'enum') {
    return false;
  }
  const { bytes } = reader;
  const start = isQuoted ? reader.at + 1 : reader.at;
  let low = 0;
  let high = 0;
  let at = start;
  for (; at < bytes.length; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) {
      break;
    }
    const sum = low * 10 + digit;
    low = sum >>> 0;
    high = high * 10 + (sum - low) / TWO_32;
  }
  const count = at - start;
  const next = bytes[at];
  const isWhole = isQuoted ? next === 0x22 : next === 0x2c || next === 0x7d || next === 0x5d;
  if (!isWhole || count === 0 || count > SAFE_DIGITS || (bytes[start] === 0x30 && count > 1)) {
    return false;
  }
  if (!fitsIn(field, low, high)) {
    return false;
  }
  reader.at = isQuoted ? at + 1 : at;
  writeHalves(writer, field, low, high);
  return true;
}

function fitsIn(field: Field, low: number, high: number): boolean {
  switch (field.kind) {
    case 'int64':
    case 'sfixed64':
      return high < 0x8000_0000;
    case 'uint64':
    case 'fixed64':
      return true;
    case 'uint32':
    case 'fixed32':
      return high === 0;
    default:
      return high === 0 && low < 0x8000_0000;
  }
}

function writeHalves(writer: WireWriter, field: Field, low: number, high: number): void {
  switch (field.kind) {
    case 'fixed64':
    case 'sfixed64':
      writer.fixed64Parts(low, high);
      return;
    case 'fixed32':
      writer.fixed32(low);
      return;
    case 'sint32':
      writer.sint32(low);
      return;
    default:
      writer.varint64Parts(low, high);
  }
}

function readString(state: State, message: string, field: Field): void {
  const { reader, writer } = state;
  if (!reader.atString()) {
    throw wrongValue(reader, `${message}.${field.name}`, 'a string');
  }
  reader.string();
  const { start, end } = reader;
  if (reader.escaped || !reader.ascii) {
    writer.string(reader.text());
    return;
  }
  writer.varint(end - start);
  writer.reserve(end - start);
  writer.size = copyBytes(writer.bytes, writer.size, reader.bytes, start, end);
}

/** A loop beats a view and a native copy below a hundred bytes, and most strings are shorter. */
function copyBytes(
  to: Uint8Array,
  toStart: number,
  from: Uint8Array,
  start: number,
  end: number,
): number {
  if (end - start > 96) {
    to.set(from.subarray(start, end), toStart);
    return toStart + end - start;
  }
  let at = toStart;
  for (let index = start; index < end; index++) {
    to[at++] = from[index]!;
  }
  return at;
}

/** A hexadecimal digit's value by its byte; 255 for anything else. */
const NIBBLES = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  NIBBLES[digit.charCodeAt(0)] = value;
  NIBBLES[digit.toUpperCase().charCodeAt(0)] = value;
}

function readId(state: State, message: string, field: Field): void {
  const { reader, writer } = state;
  const fault = 'a string of hexadecimal digits (ids are not base64 in OTLP/JSON)';
  if (!reader.atString()) {
    throw wrongValue(reader, `${message}.${field.name}`, fault);
  }
  reader.string();
  const bytes = reader.escaped ? Buffer.from(reader.text(), 'latin1') : reader.bytes;
  const start = reader.escaped ? 0 : reader.start;
  const end = reader.escaped ? bytes.length : reader.end;
  const size = (end - start) >>> 1;
  writer.varint(size);
  writer.reserve(size);
  let bad = (end - start) & 1;
  for (let index = 0; index < size; index++) {
    const high = NIBBLES[bytes[start + index * 2]!]!;
    const low = NIBBLES[bytes[start + index * 2 + 1]!]!;
    bad |= (high | low) & 0xf0;
    writer.bytes[writer.size + index] = (high << 4) | low;
  }
  if (bad !== 0) {
    throw wrongValue(reader, `${message}.${field.name}`, fault);
  }
  writer.size += size;
}

function base64Of(state: State, message: string, field: Field): Uint8Array {
  const { reader } = state;
  if (!reader.atString()) {
    throw wrongValue(reader, `${message}.${field.name}`, 'a base64 string');
  }
  reader.string();
  const text = reader.text().replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/_-]*$/.test(text) || text.length % 4 === 1) {
    throw wrongValue(reader, `${message}.${field.name}`, 'a base64 string');
  }
  return Buffer.from(text, 'base64');
}

function readDouble(reader: JsonReader, message: string, field: Field): number {
  let value: number | undefined;
  if (reader.atString()) {
    reader.string();
    value = doubleOf(reader.text());
  } else {
    const byte = reader.peek();
    if (byte !== 0x2d && (byte < 0x30 || byte > 0x39)) {
      throw wrongValue(reader, `${message}.${field.name}`, 'a number');
    }
    const number = Number(reader.number());
    value = Number.isFinite(number) ? number : undefined;
  }
  if (value === undefined) {
    throw wrongValue(reader, `${message}.${field.name}`, 'a number that a double can hold');
  }
  return value;
}

const RANGES: { readonly [kind: string]: readonly [bigint, bigint] } = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  enum: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

function readInteger(reader: JsonReader, message: string, field: Field): bigint {
  const byte = reader.peek();
  let text = '';
  if (byte === 0x22) {
    if (field.kind === 'enum') {
      const wanted = 'a number (OTLP/JSON takes no enum names)';
      throw wrongValue(reader, `${message}.${field.name}`, wanted);
    }
    reader.string();
    text = reader.text();
  } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
    text = reader.number();
  }
  const value = integerOf(text);
  const [lowest, highest] = RANGES[field.kind]!;
  if (value === undefined || value < lowest! || value > highest!) {
    const wanted = `an integer from ${lowest} to ${highest}`;
    throw wrongValue(reader, `${message}.${field.name}`, wanted);
  }
  return value;
}

function writeInteger(writer: WireWriter, field: Field, value: bigint): void {
  switch (field.kind) {
    case 'fixed64':
    case 'sfixed64':
      writer.fixed64(value);
      return;
    case 'fixed32':
      writer.fixed32(Number(value));
      return;
    case 'sint32':
      writer.sint32(Number(value));
      return;
    default:
      writer.varint64(value);
  }
}

/** google.protobuf.Duration in JSON: seconds with up to nine decimals, then `s`. */
function readDuration(state: State, message: string, field: Field): void {
  const { reader, writer } = state;
  let match: RegExpExecArray | undefined;
  if (reader.atString()) {
    reader.string();
    match = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(reader.text()) ?? undefined;
  }
  if (match === undefined) {
    throw wrongValue(reader, `${message}.${field.name}`, 'seconds such as "1.5s"');
  }
  const sign = match[1] === '-' ? -1 : 1;
  const start = writer.begin();
  writer.varint(tagOf(1, 0));
  writer.varint64(BigInt(sign) * BigInt(match[2] ?? '0'));
  writer.varint(tagOf(2, 0));
  writer.int32(sign * Number((match[3] ?? '').padEnd(9, '0')));
  writer.end(start);
}
