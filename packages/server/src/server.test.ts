import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';

import { decode, encode, encodeJson } from '@codomyrmex/otlp';
import type { StatusAnswer } from '@codomyrmex/telemetry-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type RunningServer, startServer } from './main.js';

const root = mkdtempSync(join(tmpdir(), 'codomyrmex-server-'));
const MAX_BYTES = 1_000_000;
let server: RunningServer;

beforeAll(async () => {
  server = await startServer({
    dataDir: root,
    port: 0,
    otlpHttpPort: 0,
    otlpGrpcPort: undefined,
    maxRequestBytes: MAX_BYTES,
    allowedOrigins: ['https://app.example'],
    log: () => undefined,
  });
});

afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

let serial = 0;

/** A request of traces with fresh ids; `breakAt` gives one span an id that is not one. */
function spans(service: string, count = 1, breakAt = -1): Parameters<typeof encodeTraces>[0] {
  const now = BigInt(Date.now()) * 1_000_000n;
  return {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
        scopeSpans: [
          {
            spans: Array.from({ length: count }, (_, index) => {
              serial += 1;
              const traceId = Buffer.alloc(16);
              traceId.writeUInt32BE(serial, 12);
              const spanId = Buffer.alloc(index === breakAt ? 3 : 8);
              spanId.writeUInt16BE(serial);
              return {
                traceId,
                spanId,
                name: 'work',
                startTimeUnixNano: now,
                endTimeUnixNano: now,
              };
            }),
          },
        ],
      },
    ],
  };
}

function encodeTraces(request: Parameters<typeof encode<'ExportTraceServiceRequest'>>[1]): Buffer {
  return Buffer.from(encode('ExportTraceServiceRequest', request));
}

const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };

function post(
  path: string,
  body: Uint8Array | string,
  headers: Record<string, string>,
): Promise<Response> {
  return fetch(`${server.otlpHttp}${path}`, { method: 'POST', body: Buffer.from(body), headers });
}

async function status(): Promise<StatusAnswer> {
  return (await (await fetch(`${server.url}/api/v1/status`)).json()) as StatusAnswer;
}

async function spanCount(service: string): Promise<number> {
  const answer = await fetch(`${server.url}/api/v1/export/spans?service=${service}`);
  return (await answer.text()).split('\n').filter((line) => line !== '').length;
}

async function protobufStatus(response: Response): Promise<{ code?: number; message?: string }> {
  expect(response.headers.get('content-type')).toBe('application/x-protobuf');
  return decode('Status', new Uint8Array(await response.arrayBuffer()));
}

