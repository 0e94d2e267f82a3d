import type { Cell } from './cell.js';
import { bucketIndex } from './explicit-buckets.js';
import type { InstrumentKind } from './instrument-descriptor.js';

/** How a stream adds up (specification, metrics SDK, "Aggregation"). */
export type AggregationKind = 'sum' | 'lastValue' | 'explicitHistogram' | 'exponentialHistogram';

/** Where a stream's numbers count from: the last collection, or the beginning. */
export type Temporality = 'delta' | 'cumulative';

/** OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE. */
export type TemporalityPreference = 'cumulative' | 'delta' | 'lowmemory';

/** Specification, metrics SDK, "Default Aggregation". */
export function defaultAggregation(kind: InstrumentKind): AggregationKind {
  if (kind === 'histogram') return 'explicitHistogram';
  return kind === 'gauge' || kind === 'observableGauge' ? 'lastValue' : 'sum';
}

/** OTLP exporter, "Additional environment variable configuration". Gauges know no temporality. */
export function temporalityOf(
  preference: TemporalityPreference,
  kind: InstrumentKind,
): Temporality {
  if (preference === 'cumulative') return 'cumulative';
  if (kind === 'counter' || kind === 'histogram') return 'delta';
  return kind === 'observableCounter' && preference === 'delta' ? 'delta' : 'cumulative';
}

/** Adds a measurement to an explicit histogram's cell. */
export function recordExplicit(cell: Cell, bounds: Float64Array, value: number): void {
  const buckets = cell.buckets ?? (cell.buckets = new Float64Array(bounds.length + 1));
  const index = bucketIndex(bounds, value);
  cell.bucket = index;
  buckets[index] = (buckets[index] as number) + 1;
  cell.count++;
  cell.value += value;
  if (value < cell.min) cell.min = value;
  if (value > cell.max) cell.max = value;
}

/** Adds a measurement to an exponential histogram's cell, which has its `exponential` part. */
export function recordExponential(cell: Cell, value: number): void {
  cell.exponential?.record(value);
  cell.count++;
  cell.value += value;
  if (value < cell.min) cell.min = value;
  if (value > cell.max) cell.max = value;
}

/** Back to nothing recorded, after a collection with delta temporality. */
export function resetCell(cell: Cell, exponentialScale: number): void {
  cell.value = 0;
  cell.count = 0;
  cell.min = Infinity;
  cell.max = -Infinity;
  cell.buckets?.fill(0);
  cell.exponential?.clear(exponentialScale);
}
