import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startServer, type RunningServer } from '../main.js';
import { PageFiles } from './page.js';

type Json = { readonly [key: string]: unknown };

let server: RunningServer;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'codomyrmex-api-'));
  server = await start();
});
afterAll(async () => {
  await server.close();
  await rm(dataDir, { recursive: true, force: true });
});

function start(): Promise<RunningServer> {
  return startServer({
    dataDir,
    port: 0,
    otlpHttpPort: undefined,
    otlpGrpcPort: undefined,
    fsync: false,
    allowedOrigins: ['http://friend.example'],
    log: () => undefined,
  });
}

async function get(path: string): Promise<{ status: number; body: Json; headers: Headers }> {
  const response = await fetch(`${server.url}/api/v1${path}`);
  return {
    status: response.status,
    body: (await response.json()) as Json,
    headers: response.headers,
  };
}

async function send(path: string, body: unknown, method = 'POST'): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const nanos = (millis: number): string => String(BigInt(millis) * 1_000_000n);
const text = (value: string) => ({ stringValue: value });

const VALUES = [
  { key: 'integer', value: { intValue: '42' } },
  { key: 'big', value: { intValue: '9223372036854775807' } },
  { key: 'double', value: { doubleValue: 1.5 } },
  { key: 'whole', value: { doubleValue: 2 } },
  { key: 'yes', value: { boolValue: true } },
  { key: 'bytes', value: { bytesValue: 'AQID' } },
  { key: 'nothing', value: {} },
  { key: '10', value: text('ten') },
  { key: '2', value: text('two') },
  { key: '__proto__', value: text('own') },
  {
    key: 'list',
    value: {
      arrayValue: {
        values: [{ intValue: '1' }, { doubleValue: 1 }, text('é"\n'), { bytesValue: 'AQID' }],
      },
    },
  },
  {
    key: 'map',
    value: {
      kvlistValue: {
        values: [{ key: '$int', value: text('mine') }],
      },
    },
  },
];

const TYPED = JSON.parse(`{
  "integer": 42, "big": { "$int": "9223372036854775807" }, "double": 1.5,
  "whole": 2.0, "yes": true, "bytes": { "$bytes": "AQID" }, "nothing": null,
  "10": "ten", "2": "two", "__proto__": "own",
  "list": [1, 1.0, "é\\"\\n", { "$bytes": "AQID" }],
  "map": { "$map": { "$int": "mine" } }
}`) as Json;

async function fill(): Promise<void> {
  const now = Date.now();
  const resource = {
    attributes: [
      { key: 'service.name', value: text('shop') },
      { key: 'host.name', value: text('h1') },
    ],
  };
  const scope = { name: 'lib', version: '1.2', attributes: [{ key: 's', value: text('t') }] };
  const span = {
    traceId: TRACE,
    spanId: 'b7ad6b7169203331',
    name: 'checkout',
    kind: 2,
    startTimeUnixNano: nanos(now - 300),
    endTimeUnixNano: nanos(now - 100),
    status: { code: 2, message: 'declined' },
    traceState: 'a=b',
    flags: 257,
    droppedAttributesCount: 3,
    attributes: VALUES,
    events: [{ timeUnixNano: nanos(now - 200), name: 'exception', attributes: VALUES }],
    links: [{ traceId: TRACE, spanId: 'b7ad6b7169203332', flags: 1, attributes: VALUES }],
  };
  const record = {
    timeUnixNano: nanos(now - 150),
    severityNumber: 17,
    severityText: 'ERROR',
    body: { kvlistValue: { values: [{ key: 'code', value: { intValue: '7' } }] } },
    traceId: TRACE,
    spanId: 'b7ad6b7169203331',
    attributes: VALUES,
    eventName: 'declined',
  };
  const point = {
    startTimeUnixNano: nanos(now - 10_000),
    timeUnixNano: nanos(now - 100),
    attributes: VALUES,
  };
  const exemplar = {
    timeUnixNano: nanos(now - 120),
    asInt: '5',
    traceId: TRACE,
    spanId: 'b7ad6b7169203331',
  };
  const metrics = [
    {
      name: 'orders',
      unit: '1',
      sum: {
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: [{ ...point, asInt: '9007199254740993', exemplars: [exemplar] }],
      },
    },
    { name: 'depth', gauge: { dataPoints: [{ ...point, asDouble: 3 }] } },
    {
      name: 'size',
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [
          { ...point, count: '3', sum: 12.5, bucketCounts: ['1', '2'], explicitBounds: [5] },
        ],
      },
    },
    {
      name: 'took',
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            ...point,
            count: '3',
            sum: 6,
            scale: 1,
            zeroCount: '1',
            positive: { offset: -1, bucketCounts: ['1', '1'] },
            min: 0,
            max: 2,
            zeroThreshold: 0.5,
          },
        ],
      },
    },
    {
      name: 'old',
      summary: {
        dataPoints: [
          { ...point, count: '2', sum: 3, quantileValues: [{ quantile: 0.5, value: 1 }] },
        ],
      },
    },
  ];
  const sent = [
    await send('/v1/traces', {
      resourceSpans: [
        { resource, schemaUrl: 'r', scopeSpans: [{ scope, schemaUrl: 's', spans: [span] }] },
      ],
    }),
    await send('/v1/logs', {
      resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: [record] }] }],
    }),
    await send('/v1/metrics', {
      resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }],
    }),
  ];
  for (const response of sent) expect(await response.text()).toBe('{}');
}

