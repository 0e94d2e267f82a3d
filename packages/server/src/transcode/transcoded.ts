import type { RowBatch } from '../store/commit.js';

/** What transcoding one request gave. Invalid items are left out and counted, never thrown for. */
export interface Transcoded {
  readonly batches: readonly RowBatch[];
  /** Spans, log records or data points accepted. */
  readonly acceptedCount: number;
  readonly rejectedCount: number;
  /** The first fault, in words that tell the sender what to change; empty without one. */
  readonly rejectedReason: string;
  /** Per service and reason: accepted records that will not show where one looks first. */
  readonly unshown: readonly {
    readonly service: string;
    readonly reason: string;
    readonly count: number;
  }[];
  /** Newest span end (or record time), nanoseconds: freshness is measured from it. */
  readonly newestTime: bigint;
}
