/**
 * Limits in records, which the specification's variables set: OTEL_BSP_*, OTEL_BLRP_* and
 * OTEL_METRIC_EXPORT_TIMEOUT. By default this SDK bounds bytes instead, and requests are as large
 * as `batch.maxExportBytes`: a number of records bounds neither memory nor a body.
 */
import { readCount } from '../common/environment.js';
import type { Environment } from '../common/environment.js';
import { RETRY_TOTAL_MILLIS } from '../common/limits.js';
import type { Signal } from './signal.js';

/** `undefined`: bounded by bytes alone. */
type Counts = Readonly<Record<Signal, number | undefined>>;

/** Limits in records, and how long one export may take. */
export interface RecordLimits {
  /** Records of a signal that wait or are under way; more are dropped. */
  readonly maxQueueRecords: Counts;
  /** Records of one request. */
  readonly maxExportRecords: Counts;
  /** No further attempt after this long, and no attempt longer. */
  readonly totalMillis: Readonly<Record<Signal, number>>;
}

/** The specification's batch where only the queue is set: it cannot be larger than that. */
const BATCH_RECORDS = 512;

/** Reads the variables; bad ones warn and do not count. */
export function resolveRecordLimits(environment: Environment): RecordLimits {
  const traces = batchLimits('OTEL_BSP', environment);
  const logs = batchLimits('OTEL_BLRP', environment);
  const read = (name: string): number => readCount(environment, name, 1) ?? RETRY_TOTAL_MILLIS;
  return {
    maxQueueRecords: { traces: traces.queue, logs: logs.queue, metrics: undefined },
    maxExportRecords: { traces: traces.batch, logs: logs.batch, metrics: undefined },
    totalMillis: {
      traces: read('OTEL_BSP_EXPORT_TIMEOUT'),
      logs: read('OTEL_BLRP_EXPORT_TIMEOUT'),
      metrics: read('OTEL_METRIC_EXPORT_TIMEOUT'),
    },
  };
}

function batchLimits(
  prefix: string,
  environment: Environment,
): { readonly queue: number | undefined; readonly batch: number | undefined } {
  const queue = readCount(environment, `${prefix}_MAX_QUEUE_SIZE`, 1);
  const batch = readCount(environment, `${prefix}_MAX_EXPORT_BATCH_SIZE`, 1);
  if (queue === undefined) return { queue, batch };
  return { queue, batch: Math.min(batch ?? BATCH_RECORDS, queue) };
}