describe('the API', () => {
  beforeAll(fill);

  it('gives a span back with everything that was sent', async () => {
    const { body } = await get(`/traces/${TRACE.toUpperCase()}`);
    const spans = body['spans'] as Json[];
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject({
      traceId: TRACE,
      kind: 'SERVER',
      service: 'shop',
      status: { code: 'ERROR', message: 'declined' },
      durationNanos: '200000000',
      traceState: 'a=b',
      flags: 257,
      droppedAttributesCount: 3,
      running: false,
      scope: { name: 'lib', version: '1.2', attributes: { s: 't' }, schemaUrl: 's' },
      resource: { attributes: { 'service.name': 'shop', 'host.name': 'h1' }, schemaUrl: 'r' },
    });
    const span = spans[0] as { attributes: Json; events: Json[]; links: Json[] };
    expect(span.attributes).toEqual(TYPED);
    expect(Object.hasOwn(span.attributes, '__proto__')).toBe(true);
    expect(span.events).toMatchObject([{ name: 'exception' }]);
    expect(span.events[0]?.['attributes']).toEqual(TYPED);
    expect(span.links[0]).toMatchObject({ spanId: 'b7ad6b7169203332', flags: 1 });
    expect(span.links[0]?.['attributes']).toEqual(TYPED);
  });

  it('lists traces, spans, logs, services and metrics', async () => {
    const count = async (path: string): Promise<number> => {
      const { status, body } = await get(path);
      expect(status).toBe(200);
      return (body['items'] as unknown[]).length;
    };
    expect(await count('/traces')).toBe(1);
    expect(await count('/traces?sort=duration')).toBe(1);
    expect(await count('/traces?sort=errors&q=status=error')).toBe(1);
    expect(await count('/spans?q=integer=42%20big%3E5%20yes=true')).toBe(1);
    expect(await count('/spans?from=now-2h&to=now-1h')).toBe(0);
    expect(await count('/logs?q=severity%3E=warn%20declined')).toBe(1);
    expect(await count('/services')).toBe(1);
    expect(await count('/metrics')).toBe(5);
    expect(await count(`/traces/${TRACE}/logs`)).toBe(1);
    expect(await count(`/traces/${TRACE}/metrics`)).toBe(5);
    const { body } = await get(`/logs`);
    expect((body['items'] as Json[])[0]).toMatchObject({
      body: { code: 7 },
      eventName: 'declined',
      severityNumber: 17,
      attributes: TYPED,
    });
  });

  it('exports every record, one a line', async () => {
    const lines = async (path: string): Promise<Json[]> => {
      const response = await fetch(`${server.url}/api/v1/export/${path}`);
      expect(response.headers.get('content-type')).toBe('application/x-ndjson');
      const body = await response.text();
      return body
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Json);
    };
    expect(await lines('spans')).toMatchObject([{ name: 'checkout' }]);
    expect(await lines('spans?service=other')).toEqual([]);
    expect(await lines(`logs?traceId=${TRACE}`)).toMatchObject([{ eventName: 'declined' }]);
    const points = await lines('points');
    expect(points.map((point) => point['metric'])).toEqual([
      'depth',
      'orders',
      'size',
      'took',
      'old',
    ]);
    expect(points[0]).toMatchObject({ type: 'gauge', value: 3, attributes: TYPED });
    expect(points[1]).toMatchObject({
      value: { $int: '9007199254740993' },
      monotonic: true,
      temporality: 'CUMULATIVE',
      exemplars: [{ value: 5, traceId: TRACE }],
    });
    expect(points[2]).toMatchObject({
      count: '3',
      sum: 12.5,
      buckets: { bounds: [5], counts: ['1', '2'] },
    });
    expect(points[2]).not.toHaveProperty('min');
    expect(points[3]).toMatchObject({
      exponential: { scale: 1, zeroCount: '1', positive: { offset: -1, counts: ['1', '1'] } },
      min: 0,
      max: 2,
      zeroThreshold: 0.5,
    });
    expect(points[4]).toMatchObject({ quantiles: [{ quantile: 0.5, value: 1 }] });
    expect(await lines(`points?traceId=${TRACE}`)).toHaveLength(1);
  });

  it('answers series, facets and histograms', async () => {
    const { body } = await get('/metrics/query?name=depth&agg=last&by=service,10');
    expect(body['series']).toMatchObject([{ labels: { service: 'shop', '10': 'ten' } }]);
    expect((await get('/facets?key=service,status,integer')).body['items']).toMatchObject([
      { key: 'service', values: [{ value: 'shop', count: 1 }] },
      { key: 'status', values: [{ value: 'error', count: 1 }] },
      { key: 'integer', values: [{ value: '42', count: 1 }] },
    ]);
    expect((await get('/facets?records=logs&key=severity')).body['items']).toMatchObject([
      { values: [{ value: 'error', count: 1 }] },
    ]);
    const spans = (await get('/histogram?from=now-1m&step=10s')).body['items'] as Json[];
    expect(spans.length).toBeGreaterThanOrEqual(6);
    expect(spans.reduce((sum, item) => sum + Number(item['errors']), 0)).toBe(1);
    const logs = (await get('/histogram?kind=logs')).body['items'] as Json[];
    expect(logs.reduce((sum, item) => sum + Number(item['count']), 0)).toBe(1);
  });

  it.each([
    ['/traces/00', 400, 'bad_parameter', 'traceId'],
    ['/traces/00000000000000000000000000000001', 404, 'not_found', 'is stored'],
    ['/traces/00000000000000000000000000000001/metrics', 404, 'not_found', 'is stored'],
    ['/spans?limit=0', 400, 'bad_parameter', 'limit'],
    ['/spans?limit=1001', 400, 'bad_parameter', 'limit'],
    ['/spans?limit=x', 400, 'bad_parameter', 'limit'],
    ['/spans?from=soon', 400, 'bad_parameter', 'from'],
    ['/spans?from=now&to=now-1h', 400, 'bad_parameter', 'from'],
    ['/spans?cursor=zzz', 400, 'bad_parameter', 'cursor'],
    ['/logs?cursor=WyJ4IiwieSJd', 400, 'bad_parameter', 'cursor'],
    ['/traces?sort=best', 400, 'bad_parameter', 'sort'],
    ['/metrics/query', 400, 'bad_parameter', 'name'],
    ['/metrics/query?name=x&agg=mean', 400, 'bad_parameter', 'agg'],
    ['/metrics/query?name=x&step=1x', 400, 'bad_parameter', 'step'],
    ['/metrics/query?name=x&step=1ms', 400, 'bad_parameter', 'step'],
    ['/metrics/query?name=depth&agg=rate', 400, 'bad_aggregation', 'gauge'],
    ['/metrics/query?name=x&by=a,b,c,d,e,f,g,h,i', 400, 'bad_parameter', 'by'],
    ['/spans?q=status=eror', 400, 'bad_query', 'eror'],
    ['/logs?q=duration%3E1s', 400, 'bad_query', 'duration'],
    ['/export/spans?q=a(', 400, 'bad_query', 'closed'],
    ['/export/logs?traceId=1', 400, 'bad_parameter', 'traceId'],
    ['/histogram?from=0&step=1s', 400, 'bad_parameter', 'step'],
    ['/nothing', 404, 'not_found', '/nothing'],
    ['/views/none', 404, 'not_found', 'none'],
  ])('GET %s is %i %s', async (path, status, code, word) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    const error = answer.body['error'] as { code: string; message: string };
    expect(error.code).toBe(code);
    expect(error.message).toContain(word);
  });

  it('points at the column of a bad query, also of an expression that RE2 refuses', async () => {
    expect((await get('/spans?q=service=a%20status=eror')).body['error']).toMatchObject({
      column: 17,
      length: 4,
      hint: 'did you mean error?',
    });
    expect((await get('/spans?q=a=b%20name~%22(%3F=x)%22')).body['error']).toMatchObject({
      code: 'bad_query',
      column: 4,
      length: 12,
    });
  });

  it('tells a wrong method and an unknown route, and notes what was posted there', async () => {
    const wrong = await send('/api/v1/traces', {}, 'DELETE');
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('GET');
    expect((await send('/api/v2/spans', {})).status).toBe(404);
    // Twice the cache of /status.
    const { body } = await get('/status');
    expect(Array.isArray(body['refused'])).toBe(true);
  });

  it('lets in its own page and allowed ones, nobody else', async () => {
    const from = (origin: string, method = 'GET'): Promise<Response> =>
      fetch(`${server.url}/api/v1/views`, { method, headers: { origin } });
    expect((await from('http://evil.example')).status).toBe(403);
    expect((await from('null')).status).toBe(403);
    expect((await from(server.url)).status).toBe(200);
    const allowed = await from('http://friend.example');
    expect(allowed.headers.get('access-control-allow-origin')).toBe('http://friend.example');
    expect((await from('http://friend.example', 'OPTIONS')).status).toBe(204);
  });

  it('refuses a Host that is not this machine', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const { port } = server;
      const request = httpRequest(
        { host: '127.0.0.1', port, path: '/api/v1/status', headers: { host: 'evil.example' } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      request.on('error', reject);
      request.end();
    });
    expect(status).toBe(403);
  });
});

