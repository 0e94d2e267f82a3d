import { ROOT_CONTEXT, TraceFlags, trace as traceApi } from '@opentelemetry/api';
import { decode } from '@codomyrmex/otlp';
import { afterEach, describe, expect, it } from 'vitest';

import { Backend, accept, receivedSpans } from './export/fixtures/backend.js';
import type { TelemetryOptions } from './export/options.js';
import { Telemetry } from './export/telemetry.js';
import { LoggerProvider } from './logs/logger-provider.js';
import { MemoryBackend } from './testing/memory-backend.js';
import { TraceIdRatioBasedSampler } from './trace/samplers.js';
import { TracerProvider } from './trace/tracer-provider.js';
import { MeterProvider } from './metrics/meter-provider.js';
import { PeriodicReader } from './metrics/periodic-reader.js';
import { observeSelf } from './metrics/self-metrics.js';

const backends: Backend[] = [];
afterEach(async () => {
  for (const backend of backends.splice(0)) await backend.close();
});

/** A whole SDK that sends to a real receiver, and what it says of itself. */
async function scene(
  options: TelemetryOptions = {},
  environment: Record<string, string> = {},
): Promise<{
  backend: Backend;
  telemetry: Telemetry;
  tracers: TracerProvider;
  logs: LoggerProvider;
  meters: MeterProvider;
  told: (name: string) => Promise<Record<string, number>>;
}> {
  const backend = await Backend.start();
  backends.push(backend);
  const telemetry = new Telemetry(
    { endpoint: backend.url, liveSpans: false, diagnostics: 'none', transport: 'main', ...options },
    environment,
  );
  const meters = new MeterProvider(telemetry);
  const reader = new PeriodicReader(meters, telemetry);
  observeSelf(telemetry, meters);
  return {
    backend,
    telemetry,
    meters,
    tracers: new TracerProvider(telemetry),
    logs: new LoggerProvider(telemetry),
    told: async (name) => {
      await telemetry.exporter.flush();
      backend.requests.length = 0;
      await reader.collect();
      await telemetry.exporter.flush();
      return seriesOf(backend, name);
    },
  };
}

/** Value, or a histogram's count, by the attributes that tell series of a signal apart. */
function seriesOf(backend: Backend, name: string): Record<string, number> {
  const memory = new MemoryBackend();
  for (const { path, body } of backend.requests) {
    if (path === '/v1/metrics') memory.take('metrics', body);
  }
  const points = memory.metrics.filter((point) => point.metric === name);
  return Object.fromEntries(
    points.map(({ attributes, value, count }) => {
      const keys = Object.entries(attributes)
        .filter(([key]) => !/component.name|^server/.test(key))
        .map(([, part]) => String(part));
      return [keys.toSorted().join(' '), Number(value ?? count)];
    }),
  );
}

const SPANS = 'otlp_http_span_exporter';
const PROCESSOR = 'batching_span_processor';

