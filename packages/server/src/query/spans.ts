import type { Span, SpansAnswer } from '@codomyrmex/telemetry-query';

import { Bindings } from './bindings.js';
import { cursorNumber, decodeCursor, encodeCursor } from './cursor.js';
import { filterSql } from './filter-sql.js';
import type { Asking, ListQuestion } from './list-request.js';
import { inRange } from './range.js';
import { runningSpans } from './running.js';
import { SPAN_SELECT, spanOf, type SpanRow } from './span-rows.js';

/** Spans, newest start first, running ones among them; keyset paging by (start, trace, span). */
export async function listSpans(asking: Asking, question: ListQuestion): Promise<SpansAnswer> {
  const bindings = new Bindings();
  const { range, limit } = question;
  const after = question.cursor === undefined ? undefined : keyset(bindings, question.cursor);
  const where = (running: boolean): string => {
    const scope = { records: 'spans', bindings, running, range } as const;
    const conditions = [
      inRange(bindings, 'Timestamp', range),
      `(${filterSql(question.filter, scope)})`,
      ...(after === undefined ? [] : [after]),
    ];
    return conditions.join(' AND ');
  };
  const order = `ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC
    LIMIT ${bindings.bind('UInt32', limit + 1)}`;
  const finished = `SELECT ${SPAN_SELECT}, 0 AS running, 0 AS lost
    FROM otel_traces WHERE ${where(false)} ${order}`;
  const open = `SELECT ${SPAN_SELECT}, 1 AS running, lost
    FROM ${runningSpans(bindings, range, '1')} WHERE ${where(true)} ${order}`;
  const rows = await asking.engine.query<SpanRow>(
    `SELECT * FROM (${finished}) UNION ALL SELECT * FROM (${open})`,
    bindings.values,
    asking.options,
  );
  rows.sort(newestFirst);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: page.map(spanOf),
    ...(more ? { nextCursor: encodeCursor([last.start, last.traceId, last.spanId]) } : {}),
  };
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
