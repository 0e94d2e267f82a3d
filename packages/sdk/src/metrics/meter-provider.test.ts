import { ValueType } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { TelemetryOptions } from '../export/options.js';
import { bucketIndex } from './explicit-buckets.js';
import { capturedTelemetry, plain } from './fixtures/captured-telemetry.js';
import type { Captured } from './fixtures/captured-telemetry.js';
import { MeterProvider } from './meter-provider.js';
import { PeriodicReader } from './periodic-reader.js';
import type { Meter } from './meter.js';

function start(
  options: TelemetryOptions = {},
  environment: Record<string, string> = {},
): { meter: Meter; captured: Captured; provider: MeterProvider; collect: () => Promise<void> } {
  const { telemetry, captured } = capturedTelemetry(options, environment);
  const provider = new MeterProvider(telemetry);
  const meter = provider.getMeter('test', '1.2.3', { schemaUrl: 'https://schema' });
  return { meter, captured, provider, collect: () => provider.collect(1000) };
}

type Point = { attributes: Record<string, unknown>; value: unknown };

function points(captured: Captured, name: string): Point[] {
  const metric = captured.lastMetrics().get(name);
  const data = metric?.sum ?? metric?.gauge;
  return (data?.dataPoints ?? []).map((point) => ({
    attributes: plain(point.attributes),
    value: point.asInt ?? point.asDouble,
  }));
}

describe('collection', () => {
  it('writes one request with resource, scope and every metric', async () => {
    const { meter, captured, collect } = start();
    meter.createCounter('orders', { unit: '{order}', description: 'Taken' }).add(2, { shop: 'a' });
    meter.createUpDownCounter('open').add(-3);
    meter.createGauge('level', { valueType: ValueType.INT }).record(-7.9);
    meter.createHistogram('took', { unit: 'ms' }).record(12);
    await collect();
    const [request] = captured.metricRequests();
    const resource = request?.resourceMetrics?.[0];
    expect(plain(resource?.resource?.attributes)).toEqual({ 'service.name': 'captured' });
    const scope = resource?.scopeMetrics?.[0];
    expect(scope?.scope).toMatchObject({ name: 'test', version: '1.2.3' });
    expect(scope?.schemaUrl).toBe('https://schema');
    expect(captured.chunks[0]?.recordCount).toBe(4);
    const metrics = captured.lastMetrics();
    expect(metrics.get('orders')).toMatchObject({
      unit: '{order}',
      description: 'Taken',
      sum: { aggregationTemporality: 2, isMonotonic: true },
    });
    expect(points(captured, 'orders')).toEqual([{ attributes: { shop: 'a' }, value: 2 }]);
    expect(metrics.get('open')?.sum?.isMonotonic ?? false).toBe(false);
    expect(points(captured, 'open')).toEqual([{ attributes: {}, value: -3 }]);
    expect(points(captured, 'level')).toEqual([{ attributes: {}, value: -7n }]);
    const histogram = metrics.get('took')?.histogram;
    expect(histogram?.aggregationTemporality).toBe(2);
    expect(histogram?.dataPoints?.[0]).toMatchObject({ count: 1n, sum: 12, min: 12, max: 12 });
    expect(histogram?.dataPoints?.[0]?.explicitBounds).toHaveLength(15);
  });

  it('sends nothing when nothing was recorded', async () => {
    const { meter, captured, collect } = start();
    meter.createCounter('idle').bind({ a: 1 });
    meter.createObservableGauge('silent');
    await collect();
    expect(captured.chunks).toEqual([]);
  });

  it('keeps adding (cumulative) with one start time, and shows idle cells again', async () => {
    const { meter, captured, collect } = start();
    const counter = meter.createCounter('n');
    counter.add(1, { k: 'x' });
    await collect();
    const first = captured.lastMetrics().get('n')?.sum?.dataPoints?.[0];
    counter.add(5, { k: 'y' });
    await collect();
    expect(points(captured, 'n')).toEqual([
      { attributes: { k: 'x' }, value: 1 },
      { attributes: { k: 'y' }, value: 5 },
    ]);
    const second = captured.lastMetrics().get('n')?.sum?.dataPoints?.[0];
    expect(second?.startTimeUnixNano).toBe(first?.startTimeUnixNano);
    expect(second?.timeUnixNano).toBeGreaterThan(first?.timeUnixNano ?? 0n);
  });

  it('starts over with delta temporality and joins intervals without a gap', async () => {
    const { meter, captured, collect } = start({ metrics: { temporality: 'delta' } });
    const counter = meter.createCounter('n');
    const histogram = meter.createHistogram('h');
    const upDown = meter.createUpDownCounter('u');
    const record = (value: number): void => {
      counter.add(value);
      histogram.record(value);
      upDown.add(value);
    };
    record(3);
    await collect();
    const before = captured.lastMetrics().get('n')?.sum;
    expect(before?.aggregationTemporality).toBe(1);
    record(4);
    counter.add(1, { once: true });
    await collect();
    const after = captured.lastMetrics();
    const sum = after.get('n')?.sum?.dataPoints?.[0];
    expect(sum?.asDouble).toBe(4);
    expect(sum?.startTimeUnixNano).toBe(before?.dataPoints?.[0]?.timeUnixNano);
    expect(after.get('h')?.histogram?.dataPoints?.[0]).toMatchObject({
      count: 1n,
      sum: 4,
      min: 4,
      max: 4,
    });
    expect(after.get('u')?.sum).toMatchObject({ aggregationTemporality: 2 });
    expect(points(captured, 'u')[0]?.value).toBe(7);
    record(1);
    await collect();
    expect(points(captured, 'n')).toEqual([{ attributes: {}, value: 1 }]);
  });

  it('forgets idle delta cells before it overflows, but never bound ones', async () => {
    const { meter, captured, collect } = start({
      metrics: { temporality: 'delta', cardinalityLimit: 10 },
    });
    const counter = meter.createCounter('n');
    const bound = counter.bind({ id: 'bound' });
    for (let round = 0; round < 20; round++) {
      for (let id = 0; id < 7; id++) counter.add(1, { id: `${round}-${id}` });
      await collect();
      expect(
        points(captured, 'n').some((point) => 'otel.metric.overflow' in point.attributes),
      ).toBe(false);
    }
    bound.add(2);
    await collect();
    expect(points(captured, 'n')).toEqual([{ attributes: { id: 'bound' }, value: 2 }]);
  });

  it('reads the temporality preference from the environment', async () => {
    const name = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';
    const { meter, captured, collect } = start({}, { [name]: 'LowMemory' });
    meter.createCounter('n').add(1);
    meter.createObservableCounter('o').addCallback((result) => result.observe(1));
    await collect();
    expect(captured.lastMetrics().get('n')?.sum?.aggregationTemporality).toBe(1);
    expect(captured.lastMetrics().get('o')?.sum?.aggregationTemporality).toBe(2);
  });

  it('writes whole numbers as 64-bit integers to their ends', async () => {
    const { meter, captured, collect } = start();
    const gauge = meter.createGauge('g', { valueType: ValueType.INT });
    const values = [0, -1, 2 ** 32, -(2 ** 32) - 1, 2 ** 53, -(2 ** 53), 1e300, -1e300];
    for (const [index, value] of values.entries()) gauge.record(value, { index });
    await collect();
    expect(points(captured, 'g').map((point) => point.value)).toEqual([
      ...values.slice(0, 6).map(BigInt),
      2n ** 63n - 1n,
      -(2n ** 63n),
    ]);
  });
});

