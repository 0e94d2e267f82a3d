import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { decode } from '@codomyrmex/otlp';
import type { StatusAnswer, TraceAnswer } from '@codomyrmex/telemetry-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { BAD_BODIES, type BadBody, emptyBodies, prefixesOf } from './fixtures/bad-bodies.js';
import { BAD_LOGS } from './fixtures/bad-logs.js';
import { BAD_POINTS } from './fixtures/bad-points.js';
import {
  type BadCase,
  bodyOf,
  DAY_NANOS,
  eonsOf,
  plainExport,
  type SentTypes,
  type Way,
  waysOf,
} from './fixtures/bad-records.js';
import { BAD_SPANS } from './fixtures/bad-spans.js';
import { type RunningServer, startServer } from './main.js';
import type { Signal } from './receive/accept.js';
import { readTypedJson } from './query/typed-json.js';
import { framed, RawGrpcClient } from './receive/fixtures/grpc-client.js';

const TABLES: { readonly [signal in Signal]: readonly BadCase<SentTypes[Signal]>[] } = {
  traces: BAD_SPANS,
  logs: BAD_LOGS,
  metrics: BAD_POINTS,
};
const SIGNALS = Object.keys(TABLES) as readonly Signal[];
const RECORDS = { traces: 'spans', logs: 'logs', metrics: 'points' } as const;
const WAYS: readonly Way[] = ['protobuf', 'json', 'grpc'];
const EON_WAYS = [
  ['traces', 'protobuf'],
  ['logs', 'json'],
  ['metrics', 'grpc'],
] as const;
const SERVICES = { traces: 'TraceService', logs: 'LogsService', metrics: 'MetricsService' };
const PACKAGES = { traces: 'trace', logs: 'logs', metrics: 'metrics' };
const RESPONSES = {
  traces: 'ExportTraceServiceResponse',
  logs: 'ExportLogsServiceResponse',
  metrics: 'ExportMetricsServiceResponse',
} as const;

/** gRPC's codes as HTTP's. */
const GRPC_STATUS: { readonly [code: string]: number } = { 0: 200, 3: 400, 8: 413, 14: 503 };

/** An answer of any door. */
interface Answer {
  /** As HTTP says it: 200, 400 or 413. */
  readonly status: number;
  readonly rejected: number;
  readonly message: string;
}

interface Sent {
  readonly signal: Signal;
  readonly one: BadCase<SentTypes[Signal]>;
  readonly service: string;
  readonly answer: Answer;
}

interface Exported {
  readonly service: string;
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano?: string;
}

const dataDir = mkdtempSync(join(tmpdir(), 'codomyrmex-bad-'));
let server: RunningServer;
let grpc: RawGrpcClient;
let sent: readonly Sent[] = [];
let eons: readonly Answer[] = [];
let bodies: readonly { signal: Signal; bad: BadBody; answer: Answer }[] = [];
/** By signal and service. */
let stored = new Map<string, Exported[]>();

async function start(): Promise<void> {
  const ports = { port: 0, otlpHttpPort: undefined, otlpGrpcPort: 0 };
  server = await startServer({ ...ports, dataDir, retentionSeconds: 0, log: () => undefined });
  grpc = new RawGrpcClient(Number(server.otlpGrpc?.split(':')[1]));
}

async function stop(): Promise<void> {
  await grpc.close();
  await server.close();
}

interface PartialSuccess {
  readonly errorMessage?: string;
  readonly [rejected: string]: unknown;
}

function answerOf(status: number, partial: PartialSuccess = {}): Answer {
  const { errorMessage = '', ...counts } = partial;
  return { status, rejected: Number(Object.values(counts)[0] ?? 0), message: errorMessage };
}

