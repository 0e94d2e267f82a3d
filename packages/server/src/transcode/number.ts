/** 64-bit numbers in two halves, and lists of them. */
import { OtlpError } from '@codomyrmex/otlp';
import type { RowWriter } from './row-writer.js';
import { putCount, putFloat64, putInt64, putRange } from './row-writer.js';
import type { Input, RangeList } from './scan.js';
import { readVarint } from './scan.js';

const TWO_32 = 4_294_967_296;

/** A signed 64-bit integer as the nearest double: the upper half is exact: one rounding. */
export function putNumberAsDouble(writer: RowWriter, low: number, high: number): void {
  putFloat64(writer, high * TWO_32 + (low >>> 0));
}

/** A zigzag varint's lower half as a signed number. */
export function unzigzag(low: number): number {
  return (low >>> 1) ^ -(low & 1);
}

/** How many numbers a packed list of fixed64 or double holds, in however many pieces it came. */
export function countFixed64(list: RangeList): number {
  let size = 0;
  for (let index = 0; index < list.count; index++) {
    const piece = list.ends[index]! - list.starts[index]!;
    if (piece % 8 !== 0) {
      throw new OtlpError(
        'truncated',
        list.starts[index]!,
        `a list of 8-byte numbers has ${piece} bytes`,
      );
    }
    size += piece;
  }
  return size / 8;
}

/** A list of fixed64 or double as an array column: the same bytes. */
export function putFixed64List(writer: RowWriter, input: Input, list: RangeList): void {
  putCount(writer, countFixed64(list));
  for (let index = 0; index < list.count; index++) {
    putRange(writer, input.bytes, list.starts[index]!, list.ends[index]!);
  }
}

/** A list of uint64 varints as an array column. Makes its own room: one byte can become eight. */
export function putVarintList(writer: RowWriter, input: Input, list: RangeList): void {
  const { bytes } = input;
  let count = 0;
  for (let index = 0; index < list.count; index++) {
    const end = list.ends[index]!;
    for (let at = list.starts[index]!; at < end; at++) {
      count += bytes[at]! < 0x80 ? 1 : 0;
    }
    if (end > list.starts[index]! && bytes[end - 1]! > 0x7f) {
      throw new OtlpError('truncated', end, 'the last varint of a list does not end');
    }
  }
  writer.extend(count * 8 + 5);
  putCount(writer, count);
  for (let index = 0; index < list.count; index++) {
    const end = list.ends[index]!;
    for (let at = list.starts[index]!; at < end; at = input.at) {
      const low = readVarint(input, at, end);
      putInt64(writer, low, input.high);
    }
  }
}
