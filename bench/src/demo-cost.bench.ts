import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import { runProgram, startBenchBackend } from './backend.js';
import type { BenchResult } from './main.js';

const WARM_UP_MILLIS = 10_000;
const MEASURE_MILLIS = 30_000;

/** What the server costs while the demo runs: CPU of all its threads, memory. */
export async function run(): Promise<BenchResult> {
  const backend = await startBenchBackend();
  const demo = runProgram(['demo', '--endpoint', backend.otlpHttp], 'ignore');
  await delay(WARM_UP_MILLIS);
  const before = backend.cpuSeconds();
  const began = performance.now();
  await delay(MEASURE_MILLIS);
  const seconds = (performance.now() - began) / 1000;
  const core = (100 * (backend.cpuSeconds() - before)) / seconds;
  const answer = await fetch(`${backend.url}/api/v1/status`);
  const status = (await answer.json()) as {
    rates: { spans: number; logs: number; points: number };
    freshness: { p50Millis: number; p95Millis: number };
  };
  const resident = backend.residentBytes();
  demo.kill('SIGTERM');
  await once(demo, 'exit');
  await backend.close();
  const { spans, logs, points } = status.rates;
  const { p50Millis, p95Millis } = status.freshness;
  const whole = [spans, logs, points].map((rate) => rate.toFixed(0));
  const load = `${whole.join(', ')} spans, logs and points a s`;
  return {
    name: 'What the server costs while the demo runs',
    results: [
      { what: `CPU of one core (${load})`, ours: `${core.toFixed(0)} %`, goal: '≤ 25 %' },
      {
        what: 'span end to readable, p50 / p95',
        ours: `${p50Millis.toFixed(0)} / ${p95Millis.toFixed(0)} ms`,
        goal: '≤ 150 ms p95',
      },
      { what: 'resident memory', ours: `${(resident / 2 ** 20).toFixed(0)} MiB`, goal: 'flat' },
    ],
  };
}
