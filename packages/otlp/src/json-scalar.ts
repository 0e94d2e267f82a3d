/** The scalars of OTLP/JSON: read from the text, written as protobuf. */
import { OtlpError } from './errors.js';
import type { Field } from './fields.js';
import { doubleOf, integerOf } from './json-number.js';
import type { JsonReader } from './json-reader.js';
import { tagOf } from './wire-write.js';
import type { WireWriter } from './wire-writer.js';

/** An error that names the field and what it takes. */
export function wrongValue(reader: JsonReader, name: string, wanted: string): OtlpError {
  return new OtlpError('bad_json_value', reader.at, `${name} must be ${wanted}`);
}

/** From where values are read and to where they are written. */
export interface Passage {
  readonly reader: JsonReader;
  readonly writer: WireWriter;
}

/**
 * Reads one value of a field of `message` and writes it, without its tag. Throws OtlpError
 * `bad_json_value` naming the field and what it takes. A Duration counts as a scalar: it is a text.
 */
export function copyScalar(passage: Passage, message: string, field: Field): void {
  const { reader, writer } = passage;
  switch (field.kind) {
    case 'string':
      copyString(passage, message, field);
      return;
    case 'message':
      copyDuration(passage, message, field);
      return;
    case 'id':
      copyId(passage, message, field);
      return;
    case 'bytes':
      writer.lengthDelimited(readBase64(reader, message, field));
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
      if (!copyDigits(passage, field)) {
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
function copyDigits(passage: Passage, field: Field): boolean {
  const { reader, writer } = passage;
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

function copyString(passage: Passage, message: string, field: Field): void {
  const { reader, writer } = passage;
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

function copyId(passage: Passage, message: string, field: Field): void {
  const { reader, writer } = passage;
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

function readBase64(reader: JsonReader, message: string, field: Field): Uint8Array {
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
  if (value === undefined || value < lowest || value > highest) {
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
function copyDuration(passage: Passage, message: string, field: Field): void {
  const { reader, writer } = passage;
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
