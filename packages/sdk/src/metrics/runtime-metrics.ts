import {
  PerformanceObserver,
  constants,
  monitorEventLoopDelay,
  performance,
} from 'node:perf_hooks';
import type { EventLoopUtilization, IntervalHistogram, PerformanceEntry } from 'node:perf_hooks';
import { availableParallelism } from 'node:os';
import { getHeapSpaceStatistics } from 'node:v8';

import { ValueType } from '@opentelemetry/api';
import type { BatchObservableResult, Observable } from '@opentelemetry/api';

import type { BindableHistogram } from './instruments.js';
import type { Meter } from './meter.js';

/** Milliseconds between readings of the loop's delay: 100 wake-ups a second, 0.1 % of a core. */
const DELAY_RESOLUTION_MILLIS = 10;

const GC_KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

/**
 * Metrics of this process under the names of the semantic conventions 1.44 (nodejs.*, v8js.*,
 * process.*): event loop, heap by space, garbage collections, active resources, CPU and memory.
 * Read at each collection; nothing of it keeps the program alive. Returns what switches it off.
 */
export function observeRuntime(meter: Meter): () => void {
  const undo = [
    observeEventLoop(meter),
    observeHeap(meter),
    observeResources(meter),
    observeProcess(meter),
    observeCollections(meter),
  ];
  return () => {
    for (const off of undo) off();
  };
}

const DELAYS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'] as const;

function observeEventLoop(meter: Meter): () => void {
  const gauges = new Map(
    DELAYS.map((name) => [
      name,
      meter.createObservableGauge(`nodejs.eventloop.delay.${name}`, {
        unit: 's',
        description: `Event loop delay since the last collection: ${name}`,
      }),
    ]),
  );
  const utilization = meter.createObservableGauge('nodejs.eventloop.utilization', {
    unit: '1',
    description: 'Share of time in which the event loop was busy since the last collection',
  });
  const time = meter.createObservableCounter('nodejs.eventloop.time', {
    unit: 's',
    description: 'Time that the event loop was active and idle',
  });
  const histogram = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MILLIS });
  histogram.enable();
  let before: EventLoopUtilization = performance.eventLoopUtilization();
  return observeAll(
    meter,
    [...gauges.values(), utilization, time],
    (result) => {
      for (const [name, gauge] of gauges) result.observe(gauge, delaySeconds(histogram, name));
      histogram.reset();
      const now = performance.eventLoopUtilization();
      result.observe(utilization, performance.eventLoopUtilization(now, before).utilization);
      result.observe(time, now.active / 1000, { 'nodejs.eventloop.state': 'active' });
      result.observe(time, now.idle / 1000, { 'nodejs.eventloop.state': 'idle' });
      before = now;
    },
    () => histogram.disable(),
  );
}

/** Node measures the time between two timer calls: what is beyond the resolution is delay. */
function delaySeconds(histogram: IntervalHistogram, name: (typeof DELAYS)[number]): number {
  if (histogram.count === 0) return 0;
  if (name === 'stddev') return histogram.stddev / 1e9;
  const nanos = name.startsWith('p')
    ? histogram.percentile(Number(name.slice(1)))
    : histogram[name as 'min' | 'max' | 'mean'];
  return Math.max(0, nanos / 1e9 - DELAY_RESOLUTION_MILLIS / 1000);
}

function observeHeap(meter: Meter): () => void {
  const gauge = (name: string, description: string): Observable =>
    meter.createObservableUpDownCounter(`v8js.memory.heap.${name}`, {
      unit: 'By',
      valueType: ValueType.INT,
      description,
    });
  const used = gauge('used', 'Heap memory in use by space');
  const size = gauge('space.size', 'Heap memory that is allocated by space');
  const available = gauge('space.available_size', 'Heap memory that is free by space');
  const physical = gauge('space.physical_size', 'Heap memory that is committed by space');
  return observeAll(meter, [used, size, available, physical], (result) => {
    for (const space of getHeapSpaceStatistics()) {
      const attributes = { 'v8js.heap.space.name': space.space_name };
      result.observe(used, space.space_used_size, attributes);
      result.observe(size, space.space_size, attributes);
      result.observe(available, space.space_available_size, attributes);
      result.observe(physical, space.physical_space_size, attributes);
    }
  });
}

/** What keeps the event loop alive: timers, sockets, requests. */
function observeResources(meter: Meter): () => void {
  const active = meter.createObservableGauge('v8js.resource.active', {
    unit: '{resource}',
    valueType: ValueType.INT,
    description: 'Resources that keep the event loop alive, by type',
  });
  return observeAll(meter, [active], (result) => {
    const counts = new Map<string, number>();
    for (const type of process.getActiveResourcesInfo()) {
      counts.set(type, (counts.get(type) ?? 0) + 1);
    }
    for (const [type, count] of counts) {
      result.observe(active, count, { 'v8js.resource.type': type });
    }
  });
}

function observeProcess(meter: Meter): () => void {
  const cpu = meter.createObservableCounter('process.cpu.time', {
    unit: 's',
    description: 'CPU time of all threads by mode',
  });
  const share = meter.createObservableGauge('process.cpu.utilization', {
    unit: '1',
    description: 'CPU time since the last collection by mode, of what all CPUs could have given',
  });
  const memory = meter.createObservableUpDownCounter('process.memory.usage', {
    unit: 'By',
    valueType: ValueType.INT,
    description: 'Resident memory',
  });
  const uptime = meter.createObservableGauge('process.uptime', {
    unit: 's',
    description: 'Time since the process started',
  });
  let before = process.cpuUsage();
  let beforeMillis = performance.now();
  return observeAll(meter, [cpu, share, memory, uptime], (result) => {
    const now = process.cpuUsage();
    const nowMillis = performance.now();
    const most = Math.max(1, nowMillis - beforeMillis) * 1000 * availableParallelism();
    for (const mode of ['user', 'system'] as const) {
      result.observe(cpu, now[mode] / 1e6, { 'cpu.mode': mode });
      result.observe(share, (now[mode] - before[mode]) / most, { 'cpu.mode': mode });
    }
    before = now;
    beforeMillis = nowMillis;
    result.observe(memory, process.memoryUsage.rss());
    result.observe(uptime, process.uptime());
  });
}

function observeCollections(meter: Meter): () => void {
  const duration = meter.createHistogram('v8js.gc.duration', {
    unit: 's',
    description: 'Duration of garbage collections by kind',
    advice: { explicitBucketBoundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1, 10] },
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) recordCollection(duration, entry);
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}

function recordCollection(duration: BindableHistogram, entry: PerformanceEntry): void {
  const kind = (entry as PerformanceEntry & { detail?: { kind?: number } }).detail?.kind;
  const type = GC_KINDS.get(kind ?? -1);
  if (type !== undefined) duration.record(entry.duration / 1000, { 'v8js.gc.type': type });
}

function observeAll(
  meter: Meter,
  observables: Observable[],
  callback: (result: BatchObservableResult) => void,
  off: () => void = () => undefined,
): () => void {
  meter.addBatchObservableCallback(callback, observables);
  return () => {
    meter.removeBatchObservableCallback(callback, observables);
    off();
  };
}
