/**
 * The queue of batch processors, the same for spans and log records:
 *
 *     add ──► queue (maxQueueSize, more is dropped) ──► take maxExportBatchSize ──► export
 *
 * A batch goes when it is full or when the oldest record has waited for the delay; never two at
 * once (trace SDK, "Batching processor": Export is never called concurrently).
 */
import { report } from '../common/diagnostics.js';
import { readCount } from '../common/environment.js';
import type { ReadableResource } from '../common/readable-span.js';
import { exportOrReject } from './export-result.js';
import type { Exporting } from './export-result.js';
import { BATCH_RECORDS, EXPORT_TIMEOUT_MILLIS, QUEUE_RECORDS } from './limits.js';
import { hasPendingResource, resourcesKnown } from './resource.js';

/** Options of both batch processors, under the official names. */
export interface BatchOptions {
  /** Records in one export; at most maxQueueSize. Default 512. */
  readonly maxExportBatchSize?: number;
  /** Longest wait of a record. Default 5,000 ms for spans, 1,000 ms for logs. */
  readonly scheduledDelayMillis?: number;
  /** One export may take this long. Default 30,000 ms. */
  readonly exportTimeoutMillis?: number;
  /** Records that wait; more are dropped and counted. Default 2,048. */
  readonly maxQueueSize?: number;
}

interface Exported {
  readonly resource: ReadableResource;
}

/** One processor's queue. `prefix` is that of its variables, OTEL_BSP or OTEL_BLRP. */
export class BatchQueue<T extends Exported> {
  readonly #exporter: Exporting<T[]>;
  readonly #batchSize: number;
  readonly #queueSize: number;
  readonly #delayMillis: number;
  readonly #timeoutMillis: number;
  #queue: T[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Exports one after the other; never rejects. */
  #work: Promise<void> | undefined;
  #dropped = 0;
  #ended: Promise<void> | undefined;

  constructor(
    exporter: Exporting<T[]>,
    options: BatchOptions,
    prefix: string,
    delayMillis: number,
  ) {
    const pick = (value: number | undefined, name: string, usual: number): number =>
      typeof value === 'number' ? value : (readCount(process.env, `${prefix}_${name}`) ?? usual);
    this.#exporter = exporter;
    this.#queueSize = pick(options.maxQueueSize, 'MAX_QUEUE_SIZE', QUEUE_RECORDS);
    const size = pick(options.maxExportBatchSize, 'MAX_EXPORT_BATCH_SIZE', BATCH_RECORDS);
    if (size > this.#queueSize) {
      report('warn', `maxExportBatchSize ${size} is over maxQueueSize: using ${this.#queueSize}`);
    }
    this.#batchSize = Math.max(1, Math.min(size, this.#queueSize));
    this.#delayMillis = pick(options.scheduledDelayMillis, 'SCHEDULE_DELAY', delayMillis);
    const timeout = pick(options.exportTimeoutMillis, 'EXPORT_TIMEOUT', EXPORT_TIMEOUT_MILLIS);
    this.#timeoutMillis = timeout;
  }

  /** Records that were dropped because the queue was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a record; past the queue's size, and after shutdown, it is dropped. */
  add(record: T): void {
    if (this.#ended !== undefined) return;
    if (this.#queue.length >= this.#queueSize) {
      this.#dropped++;
      report('warn', `the queue is full (${this.#queueSize}): dropping records`);
      return;
    }
    this.#queue.push(record);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#work !== undefined || this.#queue.length === 0) return;
    if (this.#queue.length >= this.#batchSize) {
      this.#start();
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#start(), this.#delayMillis);
      this.#timer.unref();
    }
  }

  #start(): void {
    this.#clearTimer();
    void this.#exportNext(this.#takeBatch(this.#queue)).catch((error: unknown) => {
      report('error', `cannot export: ${String(error)}`);
    });
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #takeBatch(from: T[]): T[] {
    return from.splice(0, this.#batchSize);
  }

  /** Exports when what is under way is done; rejects when it fails. */
  #exportNext(batch: T[]): Promise<void> {
    const exported = this.#exportAfter(this.#work, batch);
    const work = this.#finishing(exported, () => this.#work === work);
    this.#work = work;
    return exported;
  }

  async #exportAfter(before: Promise<void> | undefined, batch: T[]): Promise<void> {
    if (before !== undefined) await before;
    await this.#export(batch);
  }

  /** Never rejects: who started the export hears of its failure. */
  async #finishing(exported: Promise<void>, isLast: () => boolean): Promise<void> {
    await Promise.allSettled([exported]);
    if (!isLast()) return;
    this.#work = undefined;
    this.#schedule();
  }

  async #export(batch: T[]): Promise<void> {
    if (hasPendingResource(batch)) await resourcesKnown(batch);
    await exportOrReject(this.#exporter, batch, this.#timeoutMillis);
  }

  /** Exports all that was added before; rejects with the first failure, after the last batch. */
  forceFlush(): Promise<void> {
    return this.#ended ?? this.#flush();
  }

  async #flush(): Promise<void> {
    this.#clearTimer();
    const waiting = this.#queue;
    this.#queue = [];
    const exports: Promise<void>[] = [];
    while (waiting.length > 0) exports.push(this.#exportNext(this.#takeBatch(waiting)));
    const results = await Promise.allSettled(exports);
    await this.#work;
    await this.#exporter.forceFlush?.();
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Exports what is left and shuts the exporter down; a second call returns the first promise. */
  shutdown(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    try {
      await this.#flush();
    } finally {
      await this.#exporter.shutdown();
    }
  }
}
