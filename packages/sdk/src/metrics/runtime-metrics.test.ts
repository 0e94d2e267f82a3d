import { setTimeout as wait } from 'node:timers/promises';

import type { Metric } from '@codomyrmex/otlp';
import { expect, it } from 'vitest';

import { capturedTelemetry, plain } from './fixtures/captured-telemetry.js';
import { MeterProvider } from './meter-provider.js';
import { observeRuntime } from './runtime-metrics.js';

it('tells how loop, heap, collector and process do, and stops when told to', async () => {
  const { telemetry, captured } = capturedTelemetry();
  const provider = new MeterProvider(telemetry);
  const meter = provider.getMeter('runtime');
  const off = observeRuntime(meter);
  await wait(60);
  const busy = performance.now() + 80;
  while (performance.now() < busy);
  // Allocation that dies young makes the collector run.
  const garbage: number[][] = [];
  for (let index = 0; index < 400_000; index++) garbage[index & 63] = [index, index];
  let metrics = new Map<string, Metric>();
  for (let round = 0; round < 50 && !metrics.has('v8js.gc.duration'); round++) {
    await wait(20);
    for (let index = 0; index < 400_000; index++) garbage[index & 63] = [index, index];
    await provider.collect(1000);
    const seen = captured.lastMetrics();
    metrics = round === 0 ? seen : new Map([...seen, ...metrics]);
    const collections = seen.get('v8js.gc.duration');
    if (collections !== undefined) metrics.set('v8js.gc.duration', collections);
  }
  const value = (name: string): number =>
    metrics.get(name)?.gauge?.dataPoints?.[0]?.asDouble ?? Number.NaN;
  expect(value('nodejs.eventloop.delay.max')).toBeGreaterThan(0.04);
  expect(value('nodejs.eventloop.delay.max')).toBeLessThan(30);
  expect(value('nodejs.eventloop.delay.min')).toBeGreaterThanOrEqual(0);
  expect(value('nodejs.eventloop.utilization')).toBeGreaterThan(0.1);
  expect(value('nodejs.eventloop.utilization')).toBeLessThanOrEqual(1);
  expect(value('process.uptime')).toBeGreaterThan(0.05);
  const spaces = metrics.get('v8js.memory.heap.used')?.sum?.dataPoints ?? [];
  expect(spaces.map((point) => plain(point.attributes)['v8js.heap.space.name'])).toContain(
    'old_space',
  );
  expect(metrics.get('process.cpu.time')?.sum?.isMonotonic).toBe(true);
  const [memory] = metrics.get('process.memory.usage')?.sum?.dataPoints ?? [];
  expect(Number(memory?.asInt)).toBeGreaterThan(1e6);
  for (const point of metrics.get('process.cpu.utilization')?.gauge?.dataPoints ?? []) {
    expect(point.asDouble).toBeGreaterThanOrEqual(0);
    expect(point.asDouble).toBeLessThanOrEqual(1);
  }
  const times = metrics.get('nodejs.eventloop.time')?.sum?.dataPoints ?? [];
  expect(times.map((point) => plain(point.attributes)['nodejs.eventloop.state'])).toEqual([
    'active',
    'idle',
  ]);
  expect([...metrics].map(([name, { unit }]) => `${name} ${unit}`).toSorted()).toEqual([
    'nodejs.eventloop.delay.max s',
    'nodejs.eventloop.delay.mean s',
    'nodejs.eventloop.delay.min s',
    'nodejs.eventloop.delay.p50 s',
    'nodejs.eventloop.delay.p90 s',
    'nodejs.eventloop.delay.p99 s',
    'nodejs.eventloop.delay.stddev s',
    'nodejs.eventloop.time s',
    'nodejs.eventloop.utilization 1',
    'process.cpu.time s',
    'process.cpu.utilization 1',
    'process.memory.usage By',
    'process.uptime s',
    'v8js.gc.duration s',
    'v8js.memory.heap.space.available_size By',
    'v8js.memory.heap.space.physical_size By',
    'v8js.memory.heap.space.size By',
    'v8js.memory.heap.used By',
    'v8js.resource.active {resource}',
  ]);
  const [collection] = metrics.get('v8js.gc.duration')?.histogram?.dataPoints ?? [];
  expect(collection?.sum).toBeGreaterThan(0);
  off();
  const before = captured.chunks.length;
  // The histogram of collections is a total and goes on; what was observed does not.
  await provider.collect(1000);
  expect([...captured.lastMetrics().keys()]).toEqual(['v8js.gc.duration']);
  expect(captured.chunks.length).toBe(before + 1);
});
