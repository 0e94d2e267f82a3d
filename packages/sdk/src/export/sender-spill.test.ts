/** The sender with a spill, against a real endpoint that goes and comes back. */
import { encode } from '@codomyrmex/otlp';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Backend, accept } from './fixtures/backend.js';
import type { Behaviour } from './fixtures/backend.js';
import type { TelemetryOptions } from './options.js';
import { Sender } from './sender.js';
import type { Outcome } from './chunk.js';
import { resolveSettings } from './settings.js';

let folder: string;
let directory: string;
let backend: Backend;
let sender: Sender;
let outcomes: Outcome[];
const warn = vi.fn<(message: string) => void>();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'codomyrmex-sender-'));
  directory = join(folder, 'spill');
  backend = await Backend.start();
  warn.mockReset();
  sender = open();
});
afterEach(async () => {
  sender.close();
  await backend.close();
  rmSync(folder, { recursive: true, force: true });
});

function settingsOf(options: TelemetryOptions = {}): ReturnType<typeof resolveSettings> {
  return resolveSettings({ endpoint: backend.url, spill: { directory }, ...options }, {});
}

function open(options: TelemetryOptions = {}): Sender {
  outcomes = [];
  return new Sender(settingsOf(options), (outcome) => outcomes.push(outcome), { warn });
}

function add(...names: string[]): void {
  const spans = names.map((name) => ({ name }));
  const bytes = encode('ExportTraceServiceRequest', {
    resourceSpans: [{ scopeSpans: [{ spans }] }],
  });
  sender.add({ signal: 'traces', bytes, recordCount: names.length, heldBytes: bytes.length });
}

const refuse =
  (status: number): Behaviour =>
  (_request, response) => {
    response.writeHead(status, { 'retry-after': '30' }).end();
  };

const sum = (pick: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + pick(outcome), 0);
const totals = (): { sent: number; dropped: number; spilled: number; held: number } => ({
  sent: sum((one) => one.sent),
  dropped: sum((one) => one.dropped),
  spilled: sum((one) => one.spilled),
  held: sum((one) => one.chunkCount),
});
const names = (): string[] => backend.spans.map((span) => span.name);

/** Cuts the pauses between attempts short until nothing is on disk. */
async function drained(options: TelemetryOptions = {}): Promise<void> {
  await vi.waitUntil(
    () => {
      sender.configure(settingsOf(options));
      return totals().spilled === 0;
    },
    { timeout: 10_000, interval: 5 },
  );
}

it('keeps on disk what a busy backend does not take, and lets go of the memory', async () => {
  backend.behaviour = refuse(503);
  add('a', 'b');
  await sender.flush();
  expect(totals()).toEqual({ sent: 0, dropped: 0, spilled: 2, held: 1 });
  add('c');
  expect(totals()).toEqual({ sent: 0, dropped: 0, spilled: 3, held: 2 });
  expect(backend.requests).toHaveLength(1);
  backend.behaviour = accept;
  await drained();
  expect(names()).toEqual(['a', 'b', 'c']);
  expect(totals()).toEqual({ sent: 3, dropped: 0, spilled: 0, held: 2 });
  expect(backend.requests[1]?.body).toEqual(backend.requests[0]?.body);
  add('d');
  await sender.flush();
  expect(names()).toEqual(['a', 'b', 'c', 'd']);
});

it('keeps order when several requests were under way', async () => {
  const held: (() => void)[] = [];
  backend.behaviour = (_request, response) => {
    held.push(() => response.writeHead(503).end());
  };
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) add(name);
  await vi.waitUntil(() => held.length > 0 && backend.requests.length === held.length);
  for (const fail of held.toReversed()) fail();
  await sender.flush();
  expect(totals()).toMatchObject({ spilled: 6 });
  backend.behaviour = accept;
  await drained({ batch: { maxInFlight: 1 } });
  expect(names()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

it('does not send what was answered after all', async () => {
  const held: (() => void)[] = [];
  backend.behaviour = (request, response, body) => {
    held.push(() => void accept(request, response, body));
  };
  add('slow');
  await vi.waitUntil(() => held.length === 1);
  sender.drain();
  expect(readdirSync(directory)).toHaveLength(1);
  held[0]?.();
  await sender.flush();
  expect(totals()).toEqual({ sent: 1, dropped: 0, spilled: 0, held: 1 });
  expect(backend.requests).toHaveLength(1);
});

it('drops what is refused from the disk, and counts it', async () => {
  backend.behaviour = refuse(503);
  add('a');
  await sender.flush();
  backend.behaviour = refuse(400);
  await drained();
  expect(totals()).toMatchObject({ sent: 0, dropped: 1 });
  expect(outcomes.at(-1)).toMatchObject({ reason: 'refused' });
  expect(outcomes.at(-1)?.message).toContain('400');
});

it('sends from the disk in the last flush, and leaves nothing there', async () => {
  add('a');
  add('b');
  await sender.flush(true);
  expect(totals()).toEqual({ sent: 2, dropped: 0, spilled: 0, held: 2 });
  expect(names()).toEqual(['a', 'b']);
  sender.close();
  expect(readdirSync(directory)).toEqual([]);
});

it('leaves on disk what it has when it is closed within a request', async () => {
  backend.behaviour = () => undefined;
  add('a');
  await backend.until(() => backend.requests.length === 1);
  add('b');
  sender.close();
  expect(totals()).toEqual({ sent: 0, dropped: 0, spilled: 2, held: 2 });
});

it('goes on in memory when the disk takes nothing, and says so', async () => {
  writeFileSync(directory, 'a file where the directory should be');
  sender.close();
  sender = open();
  backend.behaviour = (request, response, body) => {
    if (backend.requests.length === 1) response.writeHead(503, { 'retry-after': '0' }).end();
    else void accept(request, response, body);
  };
  add('a');
  await sender.flush();
  expect(totals()).toEqual({ sent: 1, dropped: 0, spilled: 0, held: 1 });
  expect(warn.mock.calls.join()).toContain('cannot');
});

it('drops the oldest when the disk may hold no more, and says how many', async () => {
  sender.close();
  sender = open({ spill: { directory, maxBytes: 8 * 2 ** 20 } });
  backend.behaviour = refuse(503);
  add('first');
  await sender.flush();
  const large = 'x'.repeat(900_000);
  for (let index = 0; index < 12; index++) add(large);
  const { dropped, spilled, sent } = totals();
  expect(sent).toBe(0);
  expect(dropped).toBeGreaterThan(2);
  expect(dropped + spilled).toBe(13);
  expect(outcomes.some((outcome) => outcome.reason === 'spill full')).toBe(true);
});
