import type { FlatAttributes } from '../common/attributes.js';
import type { UnixTime } from '../common/clock.js';
import type { ExemplarReservoir } from '../common/exemplar-reservoir.js';
import type { ExponentialHistogram } from './exponential-histogram.js';

/**
 * What one attribute set of one instrument has added up to. One class for every aggregation, so
 * that look-ups and the encoder see a single shape.
 *
 * | aggregation | fields in use |
 * | --- | --- |
 * | sum | value |
 * | last value | value |
 * | explicit histogram | count, value (the sum), min, max, buckets |
 * | exponential histogram | count, value (the sum), min, max, exponential |
 */
export class Cell {
  /** Sorted by key, valid values only. */
  readonly attributes: FlatAttributes;
  /** Where its point's fixed part stands in the stream's bytes; −1 until it was first collected. */
  offset = -1;
  /** Bytes of its point without exemplars. */
  size = 0;
  /** When it was first recorded to. */
  start: UnixTime;
  value = 0;
  count = 0;
  min: number = Infinity;
  max: number = -Infinity;
  /** Counts of explicit buckets, one more than there are bounds. */
  buckets: Float64Array | undefined = undefined;
  exponential: ExponentialHistogram | undefined = undefined;
  /** Recorded to since the last collection. */
  touched = false;
  /** A bound instrument holds it: never evicted. */
  bound = false;
  /** Measurements of this interval, and the one that exemplars look at next. */
  offers = 0;
  due = 1;
  /** Explicit histograms: the bucket of the last measurement. */
  bucket = 0;
  /** Last observed total, for an observable counter's delta. */
  previous = 0;
  /** Most recent sampled measurement, or one a bucket. */
  exemplars: (Exemplar | undefined)[] | undefined = undefined;
  /** The program's own choice, where a view asks for one. */
  reservoir: ExemplarReservoir | undefined = undefined;
  /** How many measurements those stand for, in all or in each bucket. */
  seen: number[] | undefined = undefined;

  constructor(attributes: FlatAttributes, start: UnixTime) {
    this.attributes = attributes;
    this.start = start;
  }
}

/** A new interval has begun for the choice of exemplars. */
export function forgetExemplars(cell: Cell): void {
  cell.offers = 0;
  cell.due = 1;
  cell.exemplars = undefined;
  cell.seen = undefined;
}

/** A measurement that stands for others, mostly one that was made inside a sampled span. */
export interface Exemplar {
  readonly value: number;
  readonly time: UnixTime;
  /** 32 lower-case hex digits; empty outside of any span. */
  readonly traceId: string;
  /** 16 lower-case hex digits; empty outside of any span. */
  readonly spanId: string;
  /** Attributes that the point does not have, because a view leaves them out. */
  readonly filtered: FlatAttributes | undefined;
}
