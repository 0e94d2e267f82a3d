import { Bindings } from './bindings.js';
import { exponentialIntervals, subtract, type Exponential, type Interval } from './buckets.js';
import type { Observed } from './histogram-series.js';
import type { Asking } from './list-request.js';
import { pointsSql, withLookback, type MetricQuestion } from './metric-question.js';
import { toDouble } from './point-rows.js';
import { RequestError } from './request-error.js';

/** Points read for one question; their buckets are aligned here, not in the engine. */
const MAX_POINTS = 100_000;
/** Bounds of a distribution: more rows than a heatmap has pixels for help nobody. */
const MAX_BOUNDS = 80;

interface Row {
  readonly series: string;
  readonly labels: readonly string[];
  readonly t: string;
  readonly st: string;
  readonly temporality: number;
  readonly n: string;
  readonly total: number | string | null;
  readonly scale: number;
  readonly zeroCount: string;
  readonly zeroThreshold: number | string | null;
  readonly positiveOffset: number;
  readonly positiveCounts: readonly string[];
  readonly negativeOffset: number;
  readonly negativeCounts: readonly string[];
  readonly least: number | string | null;
  readonly most: number | string | null;
}

/** Exponential histograms: what was observed in each step; scales may differ between points. */
export async function exponentialObserved(
  asking: Asking,
  question: MetricQuestion,
): Promise<{ observed: Observed[]; bounds: readonly number[] }> {
  const bindings = new Bindings();
  const columns = [
    'AggregationTemporality AS temporality',
    'Count AS n',
    'if(bitAnd(Optional, 1) = 1, Sum, 0) AS total',
    'Scale AS scale',
    'ZeroCount AS zeroCount',
    'ZeroThreshold AS zeroThreshold',
    'PositiveOffset AS positiveOffset',
    'PositiveBucketCounts AS positiveCounts',
    'NegativeOffset AS negativeOffset',
    'NegativeBucketCounts AS negativeCounts',
    'if(bitAnd(Optional, 2) = 2, Min, NULL) AS least',
    'if(bitAnd(Optional, 4) = 4, Max, NULL) AS most',
  ];
  const rows = await asking.engine.query<Row>(
    `${pointsSql(bindings, question, columns)} ORDER BY series, t
     LIMIT ${bindings.bind('UInt32', MAX_POINTS + 1)}`,
    bindings.values,
    asking.options,
  );
  if (rows.length > MAX_POINTS) {
    const message = `the range holds more than ${MAX_POINTS} exponential histogram points`;
    throw new RequestError('too_much', message, 'ask for a shorter range or filter with q');
  }
  const observed: Observed[] = [];
  for (const [index, row] of rows.entries()) {
    const previous = rows[index - 1];
    const before = previous?.series === row.series ? previous : undefined;
    const item = observedOf(row, before, question);
    if (item !== undefined) observed.push(item);
  }
  return { observed, bounds: boundsOf(observed.flatMap((item) => item.intervals)) };
}

function observedOf(
  row: Row,
  before: Row | undefined,
  question: MetricQuestion,
): Observed | undefined {
  const { range, stepNanos } = question;
  const time = BigInt(row.t);
  if (time < range.from) return undefined;
  const cumulative = row.temporality === 2;
  const restarted =
    before !== undefined &&
    (BigInt(row.st) >= BigInt(before.t) || Number(row.n) < Number(before.n));
  if (cumulative && before === undefined && BigInt(row.st) < withLookback(question).from) {
    return undefined;
  }
  const base = cumulative && !restarted ? before : undefined;
  const histogram = contentOf(row);
  const gained = base === undefined ? histogram : subtract(histogram, contentOf(base));
  const count = Number(row.n) - Number(base?.n ?? 0);
  const start = BigInt(row.st);
  const since = before === undefined ? start : BigInt(before.t);
  const known = before !== undefined || (start > 0n && start >= withLookback(question).from);
  const coverNanos = known ? Math.max(0, Number(time - since)) : 0;
  const step = Number((time - range.from) / stepNanos);
  const left = Number(range.to - range.from) - step * Number(stepNanos);
  const seconds = Math.max(coverNanos, Math.min(Number(stepNanos), left), 1) / 1e9;
  return {
    labels: row.labels,
    step,
    intervals: exponentialIntervals(gained, {
      ...(row.least === null ? {} : { min: toDouble(row.least) }),
      ...(row.most === null ? {} : { max: toDouble(row.most) }),
    }),
    count,
    sum: toDouble(row.total) - toDouble(base?.total ?? 0),
    rate: count / seconds,
    coverNanos,
  };
}

function contentOf(row: Row): Exponential {
  return {
    scale: row.scale,
    zeroCount: Number(row.zeroCount),
    zeroThreshold: toDouble(row.zeroThreshold),
    positive: { offset: row.positiveOffset, counts: row.positiveCounts.map(Number) },
    negative: { offset: row.negativeOffset, counts: row.negativeCounts.map(Number) },
  };
}

/** The buckets' edges, every second one left out until they are few enough. */
function boundsOf(intervals: readonly Interval[]): readonly number[] {
  const edges = new Set(intervals.flatMap(({ low, high }) => [low, high]));
  let bounds = [...edges].toSorted((a, b) => a - b);
  while (bounds.length > MAX_BOUNDS) bounds = bounds.filter((_, index) => index % 2 === 0);
  return bounds;
}
