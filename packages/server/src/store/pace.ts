import { GROUP_LIMITS } from '../limits.js';

/**
 * When the next group may start. An insert costs about 11 ms of CPU a table whatever its size, so
 * inserts a second are the budget: a lone request goes at once; under a trickle the next insert
 * starts `paceFactor` lengths after the last one started. The more waits, the less waiting saves:
 * at `paceFreeBytes` rows cost more than the insert's fixed part, and with `paceFreeRequests`
 * clients waiting it is they who set the pace.
 */
export class Pace {
  readonly #factor: number;
  readonly #maxMillis: number;
  #lastStart = -Infinity;
  #lastMillis = 0;

  constructor(
    factor: number = GROUP_LIMITS.paceFactor,
    maxMillis: number = GROUP_LIMITS.maxPaceMillis,
  ) {
    this.#factor = factor;
    this.#maxMillis = maxMillis;
  }

  /** An insert starts; milliseconds of one clock. */
  began(now: number): void {
    this.#lastStart = now;
  }

  ended(now: number): void {
    this.#lastMillis = now - this.#lastStart;
  }

  /** Milliseconds from `now` until the next group may start; 0 or less: at once. */
  delay(now: number, waitingBytes: number, waitingRequests: number): number {
    const { paceFreeBytes, paceFreeRequests } = GROUP_LIMITS;
    const pressure = waitingBytes / paceFreeBytes + waitingRequests / paceFreeRequests;
    const pace = this.#lastMillis * this.#factor * Math.max(0, 1 - pressure);
    return this.#lastStart + Math.min(pace, this.#maxMillis) - now;
  }
}