describe('numbers', () => {
  const measurement = fc.record({
    instrument: fc.constantFrom('counter', 'upDown', 'gauge', 'histogram'),
    value: fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.double()),
    attributes: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y', 1, true)),
    isBound: fc.boolean(),
  });

  it('are those of a naive model, also over several collections', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(measurement, { maxLength: 50 }), async (calls) => {
        const { meter, captured, collect } = start();
        const instruments = {
          counter: meter.createCounter('counter'),
          upDown: meter.createUpDownCounter('upDown'),
          gauge: meter.createGauge('gauge'),
          histogram: meter.createHistogram('histogram'),
        };
        const model = new Map<string, number[]>();
        for (const [index, { instrument, value, attributes, isBound }] of calls.entries()) {
          const given = attributes as Attributes;
          if (instrument === 'gauge' || instrument === 'histogram') {
            if (isBound) instruments[instrument].bind(given).record(value);
            else instruments[instrument].record(value, given);
          } else if (isBound) instruments[instrument as 'counter'].bind(given).add(value);
          else instruments[instrument as 'counter'].add(value, given);
          const isRefused = instrument === 'counter' || instrument === 'histogram';
          if (!Number.isFinite(value) || (isRefused && value < 0)) continue;
          const key = `${instrument} ${JSON.stringify(Object.entries(attributes).toSorted())}`;
          model.set(key, [...(model.get(key) ?? []), value]);
          if (index % 17 === 0) await collect();
        }
        await collect();
        for (const [key, values] of model) expectPoint(captured, key, values);
      }),
      { numRuns: 40 },
    );
  });

  it('add up to those of a naive model over the intervals of delta temporality', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.tuple(fc.constantFrom('x', 'y'), fc.integer({ min: 0, max: 99 })),
      },
      { weight: 1, arbitrary: fc.constant('collect' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { meter, captured, collect } = start({ metrics: { temporality: 'delta' } });
        const counter = meter.createCounter('counter');
        const histogram = meter.createHistogram('histogram');
        const model = new Map<unknown, number[][]>();
        let interval = 0;
        for (const one of steps) {
          if (one === 'collect') {
            await collect();
            interval++;
            continue;
          }
          const [key, value] = one;
          counter.add(value, { key });
          histogram.record(value, { key });
          const intervals = model.get(key) ?? [];
          model.set(key, intervals);
          (intervals[interval] ??= []).push(value);
        }
        await collect();
        expect(totalsOf(captured)).toEqual(
          new Map(
            [...model].map(([key, intervals]) => {
              const values = intervals.flat();
              const sum = sumOf(values);
              const least = sumOf(intervals.map((own) => Math.min(...own)));
              const most = sumOf(intervals.map((own) => Math.max(...own)));
              return [key, { added: sum, sum, count: values.length, least, most }];
            }),
          ),
        );
      }),
      { numRuns: 40 },
    );
  });
});

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Of one attribute set; least and most are the sums of those of the intervals. */
interface Totals {
  added: number;
  sum: number;
  count: number;
  least: number;
  most: number;
}

