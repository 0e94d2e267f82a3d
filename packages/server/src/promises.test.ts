import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { encode } from '@codomyrmex/otlp';
import type { StatusAnswer } from '@codomyrmex/telemetry-query';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';

import { framed, RawGrpcClient } from './receive/fixtures/grpc-client.js';
import { openDataDirectory } from './store/data-directory.js';
import { EmbeddedEngine } from './store/embedded-engine.js';

// The server is a process of its own: its memory is measured, and its clients cannot slow it down.
const BIN = fileURLToPath(new URL('cli/bin.js', import.meta.url));
const MEBIBYTE = 2 ** 20;
const dataDir = mkdtempSync(join(tmpdir(), 'codomyrmex-promises-'));

interface Server {
  readonly pid: number;
  readonly url: string;
  readonly grpcPort: number;
  stop(): Promise<void>;
}

let server: Server;

async function start(): Promise<Server> {
  const ports = ['--port', '0', '--otlp-http-port', 'off', '--otlp-grpc-port', '0'];
  const child = spawn(process.execPath, [BIN, ...ports, '--data-dir', dataDir, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const ready = JSON.parse(line) as { pid: number; url: string; otlpGrpc: string };
  return {
    pid: ready.pid,
    url: ready.url,
    grpcPort: Number(ready.otlpGrpc.split(':')[1]),
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

beforeAll(async () => {
  server = await start();
});

afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

let serial = 0;

function log(): string {
  serial += 1;
  const logRecords = [{ body: { stringValue: `record ${serial}` } }];
  return JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
}

async function postLog(): Promise<{ status: number; millis: number }> {
  const began = performance.now();
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: log() };
  const { status } = await fetch(`${server.url}/v1/logs`, init);
  return { status, millis: performance.now() - began };
}

async function storedLogs(): Promise<number> {
  const asked = BigInt(Date.now()) * 1_000_000n;
  for (;;) {
    const answer = await fetch(`${server.url}/api/v1/status`);
    const status = (await answer.json()) as StatusAnswer;
    if (BigInt(status.nowUnixNano) >= asked) return status.stored.logs;
  }
}

function residentBytes(field: 'VmRSS' | 'VmHWM'): number {
  const text = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(text)?.[1]) * 1_024;
}

describe('a thousand slow clients', () => {
  it('disturb nobody, on HTTP and on gRPC', async () => {
    expect((await postLog()).status).toBe(200);
    const head = 'POST /v1/logs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    const ports = [Number(new URL(server.url).port), server.grpcPort];
    const slow = await Promise.all(
      Array.from({ length: 1_000 }, async (_, index): Promise<Socket> => {
        const socket = connect(ports[index % 2] ?? 0, '127.0.0.1');
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(
          index % 2 === 1
            ? 'PRI * HT'
            : index % 4 === 0
              ? head
              : `${head}content-length: 9\r\n\r\n{`,
        );
        return socket;
      }),
    );
    const answers = [];
    for (let turn = 0; turn < 10; turn += 1) answers.push(await postLog());
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(Math.min(...answers.map((answer) => answer.millis))).toBeLessThan(1_000);
    for (const socket of slow) socket.destroy();
  });
});

describe('bombs on gRPC', () => {
  it.skipIf(process.platform !== 'linux')(
    'are refused as too large, also twenty at once, in bounded memory',
    async () => {
      const client = new RawGrpcClient(server.grpcPort);
      const before = residentBytes('VmRSS');
      const bomb = framed(gzipSync(Buffer.alloc(300 * MEBIBYTE)), 1);
      const gzip = { 'grpc-encoding': 'gzip' };
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => client.call([bomb], gzip)),
      );
      // 8: RESOURCE_EXHAUSTED; 14: the budget of all requests was taken by the others.
      const codes = replies.map((reply) => reply.trailers['grpc-status']);
      expect(codes.every((code) => code === '8' || code === '14')).toBe(true);
      expect(codes).toContain('8');
      // A length that is claimed, not sent; a million records in four megabytes.
      const claimed = await client.call([framed(Buffer.alloc(10), 0, 0xffff_fff0)]);
      expect(claimed.trailers['grpc-status']).toBe('8');
      const scopes = Buffer.alloc(160_000, Buffer.of(0x12, 2, 0x12, 0));
      const many = Buffer.concat([Buffer.of(0x0a, 0x80, 0xe2, 0x09), scopes]);
      expect((await client.call([framed(many)])).trailers['grpc-status']).toBe('8');
      expect(residentBytes('VmHWM') - before).toBeLessThan(200 * MEBIBYTE);
      await client.close();
      expect((await postLog()).status).toBe(200);
    },
  );
});

