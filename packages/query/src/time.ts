import { parseDuration } from './units.js';

const INT64_MAX = 9_223_372_036_854_775_807n;
const RELATIVE = /^now(?:([+-])(.+))?$/;
const CLOCK = String.raw`(\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d{2}:?\d{2})?`;
const ISO = new RegExp(`^(\\d{4}-\\d{2}-\\d{2})(?:[T ]${CLOCK})?$`, 'i');

/**
 * Reads a point in time of the API: nanoseconds since the epoch, `now`, `now-15m`, or ISO 8601
 * (UTC unless it names an offset; up to nine fraction digits). Undefined for anything else and for
 * times outside 0 … 2^63 − 1 nanoseconds. `now` is the clock, in nanoseconds.
 */
export function parseTime(text: string, now: bigint): bigint | undefined {
  const nanos = readTime(text.trim(), now);
  return nanos === undefined || nanos < 0n || nanos > INT64_MAX ? undefined : nanos;
}

/** Whether a time moves with the clock: `now`, `now-15m`. */
export function isRelativeTime(text: string): boolean {
  return text.trim().startsWith('now');
}

function readTime(text: string, now: bigint): bigint | undefined {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  const relative = RELATIVE.exec(text);
  if (relative !== null) {
    const [, sign, offset] = relative;
    if (sign === undefined || offset === undefined) return now;
    const nanos = parseDuration(offset);
    if (nanos === undefined) return undefined;
    if (sign === '+') return now + nanos;
    // As long ago as one likes: from the beginning.
    return nanos > now ? 0n : now - nanos;
  }
  const iso = ISO.exec(text);
  if (iso === null) return undefined;
  const [, day, clock = '00:00', fraction = '', zone = 'Z'] = iso;
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const millis = Date.parse(`${day}T${clock.length === 5 ? `${clock}:00` : clock}${offset}`);
  if (Number.isNaN(millis)) return undefined;
  return BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}
