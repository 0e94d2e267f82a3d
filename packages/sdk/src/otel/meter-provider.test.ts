// Meter provider, readers and exporters (metrics SDK specification), through official names.
import { ValueType } from '@opentelemetry/api';
import { decode } from '@codomyrmex/otlp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import { Backend } from '../export/fixtures/backend.js';
import {
  AggregationTemporality,
  AggregationType,
  ConsoleMetricExporter,
  DataPointType,
  InMemoryMetricExporter,
  InstrumentType,
  MeterProvider,
  OTLPMetricExporter,
  PeriodicExportingMetricReader,
  createAllowListAttributesProcessor,
  createDenyListAttributesProcessor,
  resourceFromAttributes,
} from './otel.js';
import type { MeterProviderOptions, MetricData, PushMetricExporter } from './otel.js';

const { CUMULATIVE, DELTA } = AggregationTemporality;

let reports: string[] = [];
beforeEach(() => {
  reports = [];
  setDiagnostics((_severity, message) => reports.push(message));
});
afterEach(() => {
  setDiagnostics('warn');
  vi.useRealTimers();
});

function provide(
  temporality: AggregationTemporality = CUMULATIVE,
  options: MeterProviderOptions = {},
): { provider: MeterProvider; metrics: () => Promise<MetricData[]> } {
  const exporter = new InMemoryMetricExporter(temporality);
  const reader = new PeriodicExportingMetricReader({ exporter });
  const provider = new MeterProvider({ ...options, readers: [reader] });
  const metrics = async (): Promise<MetricData[]> => {
    exporter.reset();
    await provider.forceFlush();
    const scopes = exporter.getMetrics().flatMap((each) => each.scopeMetrics);
    return scopes.flatMap((scope) => scope.metrics);
  };
  return { provider, metrics };
}

