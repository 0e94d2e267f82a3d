import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { gzipSync } from 'node:zlib';

import { decode, encode } from '@codomyrmex/otlp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CommitRefused, type CommitRequest, CommitUnavailable } from '../store/commit.js';
import { Acceptor } from './accept.js';
import { Auth } from './auth.js';
import { ByteBudget } from './byte-budget.js';
import { framed, type GrpcReply, RawGrpcClient } from './fixtures/grpc-client.js';
import { percentEncode, timeoutMillis } from './grpc-answer.js';
import { listenGrpc } from './grpc-listener.js';
import { OtlpGrpc } from './grpc.js';
import type { Listener } from './listener.js';
import { StatusRecorder } from './recorder.js';

const MAX_BYTES = 1_048_576;
const TOKEN = 'a-token-of-sixteen-or-more';
const SERVICES = {
  traces: 'trace.v1.TraceService',
  logs: 'logs.v1.LogsService',
  metrics: 'metrics.v1.MetricsService',
} as const;

const now = (): bigint => BigInt(Date.now()) * 1_000_000n;
let committed: CommitRequest[];
let commit: (request: CommitRequest) => Promise<void>;
let recorder: StatusRecorder;
let budget: ByteBudget;
let listener: Listener;
let client: RawGrpcClient;

async function open(auth?: Auth): Promise<void> {
  const acceptor = new Acceptor({
    committer: { commit: (request) => commit(request) },
    recorder,
    now,
  });
  const door = new OtlpGrpc({ acceptor, recorder, maxRequestBytes: MAX_BYTES, budget, auth });
  listener = await listenGrpc({
    host: '127.0.0.1',
    port: 0,
    flag: '--otlp-grpc-port',
    door,
    httpHint: 'OTLP/HTTP is at http://127.0.0.1:4318.',
  });
  client = new RawGrpcClient(listener.port);
}

beforeEach(async () => {
  committed = [];
  commit = (request) => {
    committed.push(request);
    return Promise.resolve();
  };
  recorder = new StatusRecorder({ now, log: () => undefined });
  budget = new ByteBudget(4 * MAX_BYTES);
  await open();
});

afterEach(async () => {
  await client.close();
  await listener.close();
});

function spans(...names: readonly string[]): Uint8Array {
  const list = names.map((name, index) => ({
    traceId: new Uint8Array(16).fill(7),
    spanId: new Uint8Array(8).fill(index + 1),
    name,
    startTimeUnixNano: 1_700_000_000_000_000_000n,
    endTimeUnixNano: 1_700_000_001_000_000_000n,
  }));
  return encode('ExportTraceServiceRequest', {
    resourceSpans: [{ scopeSpans: [{ spans: list }] }],
  });
}

function statusOf(reply: GrpcReply): { code: number; retryMillis: number | undefined } {
  const code = Number(reply.trailers['grpc-status']);
  const details = reply.trailers['grpc-status-details-bin'];
  if (details === undefined) return { code, retryMillis: undefined };
  const status = decode('Status', Buffer.from(details, 'base64'));
  expect(status.code).toBe(code);
  const [any] = status.details ?? [];
  expect(any?.typeUrl).toBe('type.googleapis.com/google.rpc.RetryInfo');
  const delay = decode('RetryInfo', any?.value ?? new Uint8Array(0)).retryDelay;
  return { code, retryMillis: Number(delay?.seconds ?? 0n) * 1e3 + (delay?.nanos ?? 0) / 1e6 };
}

it('stores a call and answers with an empty response, status 0 and our metadata', async () => {
  const reply = await client.call([framed(spans('a', 'b'))]);
  expect(reply.httpStatus).toBe(200);
  expect(reply.trailers['grpc-status']).toBe('0');
  expect(reply.headers['codomyrmex-live-spans']).toBe('1');
  expect(reply.headers['content-type']).toBe('application/grpc');
  expect(reply.body).toEqual(Buffer.alloc(5));
  expect(committed).toHaveLength(1);
  expect(committed[0]?.batches.find((batch) => batch.table === 'otel_traces')?.rowCount).toBe(2);
  expect(budget.taken).toBe(0);
});

