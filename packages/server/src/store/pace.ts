import { GROUP_LIMITS } from '../limits.js';

/**
 * When the next group may start. An insert costs about 11 ms of CPU a table whatever its size, so
 * inserts a second are the budget: a lone request goes at once; under a trickle the next insert
 * starts `paceFactor` lengths after the last one started; the more bytes wait, the less waiting
 * saves, until at `paceFreeBytes` it saves nothing.
 */
export class Pace {
  #lastStart = -Infinity;
  #lastMillis = 0;

  /** An insert took from `start` to `end`, milliseconds of one clock. */
  inserted(start: number, end: number): void {
    this.#lastStart = start;
    this.#lastMillis = end - start;
  }

  /** Milliseconds from `now` until the next group may start; 0 or less: at once. */
  delay(now: number, waitingBytes: number): number {
    const free = Math.max(0, 1 - waitingBytes / GROUP_LIMITS.paceFreeBytes);
    const pace = this.#lastMillis * GROUP_LIMITS.paceFactor * free;
    return this.#lastStart + Math.min(pace, GROUP_LIMITS.maxPaceMillis) - now;
  }
}