describe('the metrics of the SDK about itself', () => {
  it('agree with what a receiver got: spans, by the sampler and by their parents', async () => {
    const { backend, telemetry, tracers, told } = await scene({
      batch: { scheduledDelayMillis: 600_000 },
    });
    const tracer = tracers.getTracer('t');
    const remote = traceApi.setSpanContext(ROOT_CONTEXT, {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
    });
    const unsampled = traceApi.setSpanContext(ROOT_CONTEXT, {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: TraceFlags.NONE,
      isRemote: true,
    });
    const root = tracer.startSpan('root');
    for (let index = 0; index < 5; index++) {
      tracer.startSpan('child', {}, traceApi.setSpan(ROOT_CONTEXT, root)).end();
    }
    tracer.startSpan('far', {}, remote).end();
    const dropped = tracer.startSpan('unwanted', {}, unsampled);
    tracer.startSpan('below', {}, traceApi.setSpan(ROOT_CONTEXT, dropped)).end();
    expect(await told('otel.sdk.span.started')).toEqual({
      'RECORD_AND_SAMPLE none': 1,
      'RECORD_AND_SAMPLE local': 5,
      'RECORD_AND_SAMPLE remote': 1,
      'DROP remote': 1,
      'DROP local': 1,
    });
    expect(await told('otel.sdk.span.live')).toEqual({ RECORD_AND_SAMPLE: 1 });
    expect(await told('otel.sdk.processor.span.queue.size')).toEqual({ [PROCESSOR]: 6 });
    root.end();
    await telemetry.forceFlush();
    expect(backend.spans).toHaveLength(7);
    expect(await told('otel.sdk.span.live')).toEqual({ RECORD_AND_SAMPLE: 0 });
    expect(await told('otel.sdk.processor.span.queue.size')).toEqual({ [PROCESSOR]: 0 });
    expect(await told('otel.sdk.processor.span.processed')).toEqual({ [PROCESSOR]: 7 });
    expect(await told('otel.sdk.exporter.span.exported')).toEqual({ [SPANS]: 7 });
    expect(await told('otel.sdk.exporter.span.inflight')).toEqual({ [SPANS]: 0 });
    await telemetry.shutdown();
  });

  it('count root spans that a ratio leaves out', async () => {
    const { telemetry, tracers, told } = await scene({ sampler: new TraceIdRatioBasedSampler(0) });
    for (let index = 0; index < 3; index++) tracers.getTracer('t').startSpan('s').end();
    expect(await told('otel.sdk.span.started')).toEqual({ 'DROP none': 3 });
    expect(await told('otel.sdk.span.live')).toEqual({});
    await telemetry.shutdown();
  });

  it('count log records, those of too low a severity too, and data points', async () => {
    const { backend, telemetry, logs, meters, told } = await scene({
      logs: { minimumSeverity: 9 },
    });
    const logger = logs.getLogger('l');
    for (const severityNumber of [5, 9, 13]) logger.emit({ severityNumber });
    await telemetry.forceFlush();
    const received = backend.requests
      .filter(({ path }) => path === '/v1/logs')
      .flatMap(({ body }) => decode('ExportLogsServiceRequest', body).resourceLogs ?? [])
      .flatMap((resource) => resource.scopeLogs ?? [])
      .flatMap((scope) => scope.logRecords ?? []);
    expect(received).toHaveLength(2);
    expect(await told('otel.sdk.log.created')).toEqual({ '': 3 });
    expect(await told('otel.sdk.exporter.log.exported')).toEqual({ otlp_http_log_exporter: 2 });
    expect(await told('otel.sdk.processor.log.processed')).toEqual({ batching_log_processor: 2 });
    meters.getMeter('m').createCounter('c').add(1);
    const before = telemetry.exporter.stats().sent.metrics;
    expect(await told('otel.sdk.exporter.metric_data_point.exported')).toEqual({
      otlp_http_metric_exporter: before,
    });
    await telemetry.shutdown();
  });

  it('tell what was lost, and why', async () => {
    const { backend, telemetry, tracers, meters, told } = await scene(
      {},
      {
        OTEL_BSP_MAX_QUEUE_SIZE: '4',
      },
    );
    const tracer = tracers.getTracer('t');
    const record = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) tracer.startSpan('s').end();
      await telemetry.exporter.flush();
    };
    const takesSpans = backend.behaviour;
    backend.behaviour = (request, response, body) => {
      if (request.url !== '/v1/traces') return takesSpans(request, response, body);
      response.writeHead(400).end();
      return undefined;
    };
    await record(4);
    // A queue of four: the fifth and what follows find it full while the four are under way.
    backend.behaviour = takesSpans;
    for (let index = 0; index < 8; index++) tracer.startSpan('s').end();
    await telemetry.forceFlush();
    expect(await told('otel.sdk.exporter.span.exported')).toEqual({
      [SPANS]: 4,
      [`400 ${SPANS}`]: 4,
    });
    expect(await told('otel.sdk.processor.span.processed')).toEqual({
      [PROCESSOR]: 8,
      [`${PROCESSOR} queue_full`]: 4,
    });
    expect(await told('otel.sdk.processor.span.queue.capacity')).toEqual({ [PROCESSOR]: 4 });
    expect(await told('codomyrmex.sdk.dropped')).toEqual({ refused: 4, 'queue full': 4 });
    const { sent, dropped } = telemetry.exporter.stats();
    expect(sent.traces + dropped.traces).toBe(12);
    expect(backend.spans).toHaveLength(4);
    meters.getMeter('m').createCounter('c').add(-1);
    expect(await told('codomyrmex.sdk.measurement.refused')).toEqual({ 'negative value': 1 });
    await telemetry.shutdown();
  });

  it('come beside limits in records, which every request keeps to', async () => {
    const { backend, telemetry, tracers } = await scene(
      {},
      {
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '7',
        OTEL_BSP_SCHEDULE_DELAY: '100',
      },
    );
    for (let index = 0; index < 20; index++) tracers.getTracer('t').startSpan('s').end();
    await telemetry.forceFlush();
    const sizes = backend.requests.map(({ body }) => receivedSpans(body).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(7);
    await telemetry.shutdown();
  });

  it('time exports and collections', async () => {
    const { backend, telemetry, tracers, told } = await scene();
    tracers.getTracer('t').startSpan('s').end();
    await telemetry.forceFlush();
    const operations = await told('otel.sdk.exporter.operation.duration');
    expect(operations[SPANS]).toBe(1);
    expect(await told('otel.sdk.metric_reader.collection.duration')).toEqual({
      periodic_metric_reader: 1,
    });
    backend.behaviour = (_request, response) => {
      response.writeHead(401).end();
    };
    tracers.getTracer('t').startSpan('s').end();
    await telemetry.forceFlush();
    backend.behaviour = accept;
    const after = await told('otel.sdk.exporter.operation.duration');
    expect(after[`401 ${SPANS}`]).toBe(1);
    await telemetry.shutdown();
  });

  it('have no last word after shutdown: nothing is lost by telling of the end', async () => {
    const backend = await Backend.start();
    backends.push(backend);
    const options = { endpoint: backend.url, liveSpans: false, transport: 'main' } as const;
    const telemetry = new Telemetry({ ...options, diagnostics: 'none' }, {});
    const meters = new MeterProvider(telemetry);
    new PeriodicReader(meters, telemetry).start();
    observeSelf(telemetry, meters);
    meters.getMeter('m').createCounter('c').add(1);
    await telemetry.shutdown();
    telemetry.finishNow();
    expect(telemetry.exporter.stats().dropped.metrics).toBe(0);
    expect(telemetry.exporter.stats().sent.metrics).toBeGreaterThan(0);
  });
});
