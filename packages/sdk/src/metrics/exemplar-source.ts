import { TraceFlags, isSpanContextValid } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';

import { unixNow } from '../common/clock.js';
import { activeContext, spanOf } from '../common/context.js';
import type { Cell } from './cell.js';
import { bucketIndex } from './explicit-buckets.js';
import type { MetricStream } from './metric-stream.js';

/** OTEL_METRICS_EXEMPLAR_FILTER: which measurements may become exemplars. */
export type ExemplarFilter = 'always_on' | 'always_off' | 'trace_based';

/**
 * Keeps exemplars beside a cell's numbers. Explicit histograms keep one a bucket, everything else
 * one a cell: the first of the interval, then each later one replaces it with falling probability,
 * so that every measurement has the same chance (specification, "SimpleFixedSizeExemplarReservoir"
 * with size 1, "AlignedHistogramBucketExemplarReservoir").
 */
export class ExemplarSource {
  readonly isOn: boolean;
  readonly #needsSample: boolean;
  readonly #random: () => number;

  constructor(filter: ExemplarFilter, random: () => number = Math.random) {
    this.isOn = filter !== 'always_off';
    this.#needsSample = filter === 'trace_based';
    this.#random = random;
  }

  /**
   * Whether a measurement is worth a look: the first 32 of an interval, then one in 16. Asking for
   * the current span costs as much as the addition itself.
   */
  isDue(cell: Cell): boolean {
    const offers = ++cell.offers;
    return this.isOn && (offers <= 32 || (offers & 15) === 0);
  }

  /** Perhaps keeps this measurement. Without a sampled span there is nothing to point at. */
  offer(stream: MetricStream, cell: Cell, value: number, given: Context | undefined): void {
    const isBuckets = stream.options.aggregation === 'explicitHistogram';
    const slot = isBuckets ? bucketIndex(stream.bounds, value) : 0;
    const known = cell.exemplars;
    if (known?.[slot] !== undefined && !this.#replaces(cell, isBuckets ? slot : -1)) return;
    const span = spanOf(given ?? activeContext());
    if (span === undefined) return;
    const spanContext = span.spanContext();
    if (!isSpanContextValid(spanContext)) return;
    const isSampled = (spanContext.traceFlags & TraceFlags.SAMPLED) !== 0;
    if (this.#needsSample && !isSampled) return;
    const exemplars = known ?? (cell.exemplars = []);
    const { traceId, spanId } = spanContext;
    exemplars[slot] = { value, time: unixNow(), traceId, spanId };
  }

  #replaces(cell: Cell, bucket: number): boolean {
    // Counts of histograms are known; sums and gauges have none, and replace one time in eight.
    const seen = bucket >= 0 ? (cell.buckets?.[bucket] ?? 1) : Math.max(cell.count, 8);
    return this.#random() * seen < 1;
  }
}
