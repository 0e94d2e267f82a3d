import type { Bindings } from './bindings.js';
import { nowNanos } from './range.js';
import type { RunningSpan } from './running-index.js';

/**
 * A FROM item with the columns of otel_traces: the newest snapshot of each of these spans that
 * passes `where`; `Duration` is the time until now.
 */
export function runningSpans(
  bindings: Bindings,
  spans: readonly RunningSpan[],
  where: string,
): string {
  const now = bindings.time(nowNanos());
  const traceIds = [...new Set(spans.map((span) => span.traceId))];
  const spanIds = [...new Set(spans.map((span) => span.spanId))];
  return `(
    SELECT * REPLACE (
        toUInt64(greatest(0, toUnixTimestamp64Nano(${now}) - toUnixTimestamp64Nano(Timestamp)))
        AS Duration)
    FROM otel_running FINAL
    WHERE TraceId IN ${bindings.bind('Array(String)', traceIds)}
      AND SpanId IN ${bindings.bind('Array(String)', spanIds)} AND ${where}
  )`;
}
