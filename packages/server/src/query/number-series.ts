import type { Aggregation } from '@codomyrmex/telemetry-query';

import { Bindings } from './bindings.js';
import type { Asking } from './list-request.js';
import {
  coverSql,
  CUMULATIVE,
  pointsSql,
  previousOf,
  rateSeconds,
  RESTARTED,
  SERIES_WINDOW,
  stepSql,
  withLookback,
  type Cell,
  type MetricQuestion,
} from './metric-question.js';
import { RequestError } from './request-error.js';
import { toDouble } from './point-rows.js';

interface Row {
  readonly labels: readonly string[];
  readonly step: string;
  readonly value: number | string | null;
  readonly cover: string;
}

/**
 * Gauges and sums.
 *
 * Of a cumulative sum the increase between two points of a series is their difference, or the
 * later value when the series began anew; of a series' first point it is the value when the series
 * began within what is read, else unknown. Of a delta sum it is the value. Then
 *   rate   the increases of a step, each series by the time its points cover, added up
 *   sum    counters: the increases added up; gauges and up-down counters: the last values added up
 *   last   sums: the last values added up; gauges: the newest value
 *   avg min max p…   of the points' values; count: how many points
 */
export async function numberCells(asking: Asking, question: MetricQuestion): Promise<Cell[]> {
  const { aggregation, type } = question;
  if (type === 'gauge' && aggregation === 'rate') {
    throw new RequestError('bad_aggregation', 'agg=rate needs a counter; this metric is a gauge');
  }
  const bindings = new Bindings();
  const sum = type === 'sum';
  const columns = [
    'Value AS v',
    `${sum ? 'AggregationTemporality' : '0'} AS temporality`,
    `${sum ? 'IsMonotonic' : 'false'} AS monotonic`,
  ];
  const readFrom = bindings.bind('Int64', withLookback(question).from);
  const from = bindings.bind('Int64', question.range.from);
  const step = stepSql(bindings, question);
  const level = QUANTILE[aggregation];
  const spread = level === undefined ? '0' : `quantilesState(${level})(v)`;
  const seconds = rateSeconds(bindings, question, 'covered', 'step');
  const rows = await asking.engine.query<Row>(
    `WITH points AS (${pointsSql(bindings, question, columns)}),
      pairs AS (SELECT *, ${previousOf(['v', 't', 'st'])} FROM points ${SERIES_WINDOW}),
      increases AS (
        SELECT *,
          ${coverSql(readFrom)} AS cover,
          multiIf(NOT ${CUMULATIVE}, v,
            nth = 1, if(st >= ${readFrom}, v, NULL),
            monotonic AND (v < previous_v OR ${RESTARTED}), v,
            v - previous_v) AS increase
        FROM pairs WHERE t >= ${from}),
      steps AS (
        SELECT any(labels) AS labels, series, ${step} AS step, sumOrNull(increase) AS increased,
          sum(cover) AS covered, max(cover) AS widest, argMax(v, t) AS last, max(t) AS lastTime,
          sum(v) AS total, count() AS n, min(v) AS low, max(v) AS high,
          ${spread} AS spread, any(monotonic) AS counter
        FROM increases GROUP BY series, step)
    SELECT labels, step, ${valueSql(aggregation, sum, seconds)} AS value, max(widest) AS cover
    FROM steps GROUP BY labels, step ORDER BY step`,
    bindings.values,
    asking.options,
  );
  return rows.map((row) => ({
    labels: row.labels,
    step: Number(row.step),
    value: row.value === null ? undefined : toDouble(row.value),
    coverNanos: Number(row.cover),
  }));
}

/** The quantile of each quantile aggregation. */
export const QUANTILE: { readonly [aggregation in Aggregation]?: number } = {
  p50: 0.5,
  p75: 0.75,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
};

function valueSql(aggregation: Aggregation, sum: boolean, seconds: string): string {
  switch (aggregation) {
    case 'rate':
      return `sumOrNull(increased / (${seconds}))`;
    case 'sum':
      return `if(any(counter), sumOrNull(increased), sum(last))`;
    case 'last':
      return sum ? 'sum(last)' : 'argMax(last, lastTime)';
    case 'avg':
      return 'sum(total) / sum(n)';
    case 'min':
      return 'min(low)';
    case 'max':
      return 'max(high)';
    case 'count':
      return 'toFloat64(sum(n))';
    default:
      return `quantilesMerge(${QUANTILE[aggregation] ?? 0.5})(spread)[1]`;
  }
}
