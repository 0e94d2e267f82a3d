// Tracer provider and tracer (trace SDK specification), through the official constructor.
import {
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  SpanKind,
  context as contextApi,
  createTraceState,
  propagation,
  trace,
} from '@opentelemetry/api';
import type { Context, SpanContext } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import type { ReadableSpan, SpanProcessor } from '../common/readable-span.js';
import type { Sampler, SamplingResult } from '../common/sampler.js';
import { resetEnvironmentContext } from '../trace/environment-parent.js';
import {
  AggregationTemporality,
  AsyncLocalStorageContextManager,
  BasicTracerProvider,
  InMemoryLogRecordExporter,
  InMemoryMetricExporter,
  InMemorySpanExporter,
  LoggerProvider,
  MeterProvider,
  NodeTracerProvider,
  NoopSpanProcessor,
  ParentBasedSampler,
  PeriodicExportingMetricReader,
  RandomIdGenerator,
  SimpleLogRecordProcessor,
  SimpleSpanProcessor,
  TracerProvider,
  W3CBaggagePropagator,
  emptyResource,
  isTracingSuppressed,
  resourceFromAttributes,
  suppressTracing,
  unsuppressTracing,
} from './otel.js';
import type { TracerProviderOptions } from './otel.js';

const REMOTE: SpanContext = {
  traceId: 'd4cda95b652f4a1592b449d5929fda1b',
  spanId: '6e0c63257de34c92',
  traceFlags: 1,
};

beforeEach(() => setDiagnostics('none'));
afterEach(() => {
  setDiagnostics('warn');
  contextApi.disable();
  trace.disable();
  propagation.disable();
});

function provide(options: TracerProviderOptions = {}): {
  provider: TracerProvider;
  exporter: InMemorySpanExporter;
} {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [...(options.spanProcessors ?? []), new SimpleSpanProcessor(exporter)];
  return { provider: new TracerProvider({ ...options, spanProcessors }), exporter };
}

function asReadable(span: unknown): ReadableSpan {
  return span as ReadableSpan;
}

