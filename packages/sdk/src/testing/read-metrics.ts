/** Metric points out of export requests, and what a series of them comes to. */
import { decode } from '@codomyrmex/otlp';
import type {
  Buckets,
  Exemplar,
  ExponentialHistogramDataPoint,
  HistogramDataPoint,
  Metric,
  NumberDataPoint,
} from '@codomyrmex/otlp';
import { hexOf, originOf, plainAttributes, plainInteger } from './received.js';
import type { PlainAttributes, ReceivedOrigin } from './received.js';

/** How a metric adds up. */
export type MetricType = 'sum' | 'gauge' | 'histogram' | 'exponentialHistogram';

/** A measurement that stands for others of its point, with the span that it was made in. */
export interface ReceivedExemplar {
  readonly value: number | bigint;
  readonly timeUnixNano: bigint;
  /** Empty without a span. */
  readonly traceId: string;
  readonly spanId: string;
  /** What the point's attributes leave out. */
  readonly attributes: PlainAttributes;
}

/** Counts of one side of an exponential histogram. */
export interface ReceivedBuckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

/** A metric's point of one attribute set, as it arrived. */
export interface ReceivedPoint extends ReceivedOrigin {
  readonly metric: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly description: string;
  readonly attributes: PlainAttributes;
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  /** Of sums and gauges. */
  readonly value: number | bigint | undefined;
  /** Of histograms, as what follows. */
  readonly count: number | undefined;
  readonly sum: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly buckets:
    | { readonly bounds: readonly number[]; readonly counts: readonly number[] }
    | undefined;
  readonly exponential:
    | {
        readonly scale: number;
        readonly zeroCount: number;
        readonly positive: ReceivedBuckets;
        readonly negative: ReceivedBuckets;
      }
    | undefined;
  /** `undefined` for gauges. */
  readonly temporality: 'delta' | 'cumulative' | undefined;
  /** True for sums that only grow. */
  readonly isMonotonic: boolean;
  readonly exemplars: readonly ReceivedExemplar[];
}

/** The points of an ExportMetricsServiceRequest. Throws OtlpError where it is none. */
export function readPoints(bytes: Uint8Array): ReceivedPoint[] {
  const { resourceMetrics = [] } = decode('ExportMetricsServiceRequest', bytes);
  return resourceMetrics.flatMap(({ resource, scopeMetrics = [] }) =>
    scopeMetrics.flatMap(({ scope, metrics = [] }) => {
      const origin = originOf(resource, scope);
      return metrics.flatMap((metric) => pointsOf(metric, origin));
    }),
  );
}

type Head = ReceivedOrigin &
  Pick<ReceivedPoint, 'metric' | 'type' | 'unit' | 'description' | 'temporality' | 'isMonotonic'>;

function pointsOf(metric: Metric, origin: ReceivedOrigin): ReceivedPoint[] {
  const { gauge, sum, histogram, exponentialHistogram } = metric;
  const data = sum ?? histogram ?? exponentialHistogram;
  const head = (type: MetricType): Head => ({
    ...origin,
    metric: metric.name ?? '',
    type,
    unit: metric.unit ?? '',
    description: metric.description ?? '',
    temporality: temporalityName(data?.aggregationTemporality),
    isMonotonic: sum?.isMonotonic ?? false,
  });
  if (gauge !== undefined) {
    return (gauge.dataPoints ?? []).map((point) => numberPoint(head('gauge'), point));
  }
  if (sum !== undefined) {
    return (sum.dataPoints ?? []).map((point) => numberPoint(head('sum'), point));
  }
  if (histogram !== undefined) {
    return (histogram.dataPoints ?? []).map((point) => bucketPoint(head('histogram'), point));
  }
  return (exponentialHistogram?.dataPoints ?? []).map((point) =>
    exponentialPoint(head('exponentialHistogram'), point),
  );
}

function temporalityName(value: number | undefined): 'delta' | 'cumulative' | undefined {
  return value === 1 ? 'delta' : value === 2 ? 'cumulative' : undefined;
}

type AnyPoint = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint;

