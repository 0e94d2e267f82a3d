/** Trace and span ids, and the range of times. */
import type { RowWriter } from './row-writer.js';
import { putByte, putHex } from './row-writer.js';
import type { Input } from './scan.js';

/** Whether the id of `size` bytes (a multiple of 4) at `at` is all zeros. */
export function isZeroId(input: Input, at: number, size: number): boolean {
  let bits = 0;
  for (let index = 0; index < size; index += 4) {
    bits |= input.view.getInt32(at + index, true);
  }
  return bits === 0;
}

/**
 * An id that may be absent: hex, or an empty string when it has another size or is all zeros. The
 * data model calls such an id invalid, and an invalid one the same as none.
 */
export function putId(
  writer: RowWriter,
  input: Input,
  start: number,
  end: number,
  size: number,
): void {
  if (end - start !== size || isZeroId(input, start, size)) {
    putByte(writer, 0);
  } else {
    putHex(writer, input.bytes, start, end);
  }
}

/** Why a time cannot be stored; empty when it can: DateTime64(9) is a signed 64-bit integer. */
export function timeFault(name: string, low: number, high: number): string {
  if (high >= 0) {
    return '';
  }
  const value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return `${name} is ${value}, beyond the year 2262: send nanoseconds since 1970`;
}
