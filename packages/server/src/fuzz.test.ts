import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { encode, encodeJson } from '@codomyrmex/otlp';
import type { StatusAnswer } from '@codomyrmex/telemetry-query';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { type RunningServer, startServer } from './main.js';
import { framed, RawGrpcClient } from './receive/fixtures/grpc-client.js';

const ROUNDS = 36;
const MUTANTS_A_ROUND = 60;
/** FUZZ_SEED repeats a run whose seed a failure printed. */
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_007);

const root = mkdtempSync(join(tmpdir(), 'codomyrmex-fuzz-'));
let server: RunningServer;
let grpc: RawGrpcClient;

async function start(): Promise<void> {
  const ports = { port: 0, otlpHttpPort: undefined, otlpGrpcPort: 0 };
  server = await startServer({ ...ports, dataDir: root, log: () => undefined });
  grpc = new RawGrpcClient(Number(server.otlpGrpc?.split(':')[1]));
}

async function stop(): Promise<void> {
  await grpc.close();
  await server.close();
}

beforeAll(start);
afterAll(async () => {
  await stop();
  rmSync(root, { recursive: true, force: true });
});

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function requestOf(service: string, serial: number): Parameters<typeof encodeTraces>[0] {
  const traceId = Buffer.alloc(16, 1);
  traceId.writeUInt32BE(serial, 12);
  const span = {
    traceId,
    spanId: Buffer.alloc(8, 2),
    name: 'work',
    startTimeUnixNano: 1_700_000_000_000_000_000n,
    endTimeUnixNano: 1_700_000_001_000_000_000n,
    attributes: [
      { key: 'list', value: { arrayValue: { values: [{ intValue: 1n }, { doubleValue: 2.5 }] } } },
      {
        key: 'map',
        value: { kvlistValue: { values: [{ key: 'k', value: { boolValue: true } }] } },
      },
    ],
    events: [{ timeUnixNano: 1_700_000_000_500_000_000n, name: 'event' }],
    links: [{ traceId, spanId: Buffer.alloc(8, 3) }],
    status: { code: 2, message: 'failed' },
  };
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] };
}

function encodeTraces(request: Parameters<typeof encode<'ExportTraceServiceRequest'>>[1]): Buffer {
  return Buffer.from(encode('ExportTraceServiceRequest', request));
}

/** One to four faults: a bit, a byte, a cut, a piece twice, a piece gone. */
function mutated(whole: Buffer, random: () => number): Buffer {
  let bytes = Buffer.from(whole);
  const at = (): number => Math.floor(random() * bytes.length);
  for (let count = 1 + Math.floor(random() * 4); count > 0 && bytes.length > 0; count -= 1) {
    const [from, to] = [at(), at()].toSorted((a, b) => a - b) as [number, number];
    const kind = Math.floor(random() * 5);
    if (kind === 0) bytes[from] = (bytes[from] ?? 0) ^ (1 << Math.floor(random() * 8));
    else if (kind === 1) bytes[from] = Math.floor(random() * 256);
    else if (kind === 2) bytes = bytes.subarray(0, from);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
    else bytes = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  }
  return bytes;
}

type Encoding = 'protobuf' | 'json' | 'grpc';
const ENCODINGS: readonly Encoding[] = ['protobuf', 'json', 'grpc'];

function bytesOf(encoding: Encoding, service: string, serial: number): Buffer {
  const request = requestOf(service, serial);
  if (encoding !== 'json') return encodeTraces(request);
  return Buffer.from(encodeJson('ExportTraceServiceRequest', request));
}

/** True when the request was taken; an answer that is not 2xx or 4xx is thrown. */
async function send(encoding: Encoding, body: Buffer): Promise<boolean> {
  if (encoding === 'grpc') {
    const status = (await grpc.call([framed(body)])).trailers['grpc-status'];
    if (status !== '0' && status !== '3' && status !== '8') throw new Error(`gRPC ${status}`);
    return status === '0';
  }
  const headers = {
    'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
  };
  const response = await fetch(`${server.url}/v1/traces`, { method: 'POST', headers, body });
  if (response.status >= 500) throw new Error(`${response.status} ${await response.text()}`);
  await response.arrayBuffer();
  return response.ok;
}

async function goodSpans(): Promise<readonly string[]> {
  const text = await (await fetch(`${server.url}/api/v1/export/spans?service=neighbour`)).text();
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { traceId: string }).traceId).toSorted();
}

it('mutated requests get 2xx or 4xx and cost no neighbour its record', async () => {
  const random = randomOf(SEED);
  const expected: string[] = [];
  let refused = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const encoding = ENCODINGS[round % 3] ?? 'json';
    const whole = bytesOf(encoding, 'mutant', round);
    const mutants = Array.from({ length: MUTANTS_A_ROUND }, () => mutated(whole, random));
    const good = bytesOf(encoding, 'neighbour', round);
    const sending = [...mutants, good].map((body) => send(encoding, body));
    const taken = await Promise.all(sending).catch((error: unknown) => {
      throw new Error(`FUZZ_SEED=${SEED}, round ${round}`, { cause: error });
    });
    expect(taken.at(-1), `FUZZ_SEED=${SEED}`).toBe(true);
    refused += taken.filter((one) => !one).length;
    const id = Buffer.alloc(16, 1);
    id.writeUInt32BE(round, 12);
    expected.push(id.toString('hex'));
  }
  expect(refused).toBeGreaterThan(ROUNDS);
  const stored = await goodSpans();
  expect([...new Set(stored)], `FUZZ_SEED=${SEED}`).toEqual(
    expect.arrayContaining(expected.toSorted()),
  );
  const answer = await fetch(`${server.url}/api/v1/status`);
  expect(((await answer.json()) as StatusAnswer).damage).toEqual([]);
  await stop();
  await start();
  expect(await goodSpans()).toEqual(stored);
}, 60_000);
