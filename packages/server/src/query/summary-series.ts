import { Bindings } from './bindings.js';
import type { Asking } from './list-request.js';
import {
  pointsSql,
  previousOf,
  rateSeconds,
  RESTARTED,
  SERIES_WINDOW,
  stepSql,
  type Cell,
  type MetricQuestion,
} from './metric-question.js';
import { QUANTILE } from './number-series.js';
import { toDouble } from './point-rows.js';

interface Row {
  readonly labels: readonly string[];
  readonly step: string;
  readonly count: string;
  readonly sum: number | string | null;
  readonly rate: number;
  readonly quantile: number | string | null;
  readonly low: number | string | null;
  readonly high: number | string | null;
  readonly cover: string;
}

/**
 * Summaries: counts and sums are cumulative; their quantiles cannot be added up, so of several
 * series the largest is shown, and only quantiles that the sender computed exist.
 */
export async function summaryCells(asking: Asking, question: MetricQuestion): Promise<Cell[]> {
  const bindings = new Bindings();
  const wanted = bindings.bind('Float64', QUANTILE[question.aggregation] ?? 0.5);
  const columns = [
    'toInt64(Count) AS n',
    'Sum AS total',
    '`ValueAtQuantiles.Quantile` AS qs',
    '`ValueAtQuantiles.Value` AS vs',
  ];
  const rows = await asking.engine.query<Row>(
    `WITH points AS (${pointsSql(bindings, question, columns)}),
      pairs AS (SELECT *, ${previousOf(['t', 'n', 'total'])} FROM points ${SERIES_WINDOW}),
      increases AS (
        SELECT *, t - previous_t AS cover, ${RESTARTED} OR n < previous_n AS fresh,
          if(fresh, n, n - previous_n) AS more, if(fresh, total, total - previous_total) AS moreSum,
          if(indexOf(qs, ${wanted}) = 0, NULL, vs[indexOf(qs, ${wanted})]) AS q
        FROM pairs WHERE nth > 1 AND t >= ${bindings.bind('Int64', question.range.from)}),
      steps AS (
        SELECT any(labels) AS labels, series, ${stepSql(bindings, question)} AS step,
          sum(more) AS stepCount,
          sum(moreSum) AS stepSum, sum(cover) AS covered, max(cover) AS widest, max(q) AS stepQ,
          min(arrayMin(vs)) AS stepLow, max(arrayMax(vs)) AS stepHigh
        FROM increases GROUP BY series, step)
    SELECT labels, step, sum(stepCount) AS count, sum(stepSum) AS sum,
      sum(stepCount / (${rateSeconds(bindings, question, 'covered', 'step')})) AS rate,
      max(stepQ) AS quantile, min(stepLow) AS low, max(stepHigh) AS high, max(widest) AS cover
    FROM steps GROUP BY labels, step ORDER BY step`,
    bindings.values,
    asking.options,
  );
  return rows.map((row) => ({
    labels: row.labels,
    step: Number(row.step),
    value: valueOf(row, question),
    coverNanos: Number(row.cover),
  }));
}

function valueOf(row: Row, question: MetricQuestion): number | undefined {
  const count = Number(row.count);
  const known = (value: number | string | null): number | undefined =>
    value === null ? undefined : toDouble(value);
  switch (question.aggregation) {
    case 'rate':
      return row.rate;
    case 'count':
      return count;
    case 'sum':
      return toDouble(row.sum);
    case 'avg':
    case 'last':
      return count === 0 ? undefined : toDouble(row.sum) / count;
    case 'min':
      return known(row.low);
    case 'max':
      return known(row.high);
    default:
      return known(row.quantile);
  }
}
