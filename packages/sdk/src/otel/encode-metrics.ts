/** The bytes of metrics that are known by the official names only. */
import { ValueType } from '@opentelemetry/api';
import { decode, encode } from '@codomyrmex/otlp';
import type { KeyValue, Metric } from '@codomyrmex/otlp';
import { flattenAttributes, writeAttributes } from '../common/attributes.js';
import { ChunkWriter } from '../common/chunk-writer.js';
import { rangeOf } from './collected-metrics.js';
import { DataPointType } from './metric-types.js';
import type {
  DataPoint,
  ExponentialHistogram,
  ExponentialSide,
  Histogram,
  MetricData,
  ResourceMetrics,
} from './metric-types.js';

const UNLIMITED: number = Number.POSITIVE_INFINITY;

/** An ExportMetricsServiceRequest. */
export function encodeResourceMetrics(metrics: ResourceMetrics): Uint8Array {
  const { resource } = metrics;
  return encode('ExportMetricsServiceRequest', {
    resourceMetrics: [
      {
        resource: { attributes: keyValues(resource.attributes) },
        schemaUrl: resource.schemaUrl ?? '',
        scopeMetrics: metrics.scopeMetrics.map(({ scope, metrics: own }) => ({
          scope: { name: scope.name, version: scope.version ?? '' },
          schemaUrl: scope.schemaUrl ?? '',
          metrics: own.map(metricMessage),
        })),
      },
    ],
  });
}

function metricMessage(metric: MetricData): Metric {
  const { name, description, unit } = metric.descriptor;
  const head = { name, description, unit };
  // OTLP's temporalities are the official enum's plus one.
  const aggregationTemporality = metric.aggregationTemporality + 1;
  const isInteger = metric.descriptor.valueType === ValueType.INT;
  switch (metric.dataPointType) {
    case DataPointType.SUM: {
      const dataPoints = metric.dataPoints.map((point) => numberMessage(point, isInteger));
      const { isMonotonic } = metric;
      return { ...head, sum: { aggregationTemporality, isMonotonic, dataPoints } };
    }
    case DataPointType.GAUGE: {
      const dataPoints = metric.dataPoints.map((point) => numberMessage(point, isInteger));
      return { ...head, gauge: { dataPoints } };
    }
    case DataPointType.HISTOGRAM: {
      const dataPoints = metric.dataPoints.map(histogramMessage);
      return { ...head, histogram: { aggregationTemporality, dataPoints } };
    }
    case DataPointType.EXPONENTIAL_HISTOGRAM: {
      const dataPoints = metric.dataPoints.map(exponentialMessage);
      return { ...head, exponentialHistogram: { aggregationTemporality, dataPoints } };
    }
  }
}

function pointHead(point: DataPoint<unknown>): {
  startTimeUnixNano: bigint;
  timeUnixNano: bigint;
  attributes: readonly KeyValue[];
} {
  return {
    startTimeUnixNano: nanos(point.startTime),
    timeUnixNano: nanos(point.endTime),
    attributes: keyValues(point.attributes),
  };
}

function numberMessage(
  point: DataPoint<number>,
  isInteger: boolean,
): ReturnType<typeof pointHead> & { asInt?: bigint; asDouble?: number } {
  return isInteger
    ? { ...pointHead(point), asInt: BigInt(Math.trunc(point.value)) }
    : { ...pointHead(point), asDouble: point.value };
}

function histogramMessage(
  point: DataPoint<Histogram>,
): NonNullable<NonNullable<Metric['histogram']>['dataPoints']>[number] {
  const { buckets, count, sum, min, max } = point.value;
  return {
    ...pointHead(point),
    count: BigInt(count),
    ...rangeOf({ sum, min, max }),
    explicitBounds: buckets.boundaries,
    bucketCounts: buckets.counts.map(BigInt),
  };
}

function exponentialMessage(
  point: DataPoint<ExponentialHistogram>,
): NonNullable<NonNullable<Metric['exponentialHistogram']>['dataPoints']>[number] {
  const { count, sum, min, max, scale, zeroCount, positive, negative } = point.value;
  return {
    ...pointHead(point),
    count: BigInt(count),
    ...rangeOf({ sum, min, max }),
    scale,
    zeroCount: BigInt(zeroCount),
    positive: sideMessage(positive),
    negative: sideMessage(negative),
  };
}

function sideMessage(side: ExponentialSide): { offset: number; bucketCounts: bigint[] } {
  return { offset: side.offset, bucketCounts: side.bucketCounts.map(BigInt) };
}

function nanos([seconds, rest]: readonly [number, number]): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(rest);
}

/** Attributes as spans have them: written and read back, so that there is one place of rules. */
function keyValues(attributes: unknown): readonly KeyValue[] {
  const writer = new ChunkWriter(256);
  writeAttributes(writer, 0x0a, flattenAttributes(attributes, UNLIMITED, UNLIMITED).flat);
  return decode('KeyValueList', writer.copy()).values ?? [];
}
