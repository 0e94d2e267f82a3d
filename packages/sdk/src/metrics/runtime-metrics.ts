import {
  PerformanceObserver,
  constants,
  monitorEventLoopDelay,
  performance,
} from 'node:perf_hooks';
import type { EventLoopUtilization, IntervalHistogram, PerformanceEntry } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';

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
 * Metrics of this process under the names of the semantic conventions: event loop (delay and
 * utilization), heap by space, garbage collections, CPU time and memory. Read at each collection;
 * nothing of it keeps the program alive. Returns what switches it off.
 */
export function observeRuntime(meter: Meter): () => void {
  const undo = [observeEventLoop(meter), observeHeap(meter), observeProcess(meter)];
  undo.push(observeCollections(meter));
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
  const histogram = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MILLIS });
  histogram.enable();
  let before: EventLoopUtilization = performance.eventLoopUtilization();
  return observeAll(
    meter,
    [...gauges.values(), utilization],
    (result) => {
      for (const [name, gauge] of gauges) result.observe(gauge, delaySeconds(histogram, name));
      histogram.reset();
      const now = performance.eventLoopUtilization();
      result.observe(utilization, performance.eventLoopUtilization(now, before).utilization);
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
    meter.createObservableUpDownCounter(`v8js.memory.heap.${name}`, { unit: 'By', description });
  const used = gauge('used', 'Heap memory in use by space');
  const limit = gauge('limit', 'Heap memory that V8 may take');
  const available = gauge('space.available_size', 'Heap memory that is free by space');
  const physical = gauge('space.physical_size', 'Heap memory that is committed by space');
  return observeAll(meter, [used, limit, available, physical], (result) => {
    for (const space of getHeapSpaceStatistics()) {
      const attributes = { 'v8js.heap.space.name': space.space_name };
      result.observe(used, space.space_used_size, attributes);
      result.observe(available, space.space_available_size, attributes);
      result.observe(physical, space.physical_space_size, attributes);
    }
    result.observe(limit, getHeapStatistics().heap_size_limit);
  });
}

function observeProcess(meter: Meter): () => void {
  const cpu = meter.createObservableCounter('process.cpu.time', {
    unit: 's',
    description: 'CPU time of all threads by mode',
  });
  const memory = meter.createObservableUpDownCounter('process.memory.usage', {
    unit: 'By',
    description: 'Resident memory',
  });
  const uptime = meter.createObservableGauge('process.uptime', {
    unit: 's',
    description: 'Time since the process started',
  });
  return observeAll(meter, [cpu, memory, uptime], (result) => {
    const { user, system } = process.cpuUsage();
    result.observe(cpu, user / 1e6, { 'cpu.mode': 'user' });
    result.observe(cpu, system / 1e6, { 'cpu.mode': 'system' });
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
