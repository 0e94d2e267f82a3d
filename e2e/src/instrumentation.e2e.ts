import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import {
  type FixtureProgram,
  REGISTER,
  fixtureUrl,
  runFixture,
  startFixture,
} from './fixture-program.js';
import { OtlpSink, type SinkSpan } from './otlp-sink.js';
import { startRedis } from './redis.js';

const INTERNAL = 1;
const SERVER = 2;
const CLIENT = 3;
const OURS = /^@codomyrmex\/telemetry\//;

const sink = new OtlpSink();
const running: FixtureProgram[] = [];
let environment: Record<string, string> = {};

beforeAll(async () => {
  environment = { OTEL_EXPORTER_OTLP_ENDPOINT: await sink.start() };
});
afterEach(async () => {
  for (const program of running.splice(0)) await program.stop();
  sink.spans.length = 0;
  sink.metricNames.length = 0;
});
afterAll(() => sink.close());

async function start(
  name: string,
  imports: readonly string[],
  more: Record<string, string> = {},
): Promise<FixtureProgram> {
  const own = { ...environment, OTEL_SERVICE_NAME: name.replace('.js', ''), ...more };
  const program = await startFixture(name, { imports, environment: own });
  running.push(program);
  return program;
}

async function ask(url: string): Promise<void> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  await response.text();
}

function only(spans: readonly SinkSpan[], is: (span: SinkSpan) => boolean): SinkSpan {
  const found = spans.filter(is);
  expect(found).toHaveLength(1);
  return found[0] as SinkSpan;
}

describe('register, with the built-in instrumentations', () => {
  const CALLS = 100;

  it('joins a gateway, a service and their lines, 100 requests at once', async () => {
    const service = await start('service.js', [REGISTER]);
    const SERVICE_URL = `http://127.0.0.1:${service.port}`;
    const gateway = await start('gateway.js', [REGISTER], { SERVICE_URL });
    const orders = Array.from({ length: CALLS }, (_, index) => `o${index}`);
    await Promise.all(
      orders.map((order) => ask(`http://127.0.0.1:${gateway.port}/orders/${order}`)),
    );
    // A server's span, two clients' and two servers' behind them: five a request, and no more.
    const spans = await sink.until((all) => all.length >= 5 * CALLS);
    expect(spans).toHaveLength(5 * CALLS);
    await gateway.stop();
    expect(sink.metricNames).toContain('http.server.request.duration');
    expect(sink.metricNames).toContain('http.client.request.duration');
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    for (const order of orders) {
      const entry = only(spans, (span) => span.attributes['url.path'] === `/orders/${order}`);
      expect(entry).toMatchObject({ service: 'gateway', kind: SERVER, parentSpanId: '' });
      expect(entry.name).toBe('GET /orders/:order');
      for (const [path, route] of [
        [`/stock/${order}`, 'GET /stock/:order'],
        [`/price/${order}`, 'POST /price/:order'],
      ] as const) {
        const behind = only(spans, (span) => span.attributes['url.path'] === path);
        expect(behind).toMatchObject({ service: 'service', kind: SERVER, name: route });
        const client = byId.get(behind.parentSpanId);
        expect(client).toMatchObject({ service: 'gateway', kind: CLIENT });
        expect(String(client?.attributes['url.full'])).not.toContain('secret');
        expect(client?.parentSpanId).toBe(entry.spanId);
        expect(behind.traceId).toBe(entry.traceId);
      }
      const lines = gateway.lines.filter((line) => line['order'] === order);
      expect(lines.map((line) => [line['trace_id'], line['span_id']])).toEqual([
        [entry.traceId, entry.spanId],
        [entry.traceId, entry.spanId],
      ]);
    }
  });

  it('hands its span to a child process, for the child’s root spans only', async () => {
    const own = { ...environment, OTEL_SERVICE_NAME: 'family' };
    await runFixture('parent-program.js', { imports: [REGISTER], environment: own });
    const spans = await sink.until((all) => all.length >= 3);
    const parent = only(spans, (span) => span.name === 'parent');
    const work = only(spans, (span) => span.name === 'work');
    const request = only(spans, (span) => span.name === 'request');
    expect(work).toMatchObject({ parentSpanId: parent.spanId, traceId: parent.traceId });
    expect(request.parentSpanId).toBe('');
    expect(request.traceId).not.toBe(parent.traceId);
  });

  it('stands behind every signal of the api', async () => {
    await runFixture('signals-program.js', { imports: [REGISTER], environment });
    expect(sink.metricNames).toContain('fixture.count');
    expect(sink.logBodies).toEqual(['a line of the fixture']);
    expect(sink.spans.map((span) => span.name)).toEqual(['fixture span']);
  });

  it('leaves out what the environment switches off', async () => {
    const program = await start('gateway.js', [REGISTER], {
      OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'http',
    });
    await ask(`http://127.0.0.1:${program.port}/health`);
    await program.stop();
    expect(sink.spans).toEqual([]);
  });

  it('a program that cannot be told what it asks for runs all the same', async () => {
    const own = { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: 'not a url' };
    const options = { imports: [REGISTER], args: ['child'], environment: own };
    expect(await runFixture('parent-program.js', options)).toContain('OTEL_EXPORTER_OTLP_ENDPOINT');
  });
});

