/**
 * Days around its arrival within which a record lies in the partition of its own day. An insert
 * makes a part a partition, at 8 to 25 ms each: seven days back and forth are 15 parts at most, and
 * an import of ten thousand days is one part, of the day on which it arrived.
 */
const NEAR_DAYS = 7;

/** What tells such a partition key from the one that earlier releases used. */
export const ARRIVAL_KEY = 'IngestTime';

/**
 * The partition of a row by its time and its IngestTime. Live records: (their day, 1), so that a
 * question about an hour reads the parts of its day. Records from elsewhen (imports, clocks that
 * are not set, a request with times all over): (the day they arrived, 0), which bounds what one
 * insert touches, and lets retention, which counts from arrival, drop them whole.
 */
export function partitionSql(timeColumn: string): string {
  const apart = `abs(toUnixTimestamp64Nano(${timeColumn}) - toUnixTimestamp64Nano(${ARRIVAL_KEY}))`;
  const isNear = `${apart} < ${NEAR_DAYS * 86_400}000000000`;
  return `(toDate32(if(${isNear}, ${timeColumn}, ${ARRIVAL_KEY})), ${isNear})`;
}
