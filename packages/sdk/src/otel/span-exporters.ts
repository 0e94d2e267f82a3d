/** Exporters for tests and for reading along. */
import type { HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '../common/readable-span.js';
import { ExportResultCode } from './export-result.js';
import type { ExportResult } from './export-result.js';
import type { SpanExporter } from './span-processors.js';

type Callback = (result: ExportResult) => void;

/** Keeps spans in memory, without a limit: for tests. */
export class InMemorySpanExporter implements SpanExporter {
  #spans: ReadableSpan[] = [];
  #isStopped = false;

  export(spans: ReadableSpan[], resultCallback: Callback): void {
    if (this.#isStopped) {
      const error = new Error('the exporter is shut down');
      resultCallback({ code: ExportResultCode.FAILED, error });
      return;
    }
    this.#spans.push(...spans);
    setTimeout(() => resultCallback({ code: ExportResultCode.SUCCESS }), 0);
  }

  /** The spans so far, in the order of their ends. */
  getFinishedSpans(): ReadableSpan[] {
    return this.#spans;
  }

  /** Forgets the spans so far. */
  reset(): void {
    this.#spans = [];
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  /** Forgets all spans and refuses more. */
  shutdown(): Promise<void> {
    this.#isStopped = true;
    this.#spans = [];
    return Promise.resolve();
  }
}

/** Prints spans with console.dir. */
export class ConsoleSpanExporter implements SpanExporter {
  export(spans: ReadableSpan[], resultCallback?: Callback): void {
    // oxlint-disable-next-line no-console -- printing is what it is for
    for (const span of spans) console.dir(infoOf(span), { depth: 3 });
    resultCallback?.({ code: ExportResultCode.SUCCESS });
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function infoOf(span: ReadableSpan): Record<string, unknown> {
  const context = span.spanContext();
  return {
    resource: { attributes: span.resource.attributes },
    instrumentationScope: span.instrumentationScope,
    traceId: context.traceId,
    parentSpanContext: span.parentSpanContext,
    traceState: context.traceState?.serialize(),
    name: span.name,
    id: context.spanId,
    kind: span.kind,
    timestamp: microseconds(span.startTime),
    duration: microseconds(span.duration),
    attributes: span.attributes,
    status: span.status,
    events: span.events,
    links: span.links,
  };
}

function microseconds([seconds, nanos]: HrTime): number {
  return seconds * 1e6 + nanos / 1e3;
}
