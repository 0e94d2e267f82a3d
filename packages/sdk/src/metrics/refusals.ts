import { reportOnce } from '../common/diagnostics.js';

/** Why a measurement was not taken. */
export type RefusalReason =
  | 'not a finite number'
  | 'negative value'
  | 'observable instrument'
  | 'too many names'
  | 'unusable attributes';

/** Counts of measurements that were not taken, by reason; they never reach a stream. */
export class Refusals {
  readonly #counts = new Map<RefusalReason, number>();

  /** Counts one, and says so once for each instrument and reason. */
  add(reason: RefusalReason, instrument: string): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    reportOnce(
      'warn',
      `refused ${reason} ${instrument}`,
      `dropping a measurement of ${JSON.stringify(instrument.slice(0, 80))}: ${reason}`,
    );
  }

  /** How many were refused for `reason` since the start. */
  count(reason: RefusalReason): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** Counts by reason, reasons that did not occur left out. */
  byReason(): ReadonlyMap<RefusalReason, number> {
    return this.#counts;
  }

  /** How many were refused since the start. */
  get total(): number {
    let total = 0;
    for (const count of this.#counts.values()) total += count;
    return total;
  }
}
