/**
 * RowBinary rows → ClickHouse's Native format, a block of columns: the engine takes 40,000 spans
 * for 1.5 µs of CPU each in this form, as rows for 6.2 µs, and turning them over costs 0.7 µs here.
 *
 *   RowBinary   row row row …            a row: one value a column, in the order of COLUMNS
 *   Native      columns rows column column …       counts in LEB128
 *   column      name type stream stream …          texts with their length in LEB128
 *   streams     of a number          all its values, little-endian
 *               of a String          all its values, each with its length in LEB128: as in a row
 *               of an Array          the running total of its lengths after each row, UInt64;
 *                                    then the streams of what it holds
 *               of a Map             as of an Array, then the keys' and the values' streams
 *
 * LowCardinality is written as what it holds: the engine makes dictionaries of its own anyway.
 * A column that holds nothing but the value it would have without being named is left out.
 */
import type { RowBatch } from './commit.js';
import { COLUMNS, type Column, type TableName } from './schema.js';

/** A batch whose bytes are not rows of its table: nothing of it was taken. */
export class MalformedRows extends Error {
  constructor(table: TableName, options?: ErrorOptions) {
    super(`the rows for ${table} are not in the form of its columns`, options);
    this.name = 'MalformedRows';
  }
}

const NUMBER = 0;
const TEXT = 1;
const LIST = 2;

const WIDTHS: { readonly [type: string]: number } = {
  UInt8: 1,
  Bool: 1,
  UInt32: 4,
  Int32: 4,
  UInt64: 8,
  Int64: 8,
  Float64: 8,
  'DateTime64(9)': 8,
};

/** Room of a fresh stream; it doubles, and beyond 4 MiB grows by half. */
const FIRST_SIZE = 1_024;
const DOUBLING_SIZE: number = 4 * 1024 * 1024;
/**
 * Streams of a table that have grown beyond this together are given back, not kept. A group of
 * 40,000 spans takes 20 MiB of 35.
 */
const KEPT_SIZE: number = 48 * 1024 * 1024;
/** Longer texts are copied by the native call, whose fixed cost is that of so many bytes. */
const LONG_COPY = 192;

/** One stream of a column, and those of what it holds. */
class Stream {
  readonly kind: number;
  /** Bytes of a number. */
  readonly width: number;
  readonly keys: Stream | undefined;
  readonly items: Stream | undefined;
  bytes: Uint8Array = new Uint8Array(FIRST_SIZE);
  view: DataView = new DataView(this.bytes.buffer);
  size = 0;
  /** Of a list: elements so far. Of a number: all its bits so far, or'ed. Of a text: its bytes. */
  sum = 0;
  #markSize = 0;
  #markSum = 0;

  constructor(kind: number, width: number, keys?: Stream, items?: Stream) {
    this.kind = kind;
    this.width = width;
    this.keys = keys;
    this.items = items;
  }