function common(head: Head, point: AnyPoint): ReceivedPoint {
  return {
    ...head,
    attributes: plainAttributes(point.attributes),
    startTimeUnixNano: point.startTimeUnixNano ?? 0n,
    timeUnixNano: point.timeUnixNano ?? 0n,
    value: undefined,
    count: undefined,
    sum: undefined,
    min: undefined,
    max: undefined,
    buckets: undefined,
    exponential: undefined,
    exemplars: (point.exemplars ?? []).map(exemplarOf),
  };
}

function numberPoint(head: Head, point: NumberDataPoint): ReceivedPoint {
  const { asInt } = point;
  const value = asInt === undefined ? (point.asDouble ?? 0) : plainInteger(asInt);
  return { ...common(head, point), value };
}

function bucketPoint(head: Head, point: HistogramDataPoint): ReceivedPoint {
  return {
    ...common(head, point),
    count: Number(point.count ?? 0n),
    sum: point.sum,
    min: point.min,
    max: point.max,
    buckets: {
      bounds: [...(point.explicitBounds ?? [])],
      counts: (point.bucketCounts ?? []).map(Number),
    },
  };
}

function exponentialPoint(head: Head, point: ExponentialHistogramDataPoint): ReceivedPoint {
  return {
    ...common(head, point),
    count: Number(point.count ?? 0n),
    sum: point.sum,
    min: point.min,
    max: point.max,
    exponential: {
      scale: point.scale ?? 0,
      zeroCount: Number(point.zeroCount ?? 0n),
      positive: bucketsOf(point.positive),
      negative: bucketsOf(point.negative),
    },
  };
}

function bucketsOf(buckets: Buckets | undefined): ReceivedBuckets {
  return { offset: buckets?.offset ?? 0, counts: (buckets?.bucketCounts ?? []).map(Number) };
}

function exemplarOf(exemplar: Exemplar): ReceivedExemplar {
  const { asInt } = exemplar;
  return {
    value: asInt === undefined ? (exemplar.asDouble ?? 0) : plainInteger(asInt),
    timeUnixNano: exemplar.timeUnixNano ?? 0n,
    traceId: hexOf(exemplar.traceId),
    spanId: hexOf(exemplar.spanId),
    attributes: plainAttributes(exemplar.filteredAttributes),
  };
}

/**
 * One point a series, of all that arrived: the last one of cumulative metrics and gauges, of delta
 * ones the sum over the intervals. Exemplars of all of them. Exponential deltas are not added up:
 * the last one stands.
 */
export function currentPoints(points: readonly ReceivedPoint[]): ReceivedPoint[] {
  const series = new Map<string, ReceivedPoint>();
  for (const point of points) {
    const key = keyOf(point);
    const before = series.get(key);
    series.set(key, before === undefined ? point : followed(before, point));
  }
  return [...series.values()];
}

function keyOf(point: ReceivedPoint): string {
  const attributes = Object.entries(point.attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const { service, resource } = point;
  const instance = resource.attributes['service.instance.id'];
  const parts = [service, instance, point.scope.name, point.metric, point.type, attributes];
  return JSON.stringify(parts, (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}

function followed(before: ReceivedPoint, point: ReceivedPoint): ReceivedPoint {
  const exemplars = [...before.exemplars, ...point.exemplars];
  if (point.temporality !== 'delta' || point.type === 'exponentialHistogram') {
    return { ...point, exemplars };
  }
  return {
    ...point,
    exemplars,
    startTimeUnixNano: before.startTimeUnixNano,
    value: point.value === undefined ? undefined : Number(before.value) + Number(point.value),
    count: added(before.count, point.count),
    sum: added(before.sum, point.sum),
    min: least(before.min, point.min),
    max: least(before.max, point.max, -1),
    buckets: point.buckets && {
      bounds: point.buckets.bounds,
      counts: point.buckets.counts.map(
        (count, index) => count + (before.buckets?.counts[index] ?? 0),
      ),
    },
  };
}

function added(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

function least(a: number | undefined, b: number | undefined, sign = 1): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a * sign < b * sign ? a : b;
}
