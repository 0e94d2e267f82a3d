import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import type { LogRecord, MetricPoint, Span, TraceAnswer } from '@codomyrmex/telemetry-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Backend, exported, get, startBackend, temporaryFolder, until } from './backend.js';
import { type OfficialSdk, type OtlpEncoding, officialSdk } from './official.js';

let backend: Backend;
const folder = temporaryFolder();
beforeAll(async () => {
  backend = await startBackend(folder.path);
});
afterAll(async () => {
  expect(await backend.stop()).toBe(0);
  folder.remove();
});

describe.each([
  ['protobuf', 'none'],
  ['protobuf', 'gzip'],
  ['json', 'none'],
  ['json', 'gzip'],
  ['grpc', 'none'],
  ['grpc', 'gzip'],
] as const)('the official SDK over OTLP %s, %s', (encoding: OtlpEncoding, compression) => {
  const service = `official-${encoding}-${compression}`;
  const connect = (): OfficialSdk => {
    const endpoint = encoding === 'grpc' ? backend.otlpGrpc : backend.otlpHttp;
    return officialSdk(endpoint, encoding, service, compression);
  };

  it('has its spans stored as it sent them', async () => {
    const sdk = connect();
    const parent = sdk.tracer.startSpan('parent', {
      kind: SpanKind.SERVER,
      attributes: {
        text: 'naïve ☃',
        int: 42,
        big: 2 ** 40,
        float: 0.5,
        yes: true,
        list: ['a', 'b'],
      },
      startTime: [1_700_000_000, 123_456_789],
    });
    const context = trace.setSpan(ROOT_CONTEXT, parent);
    const child = sdk.tracer.startSpan(
      'child',
      { links: [{ context: parent.spanContext() }] },
      context,
    );
    child.addEvent('cache miss', { key: 'k1' });
    child.recordException(new TypeError('no such thing'));
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'boom' });
    child.end();
    parent.end([1_700_000_001, 987_654_321]);
    await sdk.flush();
    const { traceId } = parent.spanContext();
    const answer = await get<TraceAnswer>(backend, `/traces/${traceId}`);
    const spans = new Map(answer.spans.map((span) => [span.name, span]));
    expect(spans.get('parent')).toMatchObject({
      traceId,
      spanId: parent.spanContext().spanId,
      parentSpanId: '',
      kind: 'SERVER',
      service,
      startTimeUnixNano: '1700000000123456789',
      endTimeUnixNano: '1700000001987654321',
      durationNanos: '1864197532',
      status: { code: 'UNSET', message: '' },
      attributes: {
        text: 'naïve ☃',
        int: 42,
        big: 2 ** 40,
        float: 0.5,
        yes: true,
        list: ['a', 'b'],
      },
      scope: { name: 'e2e', version: '1.0.0' },
      running: false,
    });
    const stored = spans.get('child');
    expect(stored).toMatchObject({
      parentSpanId: parent.spanContext().spanId,
      status: { code: 'ERROR', message: 'boom' },
      links: [{ traceId, spanId: parent.spanContext().spanId }],
    });
    expect(stored?.events.map((event) => event.name)).toEqual(['cache miss', 'exception']);
    expect(stored?.events[1]?.attributes).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'no such thing',
    });
    expect(stored?.resource.attributes).toMatchObject({ 'service.version': '1.2.3' });
    await sdk.shutdown();
  });

  it('has its metrics and logs stored as it sent them', async () => {
    const sdk = connect();
    sdk.meter.createCounter('e2e.requests', { unit: '{request}' }).add(3, { route: '/a' });
    sdk.meter.createHistogram('e2e.duration', { unit: 'ms' }).record(12);
    sdk.logger.emit({
      severityNumber: SeverityNumber.WARN,
      severityText: 'WARN',
      body: 'disk almost full',
      attributes: { free: 12 },
    });
    await sdk.flush();
    const points = await exported<MetricPoint>(backend, `points?service=${service}`);
    const counter = points.find((point) => point.metric === 'e2e.requests');
    expect(counter).toMatchObject({
      type: 'sum',
      unit: '{request}',
      attributes: { route: '/a' },
      value: 3,
      temporality: 'CUMULATIVE',
      monotonic: true,
    });
    const histogram = points.find((point) => point.metric === 'e2e.duration');
    expect(histogram).toMatchObject({ type: 'histogram', count: '1', sum: 12, min: 12, max: 12 });
    const counts = histogram?.buckets?.counts.map(Number) ?? [];
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
    const logs = await exported<LogRecord>(backend, `logs?service=${service}`);
    expect(logs).toHaveLength(1);
    expect(logs[0]).toMatchObject({
      severityNumber: 13,
      severityText: 'WARN',
      body: 'disk almost full',
      attributes: { free: 12 },
      service,
    });
    await sdk.shutdown();
  });
});

it('answers a search for what it stored', async () => {
  const sdk = officialSdk(backend.otlpHttp, 'protobuf', 'searched');
  sdk.tracer.startSpan('find me', { attributes: { 'order.id': 'o-77' } }).end();
  await sdk.flush();
  const q = encodeURIComponent('service=searched order.id=o-77');
  const found = await until(
    () => get<{ items: Span[] }>(backend, `/spans?q=${q}`),
    (answer) => answer.items.length > 0,
  );
  expect(found.items.map((span) => span.name)).toEqual(['find me']);
  const none = encodeURIComponent('service=searched -order.id=o-77');
  expect((await get<{ items: Span[] }>(backend, `/spans?q=${none}`)).items).toEqual([]);
  await sdk.shutdown();
});