describe('far too much at once', () => {
  it.skipIf(process.platform !== 'linux')(
    'is shed retryably; memory stays bounded, questions are answered, what is taken is there',
    async () => {
      const before = await storedLogs();
      // 80 requests of 4 MiB that do not compress: two and a half times what may be in flight.
      const post = async (): Promise<Response> => {
        serial += 1;
        const stringValue = randomBytes(3 * MEBIBYTE).toString('base64');
        const logRecords = [{ body: { stringValue } }];
        const body = encode('ExportLogsServiceRequest', {
          resourceLogs: [{ scopeLogs: [{ logRecords }] }],
        });
        const headers = { 'content-type': 'application/x-protobuf' };
        return fetch(`${server.url}/v1/logs`, { method: 'POST', headers, body });
      };
      const load = Promise.all(Array.from({ length: 80 }, post));
      const asked = performance.now();
      expect((await fetch(`${server.url}/api/v1/services`)).status).toBe(200);
      const questionMillis = performance.now() - asked;
      const answers = await load;
      const taken = answers.filter((answer) => answer.status === 200).length;
      const shed = answers.filter((answer) => answer.status !== 200);
      expect(taken).toBeGreaterThan(0);
      expect(shed.length).toBeGreaterThan(0);
      for (const answer of shed) {
        expect([429, 503]).toContain(answer.status);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect((await postLog()).status).toBe(200);
      expect(await storedLogs()).toBe(before + taken + 1);
      serial -= shed.length;
      // The clients share the machine and their bodies cost it too: not the promise's one second.
      expect(questionMillis).toBeLessThan(5_000);
      expect(residentBytes('VmHWM')).toBeLessThan(1_000 * MEBIBYTE);
    },
  );
});

describe('a flood of bad queries', () => {
  it('is refused or cut at a limit while records go on being stored', async () => {
    const ask = async (query: string): Promise<number> => {
      const url = `${server.url}/api/v1/logs?from=0&q=${encodeURIComponent(query)}`;
      const answer = await fetch(url);
      await answer.arrayBuffer();
      return answer.status;
    };
    const queries = [
      'body~"(a+)+$"',
      `body~"(x{1,1000}){1,1000}"`,
      'body~"("',
      `${'('.repeat(5_000)}a${')'.repeat(5_000)}`,
      Array.from({ length: 500 }, (_, index) => `body~".*${index}.*"`).join(' OR '),
      `a="${'x'.repeat(8_000)}"`,
    ];
    const before = await storedLogs();
    const flood = Promise.all(Array.from({ length: 10 }, () => Promise.all(queries.map(ask))));
    const sent = [];
    for (let turn = 0; turn < 10; turn += 1) sent.push((await postLog()).status);
    expect(sent).toEqual(Array.from({ length: 10 }, () => 200));
    for (const statuses of await flood) {
      for (const status of statuses) expect(status === 500 || status === 0).toBe(false);
    }
    expect(await storedLogs()).toBe(before + 10);
  });
});

describe('data of a newer release', () => {
  it('is refused clearly and left as it is', async () => {
    await server.stop();
    const engine = await EmbeddedEngine.open(openDataDirectory(dataDir));
    await engine.command(`INSERT INTO codomyrmex_schema VALUES (99, now64(9), '9.9.9')`);
    await engine.close();
    const child = spawn(process.execPath, [BIN, '--port', '0', '--data-dir', dataDir], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFailed(() => void child.kill());
    let message = '';
    child.stderr.on('data', (chunk) => (message += String(chunk)));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(1);
    expect(message).toContain('written by a newer release (schema 99');
    const again = await EmbeddedEngine.open(openDataDirectory(dataDir));
    await again.command(
      'ALTER TABLE codomyrmex_schema DELETE WHERE Version = 99 SETTINGS mutations_sync = 1',
    );
    await again.close();
    server = await start();
    expect(await storedLogs()).toBe(serial);
  });
});
