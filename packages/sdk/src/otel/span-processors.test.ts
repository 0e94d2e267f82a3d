// Built-in span processors (trace SDK specification, "Span processor"), by what an exporter sees.
import { ROOT_CONTEXT, context as contextApi, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import type { ReadableSpan, SpanProcessor } from '../common/readable-span.js';
import { AlwaysOffSampler } from '../trace/samplers.js';
import { AsyncLocalStorageContextManager } from './context-manager.js';
import { ExportResultCode } from './export-result.js';
import type { ExportResult } from './export-result.js';
import { resourceFromAttributes } from './resource.js';
import { ConsoleSpanExporter, InMemorySpanExporter } from './span-exporters.js';
import { BatchSpanProcessor, NoopSpanProcessor, SimpleSpanProcessor } from './span-processors.js';
import type { SpanExporter } from './span-processors.js';
import { isTracingSuppressed } from './suppress-tracing.js';
import { TracerProvider } from './tracer-provider.js';
import type { TracerProviderOptions } from './tracer-provider.js';

let reports: string[] = [];
beforeEach(() => {
  reports = [];
  setDiagnostics((_severity, message) => reports.push(message));
});
afterEach(() => {
  setDiagnostics('warn');
  vi.useRealTimers();
  contextApi.disable();
});

/** Answers when told to. */
class HeldExporter implements SpanExporter {
  readonly batches: string[][] = [];
  readonly answers: ((result: ExportResult) => void)[] = [];
  shutdowns = 0;
  flushes = 0;
  #waiters: (() => void)[] = [];

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.batches.push(spans.map((span) => span.name));
    this.answers.push(done);
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  async exported(count: number): Promise<void> {
    while (this.batches.length < count) {
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
      });
    }
  }

  forceFlush(): Promise<void> {
    this.flushes++;
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    this.shutdowns++;
    return Promise.resolve();
  }
}

const OK: ExportResult = { code: ExportResultCode.SUCCESS };

function start(processor: SpanProcessor, options: TracerProviderOptions = {}): (n: string) => void {
  const tracer = new TracerProvider({ ...options, spanProcessors: [processor] }).getTracer('test');
  return (name) => tracer.startSpan(name, {}, ROOT_CONTEXT).end();
}

describe('the batch processor', () => {
  it('exports a full batch at once, the rest after the delay', () => {
    vi.useFakeTimers();
    const exporter = new HeldExporter();
    const options = { maxExportBatchSize: 2, scheduledDelayMillis: 700 };
    const span = start(new BatchSpanProcessor(exporter, options));
    span('1');
    expect(exporter.batches).toEqual([]);
    span('2');
    expect(exporter.batches).toEqual([['1', '2']]);
  });

  it('exports what has waited for the delay, and nothing when there is nothing', async () => {
    vi.useFakeTimers();
    const exporter = new HeldExporter();
    const span = start(new BatchSpanProcessor({ exporter, scheduledDelayMillis: 700 }));
    vi.advanceTimersByTime(1400);
    expect(exporter.batches).toEqual([]);
    span('1');
    span('2');
    vi.advanceTimersByTime(699);
    expect(exporter.batches).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(exporter.batches).toEqual([['1', '2']]);
  });

  it('never exports two batches at once (trace SDK, "Export(batch)")', async () => {
    const exporter = new HeldExporter();
    const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 1 });
    const span = start(processor);
    for (const name of ['1', '2', '3']) span(name);
    const flushed = processor.forceFlush();
    for (let count = 1; count <= 3; count++) {
      await exporter.exported(count);
      expect(exporter.batches).toHaveLength(count);
      exporter.answers[count - 1]?.(OK);
    }
    await flushed;
    expect(exporter.batches).toEqual([['1'], ['2'], ['3']]);
    expect(exporter.flushes).toBe(1);
  });

  it('drops past maxQueueSize, and says so', async () => {
    const exporter = new HeldExporter();
    const processor = new BatchSpanProcessor(exporter, { maxQueueSize: 3, maxExportBatchSize: 9 });
    const span = start(processor);
    for (const name of ['1', '2', '3', '4', '5']) span(name);
    await exporter.exported(1);
    expect(exporter.batches[0]).toEqual(['1', '2', '3']);
    expect(reports.join()).toContain('maxExportBatchSize 9 is over maxQueueSize');
    // The first batch left at once, so two more had room.
    const flushed = processor.forceFlush();
    exporter.answers[0]?.(OK);
    await exporter.exported(2);
    exporter.answers[1]?.(OK);
    await flushed;
    expect(exporter.batches[1]).toEqual(['4', '5']);
    for (const name of ['6', '7', '8', '9', '10', '11', '12']) span(name);
    expect(reports.join()).toContain('queue is full');
  });

  it('forceFlush rejects with a failure, and goes on with the next batch', async () => {
    const exporter = new HeldExporter();
    const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: 1 });
    const span = start(processor);
    span('1');
    span('2');
    const flushed = processor.forceFlush();
    exporter.answers[0]?.(OK);
    await exporter.exported(2);
    exporter.answers[1]?.({ code: ExportResultCode.FAILED, error: new Error('no room') });
    await expect(flushed).rejects.toThrow('no room');
    span('3');
    await exporter.exported(3);
    exporter.answers[2]?.({ code: ExportResultCode.FAILED });
    span('4');
    await exporter.exported(4);
    expect(reports.join()).toContain('the exporter failed');
  });

  it('gives an export up after exportTimeoutMillis', async () => {
    const exporter = new HeldExporter();
    const processor = new BatchSpanProcessor(exporter, { exportTimeoutMillis: 5 });
    start(processor)('1');
    await expect(processor.forceFlush()).rejects.toThrow('did not answer within 5 ms');
  });

  it('survives an exporter that throws', async () => {
    const exporter = new InMemorySpanExporter();
    exporter.export = () => {
      throw new Error('broken');
    };
    const processor = new BatchSpanProcessor(exporter);
    start(processor)('1');
    await expect(processor.forceFlush()).rejects.toThrow('broken');
  });

  it('shutdown exports what is left, once, and then nothing', async () => {
    const exporter = new InMemorySpanExporter();
    const names: string[] = [];
    const keep = exporter.export.bind(exporter);
    exporter.export = (spans, done) => {
      names.push(...spans.map((span) => span.name));
      keep(spans, done);
    };
    const processor = new BatchSpanProcessor(exporter);
    const span = start(processor);
    span('1');
    const ended = processor.shutdown();
    expect(processor.shutdown()).toBe(ended);
    span('2');
    await ended;
    await processor.forceFlush();
    expect(names).toEqual(['1']);
  });

  it('leaves out spans that are not sampled', async () => {
    const exporter = new InMemorySpanExporter();
    const processor = new BatchSpanProcessor(exporter);
    start(processor, { sampler: new AlwaysOffSampler() })('unsampled');
    const recordOnly = { shouldSample: () => ({ decision: 1 as const }), toString: () => 'R' };
    start(processor, { sampler: recordOnly })('recorded only');
    await processor.forceFlush();
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('waits for the resource', async () => {
    const exporter = new InMemorySpanExporter();
    const processor = new BatchSpanProcessor(exporter);
    let found: (value: string) => void = () => {};
    const late = new Promise<string>((resolve) => {
      found = resolve;
    });
    const resource = resourceFromAttributes({ early: 1, late });
    start(processor, { resource })('s');
    const flushed = processor.forceFlush();
    expect(exporter.getFinishedSpans()).toEqual([]);
    found('yes');
    await flushed;
    expect(exporter.getFinishedSpans()[0]?.resource.attributes).toEqual({ early: 1, late: 'yes' });
  });

  it('switches tracing off while it exports', async () => {
    contextApi.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const exporter = new InMemorySpanExporter();
    let inside: [boolean, boolean] | undefined;
    const processor = new BatchSpanProcessor(exporter);
    const provider = new TracerProvider({ spanProcessors: [processor] });
    exporter.export = (_spans, done) => {
      const span = provider.getTracer('exporter').startSpan('request');
      inside = [isTracingSuppressed(contextApi.active()), span.isRecording()];
      done(OK);
    };
    provider.getTracer('test').startSpan('s').end();
    await processor.forceFlush();
    expect(inside).toEqual([true, false]);
  });

  it('takes OTEL_BSP_* where code says nothing', async () => {
    vi.stubEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '1');
    const exporter = new HeldExporter();
    start(new BatchSpanProcessor(exporter))('1');
    vi.unstubAllEnvs();
    expect(exporter.batches).toEqual([['1']]);
  });
});

