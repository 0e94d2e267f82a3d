import { TraceFlags, isSpanContextValid } from '@opentelemetry/api';
import type { Attributes, Context, SpanContext } from '@opentelemetry/api';

import type { FlatAttributes } from '../common/attributes.js';
import { unixNow } from '../common/clock.js';
import { activeContext, spanOf } from '../common/context.js';
import { sortedValid } from './cell-table.js';
import type { Cell } from './cell.js';
import { EXPONENTIAL_MAX_SIZE } from './limits.js';
import { offerToReservoir } from './own-reservoir.js';
import type { MetricStream } from './metric-stream.js';

/** OTEL_METRICS_EXEMPLAR_FILTER: which measurements may become exemplars. */
export type ExemplarFilter = 'always_on' | 'always_off' | 'trace_based';

/** Behind the first measurements of an interval one of each stretch is looked at. */
const STRETCH = 16;
/** Specification, "Exemplar defaults": min(20, the histogram's greatest size). */
const EXPONENTIAL_RESERVOIR = 20;
/** All of the first are looked at: one of 16 is enough once a reservoir keeps fewer than that. */
const LOOKED_AT = 32;
const EXPONENTIAL_LOOKED_AT: number = EXPONENTIAL_RESERVOIR * STRETCH;

/**
 * Keeps exemplars beside a cell's numbers: explicit histograms one a bucket (specification,
 * "AlignedHistogramBucketExemplarReservoir"), exponential ones 20 and everything else one a cell
 * ("SimpleFixedSizeExemplarReservoir").
 *
 * Asking for the current span costs as much as the addition itself. So the first 32 measurements
 * of an interval (320 of an exponential histogram) are looked at, and then one of each 16, at a
 * random place among them:
 *
 *     1 2 3 … 32 | · · ? · · · · · · · · · · · · · | · · · · · · · · · ? · · · · · · | …
 *
 * One that is looked at stands for 1, later for 16. With `seen` the sum of what was eligible so
 * far, one more of weight w replaces one of k with probability k·w/seen (Chao's sampling with
 * weights; with all weights 1 it is the specification's algorithm). Every measurement of the
 * interval has the same chance. A bucket without an exemplar is looked at each time once spans
 * are about, so that the rare, slow request is not missed.
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

  /** Whether a measurement, which the cell holds already, is to be looked at. */
  isDue(cell: Cell): boolean {
    if (!this.isOn) return false;
    if (++cell.offers >= cell.due) return true;
    const { exemplars } = cell;
    return (
      exemplars !== undefined && cell.buckets !== undefined && exemplars[cell.bucket] === undefined
    );
  }

  /**
   * Perhaps keeps this measurement, if it is eligible: made in a sampled span, or any with
   * always_on.
   * @param attributes what was measured with, for those that the stream's view leaves out.
   */
  offer(
    stream: MetricStream,
    cell: Cell,
    value: number,
    given: Context | undefined,
    attributes: Attributes | undefined,
  ): void {
    if (stream.options.reservoir !== undefined) {
      // It gets all of them: the next one is due as well.
      cell.due = 0;
      const context = given ?? activeContext();
      if (this.#needsSample && !isSampled(spanContextOf(context))) return;
      offerToReservoir(cell, stream.options.reservoir, value, attributes, context);
      return;
    }
    const weight = this.#weigh(cell);
    const spanContext = spanContextOf(given);
    if (this.#needsSample && !isSampled(spanContext)) return;
    const slot = this.#slotFor(stream, cell, weight);
    if (slot < 0) return;
    const exemplars = cell.exemplars ?? (cell.exemplars = []);
    const { traceId = '', spanId = '' } = spanContext ?? {};
    const filtered = filteredAttributes(stream, attributes);
    exemplars[slot] = { value, time: unixNow(), traceId, spanId, filtered };
  }

  /** How many measurements this one stands for; says when the next one is due. */
  #weigh(cell: Cell): number {
    const { offers } = cell;
    const all = cell.exponential === undefined ? LOOKED_AT : EXPONENTIAL_LOOKED_AT;
    // It was looked at because its bucket is empty: it stands for itself.
    if (offers < cell.due) return 1;
    if (offers < all) {
      cell.due = offers + 1;
      return 1;
    }
    const stretch = Math.ceil((offers - all) / STRETCH);
    cell.due = all + stretch * STRETCH + 1 + Math.floor(this.#random() * STRETCH);
    return offers === all ? 1 : STRETCH;
  }

  /** Where it would stand; −1: it does not replace what is there. */
  #slotFor(stream: MetricStream, cell: Cell, weight: number): number {
    const { aggregation, maxSize = EXPONENTIAL_MAX_SIZE } = stream.options;
    const isAligned = aggregation === 'explicitHistogram';
    const place = isAligned ? cell.bucket : 0;
    const counts = cell.seen ?? (cell.seen = []);
    const seen = (counts[place] ?? 0) + weight;
    counts[place] = seen;
    if (isAligned) {
      const isTaken = cell.exemplars?.[place] !== undefined;
      return isTaken && this.#random() * seen >= weight ? -1 : place;
    }
    const isExponential = aggregation === 'exponentialHistogram';
    const size = isExponential ? Math.min(EXPONENTIAL_RESERVOIR, maxSize) : 1;
    const taken = cell.exemplars?.length ?? 0;
    if (taken < size) return taken;
    const drawn = Math.floor((this.#random() * seen) / weight);
    return drawn < size ? drawn : -1;
  }
}

function spanContextOf(given: Context | undefined): SpanContext | undefined {
  const spanContext = spanOf(given ?? activeContext())?.spanContext();
  return spanContext !== undefined && isSpanContextValid(spanContext) ? spanContext : undefined;
}

function isSampled(spanContext: SpanContext | undefined): boolean {
  return spanContext !== undefined && (spanContext.traceFlags & TraceFlags.SAMPLED) !== 0;
}

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
