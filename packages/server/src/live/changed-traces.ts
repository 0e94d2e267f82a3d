import type { QueryNode } from '@codomyrmex/telemetry-query';

import { Bindings } from '../query/bindings.js';
import { filterSql } from '../query/filter-sql.js';
import type { Asking } from '../query/list-request.js';
import { arrivedIn, inRange, type TimeRange } from '../query/range.js';
import { LIVE_LIMITS } from './limits.js';

/**
 * The traces of which spans or snapshots arrived in the window and that match the query; the
 * newest of them when there are more than a page can take, `skipped` counts the others.
 */
export async function changedTraces(
  asking: Asking,
  question: { readonly range: TimeRange; readonly filter: QueryNode },
  arrived: TimeRange,
): Promise<{ readonly ids: readonly string[]; readonly skipped: number }> {
  const bindings = new Bindings();
  const { range, filter } = question;
  const near = inRange(bindings, 'Timestamp', range);
  const fresh = arrivedIn(bindings, arrived);
  const touched = `SELECT TraceId, Timestamp FROM otel_traces WHERE ${near} AND ${fresh}
    UNION ALL
    SELECT TraceId, Timestamp FROM otel_running WHERE ${near} AND ${fresh}`;
  const all = filter.type === 'and' && filter.nodes.length === 0;
  const where = (running: boolean): string =>
    filterSql(filter, { records: 'spans', bindings, running, range });
  // A trace matches by any of its spans, not only by those that have just arrived.
  const matching = all
    ? '1'
    : `TraceId IN (
        SELECT TraceId FROM otel_traces
        WHERE ${near} AND TraceId IN (SELECT TraceId FROM (${touched})) AND (${where(false)})
        UNION DISTINCT
        SELECT TraceId FROM otel_running
        WHERE ${near} AND TraceId IN (SELECT TraceId FROM (${touched})) AND (${where(true)}))`;
  const rows = await asking.engine.query<{ id: string; total: string }>(
    `SELECT TraceId AS id, count() OVER () AS total
     FROM (${touched}) WHERE ${matching}
     GROUP BY TraceId ORDER BY max(Timestamp) DESC
     LIMIT ${bindings.bind('UInt32', LIVE_LIMITS.pendingItems)}`,
    bindings.values,
    asking.options,
  );
  const total = Number(rows[0]?.total ?? 0);
  return { ids: rows.map((row) => row.id), skipped: Math.max(0, total - rows.length) };
}
