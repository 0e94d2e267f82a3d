// The OTLP exporters under the official names, against real servers (OTLP specification).
import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { decode } from '@codomyrmex/otlp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import type { ReadableSpan } from '../common/readable-span.js';
import { Backend, receivedSpans } from '../export/fixtures/backend.js';
import { GrpcBackend } from '../export/fixtures/grpc-backend.js';
import { ExportResultCode } from './export-result.js';
import type { ExportResult } from './export-result.js';
import { InMemoryMetricExporter } from './metric-exporters.js';
import { AggregationTemporality } from './metric-types.js';
import { MeterProvider } from './meter-provider.js';
import { OTLPTraceExporter } from './otlp-exporters.js';
import { PeriodicExportingMetricReader } from './periodic-reader.js';
import { resourceFromAttributes } from './resource.js';
import { BatchSpanProcessor } from './span-processors.js';
import { TracerProvider } from './tracer-provider.js';

let backend: Backend;
beforeEach(async () => {
  setDiagnostics('none');
  backend = await Backend.start();
});
afterEach(async () => {
  setDiagnostics('warn');
  vi.unstubAllEnvs();
  await backend.close();
});

function send(exporter: OTLPTraceExporter, spans: ReadableSpan[]): Promise<ExportResult> {
  return new Promise((resolve) => {
    exporter.export(spans, resolve);
  });
}

/** A span as nobody's class: what other SDKs and processors pass. */
function foreignSpan(name: string): ReadableSpan {
  return {
    name,
    kind: 2,
    spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
    parentSpanContext: {
      traceId: 'a'.repeat(32),
      spanId: 'c'.repeat(16),
      traceFlags: 1,
      isRemote: true,
    },
    startTime: [10, 1],
    endTime: [11, 2],
    duration: [1, 1],
    ended: true,
    status: { code: SpanStatusCode.ERROR, message: 'bad' },
    attributes: { text: 'x', list: [1, 2] },
    links: [{ context: { traceId: 'd'.repeat(32), spanId: 'e'.repeat(16), traceFlags: 0 } }],
    events: [{ name: 'event', time: [10, 5], attributes: { e: true }, droppedAttributesCount: 0 }],
    resource: { attributes: { 'service.name': 'foreign' }, schemaUrl: 'https://resource' },
    instrumentationScope: { name: 'scope', version: '2', schemaUrl: 'https://scope' },
    droppedAttributesCount: 1,
    droppedEventsCount: 2,
    droppedLinksCount: 3,
  };
}

