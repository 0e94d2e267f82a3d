/** When and in what order the spill sends; the network and the clock are the test's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Outcome } from './chunk.js';
import { Sender } from './sender.js';
import { resolveSettings } from './settings.js';
import type { Signal } from './signal.js';
import { realDisk } from './spill-disk.js';
import type { Attempt } from './transmitter.js';

interface Call {
  readonly signal: Signal;
  readonly body: string;
  answer(result: Attempt): Promise<void>;
}

const TAKEN: Attempt = { kind: 'taken', rejected: 0, message: undefined };
const busy = (retryMillis: number | undefined): Attempt => ({
  kind: 'busy',
  retryMillis,
  message: 'busy',
});

let directory: string;
let sender: Sender;
let calls: Call[];
let timers: { readonly millis: number; readonly work: () => void }[];
let outcomes: Outcome[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'codomyrmex-queue-'));
  calls = [];
  timers = [];
  outcomes = [];
  const settings = resolveSettings({ spill: { directory }, batch: { maxExportBytes: 1 } }, {});
  sender = new Sender(
    settings,
    (outcome) => outcomes.push(outcome),
    {},
    {
      disk: realDisk,
      transmit: (signal, _destination, pieces) =>
        new Promise((resolve) => {
          const body = Buffer.concat(pieces).toString();
          const answer = async (result: Attempt): Promise<void> => {
            resolve(result);
            await turn();
          };
          calls.push({ signal, body, answer });
        }),
      disconnect: () => undefined,
      nowMillis: () => 0,
      after: (millis, work) => {
        const timer = { millis, work };
        timers.push(timer);
        return () => {
          timers = timers.filter((one) => one !== timer);
        };
      },
      random: () => 0.5,
    },
  );
});
afterEach(() => {
  sender.close();
  rmSync(directory, { recursive: true });
});

function add(signal: Signal, text: string): void {
  sender.add({ signal, bytes: Buffer.from(text), recordCount: 1, heldBytes: text.length });
}

/** The pause that the queue makes; the timer of its rounds is another. */
const pauses = (): number[] =>
  timers.map(({ millis }) => millis).filter((millis) => millis !== 15_000);

async function pass(millis: number): Promise<void> {
  for (const timer of timers.filter((one) => one.millis === millis)) timer.work();
  await turn();
}

it('asks again when the backend said so, and not before', async () => {
  add('traces', 'a');
  await calls[0]?.answer(busy(7000));
  add('traces', 'b');
  await sender.flush();
  await turn();
  expect(calls).toHaveLength(1);
  expect(pauses()).toEqual([7000]);
  await pass(7000);
  expect(calls.map(({ body }) => body)).toEqual(['a', 'a']);
});

it('asks with one request, then sends several at once, metrics one after another', async () => {
  add('traces', 't1');
  await calls[0]?.answer(busy(7000));
  for (const [signal, text] of [
    ['metrics', 'm1'],
    ['metrics', 'm2'],
    ['traces', 't2'],
    ['logs', 'l1'],
    ['metrics', 'm3'],
    ['traces', 't3'],
  ] as const) {
    add(signal, text);
  }
  expect(pauses()).toEqual([7000]);
  expect(calls).toHaveLength(1);
  await pass(7000);
  const open = (from: number): string[] => calls.slice(from).map(({ body }) => body);
  expect(open(1)).toEqual(['t1']);
  await calls[1]?.answer(TAKEN);
  // m2 waits for m1, and what is behind it with it: two bodies in memory are enough.
  expect(open(2)).toEqual(['m1']);
  await calls[2]?.answer(TAKEN);
  expect(open(3)).toEqual(['m2', 't2', 'l1']);
  await calls[4]?.answer(busy(undefined));
  // What is under way goes on; nothing new before the pause is over.
  expect(calls).toHaveLength(6);
  await calls[3]?.answer(TAKEN);
  await calls[5]?.answer(TAKEN);
  expect(calls).toHaveLength(6);
  await pass(1000);
  expect(open(6)).toEqual(['t2', 'm3', 't3']);
  for (const call of calls.slice(6)) await call.answer(TAKEN);
  const sum = (pick: (outcome: Outcome) => number): number =>
    outcomes.reduce((total, outcome) => total + pick(outcome), 0);
  expect([sum((one) => one.sent), sum((one) => one.spilled)]).toEqual([7, 0]);
});
