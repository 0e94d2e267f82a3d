/**
 * Protobuf primitives as free functions: each writes at `at` and returns the offset after what it
 * wrote. None checks for room: reserve first (sizes are in each sentence). For loops that the
 * callers specialise; `WireWriter` is built from them.
 */
import { SHORT_TEXT_LENGTH } from './limits.js';

const scratch = new DataView(new ArrayBuffer(8));
const TWO_32 = 4_294_967_296;

/** The tag of a field: its number and wire type, as the varint's value. */
export function tagOf(fieldNumber: number, wireType: number): number {
  return ((fieldNumber << 3) | wireType) >>> 0;
}

/** Bytes that a 32-bit unsigned number takes as a varint: 1 to 5. */
export function varintSize(value: number): number {
  if (value < 0x80) {
    return 1;
  }
  if (value < 0x4000) {
    return 2;
  }
  if (value < 0x20_0000) {
    return 3;
  }
  return value < 0x1000_0000 ? 4 : 5;
}

/** A 32-bit unsigned number as a varint, up to 5 bytes. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value >>> 0;
  let to = at;
  while (rest > 0x7f) {
    target[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[to++] = rest;
  return to;
}

/** A 64-bit varint given as unsigned low and high halves, up to 10 bytes. */
export function writeVarint64(target: Uint8Array, at: number, low: number, high: number): number {
  let lower = low >>> 0;
  let upper = high >>> 0;
  let to = at;
  while (upper !== 0) {
    target[to++] = (lower & 0x7f) | 0x80;
    lower = ((lower >>> 7) | (upper << 25)) >>> 0;
    upper >>>= 7;
  }
  return writeVarint(target, to, lower);
}

/**
 * A safe integer (|value| ≤ 2^53) as an int64 varint, up to 10 bytes (negative numbers always).
 * Fractions are cut off.
 */
export function writeVarintInteger(target: Uint8Array, at: number, value: number): number {
  if (value >= 0 && value < TWO_32) {
    return writeVarint(target, at, value);
  }
  return writeVarint64(target, at, value, Math.floor(value / TWO_32));
}

/** 4 bytes, little-endian; the number is taken modulo 2^32. */
export function writeFixed32(target: Uint8Array, at: number, value: number): number {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
  return at + 4;
}

/** 8 bytes, little-endian, from the low and high halves. */
export function writeFixed64(target: Uint8Array, at: number, low: number, high: number): number {
  writeFixed32(target, at, low);
  return writeFixed32(target, at + 4, high);
}

/** An IEEE double, 8 bytes, little-endian. */
export function writeDouble(target: Uint8Array, at: number, value: number): number {
  scratch.setFloat64(0, value, true);
  return writeFixed64(target, at, scratch.getUint32(0, true), scratch.getUint32(4, true));
}

/** Bytes that a text takes in UTF-8 (a lone surrogate: 3, as U+FFFD). */
export function utf8Size(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/**
 * A text in UTF-8 without a length: up to 3 bytes a UTF-16 unit. Lone surrogates become U+FFFD.
 * `target` is a Buffer because its native write needs no view of the target.
 */
export function writeUtf8(target: Buffer, at: number, text: string): number {
  const length = text.length;
  if (length > SHORT_TEXT_LENGTH) {
    return at + target.write(text, at, 'utf8');
  }
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) {
      return at + target.write(text, at, 'utf8');
    }
    target[at + index] = unit;
  }
  return at + length;
}

/** A text with its length before it: a protobuf string, and a RowBinary one. 5 bytes + UTF-8. */
export function writeText(target: Buffer, at: number, text: string): number {
  const length = text.length;
  if (length <= SHORT_TEXT_LENGTH) {
    const end = writeUtf8(target, at + 1, text);
    const size = end - at - 1;
    if (size < 0x80) {
      target[at] = size;
      return end;
    }
  }
  const to = writeVarint(target, at, utf8Size(text));
  return writeUtf8(target, to, text);
}