/** Sends until the answer is final: the bombs take the budget of all requests for a moment. */
async function send(signal: Signal, way: Way, body: Buffer, isGzip = false): Promise<Answer> {
  for (;;) {
    const answer = await sendOnce(signal, way, body, isGzip);
    if (answer.status !== 429 && answer.status !== 503) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function sendOnce(signal: Signal, way: Way, body: Buffer, isGzip: boolean): Promise<Answer> {
  if (way === 'grpc') {
    const service = `opentelemetry.proto.collector.${PACKAGES[signal]}.v1.${SERVICES[signal]}`;
    const reply = await grpc.call([framed(body)], { ':path': `/${service}/Export` });
    const code = reply.trailers['grpc-status'];
    const message = decodeURIComponent(reply.trailers['grpc-message'] ?? '');
    const status = GRPC_STATUS[code ?? ''];
    if (status === undefined) throw new Error(`grpc-status ${code}: ${message}`);
    if (status !== 200) return { status, rejected: 0, message };
    const response = decode(RESPONSES[signal], reply.body.subarray(5));
    return answerOf(200, response.partialSuccess as PartialSuccess | undefined);
  }
  const isJson = way === 'json';
  const headers = {
    'content-type': isJson ? 'application/json' : 'application/x-protobuf',
    ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
  };
  const init = { method: 'POST', headers, body };
  const response = await fetch(`${server.url}/v1/${signal}`, init);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const parsed: unknown = isJson
    ? JSON.parse(Buffer.from(bytes).toString())
    : decode(response.ok ? RESPONSES[signal] : 'Status', bytes);
  if (!response.ok) {
    return { ...answerOf(response.status), message: (parsed as { message: string }).message };
  }
  return answerOf(200, (parsed as { partialSuccess?: PartialSuccess }).partialSuccess);
}

/** The record of a line. A span that runs is longer each time one looks, and at last lost. */
function withoutMoment(record: unknown): Exported {
  const exported = record as Exported & { running?: boolean; durationNanos?: string; lost?: true };
  if (exported.running === true) {
    delete exported.durationNanos;
    delete exported.lost;
  }
  return exported;
}

async function everything(): Promise<Map<string, Exported[]>> {
  const found = new Map<string, Exported[]>();
  for (const signal of SIGNALS) {
    const answer = await fetch(`${server.url}/api/v1/export/${RECORDS[signal]}`);
    expect(answer.status).toBe(200);
    for (const line of (await answer.text()).split('\n').filter((text) => text !== '')) {
      const record = withoutMoment(readTypedJson(line));
      const key = `${signal} ${record.service}`;
      const records = found.get(key) ?? [];
      records.push(record);
      found.set(key, records);
    }
  }
  return found;
}

/** Does the work for every item, in their order; as a client with eight connections. */
async function eightAtOnce<Item, Done>(
  items: readonly Item[],
  work: (item: Item) => Promise<Done>,
): Promise<readonly Done[]> {
  const done: Done[] = [];
  const left = items.entries();
  const one = async (): Promise<void> => {
    for (const [index, item] of left) done[index] = await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, one));
  return done;
}

beforeAll(async () => {
  await start();
  const sending = SIGNALS.flatMap((signal) =>
    TABLES[signal].flatMap((one, index) =>
      waysOf(one).map(async (way) => {
        const service = `${way} ${index}`;
        const answer = await send(signal, way, bodyOf(signal, one, way, service));
        return { signal, one, service, answer };
      }),
    ),
  );
  const spreading = EON_WAYS.map(([signal, way]) => send(signal, way, eonsOf(signal, way)));
  const breaking = SIGNALS.flatMap((signal) =>
    [...BAD_BODIES, ...emptyBodies(signal), ...WAYS.flatMap((way) => prefixesOf(signal, way))].map(
      (bad) => ({ signal, bad }),
    ),
  );
  const answering = eightAtOnce(breaking, async ({ signal, bad }) => {
    const answer = await send(signal, bad.way, bad.body, bad.isGzip);
    return { signal, bad, answer };
  });
  sent = await Promise.all(sending);
  eons = await Promise.all(spreading);
  bodies = await answering;
  stored = await everything();
}, 240_000);

afterAll(async () => {
  await stop();
  rmSync(dataDir, { recursive: true, force: true });
});

function timeOf(record: Exported): string {
  return record.startTimeUnixNano !== undefined && record.startTimeUnixNano !== '0'
    ? record.startTimeUnixNano
    : (record.timeUnixNano ?? '0');
}

/** In an order that does not depend on that of members. */
function sorted(records: readonly object[]): readonly object[] {
  const keyOf = (record: object): string => {
    const members = Object.entries(record).map(([key, value]) => JSON.stringify([key, value]));
    return members.toSorted().join();
  };
  return records.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Every record that a case leaves: its own and its neighbours. */
function expectedOf({ signal, one, service }: Sent): readonly object[] {
  if (one.refused !== undefined) return [];
  const odd = (one.stored ?? []).map((change) => ({
    ...plainExport(signal, service, 'odd'),
    ...change,
  }));
  const neighbours = ['before', 'after'].map((name) => plainExport(signal, service, name));
  return [...odd, ...neighbours].map((record) =>
    // `value: undefined` means that there is none; JSON says the same, `__proto__` stays a key.
    JSON.parse(JSON.stringify(record)),
  );
}

describe.each(SIGNALS)('bad records of %s', (signal) => {
  const cases = TABLES[signal].map((one, index) => ({ what: one.what, one, index }));

  it.each(cases)('$index $what', ({ one, index }) => {
    for (const way of waysOf(one)) {
      const service = `${way} ${index}`;
      const found = sent.find((each) => each.signal === signal && each.service === service);
      if (found === undefined) throw new Error(`${service} was not sent`);
      const { answer } = found;
      const [count, reason] = one.rejected ?? [0, one.refused ?? ''];
      expect(answer, way).toMatchObject({
        status: one.refused === undefined ? 200 : 400,
        rejected: count,
        message: expect.stringContaining(reason) as string,
      });
      expect(sorted(stored.get(`${signal} ${service}`) ?? []), way).toEqual(
        sorted(expectedOf(found)),
      );
    }
  });
});

it('ten thousand days in a request are stored, each record once', () => {
  expect(eons).toEqual(EON_WAYS.map(() => answerOf(200)));
  for (const [signal] of EON_WAYS) {
    const records = stored.get(`${signal} eons`) ?? [];
    const times = records.map((record) => BigInt(timeOf(record)) / DAY_NANOS);
    expect(times).toEqual(Array.from({ length: 10_000 }, (_, index) => BigInt(3 * index)));
  }
});

it('bodies that are no request, empty ones, bombs, and every prefix of a good one', () => {
  expect(bodies.length).toBeGreaterThan(2_000);
  for (const { signal, bad, answer } of bodies) {
    expect(answer, `${signal} ${bad.way} ${bad.what}`).toEqual({
      status: bad.status,
      rejected: 0,
      message: expect.stringContaining(bad.message ?? '') as string,
    });
    // A refusal says why.
    expect(answer.message === '').toBe(bad.status === 200);
  }
});

it('nothing else is stored, and all of it again after a restart', async () => {
  const services = sent.filter(({ one }) => one.refused === undefined);
  const prefixes = SIGNALS.flatMap((signal) => WAYS.map((way) => `${signal} ${way} prefix`));
  expect(new Set(stored.keys())).toEqual(
    new Set([
      ...services.map(({ signal, service }) => `${signal} ${service}`),
      ...SIGNALS.map((signal) => `${signal} eons`),
      ...prefixes,
    ]),
  );
  // Two neighbours a resource; a prefix of one resource and the whole of two are two requests.
  const counts = prefixes.map((key) => stored.get(key)?.length);
  expect(counts).toEqual(SIGNALS.flatMap(() => [6, 2, 6]));
  await stop();
  await start();
  const again = await everything();
  expect(new Set(again.keys())).toEqual(new Set(stored.keys()));
  for (const [key, records] of stored) {
    expect(sorted(again.get(key) ?? []), key).toEqual(sorted(records));
  }
  const status = (await (await fetch(`${server.url}/api/v1/status`)).json()) as StatusAnswer;
  expect(status.damage).toEqual([]);
}, 60_000);

it('traces with a span that is its own parent, and with a circle, are shown', async () => {
  for (const [traceId, spans] of [
    ['51'.repeat(16), 3],
    ['61'.repeat(16), 6],
  ] as const) {
    for (const part of ['', '/logs']) {
      const answer = await fetch(`${server.url}/api/v1/traces/${traceId}${part}`);
      expect(answer.status, `${traceId}${part}`).toBe(200);
      const trace = (await answer.json()) as TraceAnswer;
      if (part === '') expect(trace.spans).toHaveLength(spans);
    }
  }
});
