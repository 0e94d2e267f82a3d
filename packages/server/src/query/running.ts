import type { Bindings } from './bindings.js';
import { inRange, nowNanos, type TimeRange } from './range.js';

/** A running span whose process has been silent for this long is lost (contracts.md §3). */
export const LOST_AFTER_NANOS = 15_000_000_000n;

/** Snapshots are kept for a day after they arrived; a span can have begun before that. */
const MAX_AGE_NANOS = 7n * 86_400_000_000_000n;

/** How a process is told apart: by its instance id, else by its service. */
const INSTANCE = `if(ResourceAttributes['service.instance.id'] != '',
  ResourceAttributes['service.instance.id'], ServiceName)`;

const SIGNAL_TABLES = [
  ['otel_traces', 'Timestamp'],
  ['otel_logs', 'Timestamp'],
  ['otel_metrics_sum', 'TimeUnix'],
  ['otel_metrics_gauge', 'TimeUnix'],
  ['otel_metrics_histogram', 'TimeUnix'],
] as const;

/** An hour: senders that deliver later than that do not prove that a process lives now. */
const LATE_NANOS = 3_600_000_000_000n;

/**
 * A FROM item with the columns of otel_traces: the newest snapshot of every span that began in
 * `range`, passes `where` and has not ended. `Duration` is the time until now; `lost` says that
 * nothing of the process arrived for 15 s. A finished span has its snapshot's start, so looking for
 * it in the same range finds it.
 */
export function runningSpans(bindings: Bindings, range: TimeRange, where: string): string {
  const near = inRange(bindings, 'Timestamp', clip(range));
  const now = bindings.time(nowNanos());
  const candidates = `SELECT TraceId FROM otel_running WHERE ${near} AND ${where}`;
  return `(
    SELECT * REPLACE (
        toUInt64(greatest(0, toUnixTimestamp64Nano(${now}) - toUnixTimestamp64Nano(Timestamp)))
        AS Duration),
      ${INSTANCE} NOT IN (${recentInstances(bindings)}) AS lost
    FROM otel_running FINAL
    WHERE ${near} AND ${where} AND (TraceId, SpanId) NOT IN (
      SELECT TraceId, SpanId FROM otel_traces WHERE ${near} AND TraceId IN (${candidates}))
  )`;
}

/** Without a range the day of a snapshot's life bounds the search for the finished span. */
function clip(range: TimeRange): TimeRange {
  const oldest = nowNanos() - MAX_AGE_NANOS;
  return range.from >= oldest ? range : { from: oldest, to: range.to };
}

function recentInstances(bindings: Bindings): string {
  const now = nowNanos();
  const arrived = bindings.time(now - LOST_AFTER_NANOS);
  const late = bindings.time(now - LATE_NANOS);
  const sources = SIGNAL_TABLES.map(
    ([table, time]) =>
      `SELECT ${INSTANCE} FROM ${table} WHERE IngestTime >= ${arrived} AND ${time} >= ${late}`,
  );
  sources.push(`SELECT ${INSTANCE} FROM otel_running WHERE IngestTime >= ${arrived}`);
  return sources.join(' UNION ALL ');
}
