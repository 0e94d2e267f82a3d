/** What the SDK counts of itself beside the exporter's own counts. */
import { SpanCounts } from '../common/span-counts.js';
import type { Signal } from './signal.js';

/** One export with its retries, concluded. */
export interface ExportOperation {
  readonly signal: Signal;
  readonly seconds: number;
  /** `undefined` for one that succeeded as a whole. */
  readonly errorType: string | undefined;
}

/** Of one telemetry and its siblings. The hooks are set by who makes metrics of it. */
export class SdkCounts {
  readonly spans: SpanCounts = new SpanCounts();
  /** Log records given to a logger that is on, also those of too low a severity. */
  logsCreated = 0;
  /** Ask how many records are being gathered: one function a batcher. */
  readonly queued: Readonly<Record<Signal, (() => number)[]>> = {
    traces: [],
    metrics: [],
    logs: [],
  };
  exported: ((operation: ExportOperation) => void) | undefined;
  collected: ((seconds: number, errorType: string | undefined) => void) | undefined;
}