describe('what is taken', () => {
  it('stores protobuf and answers with an empty response and the live header', async () => {
    const response = await post('/v1/traces', encodeTraces(spans('plain', 3)), PROTOBUF);
    expect(response.status).toBe(200);
    expect(response.headers.get('codomyrmex-live-spans')).toBe('1');
    expect(response.headers.get('content-type')).toBe('application/x-protobuf');
    expect((await response.arrayBuffer()).byteLength).toBe(0);
    expect(await spanCount('plain')).toBe(3);
  });

  it('stores JSON, on the page’s port as well', async () => {
    const body = encodeJson('ExportTraceServiceRequest', spans('json', 2));
    const response = await fetch(`${server.url}/v1/traces`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json; charset=utf-8' },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({});
    expect(await spanCount('json')).toBe(2);
  });

  it('stores compressed bodies', async () => {
    const gzip = gzipSync(encodeTraces(spans('gzip')));
    const deflate = deflateSync(encodeTraces(spans('deflate')));
    const answers = await Promise.all([
      post('/v1/traces', gzip, { ...PROTOBUF, 'content-encoding': 'gzip' }),
      post('/v1/traces', deflate, { ...PROTOBUF, 'content-encoding': 'deflate' }),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
    expect(await spanCount('gzip')).toBe(1);
    expect(await spanCount('deflate')).toBe(1);
  });

  it('stores a body sent in pieces without a length', async () => {
    const body = encodeTraces(spans('chunked', 50));
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < body.length; at += 100) {
          controller.enqueue(body.subarray(at, at + 100));
        }
        controller.close();
      },
    });
    const init = { method: 'POST', body: stream, headers: PROTOBUF, duplex: 'half' };
    const response = await fetch(`${server.otlpHttp}/v1/traces`, init as RequestInit);
    expect(response.status).toBe(200);
    expect(await spanCount('chunked')).toBe(50);
  });

  it('stores the same bytes once, in whichever encoding they come again', async () => {
    const body = encodeTraces(spans('again', 2));
    await post('/v1/traces', body, PROTOBUF);
    await post('/v1/traces', body, PROTOBUF);
    await post('/v1/traces', gzipSync(body), { ...PROTOBUF, 'content-encoding': 'gzip' });
    expect(await spanCount('again')).toBe(2);
  });

  it('answers an empty request of each signal', async () => {
    for (const path of ['/v1/traces', '/v1/logs', '/v1/metrics']) {
      expect((await post(path, '', PROTOBUF)).status).toBe(200);
      expect((await post(path, '{}', JSON_TYPE)).status).toBe(200);
    }
  });

  it('says how many were rejected and why, and stores the others', async () => {
    const request = spans('partial', 5, 2);
    const response = await post('/v1/traces', encodeTraces(request), PROTOBUF);
    expect(response.status).toBe(200);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const { partialSuccess } = decode('ExportTraceServiceResponse', bytes);
    expect(partialSuccess?.rejectedSpans).toBe(1n);
    expect(partialSuccess?.errorMessage).toMatch(/span/i);
    expect(await spanCount('partial')).toBe(4);
    const body = encodeJson('ExportTraceServiceRequest', spans('partial-json', 2, 0));
    const again = (await (await post('/v1/traces', body, JSON_TYPE)).json()) as {
      partialSuccess: { rejectedSpans: string };
    };
    expect(again.partialSuccess.rejectedSpans).toBe('1');
    const { dropped } = await status();
    expect(dropped.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(2);
  });
});