  grow(count: number): void {
    const factor = this.bytes.length < DOUBLING_SIZE ? 2 : 1.5;
    const length = Math.max(Math.ceil(this.bytes.length * factor), this.size + count);
    const bytes = new Uint8Array(length);
    bytes.set(this.bytes.subarray(0, this.size));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  mark(): void {
    this.#markSize = this.size;
    this.#markSum = this.sum;
  }

  rollBack(): void {
    this.size = this.#markSize;
    this.sum = this.#markSum;
  }

  reset(keepsRoom: boolean): void {
    this.size = 0;
    this.sum = 0;
    if (!keepsRoom) {
      this.bytes = new Uint8Array(FIRST_SIZE);
      this.view = new DataView(this.bytes.buffer);
    }
  }
}

function streamOf(type: string): Stream {
  const inner = /^(\w+)\((.*)\)$/.exec(type);
  if (inner?.[1] === 'LowCardinality') return streamOf(inner[2] ?? '');
  if (inner?.[1] === 'Array') return new Stream(LIST, 8, undefined, streamOf(inner[2] ?? ''));
  if (inner?.[1] === 'Map') {
    return new Stream(LIST, 8, new Stream(TEXT, 0), new Stream(TEXT, 0));
  }
  if (type === 'String') return new Stream(TEXT, 0);
  const width = WIDTHS[type];
  if (width === undefined) throw new Error(`no Native form for a column of type ${type}`);
  return new Stream(NUMBER, width);
}

/** The stream and those below it, in the order in which they are written. */
function flat(stream: Stream): readonly Stream[] {
  return [
    stream,
    ...(stream.keys === undefined ? [] : flat(stream.keys)),
    ...(stream.items === undefined ? [] : flat(stream.items)),
  ];
}

function nativeType(type: string): string {
  return type.replaceAll('LowCardinality(String)', 'String');
}

function countBytes(count: number): Buffer {
  const bytes: number[] = [];
  let rest = count;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

function sized(text: string): Buffer {
  return Buffer.concat([countBytes(Buffer.byteLength(text)), Buffer.from(text)]);
}

/** The rows of one table, turned into columns. Its room is used again after `reset`. */
export class NativeRows {
  readonly table: TableName;
  readonly #columns: readonly Column[];
  readonly #heads: readonly Buffer[];
  readonly #streams: readonly Stream[];
  readonly #flat: readonly Stream[];
  #rowCount = 0;

  constructor(table: TableName) {
    this.table = table;
    this.#columns = COLUMNS[table];
    this.#heads = this.#columns.map(({ name, type }) =>
      Buffer.concat([sized(name), sized(nativeType(type))]),
    );
    this.#streams = this.#columns.map(({ type }) => streamOf(type));
    this.#flat = this.#streams.flatMap(flat);
  }

  /** Takes a batch's rows. Throws MalformedRows and then holds what it held before. */
  append({ bytes, rowCount }: RowBatch): void {
    for (const stream of this.#flat) stream.mark();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    try {
      for (let row = 0; row < rowCount; row++) at = copyRow(this.#streams, bytes, view, at);
      if (at !== bytes.length) throw new RangeError(`${bytes.length - at} bytes are left over`);
    } catch (error) {
      for (const stream of this.#flat) stream.rollBack();
      if (!(error instanceof RangeError)) throw error;
      throw new MalformedRows(this.table, { cause: error });
    }
    this.#rowCount += rowCount;
  }

  /** The block, in pieces that are views of this object's room, and the columns that it has. */
  block(): { readonly chunks: readonly Uint8Array[]; readonly columns: readonly Column[] } {
    const columns: Column[] = [];
    const chunks: Uint8Array[] = [];
    for (const [index, column] of this.#columns.entries()) {
      const stream = this.#streams[index];
      const head = this.#heads[index];
      if (stream === undefined || head === undefined) continue;
      if (column.default === undefined && isAllDefault(stream, this.#rowCount)) continue;
      columns.push(column);
      chunks.push(head, ...flat(stream).map((one) => one.bytes.subarray(0, one.size)));
    }
    const head = Buffer.concat([countBytes(columns.length), countBytes(this.#rowCount)]);
    return { chunks: [head, ...chunks], columns };
  }

  /** Forgets the rows; what `block` gave must not be used any more. */
  reset(): void {
    this.#rowCount = 0;
    const room = this.#flat.reduce((sum, stream) => sum + stream.bytes.length, 0);
    for (const stream of this.#flat) stream.reset(room <= KEPT_SIZE);
  }
}

/** Whether every value is zero, an empty text or an empty list. */
function isAllDefault(stream: Stream, rowCount: number): boolean {
  return stream.kind === TEXT ? stream.size === rowCount : stream.sum === 0;
}

function copyRow(
  streams: readonly Stream[],
  bytes: Uint8Array,
  view: DataView,
  start: number,
): number {
  let at = start;
  for (let index = 0; index < streams.length; index++) {
    at = copyValue(streams[index]!, bytes, view, at);
  }
  return at;
}

/** Copies one value from a row to its streams; returns where the next one stands. */
function copyValue(stream: Stream, bytes: Uint8Array, view: DataView, at: number): number {
  if (stream.kind === NUMBER) return copyNumber(stream, view, at);
  if (stream.kind === TEXT) return copyText(stream, bytes, view, at);
  return copyList(stream, bytes, view, at);
}

function copyNumber(stream: Stream, view: DataView, at: number): number {
  const { width, size } = stream;
  if (size + width > stream.bytes.length) stream.grow(width);
  if (width === 8) {
    const low = view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    stream.view.setInt32(size, low, true);
    stream.view.setInt32(size + 4, high, true);
    stream.sum |= low | high;
  } else if (width === 4) {
    const value = view.getInt32(at, true);
    stream.view.setInt32(size, value, true);
    stream.sum |= value;
  } else {
    const value = view.getUint8(at);
    stream.bytes[size] = value;
    stream.sum |= value;
  }
  stream.size = size + width;
  return at + width;
}

/** A text stands in its stream as it stands in a row, its length before it. */
function copyText(stream: Stream, bytes: Uint8Array, view: DataView, at: number): number {
  let length = view.getUint8(at);
  let start = at + 1;
  if (length > 0x7f) {
    length &= 0x7f;
    for (let scale = 128, byte = 0x80; byte > 0x7f; scale *= 128) {
      byte = view.getUint8(start++);
      length += (byte & 0x7f) * scale;
    }
  }
  const end = start + length;
  if (end > bytes.length) throw new RangeError('a text is cut');
  const count = end - at;
  const { size } = stream;
  if (size + count > stream.bytes.length) stream.grow(count);
  if (count > LONG_COPY) {
    stream.bytes.set(bytes.subarray(at, end), size);
  } else {
    const to = stream.bytes;
    const toView = stream.view;
    const words = count & ~3;
    let index = 0;
    for (; index < words; index += 4) {
      toView.setInt32(size + index, view.getInt32(at + index, true), true);
    }
    for (; index < count; index++) to[size + index] = bytes[at + index]!;
  }
  stream.size = size + count;
  return end;
}

function copyList(stream: Stream, bytes: Uint8Array, view: DataView, start: number): number {
  let at = start;
  let count = view.getUint8(at++);
  if (count > 0x7f) {
    count &= 0x7f;
    for (let scale = 128, byte = 0x80; byte > 0x7f; scale *= 128) {
      byte = view.getUint8(at++);
      count += (byte & 0x7f) * scale;
    }
  }
  const { size, keys, items } = stream;
  for (let index = 0; index < count; index++) {
    if (keys !== undefined) at = copyText(keys, bytes, view, at);
    at = copyValue(items!, bytes, view, at);
  }
  stream.sum += count;
  if (size + 8 > stream.bytes.length) stream.grow(8);
  stream.view.setInt32(size, stream.sum, true);
  stream.view.setInt32(size + 4, 0, true);
  stream.size = size + 8;
  return at;
}
