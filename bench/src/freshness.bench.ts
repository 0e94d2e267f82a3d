import { setTimeout as delay } from 'node:timers/promises';
import { init, shutdown, startSpan } from '@codomyrmex/telemetry';

import { quantile, startBenchBackend } from './backend.js';
import type { BenchResult } from './main.js';

const SPANS = 100;
const PAUSE_MILLIS = 100;
/** Asking more often would take the CPU that the answer needs. */
const POLL_MILLIS = 20;

/** From span.end() in a program with our SDK to the span readable over the API. */
export async function run(): Promise<BenchResult> {
  const backend = await startBenchBackend();
  init({ serviceName: 'freshness', endpoint: backend.otlpHttp });
  const millis: number[] = [];
  for (let i = 0; i < SPANS; i++) {
    const span = startSpan(`fresh ${i}`);
    const { traceId } = span.spanContext();
    const ended = performance.now();
    span.end();
    while (!(await fetch(`${backend.url}/api/v1/traces/${traceId}`)).ok) await delay(POLL_MILLIS);
    millis.push(performance.now() - ended);
    await delay(PAUSE_MILLIS);
  }
  await shutdown();
  await backend.close();
  return {
    name: 'Freshness: span end to readable over the API, our SDK, one span at a time',
    results: [
      { what: 'p50', ours: `${quantile(millis, 0.5).toFixed(0)} ms` },
      { what: 'p95', ours: `${quantile(millis, 0.95).toFixed(0)} ms`, goal: '≤ 150 ms' },
    ],
  };
}