describe('what is refused', () => {
  it('an undecodable body: 400 with a Status in the encoding of the request', async () => {
    const response = await post('/v1/traces', Buffer.from([0x0a, 0xff, 0x01]), PROTOBUF);
    expect(response.status).toBe(400);
    const answer = await protobufStatus(response);
    expect(answer.code).toBe(3);
    expect(answer.message).toContain('not OTLP protobuf of traces');
    const json = await post('/v1/logs', '{"resourceLogs": [', JSON_TYPE);
    expect(json.status).toBe(400);
    expect(await json.json()).toMatchObject({ code: 3 });
  });

  it('a wrong content type: 415', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', '']) {
      const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
      const response = await post('/v1/traces', 'x', headers);
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({ code: 3 });
    }
  });

  it('an unknown content encoding: 415', async () => {
    const response = await post('/v1/traces', 'x', { ...PROTOBUF, 'content-encoding': 'br' });
    expect(response.status).toBe(415);
    expect((await protobufStatus(response)).message).toContain('gzip');
  });

  it('bytes that do not inflate: 400', async () => {
    const whole = gzipSync(encodeTraces(spans('torn', 20)));
    for (const body of [Buffer.from('not gzip'), whole.subarray(0, whole.length - 10)]) {
      const response = await post('/v1/traces', body, { ...PROTOBUF, 'content-encoding': 'gzip' });
      expect(response.status).toBe(400);
      expect((await protobufStatus(response)).message).toContain('inflated');
    }
    expect(await spanCount('torn')).toBe(0);
  });

  it('a body beyond the limit: 413, by its length, in pieces, and after inflating', async () => {
    const big = Buffer.alloc(MAX_BYTES + 1);
    expect((await post('/v1/traces', big, PROTOBUF)).status).toBe(413);
    const bomb = gzipSync(Buffer.alloc(300 * MAX_BYTES));
    const before = process.memoryUsage().rss;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        post('/v1/traces', bomb, { ...PROTOBUF, 'content-encoding': 'gzip' }),
      ),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([413]));
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 2 ** 20);
    expect((await protobufStatus(answers[0] as Response)).message).toContain('--max-request-bytes');
  });

  it('more records than a request may hold, however few its bytes: 413', async () => {
    // 40,000 scopes with an empty span, of four bytes each.
    const scopes = Buffer.alloc(160_000, Buffer.of(0x12, 2, 0x12, 0));
    const body = Buffer.concat([Buffer.of(0x0a, 0x80, 0xe2, 0x09), scopes]);
    const response = await post('/v1/traces', body, PROTOBUF);
    expect(response.status).toBe(413);
    expect(await protobufStatus(response)).toMatchObject({ code: 8 });
  });

  it('another method: 405, another path: 404 with a hint', async () => {
    const get = await fetch(`${server.otlpHttp}/v1/traces`);
    expect(get.status).toBe(405);
    expect(get.headers.get('allow')).toContain('POST');
    const wrong = await post('/v1/trace', 'x', JSON_TYPE);
    expect(wrong.status).toBe(404);
    expect(((await wrong.json()) as { message: string }).message).toContain('/v1/traces');
    const doubled = await post('/v1/logs/v1/logs', 'x', JSON_TYPE);
    expect(((await doubled.json()) as { message: string }).message).toContain(
      'The path is /v1/logs',
    );
    const nowhere = await fetch(`${server.otlpHttp}/api/v1/nothing`);
    expect(nowhere.status).toBe(404);
    expect(nowhere.headers.get('content-type')).toContain('application/json');
    const { refused } = await status();
    expect(refused.find(({ path }) => path === '/v1/trace')?.hint).toContain('/v1/traces');
    expect(refused.length).toBeLessThanOrEqual(20);
  });

  it('a Host that is not ours: 403, on every route', async () => {
    for (const path of ['/health', '/v1/traces', '/api/v1/status']) {
      expect(await rawStatus(`GET ${path} HTTP/1.1\r\nhost: evil.example\r\n\r\n`)).toBe(403);
    }
    expect(await rawStatus('GET /health HTTP/1.1\r\nhost: localhost:9\r\n\r\n')).toBe(200);
    expect(await rawStatus('GET /health HTTP/1.1\r\nhost: [::1]:9\r\n\r\n')).toBe(200);
  });

  it('a live connection for a Host that is not ours: 403', async () => {
    const upgrade = 'GET /api/v1/live HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n';
    expect(await rawStatus(`${upgrade}host: evil.example\r\n\r\n`)).toBe(403);
  });

  it('nonsense on the wire: 4xx, and the server goes on', async () => {
    expect(await rawStatus('NONSENSE\r\n\r\n')).toBe(400);
    const huge = `GET /health HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`;
    expect(await rawStatus(huge)).toBe(431);
    const lying = 'POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n';
    expect(await rawStatus(`${lying}content-type: application/json\r\n\r\n`)).toBe(413);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });
});

describe('other origins', () => {
  const preflight = (origin: string): Promise<Response> =>
    fetch(`${server.otlpHttp}/v1/traces`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-mine',
      },
    });

  it('may send when allowed', async () => {
    const answer = await preflight('https://app.example');
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(answer.headers.get('access-control-allow-headers')).toBe('content-type,x-mine');
    const sent = await post('/v1/traces', encodeTraces(spans('browser')), {
      ...PROTOBUF,
      origin: 'https://app.example',
    });
    expect(sent.status).toBe(200);
    expect(sent.headers.get('access-control-expose-headers')).toContain('codomyrmex-live-spans');
  });

  it('may not otherwise', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1']) {
      expect((await preflight(origin)).status).toBe(403);
      const body = encodeTraces(spans('evil'));
      const sent = await post('/v1/traces', body, { ...PROTOBUF, origin });
      expect(sent.status).toBe(403);
      expect(sent.headers.get('access-control-allow-origin')).toBe(null);
      expect((await protobufStatus(sent)).message).toContain('--allow-origin');
    }
    expect(await spanCount('evil')).toBe(0);
  });
});

