/**
 * RowBinary, the values we need: integers and times little-endian, strings and arrays with a
 * LEB128 length before, maps as arrays of key and value. Free functions over bytes and numbers.
 *
 * Room is made once a row: a row's fixed columns and what it copies from the request never exceed
 * `rowBound` (see `beginRow`); whatever can swell beyond calls `extend` first.
 */
import { INITIAL_ROWS_SIZE, KEPT_ROWS_SIZE } from './limits.js';
import { takeRoom } from './room.js';
import { isUtf8 } from './utf8.js';

/**
 * Protobuf to RowBinary swells at most fourfold (a byte that is not UTF-8 becomes the three bytes
 * of U+FFFD, an empty-valued attribute's tag and length become its two lengths, an 11-byte integer
 * becomes 20 digits), and the fixed columns of any table take less than 1 KiB.
 */
const SWELLING = 4;
const FIXED_SIZE = 1_024;

export class RowWriter {
  bytes: Uint8Array = new Uint8Array(INITIAL_ROWS_SIZE);
  view: DataView = new DataView(this.bytes.buffer);
  /** Bytes written. */
  size = 0;
  #rowBound = 0;

  /** Forgets the content; keeps the room unless one huge request made it. */
  reset(): void {
    this.size = 0;
    if (this.bytes.length > KEPT_ROWS_SIZE) {
      this.#resize(INITIAL_ROWS_SIZE);
    }
  }

  /** Makes room for a row made from `inputSize` bytes of the request and `copied` bytes besides. */
  beginRow(inputSize: number, copied: number): void {
    this.#rowBound = inputSize * SWELLING + copied + FIXED_SIZE;
    this.#reserve(this.#rowBound);
  }

  /** Makes room for `count` bytes that `beginRow` did not foresee. */
  extend(count: number): void {
    this.#reserve(this.#rowBound + count);
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    // Not `slice`: that clears the memory first.
    const copy = Buffer.allocUnsafeSlow(this.size);
    copy.set(this.bytes.subarray(0, this.size));
    return new Uint8Array(copy.buffer);
  }

  /** The same, in room that may be given back (room.ts). */
  finishRows(): Uint8Array {
    const copy = takeRoom(this.size);
    copy.set(this.bytes.subarray(0, this.size));
    return copy;
  }

  #reserve(count: number): void {
    const needed = this.size + count;
    if (needed > this.bytes.length) {
      this.#resize(Math.max(needed, this.bytes.length * 2));
    }
  }

  #resize(length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(this.bytes.subarray(0, this.size));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

export function putByte(writer: RowWriter, value: number): void {
  writer.bytes[writer.size++] = value;
}

/** An unsigned number below 2^32 in LEB128: the length of a string, array or map. */
export function putCount(writer: RowWriter, count: number): void {
  const { bytes } = writer;
  let at = writer.size;
  let rest = count;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  writer.size = at;
}

export function putInt32(writer: RowWriter, value: number): void {
  writer.view.setInt32(writer.size, value, true);
  writer.size += 4;
}

/** 64 bits from two halves: UInt64, Int64, Float64 and DateTime64(9) alike. */
export function putInt64(writer: RowWriter, low: number, high: number): void {
  const { view, size } = writer;
  view.setInt32(size, low, true);
  view.setInt32(size + 4, high, true);
  writer.size = size + 8;
}

export function putFloat64(writer: RowWriter, value: number): void {
  writer.view.setFloat64(writer.size, value, true);
  writer.size += 8;
}

/** Bytes as they are. */
export function putRaw(writer: RowWriter, source: Uint8Array): void {
  writer.bytes.set(source, writer.size);
  writer.size += source.length;
}

/** A few bytes as they are: a loop beats the native copy up to some twenty. */
export function putShort(writer: RowWriter, source: Uint8Array): void {
  const { bytes, size } = writer;
  const { length } = source;
  for (let index = 0; index < length; index++) {
    bytes[size + index] = source[index]!;
  }
  writer.size = size + length;
}

/** What another writer holds; makes its own room. */
export function putRows(writer: RowWriter, source: RowWriter): void {
  writer.extend(source.size);
  putRange(writer, source.bytes, 0, source.size);
}

/** The bytes [start, end) of `source` as they are; short ones by a loop, which needs no view. */
export function putRange(writer: RowWriter, source: Uint8Array, start: number, end: number): void {
  const { bytes, size } = writer;
  if (end - start > SHORT_RANGE) {
    bytes.set(source.subarray(start, end), size);
  } else {
    let to = size;
    for (let at = start; at < end; at++) {
      bytes[to++] = source[at]!;
    }
  }
  writer.size = size + end - start;
}

const SHORT_RANGE = 64;

/** Beyond this many bytes a native copy is quicker than the loop, view and all. */
const LONG_COPY = 192;

/**
 * The request's bytes [start, end) as a string: its length, then a copy, checked on the way. Four
 * bytes a step; text beyond ASCII is checked for UTF-8 afterwards, and a faulty byte becomes
 * U+FFFD: the record is worth more than the byte, and what is stored stays text.
 */
export function putString(
  writer: RowWriter,
  source: Uint8Array,
  sourceView: DataView,
  start: number,
  end: number,
): void {
  const length = end - start;
  const before = writer.size;
  putCount(writer, length);
  const { bytes, view, size: to } = writer;
  let bits = 0;
  let index = 0;
  const words = length > LONG_COPY ? 0 : length & ~3;
  for (; index < words; index += 4) {
    const word = sourceView.getInt32(start + index, true);
    view.setInt32(to + index, word, true);
    bits |= word;
  }
  if (length > LONG_COPY) {
    bits = -1;
    bytes.set(source.subarray(start, end), to);
  } else {
    for (; index < length; index++) {
      const byte = source[start + index]!;
      bytes[to + index] = byte;
      bits |= byte;
    }
  }
  writer.size = to + length;
  if ((bits & 0x8080_8080) !== 0 && !isUtf8(source, start, end)) {
    writer.size = before;
    putText(writer, repairedText(source, start, end));
  }
}

function repairedText(source: Uint8Array, start: number, end: number): string {
  return Buffer.from(source.buffer, source.byteOffset + start, end - start).toString('utf8');
}

/** A JavaScript string; the row's bound must cover it. Lone surrogates become U+FFFD. */
export function putText(writer: RowWriter, text: string): void {
  const length = text.length;
  if (length < 0x80) {
    const { bytes, size } = writer;
    let index = 0;
    while (index < length) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) {
        break;
      }
      bytes[size + 1 + index++] = unit;
    }
    if (index === length) {
      bytes[size] = length;
      writer.size = size + 1 + length;
      return;
    }
  }
  const encoded = Buffer.from(text, 'utf8');
  putCount(writer, encoded.length);
  putRaw(writer, encoded);
}

/** The two hexadecimal digits of each byte, as the little-endian pair that stands in the row. */
const HEX_PAIRS = new Uint16Array(256);
for (let value = 0; value < 256; value++) {
  const digits = value.toString(16).padStart(2, '0');
  HEX_PAIRS[value] = digits.charCodeAt(0) | (digits.charCodeAt(1) << 8);
}

/** The bytes [start, end), fewer than 64, in lower-case hexadecimal, as a string. */
export function putHex(writer: RowWriter, source: Uint8Array, start: number, end: number): void {
  const { view, bytes } = writer;
  let to = writer.size;
  bytes[to++] = (end - start) * 2;
  for (let at = start; at < end; at++) {
    view.setUint16(to, HEX_PAIRS[source[at]!]!, true);
    to += 2;
  }
  writer.size = to;
}
