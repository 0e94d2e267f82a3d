import { GROUP_LIMITS } from '../limits.js';

/** How fast inserts may follow each other. */
export interface PaceLimits {
  /** Inserts take at most one part in so many of the time, on average. */
  readonly factor: number;
  /** Milliseconds of inserting that go at once after a quiet time. */
  readonly burstMillis: number;
  /** No request waits longer than this for the pace. */
  readonly maxMillis: number;
}

/**
 * When the next group may start. An insert costs about 12 ms of CPU a table whatever its size, so
 * time spent inserting is the budget, kept as a debt:
 *
 *   debt  ▲   ┌╲          each insert adds its cost; time pays 1/factor of itself back;
 *   burst ┼──╱──╲──┌╲──   below the burst the next group goes at once,
 *         └─╱─────╲╱──╲►  above it when the debt is down to the burst again
 *
 * So a lone request, or a few after a quiet time, go at once, and a steady trickle gathers. The
 * more waits, the less waiting saves: at `paceFreeBytes` rows cost more than the insert's fixed
 * part, and with `paceFreeRequests` clients waiting it is they who set the pace.
 */
export class Pace {
  readonly #limits: PaceLimits;
  #start = -Infinity;
  #debtMillis = 0;
  /** When the debt was what it says. */
  #at = 0;

  constructor(limits: PaceLimits) {
    this.#limits = limits;
  }

  /** An insert that ran from `start` to `end`, milliseconds of one clock, cost so many of them. */
  spent(start: number, end: number, costMillis: number): void {
    this.#debtMillis = this.#debt(end) + costMillis;
    this.#at = end;
    this.#start = start;
  }

  /** Milliseconds from `now` until the next group may start; 0 or less: at once. */
  delay(now: number, waitingBytes: number, waitingRequests: number): number {
    const { paceFreeBytes, paceFreeRequests } = GROUP_LIMITS;
    const { factor, burstMillis, maxMillis } = this.#limits;
    const pressure = waitingBytes / paceFreeBytes + waitingRequests / paceFreeRequests;
    const over = Math.max(0, this.#debt(now) - burstMillis);
    const wait = over * factor * Math.max(0, 1 - pressure);
    return Math.min(wait, this.#start + maxMillis - now);
  }

  #debt(now: number): number {
    return Math.max(0, this.#debtMillis - (now - this.#at) / this.#limits.factor);
  }
}
