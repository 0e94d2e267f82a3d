/** Nanoseconds in each unit of time that a query, a step or a relative time may carry. */
const NANOS: { readonly [unit: string]: bigint } = {
  ns: 1n,
  us: 1000n,
  µs: 1000n, // U+00B5, what keyboards give
  μs: 1000n, // U+03BC, what text normalisation gives
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};

const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h|d|w))+$/;
const DURATION_PART = /(\d+)(?:\.(\d+))?(ns|us|µs|μs|ms|s|m|h|d|w)/g;
const INT64_MAX = 9_223_372_036_854_775_807n;

/**
 * Reads `200ms`, `1.5s` or `1h30m` as nanoseconds, digits below a nanosecond cut off.
 * Undefined for anything else and for more than 2^63 − 1 nanoseconds (292 years).
 */
export function parseDuration(text: string): bigint | undefined {
  if (text.length > 64 || !DURATION.test(text)) return undefined;
  let total = 0n;
  for (const [, whole = '0', fraction = '', unit = ''] of text.matchAll(DURATION_PART)) {
    const nanos = NANOS[unit] ?? 0n;
    total += BigInt(whole) * nanos;
    total += (BigInt(`0${fraction}`) * nanos) / 10n ** BigInt(fraction.length);
  }
  return total <= INT64_MAX ? total : undefined;
}

const SCALES: { readonly [unit: string]: number } = {
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

const NUMBER = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)([kKMGT]?(?:i?B)?)$/;

/** Reads a number, with a unit of count (`10k`, `2M`) or of bytes (`64kB`, `1MiB`) or without. */
export function parseNumber(text: string): number | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const unit = match[2] ?? '';
  const scale = unit === '' ? 1 : SCALES[unit];
  if (scale === undefined) return undefined;
  const value = Number(match[1]) * scale;
  return Number.isFinite(value) ? value : undefined;
}
