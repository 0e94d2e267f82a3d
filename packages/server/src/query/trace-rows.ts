import type { ShapeBar, TraceRow } from '@codomyrmex/telemetry-query';

import { Bindings } from './bindings.js';
import type { Asking } from './list-request.js';
import { ALL_TIME, inRange, type TimeRange } from './range.js';
import { runningIndexOf } from './running-index.js';
import { runningSpans } from './running.js';
import { IS_ERROR } from './span-rows.js';
import { traceStartsSource } from './trace-starts.js';

/** Bars of a trace's thumbnail: what 34 px of height can show. */
const SHAPE_BARS = 12;

/** The spans of one service in one trace. */
interface PartRow {
  readonly traceId: string;
  readonly service: string;
  readonly first: string;
  readonly last: string;
  readonly spans: string;
  readonly errors: string;
  readonly running: number;
  /** [start, name] of the root, start 0 when this service has none. */
  readonly root: readonly [string, string];
  readonly hasRoot: number;
  /** Name of the earliest span. */
  readonly firstName: string;
  /** The longest spans: [duration, start, failed]. */
  readonly bars: readonly (readonly [string, string, number])[];
}

/**
 * The list rows of these traces, in no particular order; traces that are not stored are left out.
 * Reads every span of theirs, but only the columns that a row needs. `known`: where in time all
 * their spans begin; looked up when it is left out.
 */
export async function traceRows(
  asking: Asking,
  ids: readonly string[],
  known?: TimeRange,
): Promise<TraceRow[]> {
  if (ids.length === 0) return [];
  const starts = known ?? (await startsOf(asking, ids));
  if (starts === undefined) return [];
  const wanted = new Set(ids);
  const running = (await runningIndexOf(asking.engine).find(starts)).filter((span) =>
    wanted.has(span.traceId),
  );
  const bindings = new Bindings();
  const chosen = `TraceId IN ${bindings.bind('Array(String)', ids)}`;
  const near = inRange(bindings, 'Timestamp', starts);
  const columns = `TraceId, ServiceName, SpanName, ParentSpanId, Timestamp, Duration, StatusCode`;
  const open =
    running.length === 0
      ? ''
      : `UNION ALL SELECT ${columns}, 1 AS isRunning FROM ${runningSpans(bindings, running, '1')}`;
  const parts = await asking.engine.query<PartRow>(
    `SELECT TraceId AS traceId, ServiceName AS service,
       toUnixTimestamp64Nano(min(Timestamp)) AS first,
       max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration)) AS last,
       count() AS spans, countIf(${IS_ERROR}) AS errors, max(isRunning) AS running,
       argMinIf((toUnixTimestamp64Nano(Timestamp), toString(SpanName)), Timestamp,
         ParentSpanId = '') AS root,
       max(ParentSpanId = '') AS hasRoot,
       argMin(toString(SpanName), Timestamp) AS firstName,
       arrayMap(bar -> (-bar.1, bar.2, bar.3), groupArraySorted(${SHAPE_BARS})(
         (-toInt64(Duration), toUnixTimestamp64Nano(Timestamp), toUInt8(${IS_ERROR})))) AS bars
     FROM (
       SELECT ${columns}, 0 AS isRunning FROM otel_traces WHERE ${chosen} AND ${near}
       ${open})
     GROUP BY TraceId, ServiceName`,
    bindings.values,
    asking.options,
  );
  const byTrace = new Map<string, PartRow[]>();
  for (const part of parts) {
    const list = byTrace.get(part.traceId);
    if (list === undefined) byTrace.set(part.traceId, [part]);
    else list.push(part);
  }
  return [...byTrace].map(([traceId, list]) => traceRow(traceId, list));
}

/** The time that holds every span's start of these traces. */
async function startsOf(asking: Asking, ids: readonly string[]): Promise<TimeRange | undefined> {
  const bindings = new Bindings();
  const chosen = bindings.bind('Array(String)', ids);
  const rows = await asking.engine.query<{ first: string; last: string; rows: string }>(
    `SELECT toUnixTimestamp64Nano(min(Start)) AS first, toUnixTimestamp64Nano(max(End)) AS last,
       count() AS rows
     FROM ${traceStartsSource(asking.engine, bindings, `TraceId IN ${chosen}`)}`,
    bindings.values,
    asking.options,
  );
  const row = rows[0];
  if (row === undefined || row.rows === '0') return undefined;
  const to = BigInt(row.last) + 1n;
  return { from: BigInt(row.first), to: to > ALL_TIME.to ? ALL_TIME.to : to };
}

function traceRow(traceId: string, parts: PartRow[]): TraceRow {
  parts.sort((a, b) => compare(a.first, b.first));
  const start = parts.reduce((low, part) => min(low, BigInt(part.first)), ALL_TIME.to);
  const end = parts.reduce((high, part) => max(high, BigInt(part.last)), 0n);
  const rooted = parts.filter((part) => part.hasRoot === 1);
  rooted.sort((a, b) => compare(a.root[0], b.root[0]));
  const root = rooted[0];
  const earliest = parts[0];
  return {
    traceId,
    rootService: root?.service ?? earliest?.service ?? '',
    rootName: root?.root[1] ?? earliest?.firstName ?? '',
    rootMissing: root === undefined,
    startTimeUnixNano: String(start),
    durationNanos: String(max(0n, end - start)),
    spanCount: parts.reduce((sum, part) => sum + Number(part.spans), 0),
    errorCount: parts.reduce((sum, part) => sum + Number(part.errors), 0),
    services: parts.map((part) => ({ name: part.service, spanCount: Number(part.spans) })),
    running: parts.some((part) => part.running === 1),
    shape: shapeOf(parts, start, end),
  };
}

/** The longest spans as bars, each one row below the bars that enclose it. */
function shapeOf(parts: readonly PartRow[], start: bigint, end: bigint): readonly ShapeBar[] {
  const length = Number(max(1n, end - start));
  const longest = parts
    .flatMap(({ service, bars }) =>
      bars.map(([duration, begin, failed]) => {
        const offset = Number(BigInt(begin) - start);
        return { service, error: failed === 1, from: offset, to: offset + Number(duration) };
      }),
    )
    .toSorted((a, b) => b.to - b.from - (a.to - a.from))
    .slice(0, SHAPE_BARS)
    .toSorted((a, b) => a.from - b.from || b.to - a.to);
  const open: number[] = [];
  return longest.map((bar) => {
    while (open.length > 0 && (open.at(-1) ?? 0) < bar.to) open.pop();
    const depth = open.length;
    open.push(bar.to);
    const { service, error } = bar;
    return { start: bar.from / length, end: Math.min(1, bar.to / length), depth, service, error };
  });
}

function compare(a: string, b: string): number {
  const left = BigInt(a);
  const right = BigInt(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
