// npm run reliability -- answer-time [--rounds 3]
// Milliseconds from a request to its answer, durable: alone after a quiet time, and with four
// senders; with fsync and without in turn. Goal with fsync: p50 ≤ 20 alone, ≤ 100 under load.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { type Backend, startBackend, temporaryFolder } from '../backend.js';
import { nowNanos, send, spansPost } from './requests.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });

async function timed(backend: Backend, count: number): Promise<number> {
  const post = spansPost({ service: 's', count, now: nowNanos() });
  const began = performance.now();
  const status = await send(backend.otlpHttp, post);
  if (status !== 200) throw new Error(`answered ${status}`);
  return performance.now() - began;
}

function told(what: string, millis: readonly number[]): void {
  const sorted = millis.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * sorted.length)] ?? 0).toFixed(1);
  process.stdout.write(`${what}: p50 ${at(0.5)}, p95 ${at(0.95)}, least ${at(0)} ms\n`);
}

for (let round = 0; round < 2 * Number(values.rounds); round += 1) {
  const flags = round % 2 === 0 ? [] : ['--no-fsync'];
  const folder = temporaryFolder();
  const backend = await startBackend(folder.path, flags);
  const alone: number[] = [];
  for (let turn = 0; turn < 30; turn += 1) {
    await delay(400);
    alone.push(await timed(backend, 10));
  }
  const loaded: number[] = [];
  const ends = performance.now() + 5_000;
  const sender = async (): Promise<void> => {
    while (performance.now() < ends) loaded.push(await timed(backend, 200));
  };
  await Promise.all([sender(), sender(), sender(), sender()]);
  told(`${flags[0] ?? 'fsync'}, alone`, alone);
  told(`${flags[0] ?? 'fsync'}, under load`, loaded);
  await backend.kill();
  folder.remove();
}