describe('the simple processor', () => {
  it('exports each sampled span at its end', async () => {
    const exporter = new InMemorySpanExporter();
    const processor = new SimpleSpanProcessor(exporter);
    const span = start(processor);
    span('1');
    span('2');
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['1', '2']);
    start(processor, { sampler: new AlwaysOffSampler() })('3');
    await processor.forceFlush();
    expect(exporter.getFinishedSpans()).toHaveLength(2);
    exporter.reset();
    expect(exporter.getFinishedSpans()).toEqual([]);
    await processor.shutdown();
    span('4');
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('forceFlush waits for exports and their resource, and rejects when one fails', async () => {
    const exporter = new HeldExporter();
    const processor = new SimpleSpanProcessor({ exporter });
    const late = Promise.resolve('there');
    start(processor, { resource: resourceFromAttributes({ late }) })('s');
    const flushed = processor.forceFlush();
    await exporter.exported(1);
    exporter.answers[0]?.({ code: ExportResultCode.FAILED, error: new Error('refused') });
    await expect(flushed).rejects.toThrow('refused');
    expect(reports.join()).toContain('refused');
    await processor.shutdown();
    expect([exporter.flushes, exporter.shutdowns]).toEqual([1, 1]);
  });
});

describe('other processors and exporters', () => {
  it('the memory exporter refuses after shutdown', async () => {
    const exporter = new InMemorySpanExporter();
    await exporter.shutdown();
    let result: ExportResult | undefined;
    exporter.export([], (answer) => {
      result = answer;
    });
    expect(result?.code).toBe(ExportResultCode.FAILED);
    await exporter.forceFlush();
  });

  it('the console exporter prints what there is to know', async () => {
    const dir = vi.spyOn(console, 'dir').mockImplementation(() => {});
    const exporter = new ConsoleSpanExporter();
    const processor = new SimpleSpanProcessor(exporter);
    start(processor)('printed');
    await processor.forceFlush();
    await processor.shutdown();
    expect(dir.mock.calls[0]?.[0]).toMatchObject({
      name: 'printed',
      kind: 0,
      status: { code: 0 },
      instrumentationScope: { name: 'test' },
      timestamp: expect.any(Number) as unknown,
    });
    dir.mockRestore();
  });

  it('the no-op processor does nothing', async () => {
    const processor = new NoopSpanProcessor();
    start(processor)('s');
    await processor.forceFlush();
    await processor.shutdown();
    expect(trace.getActiveSpan()).toBeUndefined();
  });
});
