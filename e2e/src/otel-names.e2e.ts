import { ROOT_CONTEXT, ValueType, trace } from '@opentelemetry/api';
import { InMemoryLogRecordExporter, InMemorySpanExporter } from '@codomyrmex/telemetry/otel';
import * as ours from '@codomyrmex/telemetry/otel';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import * as sdkLogs from '@opentelemetry/sdk-logs';
import * as sdkMetrics from '@opentelemetry/sdk-metrics';
import * as sdkTrace from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { OtlpSink } from './otlp-sink.js';

// The official processors, readers and exporters on our providers, and ours on the official ones:
// the same names, the same behaviour, in both directions. Types too: what compiles here, fits.
const sink = new OtlpSink();
let endpoint: string;
beforeAll(async () => {
  endpoint = await sink.start();
});
beforeEach(() => {
  sink.spans.length = 0;
  sink.metricNames.length = 0;
  sink.logBodies.length = 0;
});
afterAll(() => sink.close());

const resource = resourceFromAttributes({ 'service.name': 'mixed' });

function record(provider: ours.TracerProvider | sdkTrace.BasicTracerProvider): void {
  const tracer = provider.getTracer('scope', '1');
  const parent = tracer.startSpan('parent', { kind: 1, attributes: { text: 'x', list: [1, 2] } });
  const child = tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent));
  child.addEvent('event', { e: 1 }).setStatus({ code: 2, message: 'bad' });
  child.addLink({ context: parent.spanContext(), attributes: { l: true } });
  child.end();
  parent.end();
}

function expectSpans(): void {
  const [child, parent] = sink.spans;
  expect(sink.spans).toHaveLength(2);
  expect(parent).toMatchObject({
    service: 'mixed',
    scope: 'scope',
    name: 'parent',
    kind: 2,
    parentSpanId: '',
    attributes: { text: 'x' },
  });
  expect(child).toMatchObject({ name: 'child', status: 2, parentSpanId: parent?.spanId });
  expect(child?.traceId).toBe(parent?.traceId);
}

describe('the official SDK and ours, mixed', () => {
  it.each(['batch', 'simple'])(
    'official exporter and %s processor on our provider',
    async (kind) => {
      const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
      const processor =
        kind === 'batch'
          ? new sdkTrace.BatchSpanProcessor(exporter)
          : new sdkTrace.SimpleSpanProcessor(exporter);
      const provider = new ours.TracerProvider({ resource, spanProcessors: [processor] });
      record(provider);
      await provider.forceFlush();
      expectSpans();
      await provider.shutdown();
    },
  );

  it('official exporter in our batch processor', async () => {
    const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
    const processor = new ours.BatchSpanProcessor(exporter);
    const provider = new ours.TracerProvider({ resource, spanProcessors: [processor] });
    record(provider);
    await provider.forceFlush();
    expectSpans();
    await provider.shutdown();
  });

  it('our exporter, processor, sampler and id generator on the official provider', async () => {
    const exporter = new ours.OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
    const provider = new sdkTrace.BasicTracerProvider({
      resource,
      sampler: new ours.ParentBasedSampler({ root: new ours.TraceIdRatioBasedSampler(1) }),
      spanProcessors: [new ours.BatchSpanProcessor(exporter)],
    });
    record(provider);
    await provider.forceFlush();
    expectSpans();
    await provider.shutdown();
  });

  it('a span is the same to a reader on either provider', () => {
    const shapes = [sdkTrace.BasicTracerProvider, ours.BasicTracerProvider].map((Provider) => {
      const exporter = new sdkTrace.InMemorySpanExporter();
      const spanProcessors = [new sdkTrace.SimpleSpanProcessor(exporter)];
      record(new Provider({ resource, spanProcessors }));
      return exporter.getFinishedSpans().map((span) => ({
        name: span.name,
        kind: span.kind,
        status: span.status,
        attributes: span.attributes,
        events: span.events.map(({ name, attributes, droppedAttributesCount }) => ({
          name,
          attributes,
          droppedAttributesCount,
        })),
        links: span.links.map(({ attributes, droppedAttributesCount }) => ({
          attributes,
          droppedAttributesCount,
        })),
        hasParent: span.parentSpanContext !== undefined,
        ended: span.ended,
        isResource: span.resource === resource,
        scope: span.instrumentationScope,
        dropped: [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
      }));
    });
    expect(shapes[1]).toStrictEqual(shapes[0]);
    expect(shapes[1]).toHaveLength(2);
  });

  it('official samplers decide for our spans', () => {
    const exporter = new InMemorySpanExporter();
    const provider = new ours.TracerProvider({
      sampler: new sdkTrace.ParentBasedSampler({ root: new sdkTrace.AlwaysOffSampler() }),
      spanProcessors: [new ours.SimpleSpanProcessor(exporter)],
    });
    const tracer = provider.getTracer('t');
    tracer.startSpan('off').end();
    const remote = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
    tracer.startSpan('on', {}, trace.setSpanContext(ROOT_CONTEXT, remote)).end();
    expect(exporter.getFinishedSpans().map((span) => span.name)).toEqual(['on']);
  });

  it('official metric reader and exporter on our meter provider', async () => {
    const exporter = new OTLPMetricExporter({ url: `${endpoint}/v1/metrics` });
    const reader = new sdkMetrics.PeriodicExportingMetricReader({ exporter });
    const provider = new ours.MeterProvider({ resource, readers: [reader] });
    const meter = provider.getMeter('m');
    meter.createCounter('counter', { valueType: ValueType.INT }).add(1);
    meter.createHistogram('histogram').record(2);
    meter.createObservableGauge('gauge').addCallback((result) => result.observe(3));
    await provider.forceFlush();
    expect(sink.metricNames).toEqual(['counter', 'histogram', 'gauge']);
    await provider.shutdown();
  });

  it('our metric reader and exporter on the official meter provider', async () => {
    const exporter = new ours.OTLPMetricExporter({ url: `${endpoint}/v1/metrics` });
    const reader = new ours.PeriodicExportingMetricReader({ exporter });
    const provider = new sdkMetrics.MeterProvider({ resource, readers: [reader] });
    const meter = provider.getMeter('m');
    meter.createCounter('counter').add(1);
    meter.createHistogram('histogram').record(2);
    await provider.forceFlush();
    expect(sink.metricNames).toEqual(['counter', 'histogram']);
    await provider.shutdown();
  });

  it('official log processor and exporter on our provider, and the other way round', async () => {
    const official = new OTLPLogExporter({ url: `${endpoint}/v1/logs` });
    const processors = [new sdkLogs.BatchLogRecordProcessor({ exporter: official })];
    const mine = new ours.LoggerProvider({ resource, processors });
    mine.getLogger('l').emit({ body: 'ours', attributes: { a: 1 } });
    await mine.forceFlush();
    const exporter = new ours.OTLPLogExporter({ url: `${endpoint}/v1/logs` });
    const memory = new InMemoryLogRecordExporter();
    const theirs = new sdkLogs.LoggerProvider({
      resource,
      processors: [
        new ours.BatchLogRecordProcessor({ exporter }),
        new ours.SimpleLogRecordProcessor(memory),
      ],
    });
    theirs.getLogger('l').emit({ body: 'official' });
    await theirs.forceFlush();
    expect(sink.logBodies).toEqual(['ours', 'official']);
    expect(memory.getFinishedLogRecords()[0]?.body).toBe('official');
    await Promise.all([mine.shutdown(), theirs.shutdown()]);
  });
});
