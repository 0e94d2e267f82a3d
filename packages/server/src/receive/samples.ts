/** Values of the last while, for percentiles: bounded in time and in number. */
export class Samples {
  readonly #windowMillis: number;
  readonly #maxCount: number;
  #times: number[] = [];
  #values: number[] = [];

  constructor(windowMillis: number, maxCount = 4096) {
    this.#windowMillis = windowMillis;
    this.#maxCount = maxCount;
  }

  /** `now` in milliseconds of one clock. */
  add(now: number, value: number): void {
    this.#times.push(now);
    this.#values.push(value);
    if (this.#times.length >= 2 * this.#maxCount) this.#trim(now);
  }

  /** Percentiles (0…1) of what lies in the window; zeros when nothing does. */
  percentiles(now: number, ranks: readonly number[]): readonly number[] {
    this.#trim(now);
    const sorted = this.#values.toSorted((a, b) => a - b);
    return ranks.map((rank) => sorted[Math.ceil(rank * sorted.length) - 1] ?? 0);
  }

  /** How many lie in the window. */
  count(now: number): number {
    this.#trim(now);
    return this.#values.length;
  }

  /** Sum of what lies in the window. */
  sum(now: number): number {
    this.#trim(now);
    return this.#values.reduce((sum, value) => sum + value, 0);
  }

  #trim(now: number): void {
    const first = this.#times.findIndex((time) => time > now - this.#windowMillis);
    const old = first === -1 ? this.#times.length : first;
    const drop = Math.max(old, this.#times.length - this.#maxCount);
    if (drop === 0) return;
    this.#times = this.#times.slice(drop);
    this.#values = this.#values.slice(drop);
  }
}
