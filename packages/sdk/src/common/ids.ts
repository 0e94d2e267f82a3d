/**
 * Random ids as 32-bit integers from a pool of cryptographic randomness: 16 KiB at a time, because
 * one call of the generator costs as much as two hundred ids. Never Math.random: its state repeats
 * in cloned processes.
 */
import { randomFillSync } from 'node:crypto';

const POOL_SIZE = 4096;
const pool = new Int32Array(POOL_SIZE);
let next = POOL_SIZE;
let fill: (target: Int32Array) => void = (target) => randomFillSync(target);

/** Takes ids from `source` from now on, which fills the pool; `undefined`: random ones again. */
export function setIdSource(source: ((target: Int32Array) => void) | undefined): void {
  fill = source ?? ((target) => randomFillSync(target));
  next = POOL_SIZE;
}

/** 32 random bits as a signed integer. */
export function randomInt32(): number {
  if (next === POOL_SIZE) {
    fill(pool);
    next = 0;
  }
  return pool[next++]!;
}

const HEX_BYTES: readonly string[] = Array.from({ length: 256 }, (_, value) =>
  value.toString(16).padStart(2, '0'),
);

/** Eight lower-case hex digits of 32 bits. */
export function hexOfInt32(value: number): string {
  return (
    HEX_BYTES[value >>> 24]! +
    HEX_BYTES[(value >>> 16) & 255]! +
    HEX_BYTES[(value >>> 8) & 255]! +
    HEX_BYTES[value & 255]!
  );
}

/** The 32 bits of eight hex digits at `offset`; NaN when one of them is no hex digit. */
export function int32OfHex(text: string, offset: number): number {
  let value = 0;
  for (let index = offset; index < offset + 8; index++) {
    const digit = hexDigit(text.charCodeAt(index));
    if (digit < 0) return Number.NaN;
    value = (value << 4) | digit;
  }
  return value;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  return code >= 65 && code <= 70 ? code - 55 : -1;
}