it('takes all three services, empty requests, and any split of the bytes', async () => {
  for (const service of Object.values(SERVICES)) {
    const path = `/opentelemetry.proto.collector.${service}/Export`;
    const reply = await client.call([framed(new Uint8Array(0))], { ':path': path });
    expect(reply.trailers['grpc-status']).toBe('0');
  }
  const whole = framed(spans('split'));
  const single = [...whole].map((byte) => Buffer.of(byte));
  expect((await client.call(single)).trailers['grpc-status']).toBe('0');
  expect(committed).toHaveLength(1);
});

it('inflates gzip, and stores the same bytes once under one hash', async () => {
  const message = spans('squeezed');
  await client.call([framed(gzipSync(message), 1)], { 'grpc-encoding': 'gzip' });
  await client.call([framed(message)], { 'grpc-encoding': 'gzip' });
  const hashes = new Set(committed.map((request) => request.requestHash));
  expect(committed).toHaveLength(2);
  expect(hashes.size).toBe(1);
});

it('reports rejected records as partial success', async () => {
  const good = {
    traceId: new Uint8Array(16).fill(1),
    spanId: new Uint8Array(8).fill(1),
    name: 'g',
  };
  const bad = { traceId: new Uint8Array(3), spanId: new Uint8Array(8).fill(1), name: 'b' };
  const times = { startTimeUnixNano: 1n, endTimeUnixNano: 2n };
  const list = [good, bad].map((span) => ({ ...span, ...times }));
  const request = { resourceSpans: [{ scopeSpans: [{ spans: list }] }] };
  const reply = await client.call([framed(encode('ExportTraceServiceRequest', request))]);
  expect(reply.trailers['grpc-status']).toBe('0');
  const { partialSuccess } = decode('ExportTraceServiceResponse', reply.body.subarray(5));
  expect(partialSuccess?.rejectedSpans).toBe(1n);
  expect(partialSuccess?.errorMessage).not.toBe('');
});

function lyingBomb(): Buffer {
  const bomb = gzipSync(Buffer.alloc(64 << 20));
  bomb.writeUInt32LE(10, bomb.length - 4);
  return bomb;
}

it.each<[string, readonly Buffer[], Record<string, string>, number]>([
  ['no message', [], {}, 3],
  ['a cut prefix', [Buffer.of(0, 0, 0)], {}, 3],
  ['a cut message', [framed(Buffer.alloc(3), 0, 10)], {}, 3],
  ['two messages', [framed(Buffer.alloc(0)), framed(Buffer.alloc(0))], {}, 3],
  ['a bad flag', [framed(Buffer.alloc(0), 2)], {}, 3],
  ['bytes that are no protobuf', [framed(Buffer.of(0x0a, 0xff))], {}, 3],
  ['compressed without grpc-encoding', [framed(gzipSync('x'), 1)], {}, 3],
  ['compressed as identity', [framed(gzipSync('x'), 1)], { 'grpc-encoding': 'identity' }, 3],
  ['garbage as gzip', [framed(Buffer.from('hello'), 1)], { 'grpc-encoding': 'gzip' }, 3],
  ['cut gzip', [framed(gzipSync('hello').subarray(0, 12), 1)], { 'grpc-encoding': 'gzip' }, 3],
  ['an unknown encoding', [framed(Buffer.alloc(0), 1)], { 'grpc-encoding': 'deflate' }, 12],
  ['an unknown method', [framed(Buffer.alloc(0))], { ':path': '/x.Y/Export' }, 12],
  ['no path', [framed(Buffer.alloc(0))], { ':path': '/' }, 12],
  ['a message too large', [framed(Buffer.alloc(MAX_BYTES + 1))], {}, 8],
  ['a 4 GiB claim', [framed(Buffer.alloc(0), 0, 0xff_ff_ff_ff)], {}, 8],
  ['a bomb', [framed(gzipSync(Buffer.alloc(64 << 20)), 1)], { 'grpc-encoding': 'gzip' }, 8],
  ['a bomb that hides its size', [framed(lyingBomb(), 1)], { 'grpc-encoding': 'gzip' }, 3],
])('refuses %s', async (_what, pieces, headers, code) => {
  const reply = await client.call(pieces, headers);
  expect(reply.httpStatus).toBe(200);
  expect(statusOf(reply).code).toBe(code);
  expect(reply.trailers['grpc-message']).not.toBe('');
  expect(budget.taken).toBe(0);
  // The connection and its other calls live on.
  expect((await client.call([framed(spans('after'))])).trailers['grpc-status']).toBe('0');
  expect(recorder.snapshot().refused).toHaveLength(1);
});

