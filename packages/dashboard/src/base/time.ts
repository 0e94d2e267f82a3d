/**
 * Times arrive as decimal texts of nanoseconds. The page works with milliseconds since the epoch as
 * doubles (2^53 ms is far away; microseconds survive) and with nanosecond *differences* as doubles,
 * exact up to 104 days. No conversion here goes through BigInt: a trace may hold 100,000 spans.
 */
const NANOS_PER_MILLI = 1e6;

/** Milliseconds since the epoch of a nanosecond text; loses what is below about 0.25 µs. */
export function millisOfNanos(text: string): number {
  if (text.length <= 6) return Number(text) / NANOS_PER_MILLI;
  const cut = text.length - 6;
  return Number(text.slice(0, cut)) + Number(text.slice(cut)) / NANOS_PER_MILLI;
}

/** `a − b` in nanoseconds; exact while the difference is below 2^53 ns (104 days). */
export function nanosBetween(a: string, b: string): number {
  const [aHigh, aLow] = splitNanos(a);
  const [bHigh, bLow] = splitNanos(b);
  return (aHigh - bHigh) * 1e9 + (aLow - bLow);
}

/** Seconds and the nanoseconds within the second, both exact. */
export function splitNanos(text: string): [seconds: number, nanos: number] {
  if (text.length <= 9) return [0, Number(text)];
  const cut = text.length - 9;
  return [Number(text.slice(0, cut)), Number(text.slice(cut))];
}

/** A nanosecond text of milliseconds since the epoch; sub-microsecond digits are zero. */
export function nanosOfMillis(millis: number): string {
  const whole = Math.floor(millis);
  const nanos = Math.round((millis - whole) * 1e3) * 1e3;
  return String(BigInt(whole) * 1_000_000n + BigInt(nanos));
}

/** A number and its unit, to be set in two weights. */
export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

function digits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return trimZeros(value.toFixed(1));
  return trimZeros(value.toFixed(2));
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A duration in three significant digits and the unit that fits: `2.84 s`, `312 ms`, `1 h 5 m`. */
export function durationOf(nanos: number): Quantity {
  if (!Number.isFinite(nanos)) return { value: '–', unit: '' };
  const size = Math.abs(nanos);
  const sign = nanos < 0 ? '-' : '';
  if (size === 0) return { value: '0', unit: 'ms' };
  if (size < 1e3) return { value: `${sign}${size.toFixed(0)}`, unit: 'ns' };
  if (size < 999_500) return { value: sign + digits(size / 1e3), unit: 'µs' };
  if (size < 999.5e6) return { value: sign + digits(size / 1e6), unit: 'ms' };
  if (size < 60e9) return { value: sign + digits(size / 1e9), unit: 's' };
  if (size < 3600e9) {
    const seconds = Math.round(size / 1e9);
    return { value: `${sign}${Math.floor(seconds / 60)} m ${seconds % 60}`, unit: 's' };
  }
  const minutes = Math.round(size / 60e9);
  if (minutes < 48 * 60) {
    return { value: `${sign}${Math.floor(minutes / 60)} h ${minutes % 60}`, unit: 'm' };
  }
  return { value: sign + digits(minutes / 1440), unit: 'd' };
}

/** `durationOf` as one text. */
export function durationText(nanos: number): string {
  const { value, unit } = durationOf(nanos);
  return unit === '' ? value : `${value} ${unit}`;
}

/** How long ago, for a list's narrow column: `0.4s`, `12s`, `3m`, `5h`, `2d`. */
export function ageText(millis: number): string {
  const seconds = Math.max(0, millis) / 1e3;
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  if (seconds < 99.5) return `${seconds.toFixed(0)}s`;
  if (seconds < 5970) return `${Math.round(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)}h`;
  return `${Math.round(seconds / 86_400)}d`;
}

/** Which clock the page reads times in. */
export type TimeZone = 'local' | 'utc';

/** Hours, minutes, seconds and, if asked, milliseconds: `12:11:42.308`. */
export function clockText(millis: number, zone: TimeZone, withMillis: boolean = false): string {
  if (!Number.isFinite(millis)) return '–';
  const date = new Date(zone === 'utc' ? millis : millis - offsetMillis(millis));
  return date.toISOString().slice(11, withMillis ? 23 : 19);
}

/** The day before the clock: `2025-11-22 12:11:42`. */
export function dateTimeText(millis: number, zone: TimeZone): string {
  if (!Number.isFinite(millis)) return '–';
  const date = new Date(zone === 'utc' ? millis : millis - offsetMillis(millis));
  return date.toISOString().slice(0, 19).replace('T', ' ');
}

function offsetMillis(millis: number): number {
  return new Date(millis).getTimezoneOffset() * 60_000;
}

const UNIT_MILLIS: { readonly [unit: string]: number } = {
  s: 1e3,
  m: 60e3,
  h: 3600e3,
  d: 86_400e3,
  w: 604_800e3,
};

/**
 * Milliseconds of a time word: `now`, `now-15m`, ISO 8601 or decimal nanoseconds.
 * Undefined when it is none of these.
 */
export function millisOfTimeWord(word: string, nowMillis: number): number | undefined {
  if (word === 'now') return nowMillis;
  const relative = /^now-(\d+(?:\.\d+)?)([smhdw])$/.exec(word);
  if (relative !== null) {
    return nowMillis - Number(relative[1]) * (UNIT_MILLIS[relative[2] ?? ''] ?? Number.NaN);
  }
  if (/^\d{10,20}$/.test(word)) return millisOfNanos(word);
  const parsed = Date.parse(word);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** The words of a range as a person reads them: `Last 15 min`, `12:00 – 12:15`. */
export function rangeLabel(from: string, to: string, zone: TimeZone): string {
  const relative = /^now-(\d+(?:\.\d+)?)([smhdw])$/.exec(from);
  if (relative !== null && to === 'now') {
    const names: { readonly [unit: string]: string } = { s: 's', m: 'min', h: 'h', d: 'd', w: 'w' };
    return `Last ${relative[1]} ${names[relative[2] ?? ''] ?? ''}`;
  }
  const now = Date.now();
  const start = millisOfTimeWord(from, now);
  const end = millisOfTimeWord(to, now);
  if (start === undefined || end === undefined) return `${from} – ${to}`;
  const sameDay = dateTimeText(start, zone).slice(0, 10) === dateTimeText(now, zone).slice(0, 10);
  const text = sameDay ? clockText : (millis: number) => dateTimeText(millis, zone).slice(5);
  return `${text(start, zone)} – ${to === 'now' ? 'now' : text(end, zone)}`;
}
