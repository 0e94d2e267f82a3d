import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { decode } from '@codomyrmex/otlp';
import type { ResourceSpans, Span } from '@codomyrmex/otlp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { demoOptions } from '../cli/demo.js';
import { startDemo } from './demo.js';
import type { RunningDemo } from './demo.js';
import { Run } from './run.js';

type Seen = Span & { readonly service: string };

const spans: Seen[] = [];
const logServices = new Set<string>();
const metricNames = new Set<string>();
const views: { metric: string; chartType: string; group: string }[] = [];
const waiting: { isMet: () => boolean; resolve: () => void }[] = [];

const backend = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    take(request.url ?? '', request.method ?? '', Buffer.concat(parts));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(request.url?.startsWith('/api') === true ? '{"startedUnixNano":"1"}' : '');
    for (const one of waiting) if (one.isMet()) one.resolve();
  });
});

function take(path: string, method: string, body: Buffer): void {
  if (path === '/v1/traces') {
    for (const one of decode('ExportTraceServiceRequest', body).resourceSpans ?? []) takeSpans(one);
  } else if (path === '/v1/logs') {
    for (const one of decode('ExportLogsServiceRequest', body).resourceLogs ?? []) {
      logServices.add(serviceOf(one.resource?.attributes));
    }
  } else if (path === '/v1/metrics') {
    const { resourceMetrics } = decode('ExportMetricsServiceRequest', body);
    for (const scope of (resourceMetrics ?? []).flatMap((one) => one.scopeMetrics ?? [])) {
      for (const metric of scope.metrics ?? []) metricNames.add(metric.name ?? '');
    }
  } else if (method === 'PUT') {
    views.push(JSON.parse(body.toString('utf8')) as (typeof views)[number]);
  }
}

function takeSpans(one: ResourceSpans): void {
  const service = serviceOf(one.resource?.attributes);
  for (const scope of one.scopeSpans ?? []) {
    for (const span of scope.spans ?? []) spans.push({ ...span, service });
  }
}

function serviceOf(
  attributes: readonly { key?: string; value?: { stringValue?: string } }[] = [],
): string {
  return attributes.find(({ key }) => key === 'service.name')?.value?.stringValue ?? '';
}

function until(isMet: () => boolean): Promise<void> {
  if (isMet()) return Promise.resolve();
  return new Promise((resolve) => {
    waiting.push({ isMet, resolve });
  });
}

const hex = (id: Uint8Array | undefined): string => Buffer.from(id ?? []).toString('hex');
const named = (service: string, name: string): Seen[] =>
  spans.filter((span) => span.service === service && span.name === name);

