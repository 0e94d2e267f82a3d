/** Processors that hand ended spans to an exporter. */
import type { Context, Span } from '@opentelemetry/api';
import { report } from '../common/diagnostics.js';
import { BATCH_DELAY_MILLIS } from '../common/limits.js';
import type { ReadableSpan, SpanProcessor } from '../common/readable-span.js';
import { BatchQueue } from './batch-queue.js';
import type { BatchOptions } from './batch-queue.js';
import { exportOrReject, isExporter } from './export-result.js';
import type { Exporting } from './export-result.js';
import { EXPORT_TIMEOUT_MILLIS } from './limits.js';
import { resourcesKnown } from './resource.js';

/** Takes ended spans out of the program; the official SDK's interface. */
export type SpanExporter = Exporting<ReadableSpan[]>;

/** Options with the exporter among them, as the newer official packages take them. */
export interface BatchSpanProcessorOptions extends BatchOptions {
  readonly exporter: SpanExporter;
}

const FLAG_SAMPLED = 1;

function isSampled(span: ReadableSpan): boolean {
  return (span.spanContext().traceFlags & FLAG_SAMPLED) !== 0;
}

/**
 * Exports sampled spans in batches (trace SDK, "Batching processor"). Takes the exporter and
 * options, or options with the exporter among them; OTEL_BSP_* where an option is not given.
 */
export class BatchSpanProcessor implements SpanProcessor {
  readonly #queue: BatchQueue<ReadableSpan>;

  constructor(exporter: SpanExporter | BatchSpanProcessorOptions, options: BatchOptions = {}) {
    const own = isExporter(exporter) ? options : (exporter as BatchSpanProcessorOptions);
    const target = isExporter(exporter)
      ? (exporter as SpanExporter)
      : (exporter as BatchSpanProcessorOptions).exporter;
    this.#queue = new BatchQueue(target, own, 'OTEL_BSP', BATCH_DELAY_MILLIS);
  }

  onStart(_span: Span & ReadableSpan, _parentContext: Context): void {}

  onEnd(span: ReadableSpan): void {
    if (isSampled(span)) this.#queue.add(span);
  }

  /** Exports all spans that ended before; rejects when an export fails. */
  forceFlush(): Promise<void> {
    return this.#queue.forceFlush();
  }

  /** Exports what is left, shuts the exporter down; later spans are dropped. */
  shutdown(): Promise<void> {
    return this.#queue.shutdown();
  }
}

/** Exports each sampled span at its end (trace SDK, "Simple processor"): for tests and consoles. */
export class SimpleSpanProcessor implements SpanProcessor {
  readonly #exporter: SpanExporter;
  readonly #pending = new Set<Promise<void>>();
  #ended: Promise<void> | undefined;

  constructor(exporter: SpanExporter | { readonly exporter: SpanExporter }) {
    this.#exporter = isExporter(exporter)
      ? (exporter as SpanExporter)
      : (exporter as { readonly exporter: SpanExporter }).exporter;
  }

  onStart(_span: Span & ReadableSpan, _parentContext: Context): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#ended !== undefined || !isSampled(span)) return;
    const exported = this.#export(span);
    this.#pending.add(exported);
    exported
      .catch((error: unknown) => report('error', `cannot export a span: ${String(error)}`))
      .finally(() => this.#pending.delete(exported));
  }

  async #export(span: ReadableSpan): Promise<void> {
    if (span.resource.asyncAttributesPending === true) await resourcesKnown([span]);
    await exportOrReject(this.#exporter, [span], EXPORT_TIMEOUT_MILLIS);
  }

  /** Resolves when all exports under way are done; rejects when one of them fails. */
  async forceFlush(): Promise<void> {
    const results = await Promise.allSettled(this.#pending);
    await this.#exporter.forceFlush?.();
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Shuts the exporter down; later spans are dropped. */
  shutdown(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    await Promise.allSettled(this.#pending);
    await this.#exporter.shutdown();
  }
}

/** Does nothing with spans. */
export class NoopSpanProcessor implements SpanProcessor {
  onStart(_span: Span & ReadableSpan, _parentContext: Context): void {}

  onEnd(_span: ReadableSpan): void {}

  shutdown(): Promise<void> {
    return Promise.resolve();
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }
}