describe('views', () => {
  it('keeps, replaces and removes views', async () => {
    const put = async (id: string, body: unknown): Promise<{ status: number; body: Json }> => {
      const response = await send(`/api/v1/views/${encodeURIComponent(id)}`, body, 'PUT');
      return { status: response.status, body: (await response.json()) as Json };
    };
    const first = await put('g/orders line', { metric: 'orders', chartType: 'line', order: 2 });
    expect(first).toMatchObject({ status: 200, body: { id: 'g/orders line', metric: 'orders' } });
    const same = await put('g/orders line', { chartType: 'line', metric: 'orders', order: 2 });
    expect(same.body['updatedUnixNano']).toBe(first.body['updatedUnixNano']);
    const changed = await put('g/orders line', { metric: 'orders', chartType: 'stat' });
    expect(changed.body['createdUnixNano']).toBe(first.body['createdUnixNano']);
    await put('b', {
      metric: 'depth',
      chartType: 'gauge',
      thresholds: [{ value: 1, level: 'ok' }],
    });
    expect((await put('c', { metric: 'm', chartType: 'pie' })).body['error']).toMatchObject({
      code: 'bad_view',
    });
    const misspelt = await put('c', { metric: 'm', chartType: 'bar', colour: 'red' });
    expect(misspelt.body['error']).toMatchObject({ message: expect.stringContaining('colour') });
    const filtered = await put('c', { metric: 'm', chartType: 'bar', filter: 'a=' });
    expect(filtered).toMatchObject({
      status: 400,
      body: { error: { code: 'bad_query', column: 2 } },
    });
    expect((await put('c', '{')).status).toBe(400);
    expect((await put('c', 'x'.repeat(70_000))).status).toBe(413);
    expect((await put('x'.repeat(301), { metric: 'm', chartType: 'bar' })).status).toBe(400);
    expect((await send('/api/v1/views/b', undefined, 'DELETE')).status).toBe(204);
    expect((await send('/api/v1/views/b', undefined, 'DELETE')).status).toBe(404);
    expect((await get('/views')).body['items']).toMatchObject([{ chartType: 'stat' }]);
    expect((await get('/views/g%2Forders%20line')).body).toMatchObject({ chartType: 'stat' });
  });

  it('has them after a restart', async () => {
    await server.close();
    server = await start();
    expect((await get('/views')).body['items']).toMatchObject([
      { id: 'g/orders line', chartType: 'stat' },
    ]);
    expect((await get(`/traces/${TRACE}`)).status).toBe(200);
  });
});

