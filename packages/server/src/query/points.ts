import type { List, MetricPoint, QueryNode } from '@codomyrmex/telemetry-query';

import { Bindings } from './bindings.js';
import { filterSql } from './filter-sql.js';
import type { Asking } from './list-request.js';
import { METRIC_TABLES, METRIC_TYPES, pointOf, pointSelect, type PointRow } from './point-rows.js';
import { inRange, type TimeRange } from './range.js';

/** Points of every type, newest first; `truncated` when there are more than `limit` of a type. */
export async function listPoints(
  asking: Asking,
  question: {
    readonly range: TimeRange;
    readonly filter: QueryNode;
    readonly services: readonly string[];
    readonly limit: number;
  },
): Promise<List<MetricPoint>> {
  const { range, filter, services, limit } = question;
  const items: MetricPoint[] = [];
  for (const type of METRIC_TYPES) {
    const bindings = new Bindings();
    const rows = await asking.engine.query<PointRow>(
      `SELECT ${pointSelect(type)} FROM ${METRIC_TABLES[type]}
       WHERE ${inRange(bindings, 'TimeUnix', range)}
         AND ServiceName IN ${bindings.bind('Array(String)', services)}
         AND (${filterSql(filter, { records: 'points', bindings })})
       ORDER BY TimeUnix DESC LIMIT ${bindings.bind('UInt32', limit + 1)}`,
      bindings.values,
      asking.options,
    );
    items.push(...rows.map((row) => pointOf(row, type)));
  }
  items.sort((a, b) => (BigInt(a.timeUnixNano) > BigInt(b.timeUnixNano) ? -1 : 1));
  if (items.length <= limit) return { items };
  return { items: items.slice(0, limit), truncated: `only the newest ${limit} points are listed` };
}
