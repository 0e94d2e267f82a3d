/**
 * Spans by what the sampler said and where their parent is: plain numbers that the record path
 * adds to, read by the SDK's metrics about itself.
 */

/** What a sampler said: rows of {@link SpanCounts.started}. */
export const SAMPLING_RESULTS = ['DROP', 'RECORD_ONLY', 'RECORD_AND_SAMPLE'] as const;
/** Where the parent is: columns of it. */
export const PARENT_ORIGINS = ['none', 'local', 'remote'] as const;

/** Counts of one provider, since its start. */
export class SpanCounts {
  /** By result × 3 + origin. Doubles: 2^53 spans are enough, and adding makes no garbage. */
  readonly started: Float64Array = new Float64Array(9);
  /** Recording spans that ended, by result. */
  readonly ended: Float64Array = new Float64Array(3);
}
