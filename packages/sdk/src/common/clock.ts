/**
 * Time in integers. The monotonic clock gives seconds and nanoseconds; an anchor says which Unix
 * time its zero was. A trace keeps the anchor that it started with, so that durations inside it are
 * monotonic whatever the wall clock does; new traces follow the wall clock.
 */
import { performance } from 'node:perf_hooks';

/** A Unix time in whole seconds and the nanoseconds (0 to 999,999,999) after them. */
export interface UnixTime {
  readonly seconds: number;
  readonly nanos: number;
}

const NANOS_PER_SECOND = 1_000_000_000;
/** Wall time may wander this far from the anchor before the next trace takes a new one. */
const DRIFT_MILLIS = 1.5;
const CHECK_SECONDS = 1;

/** A reading of the monotonic clock. */
export interface Reading {
  seconds: number;
  nanos: number;
}

// Bound here, so that a program which puts a clock of its own on the global object does not stop
// ours.
const monotonicMillis = performance.now.bind(performance);

/**
 * `performance.now()` counts nanoseconds from the start of this thread; a double of milliseconds
 * holds them exactly for fifty days and is good to sixteen for two years. It takes two thirds of
 * the time that `process.hrtime()` takes, and makes no array.
 */
function readMonotonic(into: Reading): void {
  const millis = monotonicMillis();
  // Small integers need no memory of their own; 2^31 seconds are 68 years.
  const seconds = (millis / 1000) | 0;
  const nanos = ((millis - seconds * 1000) * 1_000_000 + 0.5) | 0;
  into.seconds = nanos < NANOS_PER_SECOND ? seconds : seconds + 1;
  into.nanos = nanos < NANOS_PER_SECOND ? nanos : 0;
}

/** Where time comes from. Replaced in tests that need another one. */
export const clockSource: {
  /** Reads the monotonic clock. */
  read: (into: Reading) => void;
  wallMillis: () => number;
  /** The wall clock as set now, in whole milliseconds. */
  systemMillis: () => number;
} = {
  read: readMonotonic,
  wallMillis: () => performance.timeOrigin + performance.now(),
  systemMillis: () => Date.now(),
};

/** What {@link readClock} read last. Two fields instead of a result: no allocation a span. */
export const reading: Reading = { seconds: 0, nanos: 0 };

/** Reads the monotonic clock into {@link reading}. */
export function readClock(): void {
  clockSource.read(reading);
}

let anchor: UnixTime = takeAnchor();
let checkedSeconds = 0;

function takeAnchor(): UnixTime {
  // Date.now() is the wall clock as set now; timeOrigin is as it was at start. The millisecond
  // edge is unknown, so the finer of the two is taken while they agree.
  const precise = clockSource.wallMillis();
  const wall = clockSource.systemMillis();
  const millis = Math.abs(precise - wall) <= DRIFT_MILLIS ? precise : wall;
  const now: Reading = { seconds: 0, nanos: 0 };
  clockSource.read(now);
  const whole = Math.floor(millis / 1000);
  const rest = Math.round((millis - whole * 1000) * 1e6) - now.nanos;
  return rest < 0
    ? { seconds: whole - now.seconds - 1, nanos: rest + NANOS_PER_SECOND }
    : { seconds: whole - now.seconds, nanos: rest };
}

/**
 * The anchor for a trace that starts at monotonic second `seconds`. About once a second it is
 * compared with the wall clock, and replaced when that has moved by more than 1.5 ms.
 */
export function currentAnchor(seconds: number): UnixTime {
  if (seconds - checkedSeconds >= CHECK_SECONDS || seconds < checkedSeconds) {
    checkedSeconds = seconds;
    const fresh = takeAnchor();
    const moved =
      (fresh.seconds - anchor.seconds) * 1000 + (fresh.nanos - anchor.nanos) / 1_000_000;
    if (Math.abs(moved) > DRIFT_MILLIS) anchor = fresh;
  }
  return anchor;
}

/** Says which Unix time the monotonic clock's zero was; after {@link clockSource} was replaced. */
export function setAnchor(value: UnixTime | undefined): void {
  anchor = value ?? takeAnchor();
}

/** The anchor as last taken, for what needs none of its own. */
export function latestAnchor(): UnixTime {
  return anchor;
}

/** The Unix time now, with nanoseconds from the monotonic clock. */
export function unixNow(): UnixTime {
  readClock();
  const { seconds, nanos } = reading;
  const base = currentAnchor(seconds);
  const sum = base.nanos + nanos;
  return sum >= NANOS_PER_SECOND
    ? { seconds: base.seconds + seconds + 1, nanos: sum - NANOS_PER_SECOND }
    : { seconds: base.seconds + seconds, nanos: sum };
}

/**
 * Turns a time as the api takes it into a Unix time. A number below the process's time origin is a
 * reading of `performance.now()`. `undefined` when it is no usable time (NaN, negative).
 */
export function unixTimeFrom(input: unknown): UnixTime | undefined {
  if (Array.isArray(input)) return unixTimeFromParts(input[0], input[1]);
  if (input instanceof Date) return unixTimeFromMillis(input.getTime());
  if (typeof input !== 'number') return undefined;
  return unixTimeFromMillis(
    input < performance.timeOrigin ? performance.timeOrigin + input : input,
  );
}

function unixTimeFromParts(seconds: unknown, nanos: unknown): UnixTime | undefined {
  if (!Number.isSafeInteger(seconds) || typeof nanos !== 'number') return undefined;
  if (!(nanos >= 0) || nanos >= NANOS_PER_SECOND || (seconds as number) < 0) return undefined;
  return { seconds: seconds as number, nanos: Math.floor(nanos) };
}

function unixTimeFromMillis(millis: number): UnixTime | undefined {
  // 2^63 nanoseconds: the last time that OTLP's consumers can hold.
  if (!(millis >= 0) || millis > 9_223_372_036_854) return undefined;
  const seconds = Math.floor(millis / 1000);
  const nanos = Math.round((millis - seconds * 1000) * 1e6);
  return nanos >= NANOS_PER_SECOND
    ? { seconds: seconds + 1, nanos: nanos - NANOS_PER_SECOND }
    : { seconds, nanos };
}