describe('the demo', () => {
  let demo: RunningDemo;

  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      backend.listen(0, '127.0.0.1', resolve);
    });
    const { port } = backend.address() as AddressInfo;
    demo = await startDemo({ endpoint: `http://127.0.0.1:${port}`, rate: 4 });
  });

  afterAll(async () => {
    await new Promise<void>((resolve) => {
      backend.close(() => resolve());
      backend.closeAllConnections();
    });
  });

  it('has sent a whole checkout when it says that it runs', () => {
    expect(demo.isReceived).toBe(true);
    const [root] = named('gateway', 'POST /api/checkout');
    expect(hex(root?.parentSpanId)).toBe('');
    const trace = spans.filter((span) => hex(span.traceId) === hex(root?.traceId));
    const services = new Set(trace.map((span) => span.service));
    for (const name of ['gateway', 'checkout', 'inventory']) expect(services).toContain(name);
    const ids = new Set(trace.map((span) => hex(span.spanId)));
    for (const span of trace.filter((one) => one !== root)) {
      // The fraud thread exports by itself, so that a parent may still be on its way.
      if (span.service !== 'fraud') expect(ids).toContain(hex(span.parentSpanId));
    }
  });

  it('reaches every service, the thread, the queue and the child process', async () => {
    const names = ['gateway', 'agent-api', 'checkout', 'payments', 'inventory', 'search', 'fraud'];
    const wanted = [...names, 'order-worker', 'invoices'];
    await until(() => wanted.every((name) => spans.some((span) => span.service === name)));
    const parentOf = (child: Seen): Seen | undefined =>
      spans.find((span) => hex(span.spanId) === hex(child.parentSpanId));
    await until(() => named('order-worker', 'exec invoice-printer').length > 0);
    const [invoice] = named('invoices', 'invoice.render');
    expect(parentOf(invoice as Seen)?.name).toBe('exec invoice-printer');
    await until(() => named('fraud', 'fraud.score').some((span) => parentOf(span) !== undefined));
    const scored = named('fraud', 'fraud.score').find((span) => parentOf(span) !== undefined);
    expect(parentOf(scored as Seen)).toMatchObject({ service: 'checkout', name: 'POST /orders' });
    const [batch] = named('order-worker', 'process orders');
    const links = (batch?.links ?? []).map((link) => hex(link.spanId));
    const senders = new Set(named('checkout', 'send orders').map((span) => hex(span.spanId)));
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(senders).toContain(link);
  });

  it('recurses in its agent, with tokens on every model call', async () => {
    await until(() => named('agent-api', 'research.subquery').length > 0);
    const [chat] = spans.filter((span) => span.name?.startsWith('chat ') === true);
    const keys = (chat?.attributes ?? []).map(({ key }) => key);
    expect(keys).toContain('gen_ai.request.model');
    expect(keys).toContain('gen_ai.usage.input_tokens');
  });

  it('logs, measures and registers views of several kinds', async () => {
    const metrics = ['http.server.request.duration', 'orders', 'queue.depth', 'gen_ai.tokens'];
    await until(() => metrics.every((name) => metricNames.has(name)));
    for (const name of ['checkout', 'agent-api', 'order-worker']) {
      await until(() => logServices.has(name));
    }
    await until(() => views.length >= 7);
    expect(new Set(views.map((view) => view.group)).size).toBe(3);
    expect(new Set(views.map((view) => view.chartType)).size).toBeGreaterThanOrEqual(5);
    for (const view of views) await until(() => metricNames.has(view.metric));
  });

  it('ends soon, with nothing left in flight', async () => {
    const started = performance.now();
    await demo.stop();
    expect(performance.now() - started).toBeLessThan(4000);
    const ended = new Set(spans.map((span) => hex(span.spanId)));
    const orphans = spans.filter(
      (span) => hex(span.parentSpanId) !== '' && !ended.has(hex(span.parentSpanId)),
    );
    expect(orphans.map((span) => `${span.service} ${span.name}`)).toEqual([]);
  });
}, 60_000);

describe('demoOptions', () => {
  it('reads its flags', () => {
    expect(demoOptions([])).toEqual({ options: { rate: 1 }, durationSeconds: undefined });
    const args = ['--endpoint', 'http://127.0.0.1:4318', '--rate', '0.5', '--duration=3'];
    expect(demoOptions(args)).toEqual({
      options: { endpoint: 'http://127.0.0.1:4318', rate: 0.5 },
      durationSeconds: 3,
    });
  });

  it('names the one that is wrong', () => {
    expect(() => demoOptions(['--endpoint', 'localhost:4318'])).toThrow(/--endpoint is/);
    expect(() => demoOptions(['--rate', '0'])).toThrow(/--rate is "0"/);
    expect(() => demoOptions(['--rate', '51'])).toThrow(/--rate is 51: say at most 50/);
    expect(() => demoOptions(['--duration', 'x'])).toThrow(/--duration is "x"/);
    expect(() => demoOptions(['--speed', '1'])).toThrow(/--speed/);
  });
});

describe('Run', () => {
  it('takes chances from its source and ends its pauses', async () => {
    const low = new Run(() => 0);
    expect([low.count(1, 3), low.between(2, 4), low.pick(['a', 'b'])]).toEqual([1, 2, 'a']);
    const high = new Run(() => 0.999);
    expect([high.count(1, 3), high.chance(0.5), high.pick(['a', 'b'])]).toEqual([3, false, 'b']);
    const pause = high.pause(1_000_000);
    high.stop();
    await pause;
    expect(high.isStopped).toBe(true);
    await high.work(1_000_000);
  });
});