describe('a tracer provider', () => {
  it('has one class under three names', () => {
    expect([BasicTracerProvider, NodeTracerProvider]).toEqual([TracerProvider, TracerProvider]);
  });

  it('gives the same tracer for the same scope ("Get a Tracer")', () => {
    const { provider } = provide();
    const tracer = provider.getTracer('a', '1', { schemaUrl: 's' });
    expect(provider.getTracer('a', '1', { schemaUrl: 's' })).toBe(tracer);
    expect(provider.getTracer('a', '2')).not.toBe(tracer);
    expect(tracer.instrumentationScope).toEqual({ name: 'a', version: '1', schemaUrl: 's' });
    expect(provider.getTracer(undefined as unknown as string).startSpan('s')).toBeDefined();
  });

  it('has the default resource, or the one that it is given', () => {
    expect(new TracerProvider().resource.attributes).toMatchObject({
      'service.name': 'unknown_service:node',
      'telemetry.sdk.language': 'nodejs',
    });
    const resource = resourceFromAttributes({ mine: 1 });
    const { provider, exporter } = provide({ resource });
    provider.getTracer('t').startSpan('s').end();
    expect(exporter.getFinishedSpans()[0]?.resource).toBe(resource);
  });

  it('takes limits; a length that is none means no limit', () => {
    const spanLimits = { attributeCountLimit: 1, attributeValueLengthLimit: -10 };
    const { provider } = provide({ spanLimits });
    const span = provider.getTracer('t').startSpan('s', { attributes: { a: 'long enough', b: 2 } });
    expect(asReadable(span).attributes).toEqual({ a: 'long enough' });
    expect(asReadable(span).droppedAttributesCount).toBe(1);
    const cut = provide({ generalLimits: { attributeValueLengthLimit: 2 } }).provider;
    const other = cut.getTracer('t').startSpan('s', { attributes: { a: 'long' } });
    expect(asReadable(other).attributes).toEqual({ a: 'lo' });
    expect(() => new TracerProvider({ spanLimits: { linkCountLimit: 1.5 } })).toThrow(RangeError);
  });

  it('forceFlush asks every processor and rejects with all errors', async () => {
    const calls: string[] = [];
    const processor = (name: string, flush: () => Promise<void>): SpanProcessor =>
      Object.assign(new NoopSpanProcessor(), {
        forceFlush: () => {
          calls.push(name);
          return flush();
        },
      });
    const good = processor('good', () => Promise.resolve());
    const bad = processor('bad', () => Promise.reject(new Error('cannot')));
    const slow = processor('slow', () => new Promise(() => {}));
    const provider = new TracerProvider({
      spanProcessors: [good, bad, slow],
      forceFlushTimeoutMillis: 5,
    });
    await expect(provider.forceFlush()).rejects.toMatchObject([
      { message: 'cannot' },
      { message: 'a span processor did not flush within 5 ms' },
    ]);
    expect(calls).toEqual(['good', 'bad', 'slow']);
    const fine = new TracerProvider({ spanProcessors: [good] });
    await fine.forceFlush({ timeoutMillis: 1000 });
    await fine.shutdown();
  });

  it('registers itself, a context manager and the W3C propagators', async () => {
    const { provider, exporter } = provide();
    provider.register();
    const tracer = trace.getTracer('app');
    await tracer.startActiveSpan('outer', async (outer) => {
      await Promise.resolve();
      tracer.startSpan('inner').end();
      const carrier: Record<string, string> = {};
      propagation.inject(contextApi.active(), carrier);
      expect(carrier['traceparent']).toContain(outer.spanContext().traceId);
      outer.end();
    });
    const [inner, outer] = exporter.getFinishedSpans();
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
  });

  it('registers what it is given, and leaves null alone', () => {
    const propagator = new W3CBaggagePropagator();
    const contextManager = new AsyncLocalStorageContextManager();
    provide().provider.register({ contextManager, propagator });
    expect(propagation.fields()).toEqual(['baggage']);
    const context = ROOT_CONTEXT.setValue(Symbol.for('k'), 1);
    expect(contextManager.with(context, () => contextApi.active())).toBe(context);
    contextApi.disable();
    propagation.disable();
    provide().provider.register({ contextManager: null, propagator: null });
    expect(propagation.fields()).toEqual([]);
    // Some managers in use return nothing from enable().
    const bare = Object.assign(new AsyncLocalStorageContextManager(), { enable: () => undefined });
    provide().provider.register({ contextManager: bare, propagator: null });
    expect(contextApi.with(context, () => bare.active())).toBe(context);
  });
});

