import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { decode, encode } from '@codomyrmex/otlp';
import { createCounter, getLogger, init, shutdown, withSpan } from '@codomyrmex/telemetry';
import type { LogRecord, MetricPoint, Span } from '@codomyrmex/telemetry-query';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { type Backend, exported, get, startBackend, temporaryFolder } from './backend.js';

const MIB = 2 ** 20;
const SERVICES = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
} as const;

let backend: Backend;
let session: ClientHttp2Session;
const folder = temporaryFolder();
beforeAll(async () => {
  backend = await startBackend(folder.path);
  session = connect(backend.otlpGrpc);
});
afterAll(async () => {
  session.destroy();
  expect(await backend.stop()).toBe(0);
  folder.remove();
});

interface Reply {
  readonly code: number;
  readonly message: string;
  readonly isLive: boolean;
  readonly body: Buffer;
}

/** One call with these bytes as its body, whatever they are. */
function call(
  body: Uint8Array,
  headers: OutgoingHttpHeaders = {},
  path: string = SERVICES.traces,
): Promise<Reply> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc+proto',
    te: 'trailers',
    ...headers,
  });
  stream.end(body);
  return new Promise((resolve, reject) => {
    let last: Readonly<Record<string, unknown>> = {};
    let first: Readonly<Record<string, unknown>> = {};
    const pieces: Buffer[] = [];
    stream.on('response', (got) => (first = last = got));
    stream.on('trailers', (got) => (last = got));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', reject);
    stream.on('close', () => {
      resolve({
        code: Number(last['grpc-status']),
        message: decodeURIComponent(String(last['grpc-message'] ?? '')),
        isLive: first['codomyrmex-live-spans'] === '1',
        body: Buffer.concat(pieces).subarray(5),
      });
    });
  });
}

function framed(message: Uint8Array, flag = 0, claimed: number = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(claimed, 1);
  return Buffer.concat([prefix, message]);
}

function spansOf(service: string, ids: readonly Uint8Array[]): Uint8Array {
  const spans = ids.map((spanId, index) => ({
    traceId: Buffer.alloc(16, 0xab),
    spanId,
    name: `span ${index}`,
    startTimeUnixNano: BigInt(Date.now()) * 1_000_000n,
    endTimeUnixNano: BigInt(Date.now()) * 1_000_000n + 5n,
  }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] };
  return encode('ExportTraceServiceRequest', {
    resourceSpans: [{ resource, scopeSpans: [{ spans }] }],
  });
}

function residentBytes(): number {
  const status = readFileSync(`/proc/${backend.process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

it('stores good records beside bad ones, once, and says how many were bad', async () => {
  const request = spansOf('grpc-mixed', [Buffer.alloc(8, 1), Buffer.alloc(3), Buffer.alloc(8)]);
  const reply = await call(framed(request));
  expect(reply).toMatchObject({ code: 0, isLive: true });
  const { partialSuccess } = decode('ExportTraceServiceResponse', reply.body);
  expect(partialSuccess?.rejectedSpans).toBe(2n);
  const again = await call(framed(gzipSync(request), 1), { 'grpc-encoding': 'gzip' });
  expect(again.code).toBe(0);
  const stored = await exported<Span>(backend, 'spans?service=grpc-mixed');
  expect(stored.map((span) => span.spanId)).toEqual(['0101010101010101']);
});

it('keeps a request in flight apart from a bad neighbour on its connection', async () => {
  const logs = encode('ExportLogsServiceRequest', {
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'grpc-pair' } }] },
        scopeLogs: [{ logRecords: [{ timeUnixNano: 1_800_000_000_000_000_000n, body: {} }] }],
      },
    ],
  });
  const [good, bad] = await Promise.all([
    call(framed(logs), {}, SERVICES.logs),
    call(framed(Buffer.from([0x0a, 0xff])), {}, SERVICES.logs),
  ]);
  expect([good.code, bad.code]).toEqual([0, 3]);
  expect(await exported<LogRecord>(backend, 'logs?service=grpc-pair')).toHaveLength(1);
});

it('gives every prefix of a request an answer that is no fault of ours', async () => {
  const request = spansOf('grpc-cut', [Buffer.alloc(8, 7)]);
  const codes = new Set<number>();
  for (let size = 0; size < request.length; size++) {
    codes.add((await call(framed(request.subarray(0, size)))).code);
    codes.add((await call(framed(request).subarray(0, size))).code);
  }
  // Some prefixes are whole messages: an empty one, or one that ends where a field does.
  expect([...codes].toSorted((a, b) => a - b)).toEqual([0, 3]);
});

it('answers twenty bombs at once without swelling', async () => {
  const before = residentBytes();
  const zeros = framed(gzipSync(Buffer.alloc(100 * MIB)), 1);
  const liar = gzipSync(Buffer.alloc(100 * MIB));
  liar.writeUInt32LE(10, liar.length - 4);
  const nested = framed(gzipSync(Buffer.alloc(60 * MIB, Buffer.from([0x0a, 0x7f]))), 1);
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, index) => {
      if (index % 4 === 3) return call(framed(Buffer.alloc(8), 0, 0xff_ff_ff_ff));
      const bomb = [zeros, framed(liar, 1), nested][index % 4] ?? zeros;
      return call(bomb, { 'grpc-encoding': 'gzip' });
    }),
  );
  // RESOURCE_EXHAUSTED; UNAVAILABLE where the shared budget was taken; the nested one is no OTLP.
  for (const { code } of replies) expect([3, 8, 14]).toContain(code);
  expect(replies.filter(({ code }) => code === 8).length).toBeGreaterThan(4);
  expect(residentBytes() - before).toBeLessThan(150 * MIB);
  expect((await call(framed(spansOf('grpc-after', [Buffer.alloc(8, 9)])))).code).toBe(0);
});

it('takes all signals of our own SDK', async () => {
  init({ serviceName: 'grpc-own', protocol: 'grpc', endpoint: backend.otlpGrpc });
  withSpan('over gRPC', () => getLogger('e2e').warn('a log over gRPC'));
  createCounter('grpc.count').add(7);
  await shutdown();
  const spans = await exported<Span>(backend, 'spans?service=grpc-own');
  const logs = await exported<LogRecord>(backend, 'logs?service=grpc-own');
  const points = await exported<MetricPoint>(backend, 'points?service=grpc-own');
  expect(spans.map((span) => span.name)).toEqual(['over gRPC']);
  expect(logs.map((log) => [log.body, log.spanId])).toEqual([
    ['a log over gRPC', spans[0]?.spanId],
  ]);
  expect(points.map((point) => point.metric)).toContain('grpc.count');
});

it('explains refused calls in /status', async () => {
  const wrong = await call(framed(Buffer.alloc(0)), {}, '/opentelemetry.Traces/Export');
  expect(wrong.code).toBe(12);
  expect(wrong.message).toContain('TraceService');
  const { refused } = await get<{ refused: { path: string; hint?: string }[] }>(backend, '/status');
  expect(refused.some((item) => item.path === '/opentelemetry.Traces/Export')).toBe(true);
});
