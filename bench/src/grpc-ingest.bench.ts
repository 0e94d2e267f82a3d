import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';

import { startBenchBackend } from './backend.js';
import type { BenchResult, BenchRow } from './main.js';
import { PostConnection } from './post-connection.js';
import { RequestTemplate } from './request-template.js';

const SECONDS = Number(process.env['INGEST_BENCH_SECONDS'] ?? 15);
const CONNECTIONS = 8;
const CALL_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

type Backend = Awaited<ReturnType<typeof startBenchBackend>>;
type Send = (body: Buffer) => Promise<boolean>;

interface Door {
  readonly send: Send;
  close(): void;
}

interface Measured {
  readonly spans: number;
  readonly spansASecond: number;
  readonly requestsASecond: number;
  readonly cpuSeconds: number;
}

/**
 * OTLP/gRPC beside OTLP/HTTP protobuf on the same server, in turns: acknowledged spans a second
 * and what a span costs the server. The generators share the machine; Node's HTTP/2 client takes
 * more of it than the bare HTTP/1 one, so the server's CPU is the fairer of the two.
 */
export async function run(): Promise<BenchResult> {
  const backend = await startBenchBackend();
  try {
    const results: BenchRow[] = [];
    let acknowledged = 0;
    for (const spanCount of [1_000, 10]) {
      const http: Measured[] = [];
      const grpc: Measured[] = [];
      await offer(backend, openHttp, spanCount, 1).then((warm) => (acknowledged += warm.spans));
      for (let round = 0; round < 3; round++) {
        http.push(await offer(backend, openHttp, spanCount, SECONDS / 6));
        grpc.push(await offer(backend, openGrpc, spanCount, SECONDS / 6));
      }
      for (const one of [...http, ...grpc]) acknowledged += one.spans;
      results.push(...rowsOf(spanCount, sumOf(grpc), sumOf(http)));
    }
    const status = (await (await fetch(`${backend.url}/api/v1/status`)).json()) as {
      stored: { spans: number };
    };
    const stored = status.stored.spans;
    if (stored !== acknowledged) throw new Error(`${acknowledged} acknowledged, ${stored} stored`);
    return { name: 'Ingest: OTLP/gRPC beside OTLP/HTTP, both protobuf', results };
  } finally {
    await backend.close();
  }
}

async function offer(
  backend: Backend,
  open: (backend: Backend) => Promise<Door>,
  spanCount: number,
  seconds: number,
): Promise<Measured> {
  const cpuBefore = backend.cpuSeconds();
  const began = performance.now();
  const ends = began + seconds * 1_000;
  const counts = await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, index) => {
      const door = await open(backend);
      const template = new RequestTemplate(spanCount, `service-${index}`);
      let count = 0;
      while (performance.now() < ends) if (await door.send(template.next(Date.now()))) count++;
      door.close();
      return count;
    }),
  );
  const elapsed = (performance.now() - began) / 1_000;
  const requests = counts.reduce((sum, count) => sum + count, 0);
  return {
    spans: requests * spanCount,
    spansASecond: (requests * spanCount) / elapsed,
    requestsASecond: requests / elapsed,
    cpuSeconds: backend.cpuSeconds() - cpuBefore,
  };
}

async function openHttp(backend: Backend): Promise<Door> {
  const connection = await PostConnection.open(backend.otlpHttp, '/v1/traces');
  return {
    send: async (body) => (await connection.post(body)) === 200,
    close: () => connection.close(),
  };
}

async function openGrpc(backend: Backend): Promise<Door> {
  const session = connect(backend.otlpGrpc);
  await once(session, 'connect');
  return { send: (body) => call(session, body), close: () => session.close() };
}

function call(session: ClientHttp2Session, body: Buffer): Promise<boolean> {
  const stream = session.request({
    ':method': 'POST',
    ':path': CALL_PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  stream.write(prefix);
  stream.end(body);
  return new Promise((resolve, reject) => {
    let status: string | undefined;
    stream.on('trailers', (trailers) => (status = String(trailers['grpc-status'])));
    stream.on('response', (headers) => (status = headers['grpc-status']?.toString()));
    stream.on('error', reject);
    stream.on('close', () => resolve(status === '0'));
    stream.resume();
  });
}

function sumOf(rounds: readonly Measured[]): Measured {
  const sum = (pick: (one: Measured) => number): number =>
    rounds.reduce((total, one) => total + pick(one), 0);
  return {
    spans: sum((one) => one.spans),
    spansASecond: sum((one) => one.spansASecond) / rounds.length,
    requestsASecond: sum((one) => one.requestsASecond) / rounds.length,
    cpuSeconds: sum((one) => one.cpuSeconds),
  };
}

function rowsOf(spanCount: number, grpc: Measured, http: Measured): BenchRow[] {
  const rate = (value: number): string => Math.round(value).toLocaleString('en');
  const micros = (one: Measured): string => `${((one.cpuSeconds * 1e6) / one.spans).toFixed(2)} µs`;
  const grpcCost = grpc.cpuSeconds / grpc.spans;
  const httpCost = http.cpuSeconds / http.spans;
  const peerName = 'our HTTP';
  return [
    {
      what: `${spanCount}-span requests, acknowledged spans/s`,
      ours: rate(grpc.spansASecond),
      peer: rate(http.spansASecond),
      peerName,
      ratio: grpc.spansASecond / http.spansASecond,
      goal: '≥ 0.67',
    },
    {
      what: `${spanCount}-span requests, server CPU a span`,
      ours: micros(grpc),
      peer: micros(http),
      peerName,
      ratio: grpcCost / httpCost,
    },
  ];
}