describe('a meter provider', () => {
  it('hands its readers every shape of metric', async () => {
    const { provider, metrics } = provide();
    const meter = provider.getMeter('scope', '1');
    const integer = { valueType: ValueType.INT, unit: 'By', description: 'what' };
    meter.createCounter('counter', integer).add(5, { a: 'x', list: ['y'], flag: true, half: 0.5 });
    meter.createUpDownCounter('updown').add(-1.5);
    meter.createGauge('gauge').record(3);
    const advice = { explicitBucketBoundaries: [1, 10] };
    meter.createHistogram('histogram', { advice }).record(5);
    meter.createObservableGauge('observed').addCallback(async (result) => {
      await Promise.resolve();
      result.observe(7);
    });
    const [counter, updown, gauge, histogram, observed] = await metrics();
    expect(counter).toMatchObject({
      descriptor: { name: 'counter', unit: 'By', description: 'what', valueType: ValueType.INT },
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      aggregationTemporality: CUMULATIVE,
      dataPoints: [{ value: 5, attributes: { a: 'x', list: ['y'], flag: true, half: 0.5 } }],
    });
    expect(updown).toMatchObject({ isMonotonic: false, dataPoints: [{ value: -1.5 }] });
    expect(gauge).toMatchObject({ dataPointType: DataPointType.GAUGE, dataPoints: [{ value: 3 }] });
    expect(histogram).toMatchObject({
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: [
        {
          value: {
            buckets: { boundaries: [1, 10], counts: [0, 1, 0] },
            count: 1,
            sum: 5,
            min: 5,
            max: 5,
          },
        },
      ],
    });
    expect(observed).toMatchObject({ dataPoints: [{ value: 7 }] });
    const [start, end] = [counter?.dataPoints[0]?.startTime, counter?.dataPoints[0]?.endTime];
    expect(end?.[0]).toBeGreaterThanOrEqual(start?.[0] ?? Infinity);
  });

  it("keeps each reader's temporality and intervals apart", async () => {
    const memories = [new InMemoryMetricExporter(DELTA), new InMemoryMetricExporter(CUMULATIVE)];
    const readers = memories.map((exporter) => new PeriodicExportingMetricReader({ exporter }));
    const provider = new MeterProvider({ readers });
    const meter = provider.getMeter('m');
    const counter = meter.createCounter('c');
    const gauge = meter.createGauge('g');
    const histogram = meter.createHistogram('h');
    const updown = meter.createUpDownCounter('u');
    const single = meter.createObservableCounter('single');
    let total = 0;
    const observe = (result: { observe(value: number): void }): void => result.observe(++total);
    single.addCallback(observe);
    const batched = [
      meter.createObservableUpDownCounter('b1'),
      meter.createObservableGauge('b2'),
    ] as const;
    const batch: Parameters<typeof meter.addBatchObservableCallback>[0] = (result) => {
      result.observe(batched[0], 1, { k: 1 });
      result.observe(batched[1], 2);
    };
    meter.addBatchObservableCallback(batch, [...batched]);
    meter.addBatchObservableCallback(batch, [...batched]);
    counter.add(1);
    await provider.forceFlush();
    counter.add(2);
    gauge.record(3);
    histogram.record(4);
    updown.add(5);
    await provider.forceFlush();
    const shown = memories.map((memory) =>
      Object.fromEntries(
        (memory.getMetrics()[1]?.scopeMetrics[0]?.metrics ?? []).map((metric) => [
          metric.descriptor.name,
          metric.dataPoints[0]?.value,
        ]),
      ),
    );
    expect(shown[0]).toMatchObject({ c: 2, g: 3, u: 5, single: 2, b1: 0, b2: 2 });
    expect(shown[1]).toMatchObject({ c: 3, g: 3, u: 5, b1: 1, b2: 2 });
    expect(shown[1]?.['h']).toMatchObject({ count: 1, sum: 4 });
    single.removeCallback(observe);
    meter.removeBatchObservableCallback(batch, [...batched]);
    meter.removeBatchObservableCallback(batch, [...batched]);
    memories[1]?.reset();
    const before = total;
    await provider.forceFlush();
    expect(total).toBe(before);
    expect(provider.getMeter('m')).toBe(meter);
  });

  it('applies views', async () => {
    const exponential = { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 20 } };
    const explicit = {
      type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
      options: { boundaries: [100], recordMinMax: false },
    };
    const { provider, metrics } = provide(CUMULATIVE, {
      views: [
        {
          instrumentName: 'kept',
          name: 'renamed',
          attributesProcessors: [createAllowListAttributesProcessor(['a'])],
          aggregationCardinalityLimit: 10,
        },
        {
          instrumentName: 'less',
          attributesProcessors: [createDenyListAttributesProcessor(['b'])],
        },
        { instrumentName: 'gone', aggregation: { type: AggregationType.DROP } },
        { instrumentName: 'exponential', aggregation: exponential },
        { instrumentName: 'explicit', aggregation: explicit },
        {
          instrumentType: InstrumentType.GAUGE,
          meterName: 'm',
          aggregation: { type: AggregationType.LAST_VALUE },
          description: 'by type',
        },
        { instrumentName: 'summed', aggregation: { type: AggregationType.SUM } },
        { instrumentName: 'usual', aggregation: { type: AggregationType.DEFAULT } },
      ],
    });
    const meter = provider.getMeter('m');
    for (const name of ['kept', 'less', 'gone', 'usual']) {
      meter.createCounter(name).add(1, { a: 1, b: 2 });
    }
    for (const name of ['exponential', 'explicit', 'summed']) {
      meter.createHistogram(name).record(4);
    }
    meter.createGauge('typed').record(1);
    const found = await metrics();
    const byName = new Map(found.map((metric) => [metric.descriptor.name, metric]));
    expect([...byName.keys()]).toEqual([
      'renamed',
      'less',
      'usual',
      'exponential',
      'explicit',
      'summed',
      'typed',
    ]);
    expect(byName.get('renamed')?.dataPoints[0]?.attributes).toEqual({ a: 1 });
    expect(byName.get('less')?.dataPoints[0]?.attributes).toEqual({ a: 1 });
    expect(byName.get('exponential')?.dataPoints[0]?.value).toMatchObject({
      count: 1,
      zeroCount: 0,
      positive: { bucketCounts: [1] },
      negative: { bucketCounts: [] },
    });
    const explicitValue = byName.get('explicit')?.dataPoints[0]?.value as { min?: number };
    expect(explicitValue).toMatchObject({ buckets: { boundaries: [100], counts: [1, 0] } });
    expect(explicitValue.min).toBeUndefined();
    expect(byName.get('summed')?.dataPoints[0]?.value).toBe(4);
    expect(byName.get('typed')?.descriptor.description).toBe('by type');
  });

  it('refuses views that it cannot apply', () => {
    const views = (view: object): (() => MeterProvider) => {
      return () => new MeterProvider({ views: [view], readers: [] });
    };
    const processor = { process: () => ({}) } as object;
    expect(views({ attributesProcessors: [processor] })).toThrow('must come from this package');
    expect(views({ instrumentType: 'NONE' })).toThrow('instrumentType NONE');
  });

  it('is silent without readers and after shutdown', async () => {
    new MeterProvider().getMeter('m').createCounter('c').add(1);
    const { provider, metrics } = provide();
    provider.getMeter('m').createCounter('c').add(1);
    expect(await metrics()).toHaveLength(1);
    const ended = provider.shutdown();
    expect(provider.shutdown()).toBe(ended);
    await ended;
    provider.getMeter('m').createCounter('c').add(1);
    await provider.forceFlush();
  });

  it('waits for its resource', async () => {
    const resource = resourceFromAttributes({ late: Promise.resolve('r') });
    const exporter = new InMemoryMetricExporter(CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter });
    const provider = new MeterProvider({ resource, readers: [reader] });
    provider.getMeter('m').createCounter('c').add(1);
    await provider.forceFlush();
    expect(exporter.getMetrics()[0]?.resource.attributes).toEqual({ late: 'r' });
  });
});

