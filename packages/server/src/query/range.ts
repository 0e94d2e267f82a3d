import type { Bindings } from './bindings.js';

/** [from, to) in nanoseconds since the epoch. */
export interface TimeRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** Everything that DateTime64(9) can say. */
export const ALL_TIME: TimeRange = { from: 0n, to: 9_223_372_036_854_775_807n };

/** The condition that `column` lies in the range; the primary key and partitions prune by it. */
export function inRange(bindings: Bindings, column: string, range: TimeRange): string {
  return `${column} >= ${bindings.time(range.from)} AND ${column} < ${bindings.time(range.to)}`;
}

/** Now by the machine's clock, nanoseconds since the epoch (millisecond steps). */
export function nowNanos(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** The condition that a record arrived in [from, to]; prunes by the index on IngestTime. */
export function arrivedIn(bindings: Bindings, window: TimeRange): string {
  const { from, to } = window;
  return `IngestTime >= ${bindings.time(from)} AND IngestTime <= ${bindings.time(to)}`;
}

/**
 * Narrows a list to the times of its first `count` rows. `ORDER BY Timestamp` alone is read in the
 * order of the table and stops early; with a second sort key the engine would read every column of
 * the whole range (131 ms of CPU for a million records, 24 with this).
 */
export function newestOf(from: string, where: string, count: string): string {
  return `Timestamp IN (
    SELECT Timestamp FROM ${from} WHERE ${where} ORDER BY Timestamp DESC LIMIT ${count})`;
}
