/** One collection: bytes for our exporter, objects for everybody else's, made when asked for. */
import { ValueType } from '@opentelemetry/api';
import type { Attributes, HrTime } from '@opentelemetry/api';
import { decode } from '@codomyrmex/otlp';
import type {
  AnyValue,
  Buckets,
  ExponentialHistogramDataPoint,
  HistogramDataPoint,
  KeyValue,
  Metric,
  NumberDataPoint,
} from '@codomyrmex/otlp';
import { AggregationTemporality, DataPointType } from './metric-types.js';
import type {
  DataPoint,
  ExponentialHistogram,
  ExponentialSide,
  Histogram,
  MetricData,
  ResourceMetrics,
  ScopeMetrics,
} from './metric-types.js';
import type { Resource } from './resource.js';

const NANOS_PER_SECOND = 1_000_000_000n;

/** What one reader collected at one time. */
export class CollectedMetrics implements ResourceMetrics {
  readonly resource: Resource;
  /** An ExportMetricsServiceRequest; empty when there was nothing to tell. */
  readonly bytes: Uint8Array;
  #scopeMetrics: ScopeMetrics[] | undefined;

  constructor(resource: Resource, bytes: Uint8Array) {
    this.resource = resource;
    this.bytes = bytes;
  }

  /** The metrics by scope; the first reading decodes them. */
  get scopeMetrics(): ScopeMetrics[] {
    this.#scopeMetrics ??= decodeScopes(this.bytes);
    return this.#scopeMetrics;
  }

  /** True once objects were handed out: they may have been changed, and count from then on. */
  get isDecoded(): boolean {
    return this.#scopeMetrics !== undefined;
  }
}

/** A collection may come in two parts, so a scope may stand there twice. */
function decodeScopes(bytes: Uint8Array): ScopeMetrics[] {
  const scopes = new Map<string, ScopeMetrics>();
  const { resourceMetrics = [] } = decode('ExportMetricsServiceRequest', bytes);
  for (const found of resourceMetrics.flatMap((each) => each.scopeMetrics ?? [])) {
    const { name = '', version = '' } = found.scope ?? {};
    const schemaUrl = found.schemaUrl ?? '';
    const key = JSON.stringify([name, version, schemaUrl]);
    const metrics = (found.metrics ?? []).map(metricOf).filter((metric) => metric !== undefined);
    const known = scopes.get(key);
    if (known === undefined) scopes.set(key, { scope: { name, version, schemaUrl }, metrics });
    else known.metrics.push(...metrics);
  }
  return [...scopes.values()];
}

function metricOf(metric: Metric): MetricData | undefined {
  const { gauge, sum, histogram, exponentialHistogram } = metric;
  const points = (gauge ?? sum)?.dataPoints ?? [];
  const isInteger = points.some((point) => point.asInt !== undefined);
  const descriptor = {
    name: metric.name ?? '',
    description: metric.description ?? '',
    unit: metric.unit ?? '',
    valueType: isInteger ? ValueType.INT : ValueType.DOUBLE,
  };
  const data = sum ?? histogram ?? exponentialHistogram;
  const isDelta = data?.aggregationTemporality === 1;
  const aggregationTemporality = isDelta
    ? AggregationTemporality.DELTA
    : AggregationTemporality.CUMULATIVE;
  const base = { descriptor, aggregationTemporality };
  if (sum !== undefined) {
    const isMonotonic = sum.isMonotonic === true;
    const dataPoints = points.map(numberPoint);
    return { ...base, dataPointType: DataPointType.SUM, isMonotonic, dataPoints };
  }
  if (gauge !== undefined) {
    return { ...base, dataPointType: DataPointType.GAUGE, dataPoints: points.map(numberPoint) };
  }
  if (histogram !== undefined) {
    const dataPoints = (histogram.dataPoints ?? []).map(histogramPoint);
    return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  if (exponentialHistogram === undefined) return undefined;
  const dataPoints = (exponentialHistogram.dataPoints ?? []).map(exponentialPoint);
  return { ...base, dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM, dataPoints };
}

function pointOf<T>(
  point: {
    readonly startTimeUnixNano?: bigint;
    readonly timeUnixNano?: bigint;
    readonly attributes?: readonly KeyValue[];
  },
  value: T,
): DataPoint<T> {
  return {
    startTime: hrTime(point.startTimeUnixNano ?? 0n),
    endTime: hrTime(point.timeUnixNano ?? 0n),
    attributes: attributesOf(point.attributes ?? []),
    value,
  };
}

function numberPoint(point: NumberDataPoint): DataPoint<number> {
  return pointOf(point, point.asInt === undefined ? (point.asDouble ?? 0) : Number(point.asInt));
}

function histogramPoint(point: HistogramDataPoint): DataPoint<Histogram> {
  return pointOf(point, {
    buckets: {
      boundaries: [...(point.explicitBounds ?? [])],
      counts: (point.bucketCounts ?? []).map(Number),
    },
    count: Number(point.count ?? 0n),
    ...rangeOf(point),
  });
}

function exponentialPoint(point: ExponentialHistogramDataPoint): DataPoint<ExponentialHistogram> {
  return pointOf(point, {
    count: Number(point.count ?? 0n),
    ...rangeOf(point),
    scale: point.scale ?? 0,
    zeroCount: Number(point.zeroCount ?? 0n),
    positive: sideOf(point.positive),
    negative: sideOf(point.negative),
  });
}

interface Range {
  readonly sum?: number | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** What a point may leave out, without properties that are undefined. */
export function rangeOf({ sum, min, max }: Range): { sum?: number; min?: number; max?: number } {
  return {
    ...(sum === undefined ? {} : { sum }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  };
}

function sideOf(buckets: Buckets | undefined): ExponentialSide {
  return {
    offset: buckets?.offset ?? 0,
    bucketCounts: (buckets?.bucketCounts ?? []).map(Number),
  };
}

function hrTime(nanos: bigint): HrTime {
  return [Number(nanos / NANOS_PER_SECOND), Number(nanos % NANOS_PER_SECOND)];
}

function attributesOf(list: readonly KeyValue[]): Attributes {
  const rest = { writable: true, enumerable: true, configurable: true };
  const attributes: Attributes = {};
  for (const { key = '', value } of list) {
    Object.defineProperty(attributes, key, { value: valueOf(value ?? {}), ...rest });
  }
  return attributes;
}

function valueOf(value: AnyValue): unknown {
  if (value.intValue !== undefined) {
    const number = Number(value.intValue);
    return Number.isSafeInteger(number) ? number : value.intValue;
  }
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(valueOf);
  if (value.kvlistValue !== undefined) return attributesOf(value.kvlistValue.values ?? []);
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? value.bytesValue;
}