describe('the periodic reader', () => {
  it('collects at its interval, not twice at once, and reports failures', async () => {
    vi.useFakeTimers();
    const answers: ((result: { code: 0 | 1 }) => void)[] = [];
    const exporter: PushMetricExporter = {
      export: (_metrics, done) => answers.push(done),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 100 });
    const provider = new MeterProvider({ readers: [reader] });
    await vi.advanceTimersByTimeAsync(100);
    expect(answers).toHaveLength(0);
    provider.getMeter('m').createCounter('c').add(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(answers).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(99);
    expect(answers).toHaveLength(1);
    answers[0]?.({ code: 1 });
    await vi.advanceTimersByTimeAsync(1);
    expect(reports.join()).toContain('cannot export metrics: Error: the exporter failed');
    expect(answers).toHaveLength(2);
    const ended = reader.shutdown();
    answers[1]?.({ code: 0 });
    await vi.advanceTimersByTimeAsync(0);
    answers[2]?.({ code: 0 });
    await ended;
    await expect(reader.collect()).rejects.toThrow('shut down');
  });

  it('checks its options, and that it has one provider', async () => {
    const exporter = new ConsoleMetricExporter();
    const make = (options: object): (() => PeriodicExportingMetricReader) => {
      return () => new PeriodicExportingMetricReader({ exporter, ...options });
    };
    expect(make({ exportIntervalMillis: 0 })).toThrow('exportIntervalMillis');
    expect(make({ exportTimeoutMillis: -1 })).toThrow('exportTimeoutMillis');
    expect(make({ exportIntervalMillis: 5, exportTimeoutMillis: 6 })).toThrow('must not be over');
    const reader = make({ cardinalityLimit: 2 })();
    await expect(reader.collect()).rejects.toThrow('no meter provider');
    const provider = new MeterProvider({ readers: [reader] });
    expect(() => new MeterProvider({ readers: [reader] })).toThrow('second meter provider');
    const dir = vi.spyOn(console, 'dir').mockImplementation(() => {});
    const counter = provider.getMeter('m').createCounter('c');
    for (let key = 0; key < 5; key++) counter.add(1, { key });
    await provider.shutdown();
    const [printed] = dir.mock.calls[0] as [{ dataPoints: unknown[] }];
    expect(printed.dataPoints).toHaveLength(2);
    dir.mockRestore();
  });
});