/** All delta points of all collections, added up. */
function totalsOf(captured: Captured): Map<unknown, Totals> {
  const totals = new Map<unknown, Totals>();
  const of = (attributes: Parameters<typeof plain>[0]): Totals => {
    const { key } = plain(attributes);
    const known = totals.get(key) ?? {
      added: 0,
      sum: 0,
      count: 0,
      least: 0,
      most: 0,
    };
    totals.set(key, known);
    return known;
  };
  const metrics = captured
    .metricRequests()
    .flatMap((request) => request.resourceMetrics ?? [])
    .flatMap((resource) => resource.scopeMetrics ?? [])
    .flatMap((scope) => scope.metrics ?? []);
  for (const { sum, histogram } of metrics) {
    for (const point of sum?.dataPoints ?? []) of(point.attributes).added += point.asDouble ?? 0;
    for (const point of histogram?.dataPoints ?? []) {
      const known = of(point.attributes);
      known.sum += point.sum ?? 0;
      known.count += Number(point.count);
      expect(point.bucketCounts?.reduce((all, count) => all + count, 0n)).toBe(point.count);
      known.least += point.min ?? 0;
      known.most += point.max ?? 0;
    }
  }
  return totals;
}

function expectPoint(captured: Captured, key: string, values: number[]): void {
  const [name = '', ...rest] = key.split(' ');
  const attributes = Object.fromEntries(JSON.parse(rest.join(' ')) as [string, unknown][]);
  const metric = captured.lastMetrics().get(name);
  const all = (metric?.sum ?? metric?.gauge ?? metric?.histogram)?.dataPoints ?? [];
  const wanted = JSON.stringify(attributes);
  const point = all.find((one) => JSON.stringify(plain(one.attributes)) === wanted);
  const sum = values.reduce((total, value) => total + value, 0);
  if (name === 'histogram') {
    const bounds = Float64Array.from(metric?.histogram?.dataPoints?.[0]?.explicitBounds ?? []);
    const counts = Array.from({ length: 16 }, () => 0n);
    for (const value of values) counts[bucketIndex(bounds, value)]! += 1n;
    expect(point).toMatchObject({ count: BigInt(values.length), bucketCounts: counts });
    expect(point).toMatchObject({ sum, min: Math.min(...values), max: Math.max(...values) });
  } else {
    expect(point).toMatchObject({ asDouble: name === 'gauge' ? values.at(-1) : sum });
  }
}

