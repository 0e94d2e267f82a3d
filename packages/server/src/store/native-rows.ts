/** The way back from native.ts, for the groups that an earlier process left: plain, not quick. */
import { COLUMNS, type TableName } from './schema.js';

interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

/** Gives the next row's value of a column, as RowBinary. */
type Next = () => readonly Uint8Array[];

/**
 * The rows of a Native block that NativeRows made, as RowBinary in pieces of so many rows each.
 * Throws RangeError when the block is cut or holds another number of rows.
 */
export function rowsOfNative(
  table: TableName,
  bytes: Buffer,
  rowCounts: readonly number[],
): readonly Uint8Array[] {
  const cursor = { bytes, at: 0 };
  const columnCount = readCount(cursor);
  const rowCount = readCount(cursor);
  if (rowCount !== rowCounts.reduce((sum, count) => sum + count, 0)) {
    throw new RangeError(`a block of ${rowCount} rows does not hold the rows that it should`);
  }
  const present = new Map<string, Next>();
  for (let index = 0; index < columnCount; index++) {
    const name = readText(cursor).toString();
    present.set(name, readColumn(cursor, readText(cursor).toString(), rowCount));
  }
  const nexts = COLUMNS[table].map(({ name, type }) => present.get(name) ?? zeroOf(type));
  return rowCounts.map((count) => {
    const parts: Uint8Array[] = [];
    for (let row = 0; row < count; row++) for (const next of nexts) parts.push(...next());
    return new Uint8Array(Buffer.concat(parts));
  });
}

/** Reads a column's streams; what it returns walks over them. */
function readColumn(cursor: Cursor, type: string, count: number): Next {
  const inner = /^(\w+)\((.*)\)$/.exec(type);
  if (inner?.[1] === 'Array') return readList(cursor, [inner[2] ?? ''], count);
  if (inner?.[1] === 'Map') return readList(cursor, ['String', 'String'], count);
  if (type === 'String') {
    const start = cursor.at;
    for (let index = 0; index < count; index++) readText(cursor);
    const values = { bytes: cursor.bytes, at: start };
    return () => [slice(values, () => readText(values))];
  }
  const width = widthOf(type);
  const values = { bytes: cursor.bytes, at: cursor.at };
  skip(cursor, width * count);
  return () => [slice(values, () => skip(values, width))];
}

function readList(cursor: Cursor, types: readonly string[], count: number): Next {
  const offsets = cursor.at;
  skip(cursor, count * 8);
  const total = count === 0 ? 0 : cursor.bytes.readUInt32LE(cursor.at - 8);
  const items = types.map((type) => readColumn(cursor, type, total));
  let row = 0;
  let before = 0;
  return () => {
    const after = cursor.bytes.readUInt32LE(offsets + 8 * row++);
    const parts: Uint8Array[] = [countBytes(after - before)];
    for (; before < after; before++) for (const item of items) parts.push(...item());
    return parts;
  };
}

/** A column that was left out: every value is zero or empty. */
function zeroOf(type: string): Next {
  const size = /^(Array|Map|String|LowCardinality)/.test(type) ? 1 : widthOf(type);
  const zero = [new Uint8Array(size)];
  return () => zero;
}

function widthOf(type: string): number {
  if (type === 'UInt8' || type === 'Bool') return 1;
  return type.endsWith('32') ? 4 : 8;
}

function slice(cursor: Cursor, advance: () => unknown): Uint8Array {
  const start = cursor.at;
  advance();
  return cursor.bytes.subarray(start, cursor.at);
}

function skip(cursor: Cursor, count: number): void {
  cursor.at += count;
  if (cursor.at > cursor.bytes.length) throw new RangeError('a column is cut');
}

function readText(cursor: Cursor): Buffer {
  const length = readCount(cursor);
  skip(cursor, length);
  return cursor.bytes.subarray(cursor.at - length, cursor.at);
}

function readCount(cursor: Cursor): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = cursor.bytes.readUInt8(cursor.at++);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}

function countBytes(count: number): Uint8Array {
  const bytes: number[] = [];
  let rest = count;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return new Uint8Array([...bytes, rest]);
}