describe('the OTLP metric exporter', () => {
  it('sends what our reader collected, read before or not, and what others collected', async () => {
    const backend = await Backend.start();
    const exporter = new OTLPMetricExporter({
      url: `${backend.url}/v1/metrics`,
      temporalityPreference: DELTA,
    });
    const reader = new PeriodicExportingMetricReader({ exporter });
    const resource = resourceFromAttributes({ r: 1 }, { schemaUrl: 'https://r' });
    const aggregation = { type: AggregationType.EXPONENTIAL_HISTOGRAM };
    const views = [{ instrumentName: 'exponential', aggregation }];
    const provider = new MeterProvider({ readers: [reader], resource, views });
    const meter = provider.getMeter('m', '1', { schemaUrl: 'https://m' });
    meter.createCounter('int', { valueType: ValueType.INT }).add(1, { a: 'b' });
    meter.createUpDownCounter('double').add(0.5);
    meter.createGauge('gauge').record(2);
    meter.createHistogram('histogram').record(3);
    for (const value of [0, 1, 100]) meter.createHistogram('exponential').record(value);
    const { resourceMetrics } = await reader.collect();
    const send = (metrics: typeof resourceMetrics): Promise<unknown> =>
      new Promise((resolve) => {
        exporter.export(metrics, resolve);
      });
    await send(resourceMetrics);
    expect(resourceMetrics.scopeMetrics).toHaveLength(1);
    await send(resourceMetrics);
    await send({ resource: resourceMetrics.resource, scopeMetrics: resourceMetrics.scopeMetrics });
    const bodies = backend.requests.map(({ body }) => decode('ExportMetricsServiceRequest', body));
    const first = bodies[0]?.resourceMetrics?.[0];
    expect(first?.scopeMetrics?.[0]?.metrics?.[0]).toMatchObject({
      name: 'int',
      sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ asInt: 1n }] },
    });
    // A side without buckets is left out by our bytes, and an empty one when it was read.
    const same = (body: unknown): unknown =>
      JSON.parse(
        JSON.stringify(body, (key, value: unknown) =>
          key === 'negative' ? undefined : typeof value === 'bigint' ? String(value) : value,
        ),
      );
    expect(same(bodies[1])).toEqual(same(bodies[0]));
    expect(same(bodies[2])).toEqual(same(bodies[0]));
    const [point] =
      first?.scopeMetrics?.[0]?.metrics?.at(-1)?.exponentialHistogram?.dataPoints ?? [];
    expect(point).toMatchObject({ count: 3n, zeroCount: 1n, sum: 101, min: 0, max: 100 });
    await provider.shutdown();
    await backend.close();
  });

  it('chooses temporality and aggregation', () => {
    const chosen = (preference: 0 | 1 | 2): (0 | 1)[] => {
      const exporter = new OTLPMetricExporter({ temporalityPreference: preference });
      return Object.values(InstrumentType).map((type) =>
        exporter.selectAggregationTemporality(type),
      );
    };
    expect(chosen(1)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    // Counter, gauge, histogram, up-down; observable counter, gauge, up-down.
    expect(chosen(0)).toEqual([0, 1, 0, 1, 0, 1, 1]);
    expect(chosen(2)).toEqual([0, 1, 0, 1, 1, 1, 1]);
    const aggregation = { type: AggregationType.EXPONENTIAL_HISTOGRAM };
    const exporter = new OTLPMetricExporter({ aggregationPreference: () => aggregation });
    expect(exporter.selectAggregation('HISTOGRAM')).toBe(aggregation);
    expect(new OTLPMetricExporter().selectAggregation('COUNTER').type).toBe(0);
  });
});
