import { TraceFlags, isSpanContextValid } from '@opentelemetry/api';
import type { Attributes, Context } from '@opentelemetry/api';

import type { FlatAttributes } from '../common/attributes.js';
import { unixNow } from '../common/clock.js';
import { activeContext, spanOf } from '../common/context.js';
import { sortedValid } from './cell-table.js';
import type { Cell } from './cell.js';
import { bucketIndex } from './explicit-buckets.js';
import type { MetricStream } from './metric-stream.js';

/** OTEL_METRICS_EXEMPLAR_FILTER: which measurements may become exemplars. */
export type ExemplarFilter = 'always_on' | 'always_off' | 'trace_based';

/**
 * Keeps exemplars beside a cell's numbers: explicit histograms one a bucket (specification,
 * "AlignedHistogramBucketExemplarReservoir"), exponential ones 20 and everything else one a cell
 * ("SimpleFixedSizeExemplarReservoir"). Once full, the n-th measurement of the interval replaces
 * one with probability size/n, so that each has the same chance.
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

  /**
   * Perhaps keeps this measurement. Without a sampled span there is nothing to point at.
   * @param attributes what was measured with, for those that the stream's view leaves out.
   */
  offer(
    stream: MetricStream,
    cell: Cell,
    value: number,
    given: Context | undefined,
    attributes: Attributes | undefined,
  ): void {
    const slot = this.#slotFor(stream, cell, value);
    if (slot < 0) return;
    const span = spanOf(given ?? activeContext());
    if (span === undefined) return;
    const spanContext = span.spanContext();
    if (!isSpanContextValid(spanContext)) return;
    const isSampled = (spanContext.traceFlags & TraceFlags.SAMPLED) !== 0;
    if (this.#needsSample && !isSampled) return;
    const exemplars = cell.exemplars ?? (cell.exemplars = []);
    const { traceId, spanId } = spanContext;
    const filtered = filteredAttributes(stream, attributes);
    exemplars[slot] = { value, time: unixNow(), traceId, spanId, filtered };
  }

  /** Where it would stand; −1: it does not replace what is there. */
  #slotFor(stream: MetricStream, cell: Cell, value: number): number {
    const { aggregation } = stream.options;
    if (aggregation === 'explicitHistogram') {
      const bucket = bucketIndex(stream.bounds, value);
      const isTaken = cell.exemplars?.[bucket] !== undefined;
      return isTaken && this.#random() * cell.offers >= 1 ? -1 : bucket;
    }
    const size = aggregation === 'exponentialHistogram' ? EXPONENTIAL_RESERVOIR : 1;
    const taken = cell.exemplars?.length ?? 0;
    if (taken < size) return taken;
    const drawn = Math.floor(this.#random() * cell.offers);
    return drawn < size ? drawn : -1;
  }
}

/** Specification, "Exemplar defaults": min(20, the histogram's greatest size). */
const EXPONENTIAL_RESERVOIR = 20;

/** What the stream's view leaves out of the attributes. */
function filteredAttributes(
  stream: MetricStream,
  attributes: Attributes | undefined,
): FlatAttributes | undefined {
  const { keepsKey } = stream.options;
  if (keepsKey === undefined || attributes === undefined) return undefined;
  const left = Object.entries(attributes).filter(([key]) => !keepsKey(key));
  return left.length === 0 ? undefined : sortedValid(Object.fromEntries(left));
}
