import type { MetricRow, MetricsAnswer, MetricType, QueryNode } from '@codomyrmex/telemetry-query';

import { Bindings } from './bindings.js';
import { filterSql } from './filter-sql.js';
import type { Asking } from './list-request.js';
import { METRIC_TABLES, METRIC_TYPES, temporalityOf } from './point-rows.js';
import { inRange, type TimeRange } from './range.js';

/** Metrics in one list; a program with more has them by name. */
const MAX_METRICS = 2000;

interface Row {
  readonly name: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly description: string;
  readonly temporality: number;
  readonly monotonic: number;
  readonly services: readonly string[];
  readonly attributeKeys: readonly string[];
  readonly series: string;
  readonly lastSeen: string;
}

/** What the types say about their points: a gauge has no temporality, only sums may fall. */
const TEMPORALITY: { readonly [type in MetricType]: string } = {
  gauge: '0',
  sum: 'max(AggregationTemporality)',
  histogram: 'max(AggregationTemporality)',
  exponentialHistogram: 'max(AggregationTemporality)',
  summary: '2',
};

/**
 * The SQL that tells one series of a metric from another. A sender keeps the order of a series'
 * attributes, so the maps are not sorted (that doubles the cost of reading a metric).
 */
export const SERIES_KEY = 'cityHash64(ServiceName, ScopeName, Attributes, ResourceAttributes)';

/** The metrics with points in the range, by name; one row for each type that a name has. */
export async function listMetrics(
  asking: Asking,
  question: { readonly range: TimeRange; readonly filter: QueryNode },
): Promise<MetricsAnswer> {
  const bindings = new Bindings();
  const condition = filterSql(question.filter, { records: 'points', bindings });
  const near = inRange(bindings, 'TimeUnix', question.range);
  const parts = METRIC_TYPES.map(
    (type) => `SELECT toString(MetricName) AS name, '${type}' AS type,
      argMax(MetricUnit, TimeUnix) AS unit, argMax(MetricDescription, TimeUnix) AS description,
      toInt32(${TEMPORALITY[type]}) AS temporality,
      toUInt8(${type === 'sum' ? 'max(IsMonotonic)' : '0'}) AS monotonic,
      arraySort(groupUniqArray(100)(toString(ServiceName))) AS services,
      arraySort(groupUniqArrayArray(100)(arrayMap(k -> toString(k), mapKeys(Attributes))))
        AS attributeKeys,
      uniq(${SERIES_KEY}) AS series, toUnixTimestamp64Nano(max(TimeUnix)) AS lastSeen
    FROM ${METRIC_TABLES[type]} WHERE ${near} AND (${condition}) GROUP BY MetricName`,
  );
  const rows = await asking.engine.query<Row>(
    `SELECT * FROM (${parts.join(' UNION ALL ')}) ORDER BY name, type
     LIMIT ${bindings.bind('UInt32', MAX_METRICS + 1)}`,
    bindings.values,
    asking.options,
  );
  const items = rows.slice(0, MAX_METRICS).map(metricRow);
  if (rows.length <= MAX_METRICS) return { items };
  return { items, truncated: `only the first ${MAX_METRICS} metrics are listed: narrow the query` };
}

function metricRow(row: Row): MetricRow {
  return {
    name: row.name,
    type: row.type,
    unit: row.unit,
    description: row.description,
    temporality: temporalityOf(row.temporality),
    monotonic: row.monotonic === 1,
    services: row.services,
    attributeKeys: row.attributeKeys,
    seriesCount: Number(row.series),
    lastSeenUnixNano: row.lastSeen,
  };
}
