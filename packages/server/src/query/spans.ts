import type { Span, SpansAnswer } from '@codomyrmex/telemetry-query';

import { Bindings } from './bindings.js';
import { cursorNumber, decodeCursor, encodeCursor } from './cursor.js';
import { filterSql } from './filter-sql.js';
import type { Asking, ListQuestion } from './list-request.js';
import { inRange, newestOf } from './range.js';
import { runningIndexOf, type RunningIndex, type RunningSpan } from './running-index.js';
import { runningSpans } from './running.js';
import { SPAN_SELECT, spanOf, type SpanRow } from './span-rows.js';

/** Spans, newest start first, running ones among them; keyset paging by (start, trace, span). */
export async function listSpans(asking: Asking, question: ListQuestion): Promise<SpansAnswer> {
  const index = runningIndexOf(asking.engine);
  const running = await index.find(question.range);
  const bindings = new Bindings();
  const { range, limit } = question;
  const after = question.cursor === undefined ? undefined : keyset(bindings, question.cursor);
  const where = (isRunning: boolean): string => {
    const scope = { records: 'spans', bindings, running: isRunning, range } as const;
    const conditions = [
      inRange(bindings, 'Timestamp', range),
      `(${filterSql(question.filter, scope)})`,
      ...(after === undefined ? [] : [after]),
    ];
    return conditions.join(' AND ');
  };
  const needed = bindings.bind('UInt32', limit + 1);
  const order = `ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC LIMIT ${needed}`;
  const ended = where(false);
  const finished = `SELECT ${SPAN_SELECT}, 0 AS running FROM otel_traces
    WHERE ${ended} AND ${newestOf('otel_traces', ended, needed)} ${order}`;
  const open = `SELECT ${SPAN_SELECT}, 1 AS running
    FROM ${runningSpans(bindings, running, '1')} WHERE ${where(true)} ${order}`;
  const found = await asking.engine.query<SpanRow>(
    running.length === 0
      ? finished
      : `SELECT * FROM (${finished}) UNION ALL SELECT * FROM (${open})`,
    bindings.values,
    asking.options,
  );
  const rows = finishedWins(found).toSorted(newestFirst);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: page.map((row) => spanOf(row, isLost(row, running, index))),
    ...(more ? { nextCursor: encodeCursor([last.start, last.traceId, last.spanId]) } : {}),
  };
}

/** A span that ended between two reads is there as both: the finished one is the truth. */
export function finishedWins(rows: readonly SpanRow[]): readonly SpanRow[] {
  if (!rows.some((row) => row.running === 1)) return rows;
  const finished = new Set(
    rows.flatMap((row) => (row.running === 1 ? [] : [row.traceId + row.spanId])),
  );
  return rows.filter((row) => row.running === 0 || !finished.has(row.traceId + row.spanId));
}

/** Whether the row is of a running span whose process has fallen silent. */
export function isLost(
  row: SpanRow,
  running: readonly RunningSpan[],
  index: RunningIndex,
): boolean {
  if (row.running === 0) return false;
  const span = running.find((one) => one.spanId === row.spanId && one.traceId === row.traceId);
  return span !== undefined && index.isLost(span);
}

function keyset(bindings: Bindings, cursor: string): string {
  const [start, traceId, spanId] = decodeCursor(cursor, 3);
  const time = bindings.time(cursorNumber(start));
  const key = `(${time}, ${bindings.text(traceId ?? '')}, ${bindings.text(spanId ?? '')})`;
  return `Timestamp <= ${time} AND (Timestamp, TraceId, SpanId) < ${key}`;
}

function newestFirst(a: SpanRow, b: SpanRow): number {
  if (a.start !== b.start) return BigInt(a.start) > BigInt(b.start) ? -1 : 1;
  if (a.traceId !== b.traceId) return a.traceId > b.traceId ? -1 : 1;
  return a.spanId === b.spanId ? 0 : a.spanId > b.spanId ? -1 : 1;
}

/** Orders spans by start, then by id: the order of a trace's spans. */
export function byStart(a: Span, b: Span): number {
  const left = BigInt(a.startTimeUnixNano);
  const right = BigInt(b.startTimeUnixNano);
  if (left !== right) return left < right ? -1 : 1;
  return a.spanId < b.spanId ? -1 : a.spanId > b.spanId ? 1 : 0;
}
