/**
 * One library's metrics, measured in a process of its own: `node metrics-subject.js NAME`, where
 * NAME is ours, official or prometheus.
 * Prints one line of JSON: CPU nanoseconds and bytes an operation, milliseconds a collection.
 */
import type { Attributes, Counter } from '@opentelemetry/api';

/** A case's name and its cost. */
export interface SubjectReport {
  readonly version: string;
  /** CPU nanoseconds an operation. */
  readonly nanos: Readonly<Record<string, number>>;
  /** Bytes allocated an operation. */
  readonly bytes: Readonly<Record<string, number>>;
  /** CPU milliseconds to collect and encode 10,000 series after the first time. */
  readonly collectMillis: number;
  /** Size of what was encoded. */
  readonly collectBytes: number;
}

interface Subject {
  readonly version: string;
  counter(name: string): Counter & { bind?(attributes: Attributes): { add(value: number): void } };
  /** Collects and encodes everything; returns the number of bytes. */
  collect(): Promise<number>;
}

const SERIES = 10_000;
const WARM_UP = 200_000;
const OPERATIONS = 500_000;

async function ours(): Promise<Subject> {
  const { MeterProvider, Telemetry } = await import('@codomyrmex/telemetry');
  const base = new Telemetry({ transport: 'main' }, {});
  let size = 0;
  const none = { traces: 0, metrics: 0, logs: 0 };
  const exporter = {
    enqueue: (_: string, chunk: Uint8Array): void => {
      size += chunk.length;
    },
    flush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
    stats: () => ({ sent: none, dropped: none, droppedBy: {} }),
  };
  const options = { metrics: { cardinalityLimit: SERIES + 100 } };
  const provider = new MeterProvider(
    new Telemetry(options, {}, { resource: base.resource, exporter }),
  );
  const meter = provider.getMeter('bench');
  return {
    version: '0.1.0',
    counter: (name) => meter.createCounter(name),
    collect: async () => {
      size = 0;
      await provider.collect(1000);
      return size;
    },
  };
}

async function official(): Promise<Subject> {
  const { MeterProvider, MetricReader } = await import('@opentelemetry/sdk-metrics');
  const { ProtobufMetricsSerializer } = await import('@opentelemetry/otlp-transformer');
  class ManualReader extends MetricReader {
    protected override onForceFlush(): Promise<void> {
      return Promise.resolve();
    }
    protected override onShutdown(): Promise<void> {
      return Promise.resolve();
    }
  }
  const reader = new ManualReader({ cardinalitySelector: () => SERIES + 100 });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter('bench');
  return {
    version: '2.12.1',
    counter: (name) => meter.createCounter(name),
    collect: async () => {
      const { resourceMetrics } = await reader.collect();
      return ProtobufMetricsSerializer.serializeRequest(resourceMetrics)?.length ?? 0;
    },
  };
}

/** Its labels have no dots, and it writes its own text format. */
async function prometheus(): Promise<Subject> {
  const { Counter: PrometheusCounter, Registry } = await import('prom-client');
  const registry = new Registry();
  return {
    version: '15.1.3',
    counter: (name) => {
      const labelNames = LABELS[name] ?? [];
      const counter = new PrometheusCounter({
        name,
        help: name,
        registers: [registry],
        labelNames: [...labelNames],
      });
      return {
        add: (value: number, attributes?: Attributes): void => {
          if (attributes === undefined) counter.inc(value);
          else counter.inc(attributes as Record<string, string>, value);
        },
        bind: (attributes: Attributes) => {
          const child = counter.labels(attributes as Record<string, string>);
          return { add: (value: number): void => child.inc(value) };
        },
      };
    },
    collect: async () => (await registry.metrics()).length,
  };
}

const FIVE = ['method', 'route', 'status', 'version', 'scheme'];
const LABELS: Readonly<Record<string, readonly string[]>> = {
  two: ['route', 'status'],
  five: FIVE,
  same: FIVE,
  bound: FIVE,
  series: ['route', 'method', 'status'],
};

type Work = (operations: number) => void;

function cases(subject: Subject): Record<string, Work> {
  const plain = subject.counter('plain');
  const two = subject.counter('two');
  const five = subject.counter('five');
  const same = subject.counter('same');
  const bound = subject.counter('bound');
  const attributes = attributesOf(3);
  const bind = bound.bind?.(attributes) ?? {
    add: (value: number): void => bound.add(value, attributes),
  };
  return {
    'add, no attributes': (count) => {
      for (let index = 0; index < count; index++) plain.add(1);
    },
    'add, 2 fresh attributes': (count) => {
      for (let index = 0; index < count; index++) {
        two.add(1, { route: ROUTES[index & 7]!, status: 200 + (index & 3) });
      }
    },
    'add, 5 fresh attributes': (count) => {
      for (let index = 0; index < count; index++) five.add(1, attributesOf(index));
    },
    'add, the same 5 attributes': (count) => {
      for (let index = 0; index < count; index++) same.add(1, attributes);
    },
    'add, bound': (count) => {
      for (let index = 0; index < count; index++) bind.add(1);
    },
  };
}

const ROUTES = Array.from({ length: 8 }, (_, index) => `/api/route-${index}`);

function attributesOf(index: number): Attributes {
  return {
    method: 'GET',
    route: ROUTES[index & 7]!,
    status: 200 + (index & 3),
    version: '1.1',
    scheme: 'https',
  };
}

function nanosOf(work: Work): number {
  work(WARM_UP);
  const rounds: number[] = [];
  for (let round = 0; round < 3; round++) {
    const began = process.cpuUsage();
    work(OPERATIONS);
    rounds.push((cpuMicros(began) * 1000) / OPERATIONS);
  }
  return median(rounds);
}

/** CPU of every thread: on a busy machine it wanders less than the clock on the wall. */
function cpuMicros(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return user + system;
}

/** Needs --expose-gc and a nursery that is larger than what the operations allocate. */
function bytesOf(work: Work): number {
  const count = 20_000;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  work(count);
  const after = process.memoryUsage().heapUsed;
  return Math.max(0, (after - before) / count);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

async function measure(subject: Subject): Promise<SubjectReport> {
  const nanos: Record<string, number> = {};
  const bytes: Record<string, number> = {};
  for (const [name, work] of Object.entries(cases(subject))) {
    nanos[name] = nanosOf(work);
    bytes[name] = bytesOf(work);
  }
  const series = subject.counter('series');
  for (let index = 0; index < SERIES; index++) {
    series.add(1, { route: `/api/items/${index}`, method: 'GET', status: 200 });
  }
  await subject.collect();
  const collections: number[] = [];
  let collectBytes = 0;
  for (let round = 0; round < 30; round++) {
    for (let index = 0; index < 100; index++) {
      series.add(1, { route: `/api/items/${index}`, method: 'GET', status: 200 });
    }
    const began = process.cpuUsage();
    collectBytes = await subject.collect();
    collections.push(cpuMicros(began) / 1000);
  }
  const collectMillis = median(collections);
  return { version: subject.version, nanos, bytes, collectMillis, collectBytes };
}

const SUBJECTS: Readonly<Record<string, () => Promise<Subject>>> = { ours, official, prometheus };
const start = SUBJECTS[process.argv[2] ?? ''];
if (start !== undefined) {
  process.stdout.write(`${JSON.stringify(await measure(await start()))}\n`);
}
