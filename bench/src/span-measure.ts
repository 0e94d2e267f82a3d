/** How the span benchmark measures: CPU time of the whole process, memory, event-loop delay. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import type { Tracer } from '@opentelemetry/api';
import { request } from './span-work.js';

/** What one call costs. */
export interface Micro {
  readonly nanos: number;
  readonly bytes: number;
}

const CALLS = 10_000;
const ROUNDS = 9;
const MEMORY_ROUNDS = 5;
/** Until the compiler is done: what a program that runs for hours pays is what is asked. */
const WARM_SPANS = 200_000;
const FULL_RATE_SPANS = 600_000;
const PACED_SECONDS = 4;
const PACED_WARM_SECONDS = 2;

/** CPU of one call until its bytes are made, and what the call itself takes from the heap. */
export async function measure(
  flush: () => Promise<void>,
  work: (index: number) => void,
): Promise<Micro> {
  for (let warm = 0; warm < 10; warm++) {
    for (let index = 0; index < CALLS; index++) work(index);
    await flush();
    await delay(5);
  }
  const nanos: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await turn();
    // CPU, not the clock: the machine has other things to do.
    const before = process.cpuUsage();
    for (let index = 0; index < CALLS; index++) work(index);
    await flush();
    const { user, system } = process.cpuUsage(before);
    nanos.push(((user + system) * 1000) / CALLS);
  }
  const bytes: number[] = [];
  for (let round = 0; round < MEMORY_ROUNDS; round++) {
    globalThis.gc?.();
    for (let index = 0; index < CALLS; index++) work(index);
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < CALLS; index++) work(index);
    bytes.push((process.memoryUsage().heapUsed - before) / CALLS);
    await flush();
  }
  return { nanos: middle(nanos), bytes: middle(bytes) };
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

async function emit(tracer: Tracer, spans: number, spansPerSecond: number): Promise<void> {
  const start = performance.now();
  for (let index = 0, sent = 0; sent < spans;) {
    const due =
      spansPerSecond === 0 ? sent + 100 : ((performance.now() - start) / 1000) * spansPerSecond;
    for (const end = Math.min(spans, due); sent < end; sent += 4) request(tracer, index++);
    await (spansPerSecond === 0 ? turn() : delay(1));
  }
}

/** Spans by the way to the sink at `url`, as fast as they can be made or `spansPerSecond`. */
export async function pipeline(
  tracer: Tracer,
  flush: () => Promise<void>,
  url: string,
  spansPerSecond: number,
): Promise<Record<string, number>> {
  const spans = spansPerSecond === 0 ? FULL_RATE_SPANS : spansPerSecond * PACED_SECONDS;
  const warm = spansPerSecond === 0 ? WARM_SPANS : spansPerSecond * PACED_WARM_SECONDS;
  await emit(tracer, warm, spansPerSecond);
  await flush();
  await delay(300);
  await fetch(`${url}/count`);
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const before = process.cpuUsage();
  const start = performance.now();
  await emit(tracer, spans, spansPerSecond);
  const emitted = performance.now() - start;
  loop.disable();
  await flush();
  const { user, system } = process.cpuUsage(before);
  await delay(200);
  const answer = (await (await fetch(`${url}/count`)).json()) as { spans: number; bytes: number };
  return {
    nanos: ((user + system) * 1000) / spans,
    perSecond: (spans / emitted) * 1000,
    delivered: answer.spans / spans,
    size: answer.bytes / Math.max(1, answer.spans),
    loopP99: loop.percentile(99) / 1e6,
  };
}
