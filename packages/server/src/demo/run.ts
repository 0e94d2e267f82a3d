import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

/** One run of the demo: its clock, its chances, and its end. */
export class Run {
  readonly #stopped = new AbortController();
  readonly #random: () => number;

  /** @param random 0 ≤ r < 1; another source makes a run repeatable in tests. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
    // One listener a pause under way: hundreds are right here, not a leak.
    setMaxListeners(0, this.#stopped.signal);
  }

  /** Aborted when the demo should end. */
  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  get isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** Ends every pause, so that what is under way comes to its end at once. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Waits; at the end of the run not at all. Never rejects. */
  async pause(millis: number): Promise<void> {
    try {
      await wait(millis, undefined, { signal: this.signal });
    } catch (error: unknown) {
      if (!this.isStopped) throw error;
    }
  }

  /** Waits about as long as such work takes: half to twice `millis`, rarely four times. */
  async work(millis: number): Promise<void> {
    const tail = this.chance(0.03) ? 4 : 1;
    await this.pause(millis * tail * 2 ** this.between(-1, 1));
  }

  between(low: number, high: number): number {
    return low + this.#random() * (high - low);
  }

  /** A whole number from `low` to `high`, both included. */
  count(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[Math.floor(this.#random() * list.length)] ?? list[0];
  }
}