describe('status', () => {
  it('tells what is stored, how fast and how fresh', async () => {
    const before = await freshStatus();
    await post('/v1/traces', encodeTraces(spans('status', 10)), PROTOBUF);
    const answer = await freshStatus();
    expect(answer.stored.spans).toBe(before.stored.spans + 10);
    // Over five seconds.
    expect(answer.rates.spans).toBeGreaterThanOrEqual(10 / 5);
    expect(answer.commit.groupsPerSecond).toBeGreaterThanOrEqual(1 / 5);
    expect(answer.commit.queuedBytes).toBe(0);
    expect(answer.retention.maxAgeNanos).toBe(String(7n * 86_400_000_000_000n));
    expect(BigInt(answer.nowUnixNano)).toBeGreaterThan(BigInt(before.nowUnixNano));
    expect(answer.commit.p50Millis).toBeGreaterThan(0);
    expect(answer.commit.p95Millis).toBeGreaterThanOrEqual(answer.commit.p50Millis);
    expect(answer.freshness.p95Millis).toBeLessThan(20_000);
    expect(answer.endpoints).toEqual({ page: server.url, otlpHttp: server.otlpHttp });
    expect(answer.dataDir).toBe(root);
    expect(answer.disk.usedBytes).toBeGreaterThan(0);
    expect(answer.disk.maxBytes).toBeUndefined();
    // The server is in this process.
    const resident = process.memoryUsage().rss;
    expect(answer.memory.rssBytes / resident).toBeGreaterThan(0.5);
    expect(answer.memory.rssBytes / resident).toBeLessThan(2);
    expect(answer.memory.rssBytes).toBeGreaterThan(answer.memory.heapBytes);
  });

  it('counts spans that run, and not among the stored ones', async () => {
    const before = await freshStatus();
    const request = spans('running', 3);
    for (const span of request.resourceSpans?.[0]?.scopeSpans?.[0]?.spans ?? []) {
      Object.assign(span, { endTimeUnixNano: 0n });
    }
    expect((await post('/v1/traces', encodeTraces(request), PROTOBUF)).status).toBe(200);
    const after = await freshStatus();
    expect(after.running.spans).toBe(before.running.spans + 3);
    expect(after.stored.spans).toBe(before.stored.spans);
  });

  it('explains records that were taken but will not show', async () => {
    const request = spans('time-traveller');
    const span = request.resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0];
    const future = BigInt(Date.now() + 3_600_000) * 1_000_000n;
    Object.assign(span ?? {}, { startTimeUnixNano: future, endTimeUnixNano: future });
    for (let time = 0; time < 2; time += 1) {
      const traceId = Buffer.alloc(16, time + 1);
      Object.assign(span ?? {}, { traceId });
      await post('/v1/traces', encodeTraces(request), PROTOBUF);
    }
    const { unshown } = await freshStatus();
    expect(unshown[0]).toMatchObject({ service: 'time-traveller', signal: 'spans', count: 2 });
  });
});

/** Status is cached for 250 ms: asks until the answer is newer than this call. */
async function freshStatus(): Promise<StatusAnswer> {
  const asked = BigInt(Date.now()) * 1_000_000n;
  for (;;) {
    const answer = await status();
    if (BigInt(answer.nowUnixNano) >= asked) return answer;
  }
}

async function rawStatus(text: string): Promise<number> {
  const socket = connect(server.port, '127.0.0.1');
  socket.write(text);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return Number(chunk.toString('latin1').slice(9, 12));
}
