import type { Aggregation, MetricDistribution } from '@codomyrmex/telemetry-query';

import { Bindings } from './bindings.js';
import { explicitIntervals, quantile, rebin, type Interval } from './buckets.js';
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
import { QUANTILE } from './number-series.js';
import { toDouble } from './point-rows.js';

/** What was observed in one step by one group of series with the same bounds. */
interface Row {
  readonly labels: readonly string[];
  readonly step: string;
  readonly bounds: readonly (number | string | null)[];
  readonly counts: readonly string[];
  readonly count: string;
  readonly sum: number | string | null;
  readonly low: number | string | null;
  readonly high: number | string | null;
  readonly rate: number;
  readonly cover: string;
}

/** Histogram observations of one group in one step, whatever kind of buckets they came in. */
export interface Observed {
  readonly labels: readonly string[];
  readonly step: number;
  readonly intervals: readonly Interval[];
  readonly count: number;
  readonly sum: number;
  /** Observations a second. */
  readonly rate: number;
  readonly coverNanos: number;
}

/** Explicit-bucket histograms: what was observed in each step, by group; and its buckets. */
export async function histogramObserved(
  asking: Asking,
  question: MetricQuestion,
): Promise<{ observed: Observed[]; bounds: readonly number[] }> {
  const bindings = new Bindings();
  const columns = [
    'AggregationTemporality AS temporality',
    'toInt64(Count) AS n',
    'if(bitAnd(Optional, 1) = 1, Sum, 0) AS total',
    'arrayMap(c -> toInt64(c), BucketCounts) AS c',
    'ExplicitBounds AS bounds',
    'if(bitAnd(Optional, 2) = 2, Min, NULL) AS least',
    'if(bitAnd(Optional, 4) = 4, Max, NULL) AS most',
  ];
  const lagged = ['t', 'n', 'total', 'c', 'bounds'];
  const step = stepSql(bindings, question);
  const readFrom = bindings.bind('Int64', withLookback(question).from);
  const fresh = `nth > 1 AND (${RESTARTED} OR n < previous_n OR bounds != previous_bounds)`;
  const rows = await asking.engine.query<Row>(
    `WITH points AS (${pointsSql(bindings, question, columns)}),
      pairs AS (SELECT *, ${previousOf(lagged)} FROM points ${SERIES_WINDOW}),
      increases AS (
        SELECT *, ${coverSql(readFrom)} AS cover,
          NOT ${CUMULATIVE} OR (${fresh}) OR nth = 1 AS entire,
          if(entire, n, n - previous_n) AS more,
          if(entire, total, total - previous_total) AS moreTotal,
          if(entire, c, arrayMap((a, b) -> greatest(a - b, 0), c, previous_c)) AS moreCounts
        FROM pairs
        WHERE t >= ${bindings.bind('Int64', question.range.from)}
          AND (NOT ${CUMULATIVE} OR nth > 1 OR st >= ${readFrom})),
      steps AS (
        SELECT any(labels) AS labels, series, bounds, ${step} AS step,
          sumForEach(moreCounts) AS stepCounts,
          sum(more) AS stepCount, sum(moreTotal) AS stepSum, min(least) AS stepLeast,
          max(most) AS stepMost, sum(cover) AS covered, max(cover) AS widest
        FROM increases GROUP BY series, bounds, step)
    SELECT labels, step, bounds, sumForEach(stepCounts) AS counts, sum(stepCount) AS count,
      sum(stepSum) AS sum, min(stepLeast) AS low, max(stepMost) AS high,
      sum(stepCount / (${rateSeconds(bindings, question, 'covered', 'step')})) AS rate,
      max(widest) AS cover
    FROM steps GROUP BY labels, step, bounds ORDER BY step`,
    bindings.values,
    asking.options,
  );
  const bounds = new Set<number>();
  const observed = rows.map((row) => {
    const own = row.bounds.map(toDouble);
    for (const bound of own) bounds.add(bound);
    return observedOf(row, own);
  });
  return { observed, bounds: [...bounds].toSorted((a, b) => a - b) };
}

function observedOf(row: Row, bounds: readonly number[]): Observed {
  const extremes = {
    ...(row.low === null ? {} : { min: toDouble(row.low) }),
    ...(row.high === null ? {} : { max: toDouble(row.high) }),
  };
  return {
    labels: row.labels,
    step: Number(row.step),
    intervals: explicitIntervals(bounds, row.counts.map(Number), extremes),
    count: Number(row.count),
    sum: toDouble(row.sum),
    rate: row.rate,
    coverNanos: Number(row.cover),
  };
}

/** One value a group and step: steps without an observation have none, but rate and count 0. */
export function observedCells(observed: readonly Observed[], aggregation: Aggregation): Cell[] {
  const groups = new Map<string, Observed>();
  for (const item of observed) {
    const key = JSON.stringify([item.step, item.labels]);
    const known = groups.get(key);
    groups.set(key, known === undefined ? item : merge(known, item));
  }
  return [...groups.values()].map((item) => ({
    labels: item.labels,
    step: item.step,
    value: valueOf(item, aggregation),
    coverNanos: item.coverNanos,
  }));
}

/** Series of one group may have different bounds. */
function merge(a: Observed, b: Observed): Observed {
  return {
    ...a,
    intervals: [...a.intervals, ...b.intervals],
    count: a.count + b.count,
    sum: a.sum + b.sum,
    rate: a.rate + b.rate,
    coverNanos: Math.max(a.coverNanos, b.coverNanos),
  };
}

function valueOf(item: Observed, aggregation: Aggregation): number | undefined {
  const { intervals, count } = item;
  switch (aggregation) {
    case 'rate':
      return item.rate;
    case 'count':
      return count;
    case 'sum':
      return item.sum;
    case 'avg':
    case 'last':
      return count === 0 ? undefined : item.sum / count;
    case 'min':
      return intervals.length === 0 ? undefined : Math.min(...intervals.map(({ low }) => low));
    case 'max':
      return intervals.length === 0 ? undefined : Math.max(...intervals.map(({ high }) => high));
    default:
      return quantile(intervals, QUANTILE[aggregation] ?? 0.5);
  }
}

/** Buckets over time, all groups together; undefined when there are no bounds to draw. */
export function distributionOf(
  observed: readonly Observed[],
  bounds: readonly number[],
  stepCount: number,
): MetricDistribution | undefined {
  if (bounds.length === 0) return undefined;
  const counts = Array.from({ length: stepCount }, () =>
    Array.from({ length: bounds.length + 1 }, () => 0),
  );
  for (const item of observed) {
    const row = counts[item.step];
    if (row === undefined) continue;
    for (const [index, count] of rebin(item.intervals, bounds).entries()) {
      row[index] = (row[index] ?? 0) + count;
    }
  }
  return { bounds, counts };
}
