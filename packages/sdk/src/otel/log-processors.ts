/** Processors that hand log records to an exporter. */
import type { Context } from '@opentelemetry/api';
import { report } from '../common/diagnostics.js';
import { LOG_BATCH_DELAY_MILLIS } from '../common/limits.js';
import { BatchQueue } from './batch-queue.js';
import type { BatchOptions } from './batch-queue.js';
import { exportOrReject, isExporter } from './export-result.js';
import { EXPORT_TIMEOUT_MILLIS } from './limits.js';
import type {
  LogRecordExporter,
  LogScope,
  ReadableLogRecord,
  ReadWriteLogRecord,
} from './log-record.js';
import { resourcesKnown } from './resource.js';

/** Other people's log processors: the official SDK's interface. */
export interface LogRecordProcessor {
  /** The record may be changed here, and read later. */
  onEmit(record: ReadWriteLogRecord, context?: Context): void;
  /** False: no record of that kind is wanted. Without it, all are. */
  enabled?(options: {
    readonly context: Context;
    readonly instrumentationScope: LogScope;
    readonly severityNumber?: number | undefined;
    readonly eventName?: string | undefined;
  }): boolean;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Options with the exporter among them, as the newer official packages take them. */
export interface BatchLogRecordProcessorOptions extends BatchOptions {
  readonly exporter: LogRecordExporter;
}

/**
 * Exports log records in batches (logs SDK, "Batching processor"). Takes the exporter and options,
 * or options with the exporter among them; OTEL_BLRP_* where an option is not given.
 */
export class BatchLogRecordProcessor implements LogRecordProcessor {
  readonly #queue: BatchQueue<ReadableLogRecord>;

  constructor(
    exporter: LogRecordExporter | BatchLogRecordProcessorOptions,
    options: BatchOptions = {},
  ) {
    const own = isExporter(exporter) ? options : (exporter as BatchLogRecordProcessorOptions);
    const target = isExporter(exporter)
      ? (exporter as LogRecordExporter)
      : (exporter as BatchLogRecordProcessorOptions).exporter;
    this.#queue = new BatchQueue(target, own, 'OTEL_BLRP', LOG_BATCH_DELAY_MILLIS);
  }

  onEmit(record: ReadableLogRecord): void {
    this.#queue.add(record);
  }

  /** Exports all records emitted before; rejects when an export fails. */
  forceFlush(): Promise<void> {
    return this.#queue.forceFlush();
  }

  /** Exports what is left, shuts the exporter down; later records are dropped. */
  shutdown(): Promise<void> {
    return this.#queue.shutdown();
  }
}

/** Exports each log record at once (logs SDK, "Simple processor"): for tests and consoles. */
export class SimpleLogRecordProcessor implements LogRecordProcessor {
  readonly #exporter: LogRecordExporter;
  readonly #pending = new Set<Promise<void>>();
  #ended: Promise<void> | undefined;

  constructor(exporter: LogRecordExporter | { readonly exporter: LogRecordExporter }) {
    this.#exporter = isExporter(exporter)
      ? (exporter as LogRecordExporter)
      : (exporter as { readonly exporter: LogRecordExporter }).exporter;
  }

  onEmit(record: ReadableLogRecord): void {
    if (this.#ended !== undefined) return;
    const exported = this.#export(record)
      .catch((error: unknown) => report('error', `cannot export a log record: ${String(error)}`))
      .finally(() => this.#pending.delete(exported));
    this.#pending.add(exported);
  }

  async #export(record: ReadableLogRecord): Promise<void> {
    if (record.resource.asyncAttributesPending === true) await resourcesKnown([record]);
    await exportOrReject(this.#exporter, [record], EXPORT_TIMEOUT_MILLIS);
  }

  /** Resolves when all exports under way are done. */
  async forceFlush(): Promise<void> {
    await Promise.all(this.#pending);
    await this.#exporter.forceFlush?.();
  }

  /** Shuts the exporter down; later records are dropped. */
  shutdown(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    await Promise.all(this.#pending);
    await this.#exporter.shutdown();
  }
}
