import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Span } from '@codomyrmex/telemetry-query';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { type Backend, exported, get, startBackend, until } from './backend.js';
import { FaultBackend, type HttpFault, takeHttp } from './fault-backend.js';

const PROGRAM = fileURLToPath(new URL('./fixtures/recording-program.js', import.meta.url));

interface Said {
  readonly recorded: number;
  readonly sent: number;
  readonly dropped: number;
  readonly spilled: number;
}

let folder: string;
let directory: string;
const running: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codomyrmex-spill-'));
  directory = join(folder, 'spill');
});
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Program {
  readonly child: ChildProcess;
  readonly lines: Interface;
  readonly exited: Promise<unknown>;
  /** Its next line. */
  said(): Promise<Said>;
}

function start(endpoint: string, task: Readonly<Record<string, unknown>>): Program {
  const { options, ...rest } = task as { options?: object };
  const all = { endpoint, spill: { directory }, timeoutMillis: 2_000, ...options };
  const argument = JSON.stringify({ end: 'shutdown', ...rest, options: all });
  const child = spawn(process.execPath, [PROGRAM, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const lines = createInterface({ input: child.stdout });
  const next = lines[Symbol.asyncIterator]();
  return {
    child,
    lines,
    exited: once(child, 'exit'),
    said: async () => JSON.parse(String((await next.next()).value)) as Said,
  };
}

/** Asks a program that stays until it has nothing on disk. */
function drained(program: Program): Promise<Said> {
  return until(
    () => {
      program.child.kill('SIGUSR2');
      return program.said();
    },
    (said) => said.spilled === 0,
    30_000,
  );
}

async function closedPort(): Promise<number> {
  const backend = await FaultBackend.tcp(() => undefined);
  await backend.close();
  return Number(new URL(backend.url).port);
}

async function storedSpans(backend: Backend): Promise<number> {
  return (await get<{ stored: { spans: number } }>(backend, '/status')).stored.spans;
}

function names(mark: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${mark} ${index}`);
}

it.each(['worker', 'main'])('nothing is lost while the backend is away (%s)', async (transport) => {
  const port = await closedPort();
  const program = start(`http://127.0.0.1:${port}`, {
    options: { transport },
    spans: 3_000,
    millis: 3_000,
    end: 'stay',
  });
  const away = await program.said();
  expect(away).toMatchObject({ recorded: 3_000, sent: 0, dropped: 0, spilled: 3_000 });
  const backend = await FaultBackend.http(() => takeHttp, port);
  await until(
    () => Promise.resolve(backend.taken.size),
    (size) => size === 3_000,
  );
  expect(backend.names.toSorted()).toEqual(names('span', 3_000).toSorted());
  expect(await drained(program)).toMatchObject({ sent: 3_000, dropped: 0 });
  expect([...backend.taken.values()].every((times) => times === 1)).toBe(true);
  program.child.kill('SIGKILL');
  await backend.close();
});

it('what a killed program left arrives with the next one, once', async () => {
  const port = await closedPort();
  const endpoint = `http://127.0.0.1:${port}`;
  const killed = start(endpoint, { spans: 2_000, millis: 2_000, end: 'stay', mark: 'killed' });
  expect((await killed.said()).spilled).toBe(2_000);
  killed.child.kill('SIGKILL');
  await killed.exited;
  // One more dies while it holds what the first one left.
  const second = start(endpoint, { spans: 100, millis: 100, end: 'stay', mark: 'second' });
  expect((await second.said()).spilled).toBe(2_100);
  second.child.kill('SIGKILL');
  await second.exited;
  const backend = await FaultBackend.http(() => takeHttp, port);
  const last = start(endpoint, { spans: 10, millis: 10, mark: 'last' });
  const said = await last.said();
  expect(said).toMatchObject({ recorded: 10, sent: 2_110, dropped: 0, spilled: 0 });
  expect(backend.names.toSorted()).toEqual(
    [...names('killed', 2_000), ...names('second', 100), ...names('last', 10)].toSorted(),
  );
  expect([...backend.taken.values()].every((times) => times === 1)).toBe(true);
  expect(readdirSync(directory)).toEqual([]);
  await backend.close();
});