it('answers a 4 GiB claim at once, without waiting for more of it', async () => {
  const claim = framed(Buffer.alloc(10), 0, 0xff_ff_ff_ff);
  const reply = await client.call([claim], {}, { end: false });
  expect(statusOf(reply).code).toBe(8);
});

it('refuses what is not gRPC in terms of HTTP', async () => {
  const type = await client.call([], { 'content-type': 'application/json' });
  expect(type.httpStatus).toBe(415);
  const method = await client.call([], { ':method': 'PUT' });
  expect(method.httpStatus).toBe(405);
});

it('takes a preface that comes byte by byte', async () => {
  const socket = connectTcp(listener.port, '127.0.0.1');
  for (const byte of 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') {
    await new Promise<void>((resolve) => socket.write(byte, () => resolve()));
  }
  // Our SETTINGS: a frame of type 4 on stream 0.
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer[3]).toBe(4);
  socket.destroy();
});

it('tells an HTTP/1 client what this port is', async () => {
  const answer = await fetch(`http://127.0.0.1:${listener.port}/v1/traces`, { method: 'POST' });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ message: expect.stringContaining('4318') as string });
});

it('cuts garbage off and lives on', async () => {
  const socket = connectTcp(listener.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(Buffer.alloc(200, 0xff));
  socket.resume();
  await once(socket, 'close');
  expect((await client.call([framed(spans('b'))])).trailers['grpc-status']).toBe('0');
});

it('asks a client to come back, with RetryInfo, when the store cannot take more', async () => {
  commit = () => Promise.reject(new CommitUnavailable('the store is full', 2_500));
  const busy = statusOf(await client.call([framed(spans('a'))]));
  expect(busy).toEqual({ code: 14, retryMillis: 2_500 });
  commit = () => Promise.reject(new CommitRefused('bad rows'));
  expect(statusOf(await client.call([framed(spans('a'))])).code).toBe(3);
});

it('asks a client to come back when the byte budget is taken', async () => {
  const share = budget.share();
  expect(share.take(4 * MAX_BYTES)).toBe(true);
  const plain = statusOf(await client.call([framed(Buffer.alloc(70_000))]));
  expect(plain).toEqual({ code: 14, retryMillis: 1_000 });
  share.release();
  const other = budget.share();
  other.take(4 * MAX_BYTES - 70_000);
  const headers = { 'grpc-encoding': 'gzip' };
  const squeezed = await client.call([framed(gzipSync(Buffer.alloc(500_000)), 1)], headers);
  expect(statusOf(squeezed).code).toBe(14);
  other.release();
  expect(budget.taken).toBe(0);
});

describe('slow clients', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => vi.useRealTimers());

  it('are cut off when they connect and say nothing, or too little', async () => {
    const silent = connectTcp(listener.port, '127.0.0.1');
    const slow = connectTcp(listener.port, '127.0.0.1');
    await Promise.all([once(silent, 'connect'), once(slow, 'connect')]);
    await new Promise<void>((resolve) => slow.write('PR', () => resolve()));
    const closed = Promise.all([once(silent.resume(), 'close'), once(slow.resume(), 'close')]);
    // Both have been accepted when a later connection was answered.
    await client.call([framed(spans('a'))]);
    await vi.advanceTimersByTimeAsync(10_001);
    await closed;
  });

  it('are answered after 30 s when a call does not come to its end', async () => {
    const call = client.call([framed(Buffer.alloc(10), 0, 100)], {}, { end: false });
    await client.call([framed(spans('a'))]);
    await vi.advanceTimersByTimeAsync(30_001);
    expect(statusOf(await call).code).toBe(4);
    expect(budget.taken).toBe(0);
  });

  it('do not disturb others: a thousand half-open calls', async () => {
    const calls = Array.from({ length: 10 }, () => new RawGrpcClient(listener.port));
    const waiting = calls.flatMap((one) =>
      Array.from({ length: 100 }, () =>
        one.call([framed(Buffer.alloc(1), 0, 9)], {}, { end: false }),
      ),
    );
    const reply = await client.call([framed(spans('a'))]);
    expect(reply.trailers['grpc-status']).toBe('0');
    await Promise.all(calls.map((one) => one.close()));
    await Promise.all(waiting);
  });
});

