import type { MetricType, QueryNode } from '@codomyrmex/telemetry-query';

import { Bindings } from './bindings.js';
import { filterSql } from './filter-sql.js';
import { jsonText } from './json-text.js';
import type { Asking } from './list-request.js';
import { LOG_SELECT, logOf, type LogRow } from './log-rows.js';
import { METRIC_TABLES, METRIC_TYPES, pointOf, pointSelect, type PointRow } from './point-rows.js';
import { inRange, type TimeRange } from './range.js';
import { runningIndexOf, type RunningIndex, type RunningSpan } from './running-index.js';
import { runningSpans } from './running.js';

import { SPAN_SELECT, spanOf, type SpanRow } from './span-rows.js';
import { isLost } from './spans.js';

/** Which records an export holds. */
export interface ExportQuestion {
  readonly range: TimeRange;
  readonly filter: QueryNode;
  readonly service?: string;
  readonly traceId?: string;
}

/**
 * Rows a page: an export is read page by page in the order of time, so that it takes the memory of
 * one page however slow its reader is, and holds no reader of the engine between pages.
 */
const PAGE_ROWS = 2000;

/** One read of a table: what to select, where, and what its rows become. */
interface Source<Row> {
  readonly select: string;
  readonly from: (bindings: Bindings) => string;
  readonly timeColumn: string;
  readonly time: (row: Row) => string;
  readonly conditions: (bindings: Bindings) => readonly string[];
  readonly record: (row: Row) => unknown;
}

/** Every matching span, oldest first, then those that still run; NDJSON lines by the page. */
export async function* exportSpans(
  asking: Asking,
  question: ExportQuestion,
): AsyncGenerator<string> {
  const index = runningIndexOf(asking.engine);
  const open = await index.find(question.range, question.traceId);
  yield* pages(asking, question, spanSource(question, 'otel_traces'));
  if (open.length > 0) yield* pages(asking, question, spanSource(question, open, index));
}

function spanSource(
  question: ExportQuestion,
  from: 'otel_traces' | readonly RunningSpan[],
  index?: RunningIndex,
): Source<SpanRow> {
  const running = from !== 'otel_traces';
  const scope = { records: 'spans', running, range: question.range } as const;
  return {
    select: `${SPAN_SELECT}, ${running ? '1' : '0'} AS running`,
    from: (bindings) => (running ? runningSpans(bindings, from, '1') : from),
    timeColumn: 'Timestamp',
    time: (row) => row.start,
    conditions: (bindings) => [
      ...narrow(bindings, question, true),
      filterSql(question.filter, { ...scope, bindings }),
    ],
    record: (row) => spanOf(row, running && index !== undefined && isLost(row, from, index)),
  };
}

/** Every matching log record, oldest first. */
export function exportLogs(asking: Asking, question: ExportQuestion): AsyncGenerator<string> {
  return pages<LogRow>(asking, question, {
    select: LOG_SELECT,
    from: () => 'otel_logs',
    timeColumn: 'Timestamp',
    time: (row) => row.time,
    conditions: (bindings) => [
      ...narrow(bindings, question, true),
      filterSql(question.filter, { records: 'logs', bindings }),
    ],
    record: logOf,
  });
}

/** Every matching point, type by type, oldest first within a type. */
export async function* exportPoints(
  asking: Asking,
  question: ExportQuestion,
): AsyncGenerator<string> {
  for (const type of METRIC_TYPES) yield* pages(asking, question, pointSource(type, question));
}

function pointSource(type: MetricType, question: ExportQuestion): Source<PointRow> {
  return {
    select: pointSelect(type),
    from: () => METRIC_TABLES[type],
    timeColumn: 'TimeUnix',
    time: (row) => row.time,
    conditions: (bindings) => [
      ...narrow(bindings, question, false),
      ...(question.traceId === undefined ? [] : [exemplarOf(type, question.traceId, bindings)]),
      filterSql(question.filter, { records: 'points', bindings }),
    ],
    record: (row) => pointOf(row, type),
  };
}

/** A point belongs to a trace by its exemplars. */
function exemplarOf(type: MetricType, traceId: string, bindings: Bindings): string {
  return type === 'summary' ? '0' : `has(\`Exemplars.TraceId\`, ${bindings.text(traceId)})`;
}

function narrow(
  bindings: Bindings,
  question: ExportQuestion,
  hasTraceId: boolean,
): readonly string[] {
  const { service, traceId } = question;
  return [
    ...(service === undefined ? [] : [`ServiceName = ${bindings.text(service)}`]),
    ...(traceId === undefined || !hasTraceId ? [] : [`TraceId = ${bindings.text(traceId)}`]),
  ];
}

/** Pages end between two times: WITH TIES brings every record of the last one. */
async function* pages<Row>(
  asking: Asking,
  question: ExportQuestion,
  source: Source<Row>,
): AsyncGenerator<string> {
  let { from } = question.range;
  for (;;) {
    const bindings = new Bindings();
    const near = inRange(bindings, source.timeColumn, { from, to: question.range.to });
    const conditions = source.conditions(bindings).map((condition) => `(${condition})`);
    const rows = await asking.engine.query<Row>(
      `SELECT ${source.select} FROM ${source.from(bindings)}
       WHERE ${[near, ...conditions].join(' AND ')}
       ORDER BY ${source.timeColumn} LIMIT ${bindings.bind('UInt32', PAGE_ROWS)} WITH TIES`,
      bindings.values,
      asking.options,
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => `${jsonText(source.record(row))}\n`).join('');
    if (rows.length < PAGE_ROWS) return;
    from = BigInt(source.time(last)) + 1n;
  }
}