it('killed again and again while it drains into the real backend: each span once', async () => {
  const port = await closedPort();
  const endpoint = `http://127.0.0.1:${port}`;
  const first = start(endpoint, { spans: 3_000, millis: 3_000, end: 'stay', mark: 'first' });
  await first.said();
  first.child.kill('SIGKILL');
  await first.exited;
  const backend = await startBackend(join(folder, 'data'), ['--no-fsync']);
  const options = { batch: { maxExportBytes: 20_000 } };
  for (let round = 0; round < 6; round++) {
    const next = start(backend.otlpHttp, {
      options,
      spans: 1,
      millis: 1,
      end: 'stay',
      mark: `r${round}`,
    });
    // Somewhere within the draining, when a part of it was stored.
    const before = await storedSpans(backend);
    await until(
      () => storedSpans(backend),
      (count) => count > before,
    );
    next.child.kill('SIGKILL');
    await next.exited;
  }
  const last = start(backend.otlpHttp, { spans: 1, millis: 1, end: 'stay', mark: 'last' });
  await last.said();
  expect(await drained(last)).toMatchObject({ dropped: 0, spilled: 0 });
  const stored = await exported<Span>(backend, 'spans?service=recording');
  const found = stored.map((span) => span.name);
  expect(new Set(found).size).toBe(found.length);
  expect(names('first', 3_000).filter((name) => !found.includes(name))).toEqual([]);
  await backend.stop();
});

it('an answer that is lost: the same bytes are sent again', async () => {
  let isLost = true;
  const fault: HttpFault = (response, request) => {
    if (isLost) response.socket?.resetAndDestroy();
    else takeHttp(response, request);
  };
  const backend = await FaultBackend.http(() => fault);
  const program = start(backend.url, { spans: 200, millis: 200, end: 'stay' });
  expect((await program.said()).spilled).toBe(200);
  program.child.kill('SIGKILL');
  await program.exited;
  const lost = backend.requests.map(({ body }) => body.toString('latin1'));
  isLost = false;
  const next = start(backend.url, { spans: 1, millis: 1 });
  await next.said();
  const again = backend.requests.slice(lost.length).map(({ body }) => body.toString('latin1'));
  expect(lost.length).toBeGreaterThan(0);
  expect(lost.filter((body) => !again.includes(body))).toEqual([]);
  expect(backend.taken.size).toBe(201);
  await backend.close();
});

it('keeps to its size: the oldest are dropped and counted', async () => {
  const port = await closedPort();
  const program = start(`http://127.0.0.1:${port}`, {
    options: { spill: { directory, maxBytes: 8 * 2 ** 20 } },
    spans: 80_000,
    millis: 4_000,
    end: 'stay',
  });
  const said = await program.said();
  expect(said.sent + said.dropped + said.spilled).toBe(80_000);
  expect(said.dropped).toBeGreaterThan(0);
  expect(said.spilled).toBeGreaterThan(20_000);
});

it.each(['natural', 'exit'])(
  'a program that ends (%s) leaves what it could not send',
  async (end) => {
    const port = await closedPort();
    const endpoint = `http://127.0.0.1:${port}`;
    for (const transport of ['worker', 'main']) {
      const program = start(endpoint, {
        options: { transport },
        spans: 50,
        millis: 50,
        end,
        mark: transport,
      });
      await program.exited;
    }
    const backend = await FaultBackend.http(() => takeHttp, port);
    const last = start(endpoint, { spans: 1, millis: 1 });
    await last.said();
    expect(backend.taken.size).toBe(101);
    await backend.close();
  },
);

it('a healthy backend leaves nothing on disk', async () => {
  const backend = await FaultBackend.http(() => takeHttp);
  const program = start(backend.url, { spans: 500, millis: 500 });
  expect(await program.said()).toMatchObject({ sent: 500, dropped: 0, spilled: 0 });
  await program.exited;
  expect([...backend.taken.values()].every((times) => times === 1)).toBe(true);
  await backend.close();
});