describe('the page', () => {
  let pageDir: string;
  let files: PageFiles;
  beforeAll(async () => {
    pageDir = await mkdtemp(join(tmpdir(), 'codomyrmex-page-'));
    await mkdir(join(pageDir, 'assets'));
    await writeFile(
      join(pageDir, 'index.html'),
      '<html><script>let a = 1</script><script type="module" src="/assets/x-1.js"></script></html>',
    );
    await writeFile(join(pageDir, 'assets', 'x-1.js'), 'export const x = 1;');
    await writeFile(join(dataDir, 'secret.txt'), 'secret');
    files = new PageFiles(pageDir);
  });
  afterAll(() => rm(pageDir, { recursive: true, force: true }));

  it('answers every route of the page with index.html under a strict policy', async () => {
    const response = await files.answer('/trace/abc', '');
    expect(response?.headers.get('content-type')).toContain('text/html');
    expect(response?.headers.get('cache-control')).toBe('no-cache');
    const policy = response?.headers.get('content-security-policy') ?? '';
    expect(policy).toContain(`script-src 'self' 'sha256-`);
    expect(policy).not.toContain('unsafe');
    expect(await response?.text()).toContain('let a = 1');
    const dotted = await files.answer('/metrics/http.server.request.duration', '');
    expect(await dotted?.text()).toContain('let a = 1');
  });

  it('caches hashed files for ever, compressed as the browser likes', async () => {
    const plain = await files.answer('/assets/x-1.js', '');
    expect(plain?.headers.get('cache-control')).toContain('immutable');
    expect(await plain?.text()).toBe('export const x = 1;');
    for (const encoding of ['gzip', 'br']) {
      const response = await files.answer('/assets/x-1.js', `deflate, ${encoding}`);
      expect(response?.headers.get('content-encoding')).toBe(encoding);
      expect((await response?.arrayBuffer())?.byteLength).toBeGreaterThan(0);
    }
  });

  it('gives nothing outside its folder and nothing that is not there', async () => {
    for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/..%5csecret.txt', '/a%00.js']) {
      const response = await files.answer(path, '');
      expect(response === undefined || !(await response.text()).includes('secret')).toBe(true);
    }
    expect(await files.answer('/assets/none.js', '')).toBeUndefined();
    expect(await files.answer('/%E0%A4%A', '')).toBeUndefined();
    expect(await files.answer('/api/v1/x', '')).toBeUndefined();
  });

  it('says when the page was not built', async () => {
    const none = new PageFiles(undefined);
    expect(await (await none.answer('/', ''))?.text()).toContain('was not built');
    expect(await none.answer('/favicon.ico', '')).toBeUndefined();
  });
});
