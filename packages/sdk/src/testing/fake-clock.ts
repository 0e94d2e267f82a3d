/** A clock that a test turns: times of spans, metrics and logs, and the SDK's own timers. */
import { clockSource, setAnchor } from '../common/clock.js';
import type { Reading } from '../common/clock.js';
import { timerSource } from '../common/timers.js';
import type { Timer } from '../common/timers.js';

const NANOS_PER_MILLI = 1_000_000n;
const NANOS_PER_SECOND = 1_000_000_000n;

/** How a fake clock starts and runs. */
export interface FakeClockOptions {
  /** The time at first. Default 2024-01-01T00:00:00Z. */
  readonly start?: Date | string | number;
  /** Milliseconds by which each look at the clock moves it. Default 0: it stands. */
  readonly stepMillis?: number;
}

/** The SDK's clock in the hands of a test. The program's own Date and timers stay as they are. */
export interface FakeClock extends Disposable {
  /** Unix time in nanoseconds. */
  readonly now: bigint;
  /**
   * Moves the time on, in whole nanoseconds. The SDK's timers that fall due (metric collection,
   * batches) run on the way, each at its time. Throws RangeError for less than 0.
   */
  advance(millis: number): void;
  /** Gives the SDK its own clock back. */
  restore(): void;
}

interface Due {
  readonly atNanos: bigint;
  readonly work: () => void;
}

/** Where the monotonic clock is when a fake one starts: not at 0, which would be no time. */
const MONOTONIC_START = 1000n * NANOS_PER_SECOND;

/**
 * Takes the SDK's clock over, for spans, points and records that are made from now on; best before
 * the first of them. Throws Error while another fake clock runs, RangeError for a bad option.
 */
export function fakeClock(options: FakeClockOptions = {}): FakeClock {
  if (running !== undefined) throw new Error('cannot fake the clock: another fake clock runs');
  running = new RunningClock(options);
  return running;
}

let running: RunningClock | undefined;

class RunningClock implements FakeClock {
  readonly #startNanos: bigint;
  readonly #stepNanos: bigint;
  readonly #clock = { ...clockSource };
  readonly #timers = { ...timerSource };
  readonly #due = new Set<Due>();
  /** Since the start. */
  #elapsed = 0n;

  constructor(options: FakeClockOptions) {
    const millis = new Date(options.start ?? '2024-01-01T00:00:00Z').getTime();
    if (!(millis >= 0)) throw new RangeError('cannot fake the clock: start is no usable time');
    this.#startNanos = BigInt(Math.round(millis)) * NANOS_PER_MILLI;
    this.#stepNanos = nanosOf(options.stepMillis ?? 0);
    Object.assign(clockSource, {
      read: (into: Reading): void => this.#read(into),
      wallMillis: (): number => Number(this.now / NANOS_PER_MILLI),
      systemMillis: (): number => Number(this.now / NANOS_PER_MILLI),
    });
    Object.assign(timerSource, {
      start: (work: () => void, delay: number): Timer => this.#start(work, delay),
      stop: (timer: Timer | undefined): void => this.#stop(timer),
      nowMillis: (): number => Number(MONOTONIC_START + this.#elapsed) / 1e6,
    });
    const anchor = this.#startNanos - MONOTONIC_START;
    setAnchor({
      seconds: Number(anchor / NANOS_PER_SECOND),
      nanos: Number(anchor % NANOS_PER_SECOND),
    });
  }

  get now(): bigint {
    return this.#startNanos + this.#elapsed;
  }

  advance(millis: number): void {
    const target = this.#elapsed + nanosOf(millis);
    for (;;) {
      const next = [...this.#due]
        .filter(({ atNanos }) => atNanos <= target)
        .reduce<Due | undefined>(
          (a, b) => (a !== undefined && a.atNanos <= b.atNanos ? a : b),
          undefined,
        );
      if (next === undefined) break;
      this.#due.delete(next);
      if (next.atNanos > this.#elapsed) this.#elapsed = next.atNanos;
      next.work();
    }
    if (target > this.#elapsed) this.#elapsed = target;
  }

  restore(): void {
    if (running !== this) return;
    running = undefined;
    Object.assign(clockSource, this.#clock);
    Object.assign(timerSource, this.#timers);
    setAnchor(undefined);
    // What was to happen later still does, by the true clock.
    for (const { work, atNanos } of this.#due) {
      timerSource.start(work, Number((atNanos - this.#elapsed) / NANOS_PER_MILLI));
    }
    this.#due.clear();
  }

  [Symbol.dispose](): void {
    this.restore();
  }

  #read(into: Reading): void {
    const time = MONOTONIC_START + this.#elapsed;
    this.#elapsed += this.#stepNanos;
    into.seconds = Number(time / NANOS_PER_SECOND);
    into.nanos = Number(time % NANOS_PER_SECOND);
  }

  #start(work: () => void, millis: number): Due {
    const due = { atNanos: this.#elapsed + nanosOf(millis), work };
    this.#due.add(due);
    return due;
  }

  #stop(timer: Timer | undefined): void {
    if (timer !== undefined && !this.#due.delete(timer as Due)) this.#timers.stop(timer);
  }
}

function nanosOf(millis: number): bigint {
  if (!(millis >= 0 && millis < Number.MAX_SAFE_INTEGER / 1e6)) {
    throw new RangeError(`cannot move the clock by ${millis} ms`);
  }
  return BigInt(Math.round(millis * 1e6));
}