describe('the trace exporter', () => {
  it('sends spans of our provider, by resource and scope', async () => {
    const exporter = new OTLPTraceExporter({ url: `${backend.url}/v1/traces` });
    const processor = new BatchSpanProcessor(exporter);
    const resource = resourceFromAttributes({ 'service.name': 'mine' });
    const provider = new TracerProvider({ resource, spanProcessors: [processor] });
    const parent = provider.getTracer('a').startSpan('parent', { attributes: { n: 1 } });
    const child = provider
      .getTracer('b')
      .startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent));
    child.end();
    parent.end();
    await provider.forceFlush();
    expect(backend.requests).toHaveLength(1);
    expect(backend.spans).toMatchObject([
      { name: 'child', scope: 'b', parentSpanId: parent.spanContext().spanId },
      { name: 'parent', scope: 'a', attributes: { n: 1 }, resource: { 'service.name': 'mine' } },
    ]);
    await provider.shutdown();
  });

  it('sends spans of anybody', async () => {
    const exporter = new OTLPTraceExporter({ url: `${backend.url}/v1/traces` });
    const result = await send(exporter, [foreignSpan('one'), foreignSpan('two')]);
    expect(result).toEqual({ code: ExportResultCode.SUCCESS });
    expect(backend.spans[0]).toMatchObject({
      name: 'one',
      kind: 3,
      traceId: 'a'.repeat(32),
      parentSpanId: 'c'.repeat(16),
      start: 10_000_000_001n,
      end: 11_000_000_002n,
      attributes: { text: 'x', list: [1, 2] },
      events: [{ name: 'event', time: 10_000_000_005n, attributes: { e: true } }],
      links: [{ traceId: 'd'.repeat(32), spanId: 'e'.repeat(16) }],
      status: { code: 2, message: 'bad' },
      flags: 0x301,
      dropped: [1, 2, 3],
    });
    const [first] = decode('ExportTraceServiceRequest', backend.requests[0]!.body).resourceSpans!;
    expect(first?.schemaUrl).toBe('https://resource');
    expect(first?.scopeSpans?.[0]?.schemaUrl).toBe('https://scope');
  });

  it('speaks JSON', async () => {
    backend.behaviour = (_request, response) => {
      response.writeHead(200).end();
    };
    const url = `${backend.url}/v1/traces`;
    await send(new OTLPTraceExporter({ url, protocol: 'http/json' }), [foreignSpan('json')]);
    const [request] = backend.requests;
    expect(request?.headers['content-type']).toBe('application/json');
    expect(request?.body.toString()).toContain('"name":"json"');
  });

  it('speaks gRPC', async () => {
    const grpc = await GrpcBackend.start();
    const exporter = new OTLPTraceExporter({ url: grpc.url, protocol: 'grpc' });
    expect(await send(exporter, [foreignSpan('grpc')])).toEqual({ code: 0 });
    expect(receivedSpans(grpc.calls[0]!.message)[0]?.name).toBe('grpc');
    await exporter.shutdown();
    await grpc.close();
  });

  it('asks for headers before each export; takes the endpoint from the environment', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', backend.url);
    vi.stubEnv('OTEL_TRACES_EXPORTER', 'none');
    let token = 0;
    const headers = (): Promise<Record<string, string>> =>
      Promise.resolve({ authorization: `token ${++token}` });
    const exporter = new OTLPTraceExporter({ headers });
    await send(exporter, [foreignSpan('a')]);
    await send(exporter, [foreignSpan('b')]);
    expect(
      backend.requests.map((request) => [request.path, request.headers.authorization]),
    ).toEqual([
      ['/v1/traces', 'token 1'],
      ['/v1/traces', 'token 2'],
    ]);
  });

  it('tries again as the backend asks, fails when it refuses or time is over', async () => {
    const exporter = new OTLPTraceExporter({ url: `${backend.url}/v1/traces`, timeoutMillis: 500 });
    let tries = 0;
    backend.behaviour = (_request, response) => {
      tries++;
      if (tries === 1) response.writeHead(503, { 'retry-after': '0' }).end();
      else response.writeHead(200).end();
    };
    expect(await send(exporter, [foreignSpan('a')])).toEqual({ code: 0 });
    expect(tries).toBe(2);
    backend.behaviour = (_request, response) => {
      response.writeHead(400).end();
    };
    const refused = await send(exporter, [foreignSpan('b')]);
    expect(refused).toMatchObject({ code: 1, error: { message: 'the backend answered 400' } });
    backend.behaviour = (_request, response) => {
      response.writeHead(503).end();
    };
    expect(await send(exporter, [foreignSpan('c')])).toMatchObject({ code: 1 });
  });

  it('fails on what cannot be encoded, past its concurrency, and after shutdown', async () => {
    const exporter = new OTLPTraceExporter({
      url: `${backend.url}/v1/traces`,
      concurrencyLimit: 1,
    });
    expect(await send(exporter, [{} as ReadableSpan])).toMatchObject({ code: 1 });
    let answer: () => void = () => {};
    backend.behaviour = (_request, response) => {
      answer = () => response.writeHead(200).end();
    };
    const first = send(exporter, [foreignSpan('a')]);
    expect(await send(exporter, [foreignSpan('b')])).toMatchObject({
      error: { message: expect.stringContaining('concurrencyLimit') as unknown },
    });
    await backend.until(() => backend.requests.length === 1);
    answer();
    await exporter.forceFlush();
    expect(await first).toEqual({ code: 0 });
    await exporter.shutdown();
    expect(await send(exporter, [foreignSpan('c')])).toMatchObject({
      error: { message: 'the exporter is shut down' },
    });
  });

  it('shutdown ends the wait for another try', async () => {
    const exporter = new OTLPTraceExporter({ url: `${backend.url}/v1/traces` });
    backend.behaviour = (_request, response) => {
      response.writeHead(503, { 'retry-after': '8' }).end();
    };
    const result = send(exporter, [foreignSpan('a')]);
    await backend.until(() => backend.requests.length === 1);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    await exporter.shutdown();
    expect(await result).toMatchObject({ code: 1, error: { message: 'the backend answered 503' } });
  });

  it('counts its exports on the meter provider that it is given', async () => {
    const memory = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter: memory });
    const meterProvider = new MeterProvider({ readers: [reader] });
    const exporter = new OTLPTraceExporter({ url: `${backend.url}/v1/traces`, meterProvider });
    await send(exporter, [foreignSpan('a'), foreignSpan('b')]);
    expect(backend.spans).toHaveLength(2);
    backend.behaviour = (_request, response) => {
      response.writeHead(400).end();
    };
    await send(exporter, [foreignSpan('c')]);
    await meterProvider.forceFlush();
    const { port } = new URL(backend.url);
    const told = memory
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      .flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => {
          expect(attributes).toMatchObject({
            'otel.component.type': 'otlp_http_span_exporter',
            'server.address': '127.0.0.1',
            'server.port': Number(port),
          });
          const count = typeof value === 'number' ? value : (value as { count: number }).count;
          return [descriptor.name, attributes['error.type'], count];
        }),
      );
    expect(told).toEqual([
      ['otel.sdk.exporter.span.inflight', undefined, 0],
      ['otel.sdk.exporter.span.exported', undefined, 2],
      ['otel.sdk.exporter.span.exported', '400', 1],
      ['otel.sdk.exporter.operation.duration', undefined, 1],
      ['otel.sdk.exporter.operation.duration', '400', 1],
    ]);
    await meterProvider.shutdown();
    await exporter.shutdown();
  });
});