describe('instruments', () => {
  it('are the same under the same name in any case, and conflicts still work', async () => {
    const { meter, captured, collect } = start();
    const counter = meter.createCounter('Requests', { unit: '1' });
    expect(meter.createCounter('requests')).toBe(counter);
    expect(meter.createCounter('requests', { unit: '1', description: 'later' })).toBe(counter);
    const other = meter.createCounter('requests', { unit: 's' });
    const histogram = meter.createHistogram('requests');
    expect(other).not.toBe(counter);
    counter.add(1);
    other.add(2);
    histogram.record(3);
    await collect();
    expect(captured.chunks[0]?.recordCount).toBe(3);
    expect(meter.createCounter('n', { valueType: ValueType.INT })).not.toBe(
      meter.createCounter('n', { valueType: ValueType.DOUBLE }),
    );
  });

  it('refuse and count what cannot be added', () => {
    const { meter, provider } = start();
    const counter = meter.createCounter('n');
    counter.add(-1);
    counter.add(NaN);
    counter.add(Infinity);
    counter.add('5' as unknown as number);
    counter.add(5n as unknown as number);
    counter.bind({}).add(-2);
    meter.createHistogram('h').record(-1);
    meter.createGauge('g').record(-Infinity);
    meter.createGauge('g').record(-1);
    const trap = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    counter.add(1, trap);
    expect(provider.refusals.count('negative value')).toBe(3);
    expect(provider.refusals.count('not a finite number')).toBe(5);
    expect(provider.refusals.count('unusable attributes')).toBe(1);
    expect(provider.refusals.total).toBe(9);
  });

  it('work beyond the limits of meters and instruments, uncollected', async () => {
    const { meter, captured, provider, collect } = start();
    for (let index = 0; index < 10_005; index++) meter.createCounter(`c${index}`).add(1);
    await collect();
    expect(captured.chunks[0]?.recordCount).toBe(10_000);
    for (let index = 0; index < 1005; index++) provider.getMeter(`m${index}`);
    const late = provider.getMeter('late').createCounter('lost');
    late.add(1);
    await collect();
    expect(captured.lastMetrics().has('lost')).toBe(false);
  });

  it('take advised buckets and null attributes, and survive bad advice and names', async () => {
    const { meter, captured, collect } = start();
    const advice = { explicitBucketBoundaries: [1, 2] };
    meter.createHistogram('good', { advice }).record(2, null as unknown as Attributes);
    meter.createHistogram('bad', { advice: { explicitBucketBoundaries: [2, 1] } }).record(1);
    meter.createHistogram('0 not a name', { unit: 'x'.repeat(100) }).record(1);
    meter.createHistogram('none', { advice: { explicitBucketBoundaries: [] } }).record(1);
    await collect();
    const metrics = captured.lastMetrics();
    const first = (name: string) => metrics.get(name)?.histogram?.dataPoints?.[0];
    expect(first('good')).toMatchObject({ bucketCounts: [0n, 1n, 0n], explicitBounds: [1, 2] });
    expect(first('bad')?.explicitBounds).toHaveLength(15);
    expect(metrics.get('0 not a name')?.unit).toHaveLength(63);
    expect(first('none')?.bucketCounts).toEqual([1n]);
  });
});