describe('starting spans', () => {
  it('takes kind, attributes, links and times; what comes out is readable', () => {
    const tracer = provide().provider.getTracer('t');
    const span = tracer.startSpan('s', {
      kind: SpanKind.CLIENT,
      attributes: { a: 1 },
      links: [{ context: REMOTE }],
      startTime: [60, 0],
    });
    span.end([61, 5]);
    expect(asReadable(span)).toMatchObject({
      name: 's',
      kind: SpanKind.CLIENT,
      attributes: { a: 1 },
      links: [{ context: REMOTE }],
      startTime: [60, 0],
      endTime: [61, 5],
      duration: [1, 5],
      ended: true,
      events: [],
    });
  });

  it.each([
    ['valid', REMOTE, true],
    ['invalid', INVALID_SPAN_CONTEXT, false],
    ['malformed', { traceId: 'x', spanId: 'y', traceFlags: 1 }, false],
  ])('under a %s parent', (_name, parent, isChild) => {
    const tracer = provide().provider.getTracer('t');
    const span = tracer.startSpan('s', {}, trace.setSpanContext(ROOT_CONTEXT, parent));
    expect(span.spanContext().traceId === parent.traceId).toBe(isChild);
    expect(asReadable(span).parentSpanContext?.spanId).toBe(isChild ? parent.spanId : undefined);
    expect(span.spanContext().spanId).not.toBe(parent.spanId);
  });

  it('keeps the tracestate of its parent, and a sampler replaces it', () => {
    const traceState = createTraceState('a=1');
    const context = trace.setSpanContext(ROOT_CONTEXT, { ...REMOTE, traceState });
    const kept = provide().provider.getTracer('t').startSpan('s', {}, context);
    expect(kept.spanContext().traceState?.serialize()).toBe('a=1');
    const sampler = sampling({ decision: 2, traceState: createTraceState('b=2') });
    const replaced = provide({ sampler }).provider.getTracer('t').startSpan('s', {}, context);
    expect(replaced.spanContext().traceState?.serialize()).toBe('b=2');
  });

  it('root: true hides the parent from sampler and processors', () => {
    const contexts: Context[] = [];
    const sampler: Sampler = {
      shouldSample: (context) => {
        contexts.push(context);
        return { decision: 2 };
      },
      toString: () => 'watching',
    };
    const processor = Object.assign(new NoopSpanProcessor(), {
      onStart: (_span: unknown, context: Context) => {
        contexts.push(context);
      },
    });
    const tracer = provide({ sampler, spanProcessors: [processor] }).provider.getTracer('t');
    const where = trace.setSpanContext(ROOT_CONTEXT, REMOTE);
    tracer.startSpan('child', {}, where);
    expect(contexts).toEqual([where, where]);
    const span = tracer.startSpan('root', { root: true }, where);
    expect(contexts[2]).toBe(contexts[3]);
    expect(trace.getSpan(contexts[3] ?? where)).toBeUndefined();
    expect(span.spanContext().traceId).not.toBe(REMOTE.traceId);
  });

  it('gives the sampler valid attributes, and the span the sampler’s', () => {
    let seen: unknown;
    const sampler: Sampler = {
      shouldSample: (_context, _id, _name, _kind, attributes) => {
        seen = attributes;
        return { decision: 2, attributes: { sampled: true } };
      },
      toString: () => 'adding',
    };
    const tracer = provide({ sampler }).provider.getTracer('t');
    const attributes = { good: 1, '': 'no key', bad: (() => 1) as never };
    const span = tracer.startSpan('s', { attributes });
    expect(seen).toEqual({ good: 1 });
    expect(asReadable(span).attributes).toEqual({ good: 1, sampled: true });
  });

  it('follows the sampler’s decision ("Recording Sampled reaction table")', () => {
    const flagsOf = (decision: 0 | 1 | 2): [boolean, number] => {
      const tracer = provide({ sampler: sampling({ decision }) }).provider.getTracer('t');
      const span = tracer.startSpan('s');
      return [span.isRecording(), span.spanContext().traceFlags & 1];
    };
    expect([flagsOf(0), flagsOf(1), flagsOf(2)]).toEqual([
      [false, 0],
      [true, 0],
      [true, 1],
    ]);
    const nonsense = provide({ sampler: sampling(undefined as never) }).provider;
    expect(nonsense.getTracer('t').startSpan('s').isRecording()).toBe(false);
  });

  it('records nothing where tracing is suppressed', () => {
    const tracer = provide().provider.getTracer('t');
    const off = suppressTracing(trace.setSpanContext(ROOT_CONTEXT, REMOTE));
    const span = tracer.startSpan('s', {}, off);
    expect(span.isRecording()).toBe(false);
    expect(span.spanContext()).toEqual(INVALID_SPAN_CONTEXT);
    expect([isTracingSuppressed(off), isTracingSuppressed(unsuppressTracing(off))]).toEqual([
      true,
      false,
    ]);
    expect(isTracingSuppressed(suppressTracing(ROOT_CONTEXT))).toBe(true);
  });

  it('startActiveSpan takes every form and returns the result', () => {
    const { provider } = provide();
    provider.register();
    const tracer = provider.getTracer('t');
    const context = trace.setSpanContext(ROOT_CONTEXT, REMOTE);
    expect(tracer.startActiveSpan('s', (span) => trace.getActiveSpan() === span)).toBe(true);
    const options = { attributes: { a: 1 } };
    const read = (span: unknown): unknown => asReadable(span).attributes;
    expect(tracer.startActiveSpan('s', options, read)).toEqual({ a: 1 });
    const traceIdOf = (span: unknown): string => asReadable(span).spanContext().traceId;
    expect(tracer.startActiveSpan('s', {}, context, traceIdOf)).toBe(REMOTE.traceId);
  });

  it("shows samplers the parent that came with the process's environment", () => {
    vi.stubEnv('TRACEPARENT', `00-${REMOTE.traceId}-${REMOTE.spanId}-01`);
    resetEnvironmentContext();
    const sampler = new ParentBasedSampler({
      root: sampling({ decision: 0 }),
      remoteParentSampled: sampling({ decision: 2 }),
    });
    const span = provide({ sampler }).provider.getTracer('t').startSpan('s');
    vi.unstubAllEnvs();
    resetEnvironmentContext();
    expect(span.isRecording()).toBe(true);
    expect(asReadable(span).parentSpanContext?.spanId).toBe(REMOTE.spanId);
  });

  it('uses an id generator', () => {
    const idGenerator = {
      generateTraceId: () => 'a'.repeat(32),
      generateSpanId: () => 'b'.repeat(16),
    };
    const span = provide({ idGenerator }).provider.getTracer('t').startSpan('s');
    expect(span.spanContext()).toEqual({
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      traceFlags: 1,
    });
  });

  it('has its own ids as a generator to wrap', () => {
    const generator = new RandomIdGenerator();
    const ids = Array.from({ length: 50 }, () => generator.generateTraceId());
    expect(ids.every((id) => /^(?!0+$)[0-9a-f]{32}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(50);
    expect(generator.generateSpanId()).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
  });

  it('shows its spans to who started them, also without processors', () => {
    const tracer = new TracerProvider({ resource: emptyResource() }).getTracer('t');
    const span = asReadable(tracer.startSpan('s', { attributes: { a: 1 } }));
    expect([span.name, span.attributes, span.ended]).toEqual(['s', { a: 1 }, false]);
  });
});

function sampling(result: SamplingResult): Sampler {
  return { shouldSample: () => result, toString: () => 'fixed' };
}

describe('resources (resource SDK specification)', () => {
  it('merge: the other wins, schemas must agree', () => {
    const a = resourceFromAttributes({ x: 1, y: 1 }, { schemaUrl: 'https://a' });
    const b = resourceFromAttributes({ y: 2 });
    expect(a.merge(b)).toMatchObject({ attributes: { x: 1, y: 2 }, schemaUrl: 'https://a' });
    expect(b.merge(a).schemaUrl).toBe('https://a');
    const c = resourceFromAttributes({}, { schemaUrl: 'https://c' });
    expect(a.merge(c).schemaUrl).toBeUndefined();
    expect(a.merge(null)).toBe(a);
    expect(a.merge({ attributes: { z: 3 } }).attributes).toEqual({ x: 1, y: 1, z: 3 });
    expect(emptyResource().attributes).toEqual({});
  });

  it('waits for promises; one that fails is left out', async () => {
    const resource = resourceFromAttributes({
      late: Promise.resolve('found'),
      never: Promise.reject(new Error('unknown')),
    });
    expect(resource.asyncAttributesPending).toBe(true);
    const merged = emptyResource().merge(resource);
    await Promise.all([resource.waitForAsyncAttributes?.(), merged.waitForAsyncAttributes?.()]);
    expect(resource.asyncAttributesPending).toBe(false);
    expect(resource.attributes).toEqual({ late: 'found' });
    expect(merged.attributes).toEqual({ late: 'found' });
  });
});

it('counts spans and log records on the meter provider that it is given', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const tracer = new TracerProvider({ meterProvider }).getTracer('t');
  tracer.startSpan('open');
  tracer.startSpan('ended').end();
  const processors = [new SimpleLogRecordProcessor(new InMemoryLogRecordExporter())];
  new LoggerProvider({ meterProvider, processors }).getLogger('l').emit({ body: 'x' });
  await meterProvider.forceFlush();
  const values = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap(({ metrics }) => metrics)
    .map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]?.value]);
  expect(Object.fromEntries(values)).toEqual({
    'otel.sdk.span.started': 2,
    'otel.sdk.span.live': 1,
    'otel.sdk.log.created': 1,
  });
  await meterProvider.shutdown();
});
