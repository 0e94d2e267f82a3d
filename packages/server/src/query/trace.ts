import type { LogsAnswer, Span, TraceAnswer } from '@codomyrmex/telemetry-query';
import { MATCH_ALL } from '@codomyrmex/telemetry-query';

import { Bindings } from './bindings.js';
import type { Asking } from './list-request.js';
import { listLogs } from './logs.js';
import { ALL_TIME, arrivedIn, inRange, type TimeRange } from './range.js';
import { runningIndexOf } from './running-index.js';
import { runningSpans } from './running.js';
import { SPAN_SELECT, spanOf, type SpanRow } from './span-rows.js';
import { traceStartsSource } from './trace-starts.js';
import { byStart, finishedWins, isLost } from './spans.js';

/** The lookup table has starts only: the last span's end lies after the last start. */
const ONE_NANO = 1n;

/** Logs and points of a trace are looked for this far around its spans' starts. */
const AROUND_NANOS = 3_600_000_000_000n;

/** Where in time the spans of one trace begin: [first, last]; undefined when it is not stored. */
export async function traceStarts(asking: Asking, traceId: string): Promise<TimeRange | undefined> {
  const bindings = new Bindings();
  const id = bindings.text(traceId);
  const rows = await asking.engine.query<{ first: string; last: string; rows: string }>(
    `SELECT toUnixTimestamp64Nano(min(Start)) AS first, toUnixTimestamp64Nano(max(End)) AS last,
       count() AS rows
     FROM ${traceStartsSource(asking.engine, bindings, `TraceId = ${id}`)}`,
    bindings.values,
    asking.options,
  );
  const row = rows[0];
  if (row === undefined || row.rows === '0') return undefined;
  return { from: BigInt(row.first), to: BigInt(row.last) + ONE_NANO };
}

/**
 * A trace's spans by start, running ones among them, duplicates left out; undefined when nothing
 * of it is stored. `limit` spans at most, the earliest. `arrived`: only those that arrived then,
 * and those that run: they may have been lost meanwhile.
 */
export async function readTrace(
  asking: Asking,
  traceId: string,
  limit: number,
  arrived?: TimeRange,
): Promise<TraceAnswer | undefined> {
  const starts = await traceStarts(asking, traceId);
  if (starts === undefined) return undefined;
  const index = runningIndexOf(asking.engine);
  const running = await index.find(starts, traceId);
  const bindings = new Bindings();
  const own = `TraceId = ${bindings.text(traceId)}`;
  const near = inRange(bindings, 'Timestamp', starts);
  const fresh = arrived === undefined ? '1' : arrivedIn(bindings, arrived);
  const finished = `SELECT ${SPAN_SELECT}, 0 AS running
    FROM otel_traces WHERE ${own} AND ${near} AND ${fresh}`;
  const open = `SELECT ${SPAN_SELECT}, 1 AS running
    FROM ${runningSpans(bindings, running, '1')}`;
  const rows = await asking.engine.query<SpanRow>(
    `SELECT * FROM (${running.length === 0 ? finished : `${finished} UNION ALL ${open}`})
     ORDER BY start, spanId
     LIMIT ${bindings.bind('UInt32', limit + 1)}`,
    bindings.values,
    asking.options,
  );
  const page = finishedWins(rows.slice(0, limit));
  const spans = distinct(page.map((row) => spanOf(row, isLost(row, running, index))));
  const cut = `only the first ${limit} spans are shown: ask with a higher limit`;
  return { traceId, spans, ...(rows.length > limit ? { truncated: cut } : {}) };
}

/**
 * The same span sent twice (a sender's retry after a lost answer) is shown once. The id alone does
 * not tell: some tracers give the client's and the server's side of a call one span id.
 */
function distinct(spans: Span[]): Span[] {
  const seen = new Set<string>();
  return spans.toSorted(byStart).filter((span) => {
    const key = [span.spanId, span.kind, span.startTimeUnixNano, span.service, span.name].join('|');
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** The log records of a trace, newest first; undefined when the trace has neither span nor log. */
export async function readTraceLogs(
  asking: Asking,
  traceId: string,
  limit: number,
  cursor?: string,
): Promise<LogsAnswer> {
  const starts = await traceStarts(asking, traceId);
  const range = starts === undefined ? ALL_TIME : around(starts);
  return listLogs(
    asking,
    { range, filter: MATCH_ALL, limit, ...(cursor === undefined ? {} : { cursor }) },
    (bindings) => `TraceId = ${bindings.text(traceId)}`,
  );
}

/** A trace's time, widened for records that belong to it without being its spans. */
export function around(starts: TimeRange, nanos: bigint = AROUND_NANOS): TimeRange {
  return {
    from: starts.from > nanos ? starts.from - nanos : 0n,
    to: starts.to + nanos < ALL_TIME.to ? starts.to + nanos : ALL_TIME.to,
  };
}
