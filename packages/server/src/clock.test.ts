import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { List, Span, StatusAnswer, TraceRow } from '@codomyrmex/telemetry-query';
import { afterAll, afterEach, expect, it, vi } from 'vitest';

import { type RunningServer, startServer } from './main.js';

const DAY_MILLIS = 86_400_000;
const NOW = Date.now();
/** Where the clock stands, one jump after the other. */
const CLOCK = {
  now: NOW,
  'a month ahead': NOW + 30 * DAY_MILLIS,
  'back again': NOW + 1_000,
  'a day behind': NOW - DAY_MILLIS,
  'not set': 5_000,
  'the year 2200': Date.UTC(2200, 0, 1),
  'and back': NOW + 2_000,
} as const;

const dataDir = mkdtempSync(join(tmpdir(), 'codomyrmex-clock-'));
let server: RunningServer | undefined;
afterEach(() => vi.useRealTimers());
afterAll(async () => {
  await server?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<RunningServer> {
  const ports = { port: 0, otlpHttpPort: undefined, otlpGrpcPort: undefined };
  server = await startServer({ ...ports, dataDir, log: () => undefined });
  return server;
}

/** A span that lasts from a second before what its sender's clock says, which ends it behind. */
function spanAt(name: string, millis: number, serial: number): string {
  const traceId = serial.toString(16).padStart(32, '0');
  const span = {
    traceId,
    spanId: 'ab'.repeat(8),
    name,
    startTimeUnixNano: `${millis}000000`,
    // Between start and end the clock was set back, in every other one.
    endTimeUnixNano: `${serial % 2 === 0 ? millis + 5 : millis - 5}000000`,
  };
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
}

async function ask<Answer>(path: string): Promise<Answer> {
  const answer = await fetch(`${server?.url}/api/v1${path}`);
  expect(answer.status, path).toBe(200);
  return (await answer.json()) as Answer;
}

async function exported(): Promise<readonly Span[]> {
  const text = await (await fetch(`${server?.url}/api/v1/export/spans`)).text();
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Span);
}

it('what a jumping clock stamped is readable, in order, never shorter than nothing', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
  await start();
  for (const [serial, [name, millis]] of Object.entries(CLOCK).entries()) {
    vi.setSystemTime(millis);
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: spanAt(name, millis, serial + 1) };
    const answer = await fetch(`${server?.url}/v1/traces`, init);
    expect([answer.status, await answer.text()], name).toEqual([200, '{}']);
    const trace = await ask<{ spans: Span[] }>(`/traces/${String(serial + 1).padStart(32, '0')}`);
    expect(trace.spans.map((span) => span.name)).toEqual([name]);
    const { stored } = await ask<StatusAnswer>('/status');
    expect(stored.spans).toBeLessThanOrEqual(serial + 1);
  }
  const byTime = Object.entries(CLOCK).toSorted(([, a], [, b]) => a - b);
  const inOrder = byTime.map(([name]) => name);
  const spans = await exported();
  expect(spans.map((span) => span.name)).toEqual(inOrder);
  for (const span of spans) expect(['0', '5000000']).toContain(span.durationNanos);
  const traces = await ask<List<TraceRow>>('/traces?from=0&to=9223372036854775807');
  expect(traces.items.map((trace) => trace.rootName).toSorted()).toEqual(inOrder.toSorted());
  for (const trace of traces.items) expect(Number(trace.durationNanos)).toBeGreaterThanOrEqual(0);

  vi.useRealTimers();
  await server?.close();
  await start();
  expect((await exported()).map((span) => span.name)).toEqual(inOrder);
});
