import type { LogsAnswer } from '@codomyrmex/telemetry-query';

import { Bindings } from './bindings.js';
import { cursorNumber, decodeCursor, encodeCursor } from './cursor.js';
import { filterSql } from './filter-sql.js';
import type { Asking, ListQuestion } from './list-request.js';
import { LOG_SELECT, logOf, type LogRow } from './log-rows.js';
import { inRange, newestOf } from './range.js';

/** A log record has no id: records of one nanosecond are told apart by what they say. */
const TIE = 'sipHash64(TraceId, SpanId, Body, ServiceName)';

/** Log records, newest first. `condition` narrows further; ours only. */
export async function listLogs(
  asking: Asking,
  question: ListQuestion,
  condition?: (bindings: Bindings) => string,
): Promise<LogsAnswer> {
  const bindings = new Bindings();
  const { range, limit } = question;
  const after = question.cursor === undefined ? undefined : decodeCursor(question.cursor, 2);
  const skip = after === undefined ? 0 : Number(cursorNumber(after[1]));
  const conditions = [
    inRange(bindings, 'Timestamp', range),
    `(${filterSql(question.filter, { records: 'logs', bindings })})`,
    ...(after === undefined ? [] : [`Timestamp <= ${bindings.time(cursorNumber(after[0]))}`]),
    ...(condition === undefined ? [] : [condition(bindings)]),
  ];
  const where = conditions.join(' AND ');
  const needed = bindings.bind('UInt32', limit + 1 + skip);
  const rows = await asking.engine.query<LogRow>(
    `SELECT ${LOG_SELECT} FROM otel_logs
     WHERE ${where} AND ${newestOf('otel_logs', where, needed)}
     ORDER BY Timestamp DESC, ${TIE} DESC
     LIMIT ${bindings.bind('UInt32', limit + 1)} OFFSET ${bindings.bind('UInt32', skip)}`,
    bindings.values,
    asking.options,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  if (rows.length <= limit || last === undefined) return { items: page.map(logOf) };
  // Of the records at the last one's time this many have been given out, on earlier pages too.
  const ties = page.filter((row) => row.time === last.time).length;
  const before = after?.[0] === last.time ? skip : 0;
  const nextCursor = encodeCursor([last.time, String(ties + before)]);
  return { items: page.map(logOf), nextCursor };
}