it('says what failed only to its own log when the fault is ours', async () => {
  commit = () => Promise.reject(new Error('secret detail'));
  const reply = await client.call([framed(spans('a'))]);
  expect(statusOf(reply).code).toBe(13);
  expect(reply.trailers['grpc-message']).not.toContain('secret');
});

it('keeps a deadline that the client asked for', async () => {
  let release = (): void => undefined;
  commit = () => new Promise((resolve) => (release = resolve));
  const reply = await client.call([framed(spans('late'))], { 'grpc-timeout': '30m' });
  expect(statusOf(reply).code).toBe(4);
  release();
  const slow = await client.call(
    [framed(spans('x')).subarray(0, 9)],
    { 'grpc-timeout': '30m' },
    { end: false },
  );
  expect(statusOf(slow).code).toBe(4);
});

it('forgets a call whose client went away', async () => {
  const stream = client.session.request({
    ':method': 'POST',
    ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    'content-type': 'application/grpc',
  });
  stream.on('error', () => undefined);
  await new Promise((written) => stream.write(framed(Buffer.alloc(100), 0, 1_000), written));
  await new Promise<void>((resolve) => client.session.ping(() => resolve()));
  expect(budget.taken).toBeGreaterThan(0);
  // Not stream.close(): Node ends the stream in good order before it resets it.
  await client.close();
  client = new RawGrpcClient(listener.port);
  await client.call([framed(spans('a'))]);
  expect(budget.taken).toBe(0);
  expect(recorder.snapshot().refused).toEqual([]);
});

it('wants the token where there is one', async () => {
  await client.close();
  await listener.close();
  await open(new Auth(TOKEN));
  expect(statusOf(await client.call([framed(spans('a'))])).code).toBe(16);
  const headers = { authorization: `Bearer ${TOKEN}` };
  expect(statusOf(await client.call([framed(spans('a'))], headers)).code).toBe(0);
});

it('says who may hold a taken port', async () => {
  const options = { host: '127.0.0.1', port: listener.port, flag: '--otlp-grpc-port' };
  const door = { handle: () => Promise.resolve() };
  await expect(listenGrpc({ ...options, door, httpHint: '' })).rejects.toThrow('--otlp-grpc-port');
});

it('lets a call under way end before it closes', async () => {
  let release = (): void => undefined;
  const arrived = new Promise<void>((resolve) => {
    commit = () => {
      resolve();
      return new Promise((done) => (release = done));
    };
  });
  const call = client.call([framed(spans('last'))]);
  await arrived;
  const closed = listener.close();
  release();
  expect((await call).trailers['grpc-status']).toBe('0');
  await closed;
  await open();
});

it('reads grpc-timeout and writes grpc-message as gRPC says', () => {
  const cases = ['1H', '2M', '3S', '4m', '5u', '6n', '123456789S', '-1S', '1', 'S', '1s'];
  const millis = cases.map((text) => timeoutMillis(text));
  expect(millis.slice(0, 5)).toEqual([3_600_000, 120_000, 3_000, 4, 0.005]);
  expect(millis[5]).toBeCloseTo(6e-6, 9);
  expect(millis.slice(6).every((one) => one === undefined)).toBe(true);
  expect(percentEncode('100 % of “it”\n')).toBe('100 %25 of %E2%80%9Cit%E2%80%9D%0A');
  expect(decodeURIComponent(percentEncode('é\u0000'))).toBe('é\u0000');
});