describe('observables', () => {
  it('show what callbacks observe now, and only that', async () => {
    const { meter, captured, collect } = start();
    let rooms = ['a', 'b'];
    const gauge = meter.createObservableGauge('temperature');
    const callback = (result: { observe(value: number, attributes?: Attributes): void }): void => {
      for (const room of rooms) result.observe(20, { room });
    };
    gauge.addCallback(callback);
    gauge.addCallback(callback);
    await collect();
    expect(points(captured, 'temperature')).toHaveLength(2);
    rooms = ['b'];
    await collect();
    expect(points(captured, 'temperature')).toEqual([{ attributes: { room: 'b' }, value: 20 }]);
    gauge.removeCallback(callback);
    await collect();
    expect(captured.chunks).toHaveLength(2);
  });

  it('turn totals into differences with delta temporality', async () => {
    const { meter, captured, collect } = start({ metrics: { temporality: 'delta' } });
    let total = 10;
    const counter = meter.createObservableCounter('n');
    counter.addCallback((result) => result.observe(total));
    await collect();
    expect(points(captured, 'n')[0]?.value).toBe(10);
    total = 25;
    await collect();
    expect(points(captured, 'n')[0]?.value).toBe(15);
  });

  it('wait for asynchronous callbacks, bounded, while the rest goes out at once', async () => {
    const { meter, captured, provider } = start();
    meter.createCounter('now').add(1);
    let answer: (value: number) => void = () => undefined;
    const late = new Promise<number>((resolve) => {
      answer = resolve;
    });
    const slow = meter.createObservableGauge('slow');
    slow.addCallback(async (result) => result.observe(await late));
    const running = provider.collect(60_000);
    expect(captured.chunks).toHaveLength(1);
    const next = provider.collect(60_000);
    answer(4);
    await running;
    await next;
    const names = captured.metricRequests().map((request) => {
      const [scope] = request.resourceMetrics?.[0]?.scopeMetrics ?? [];
      return scope?.metrics?.map((metric) => metric.name);
    });
    expect(names).toEqual([['now'], ['slow'], ['now'], ['slow']]);
    expect(points(captured, 'slow')[0]?.value).toBe(4);
  });

  it('go on without a callback that never answers, and ignore it when it does', async () => {
    const { meter, captured, provider } = start();
    let answer: (value: number) => void = () => undefined;
    const never = new Promise<number>((resolve) => {
      answer = resolve;
    });
    const gauge = meter.createObservableGauge('hangs');
    gauge.addCallback(async (result) => result.observe(await never));
    meter.createObservableGauge('fine').addCallback((result) => result.observe(1));
    await provider.collect(5);
    expect([...captured.lastMetrics().keys()]).toEqual(['fine']);
    answer(1);
  });

  it('survive callbacks that throw or observe nonsense', async () => {
    const { meter, captured, provider, collect } = start();
    const gauge = meter.createObservableGauge('g');
    gauge.addCallback(() => {
      throw new Error('broken');
    });
    gauge.addCallback(() => Promise.reject(new Error('broken too')));
    gauge.addCallback((result) => result.observe(NaN));
    gauge.addCallback((result) => result.observe(3));
    gauge.addCallback('no function' as unknown as () => void);
    await collect();
    expect(points(captured, 'g')).toEqual([{ attributes: {}, value: 3 }]);
    expect(provider.refusals.count('not a finite number')).toBe(1);
  });

  it('answer to batch callbacks for the instruments they name', async () => {
    const { meter, captured, collect } = start();
    const one = meter.createObservableCounter('one');
    const two = meter.createObservableUpDownCounter('two');
    const stranger = meter.createObservableGauge('stranger');
    const callback = (result: {
      observe(metric: typeof one, value: number, attributes?: Attributes): void;
    }): void => {
      result.observe(one, 1);
      result.observe(two, -2);
      result.observe(stranger, 3);
    };
    meter.addBatchObservableCallback(callback, [one, two]);
    meter.addBatchObservableCallback(callback, [one, two]);
    await collect();
    expect(points(captured, 'one')[0]?.value).toBe(1);
    expect(points(captured, 'two')[0]?.value).toBe(-2);
    expect(captured.lastMetrics().has('stranger')).toBe(false);
    meter.removeBatchObservableCallback(callback, [two, one]);
    await collect();
    expect(captured.chunks).toHaveLength(1);
  });
});

describe('PeriodicReader', () => {
  it('collects at its interval, at a flush, and not after shutdown', async () => {
    const { telemetry, captured } = capturedTelemetry({ metrics: { intervalMillis: 5 } });
    const provider = new MeterProvider(telemetry);
    new PeriodicReader(provider, telemetry).start();
    const counter = provider.getMeter('m').createCounter('n');
    counter.add(1);
    await captured.arrived(2);
    await telemetry.forceFlush();
    counter.add(1);
    await telemetry.shutdown();
    const count = captured.chunks.length;
    expect(points(captured, 'n')[0]?.value).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(captured.chunks).toHaveLength(count);
  });

  it('collects synchronously when the process is about to exit', () => {
    const { telemetry, captured } = capturedTelemetry();
    const provider = new MeterProvider(telemetry);
    new PeriodicReader(provider, telemetry).start();
    provider.getMeter('m').createCounter('n').add(1);
    telemetry.finishNow();
    expect(captured.chunks).toHaveLength(1);
  });

  it('takes interval and timeout from options and environment', () => {
    const environment = { OTEL_METRIC_EXPORT_INTERVAL: '700', OTEL_METRIC_EXPORT_TIMEOUT: '900' };
    const { telemetry } = capturedTelemetry({}, environment);
    const reader = new PeriodicReader(new MeterProvider(telemetry), telemetry);
    expect([reader.intervalMillis, reader.timeoutMillis]).toEqual([700, 700]);
    const bad = capturedTelemetry({ metrics: { intervalMillis: 0 } }).telemetry;
    expect(() => new PeriodicReader(new MeterProvider(bad), bad)).toThrow(/intervalMillis 0/);
    const small = capturedTelemetry({ metrics: { cardinalityLimit: 1 } }).telemetry;
    expect(() => new MeterProvider(small)).toThrow(/cardinalityLimit 1/);
  });

  it('sends nothing where metrics are switched off', async () => {
    const { telemetry, captured } = capturedTelemetry({}, { OTEL_METRICS_EXPORTER: 'none' });
    const provider = new MeterProvider(telemetry);
    new PeriodicReader(provider, telemetry).start();
    const counter = provider.getMeter('m').createCounter('n');
    counter.add(1, { kept: 'nowhere' });
    expect(counter).toMatchObject({ streams: [] });
    await telemetry.forceFlush();
    expect(captured.chunks).toEqual([]);
  });
});