describe('init in a program under register', () => {
  const PARENT = { traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' };

  it('counts where it comes before the first record', async () => {
    const imports = [REGISTER];
    const said = await runFixture('coded-program.js', { imports, environment });
    expect(said).toContain('cannot init: the SDK runs already with other options');
    const spans = await sink.until((all) => all.some((span) => span.kind === SERVER));
    // One server's span and no client's: the settings in code replaced register's.
    expect(spans.map((span) => [span.service, span.scope]).toSorted()).toEqual([
      ['coded', '@codomyrmex/telemetry/http'],
      ['coded', 'early'],
    ]);
    expect(only(spans, (span) => span.name === 'second')).toMatchObject(PARENT);
  });

  it('does what it still can after the first record, and says what it cannot', async () => {
    const options = { imports: [REGISTER], args: ['late'], environment };
    const said = await runFixture('coded-program.js', options);
    expect(said).toContain('without effect on serviceName, resource');
    expect(said).toContain('cannot init: the SDK runs already with other options');
    const spans = await sink.until((all) => all.some((span) => span.kind === SERVER));
    expect(spans.map((span) => span.scope).toSorted()).toEqual([
      '@codomyrmex/telemetry/http',
      'early',
      'early',
    ]);
    expect(only(spans, (span) => span.name === 'first')).toMatchObject(PARENT);
    expect(spans.every((span) => span.service.startsWith('unknown_service'))).toBe(true);
  });
});

describe('init', () => {
  it('traces the program’s requests and never its own exports', async () => {
    await runFixture('init-program.js', { environment });
    const spans = await sink.until((all) => all.some((span) => span.name === 'outer'));
    // Node's fetch, undici from npm, node:http: a client's and a server's span each.
    expect(spans).toHaveLength(7);
    const outer = only(spans, (span) => span.name === 'outer');
    for (const client of spans.filter((span) => span.kind === CLIENT)) {
      expect(client.parentSpanId).toBe(outer.spanId);
    }
  });

  it('takes objects of official classes, each in place of the built-in one', async () => {
    await runFixture('init-official.js', { environment });
    const spans = await sink.until((all) => all.some((span) => span.kind === SERVER));
    expect(spans).toHaveLength(2);
    const server = only(spans, (span) => span.kind === SERVER);
    const client = only(spans, (span) => span.kind === CLIENT);
    expect(server.scope).toBe('@opentelemetry/instrumentation-http');
    expect(client.scope).toBe('@codomyrmex/telemetry/undici');
    expect(server.parentSpanId).toBe(client.spanId);
  });
});

describe('official instrumentations on our SDK', () => {
  let redis = { port: 0, stop: async (): Promise<void> => {} };

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  /** A visit calls a leaf by fetch and by http: every server's and client's span comes once. */
  async function visit(imports: readonly string[]): Promise<SinkSpan[]> {
    const program = await start('redis-shop.js', imports, { REDIS_PORT: String(redis.port) });
    await ask(`http://127.0.0.1:${program.port}/visits/home`);
    const isRoot = ({ attributes }: SinkSpan): boolean =>
      attributes['http.route'] === '/visits/:page';
    const spans = await sink.until((all) =>
      all.some((span) => span.kind === SERVER && isRoot(span)),
    );
    await program.stop();
    spans.push(...sink.spans.splice(0));
    expect(spans.filter((span) => OURS.test(span.scope))).toEqual([]);
    expect(spans.filter((span) => span.kind === SERVER)).toHaveLength(3);
    const http = only(spans, (span) => span.kind === SERVER && isRoot(span));
    const trace = spans.filter((span) => span.traceId === http.traceId);
    const clients = trace.filter((span) => span.kind === CLIENT);
    const scopes = clients.map((span) => span.scope.replace('@opentelemetry/instrumentation-', ''));
    expect(scopes.toSorted()).toEqual(['http', 'ioredis', 'undici']);
    const byId = new Map(trace.map((span) => [span.spanId, span]));
    for (const span of trace) {
      if (span !== http) expect(byId.get(span.parentSpanId)).toBeDefined();
    }
    expect(trace.some((span) => span.scope.endsWith('-express') && span.kind === INTERNAL)).toBe(
      true,
    );
    const line = program.lines.find((one) => one['msg'] === 'visit');
    expect(line?.['trace_id']).toBe(http.traceId);
    return spans;
  }

  it('one by one: http, undici, express, ioredis, pino', async () => {
    await visit([REGISTER, fixtureUrl('official-list.js')]);
  });

  it('registered before us just as well', async () => {
    await visit([fixtureUrl('official-list.js'), REGISTER]);
  });

  it('all of auto-instrumentations-node', async () => {
    await visit([REGISTER, fixtureUrl('official-auto.js')]);
  });

  it('auto-instrumentations-node/register', async () => {
    await visit([REGISTER, fixtureUrl('official-register.js')]);
  });
});
