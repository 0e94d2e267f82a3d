import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { Metric } from '@codomyrmex/otlp';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { setDiagnostics } from '../common/diagnostics.js';
import type { MetricViewOptions } from '../common/metric-view-options.js';
import { exponentialIndex } from './exponential-histogram.js';
import { capturedTelemetry, plain } from './fixtures/captured-telemetry.js';
import { MeterProvider } from './meter-provider.js';
import type { Meter } from './meter.js';

interface Started {
  readonly meter: Meter;
  collect(): Promise<Map<string, Metric>>;
}

function start(
  views: readonly MetricViewOptions[],
  environment: Record<string, string> = {},
  temporality: 'cumulative' | 'delta' = 'cumulative',
): Started {
  const { telemetry, captured } = capturedTelemetry(
    { metrics: { views, temporality } },
    environment,
  );
  const provider = new MeterProvider(telemetry);
  return {
    meter: provider.getMeter('shop', '2.0'),
    collect: async () => {
      await provider.collect(1000);
      return captured.lastMetrics();
    },
  };
}

describe('views', () => {
  it('rename, describe and filter, and add up over what they leave out', async () => {
    const { meter, collect } = start([
      {
        instrumentName: 'requests',
        name: 'requests.by.route',
        description: 'By route only',
        attributeKeys: ['route'],
      },
      { instrumentName: 'temperature', excludedAttributeKeys: ['sensor'] },
    ]);
    const requests = meter.createCounter('Requests', { description: 'All' });
    requests.add(1, { route: '/a', user: 1 });
    requests.add(2, { route: '/a', user: 2 });
    requests.bind({ route: '/b', user: 3 }).add(4);
    const total = meter.createObservableUpDownCounter('temperature');
    total.addCallback((result) => {
      result.observe(5, { sensor: 1, room: 'x' });
      result.observe(6, { sensor: 2, room: 'x' });
    });
    const metrics = await collect();
    const metric = metrics.get('requests.by.route');
    expect(metric?.description).toBe('By route only');
    expect(
      metric?.sum?.dataPoints?.map((point) => [plain(point.attributes), point.asDouble]),
    ).toEqual([
      [{ route: '/a' }, 3],
      [{ route: '/b' }, 4],
    ]);
    expect(metrics.get('temperature')?.sum?.dataPoints?.[0]?.asDouble).toBe(11);
    // A second collection replaces what was observed instead of adding to it.
    const again = await collect();
    expect(again.get('temperature')?.sum?.dataPoints?.[0]?.asDouble).toBe(11);
  });

  it('select by every criterion', async () => {
    const { meter, collect } = start([
      { instrumentName: 'db.*.tim?', aggregation: 'drop' },
      { instrumentType: 'gauge', aggregation: 'drop' },
      { instrumentUnit: 'ms', meterName: 'shop', meterVersion: '2.0', aggregation: 'drop' },
      { meterName: 'other', aggregation: 'drop' },
      { meterSchemaUrl: 'https://x', aggregation: 'drop' },
    ]);
    meter.createCounter('db.query.time').add(1);
    meter.createCounter('db.query.times').add(1);
    meter.createGauge('level').record(1);
    meter.createHistogram('took', { unit: 'ms' }).record(1);
    meter.createHistogram('size', { unit: 'By' }).record(1);
    expect([...(await collect()).keys()]).toEqual(['db.query.times', 'size']);
  });

  it('make several metrics of one instrument, bound or not', async () => {
    const { meter, collect } = start([
      { instrumentName: 'took', name: 'took.sum', aggregation: 'sum' },
      { instrumentName: 'took', name: 'took.last', aggregation: 'lastValue' },
      {
        instrumentName: 'took',
        aggregation: { type: 'explicitHistogram', boundaries: [10], recordMinMax: false },
      },
    ]);
    const took = meter.createHistogram('took');
    took.record(5, { k: 1 });
    took.bind({ k: 1 }).record(15);
    took.bind({ k: 1 }).record(-1);
    const metrics = await collect();
    expect(metrics.get('took.sum')?.sum).toMatchObject({
      isMonotonic: true,
      dataPoints: [{ asDouble: 20 }],
    });
    expect(metrics.get('took.last')?.gauge?.dataPoints?.[0]?.asDouble).toBe(15);
    const [point] = metrics.get('took')?.histogram?.dataPoints ?? [];
    expect(point).toMatchObject({ count: 2n, sum: 20, bucketCounts: [1n, 1n] });
    expect(point?.min ?? 0).toBe(0);
    expect(point?.max ?? 0).toBe(0);
  });

  it('warn once where two metrics have one name, and export both', async () => {
    const messages: string[] = [];
    setDiagnostics((_severity, message) => messages.push(message));
    const { meter, collect } = start([
      { instrumentName: 'same.one', name: 'same' },
      { instrumentName: 'same.two', name: 'SAME' },
      { instrumentName: 'twice', description: 'a' },
      { instrumentName: 'twice', description: 'b' },
      { instrumentName: 'alone', name: 'renamed' },
    ]);
    for (const name of ['same.one', 'same.two', 'same.two', 'twice', 'twice', 'alone']) {
      meter.createCounter(name).add(1);
    }
    setDiagnostics('warn');
    expect([...(await collect()).keys()]).toEqual(['same', 'SAME', 'twice', 'renamed']);
    expect(messages).toEqual([
      'views give several metrics of shop the name same: all are exported',
      'views give several metrics of shop the name twice: all are exported',
    ]);
  });

  it('have a cardinality limit of their own', async () => {
    const { meter, collect } = start([{ instrumentName: '*', cardinalityLimit: 3 }]);
    for (let id = 0; id < 9; id++) meter.createCounter('n').add(1, { id });
    const data = (await collect()).get('n')?.sum?.dataPoints;
    expect(data?.map((point) => [plain(point.attributes), point.asDouble])).toEqual([
      [{ id: 0 }, 1],
      [{ id: 1 }, 1],
      [{ 'otel.metric.overflow': true }, 7],
    ]);
  });

  it('fall back where an aggregation does not fit', async () => {
    const { meter, collect } = start([
      { instrumentType: 'gauge', aggregation: 'sum' },
      { instrumentType: 'observableCounter', aggregation: { type: 'exponentialHistogram' } },
    ]);
    meter.createGauge('g').record(1);
    meter.createObservableCounter('o').addCallback((result) => result.observe(2));
    const metrics = await collect();
    expect(metrics.get('g')?.gauge?.dataPoints).toHaveLength(1);
    expect(metrics.get('o')?.sum?.dataPoints?.[0]?.asDouble).toBe(2);
  });

  it('are refused with what to change', () => {
    const refused = (view: unknown): string => {
      try {
        start([{ instrumentName: 'fine' }, view as MetricViewOptions]);
        return 'taken';
      } catch (error: unknown) {
        return String(error);
      }
    };
    const histogram = (part: object): object => ({ instrumentName: '*', aggregation: part });
    expect(refused({})).toMatch(/metrics\.views\[1\]: it needs a criterion/);
    expect(refused({ instrument: 'x' })).toMatch(/unknown option instrument/);
    expect(refused({ instrumentName: 'a*', name: 'b' })).toMatch(/without wildcard/);
    expect(refused({ instrumentName: 'a', cardinalityLimit: 1 })).toMatch(/cardinalityLimit 1/);
    expect(refused({ instrumentName: 'a'.repeat(300) })).toMatch(/too long/);
    expect(refused({ instrumentName: 'a', aggregation: 'mean' })).toMatch(/"mean" is not known/);
    expect(refused(histogram({ type: 'mean' }))).toMatch(/is not known/);
    expect(refused(histogram({ type: 'explicitHistogram', boundaries: [2, 1] }))).toMatch(/rising/);
    expect(refused(histogram({ type: 'exponentialHistogram', maxSize: 1 }))).toMatch(/maxSize 1/);
    expect(refused(histogram({ type: 'exponentialHistogram', maxScale: 21 }))).toMatch(
      /maxScale 21/,
    );
  });
});

describe('exponential histograms on the wire', () => {
  const name = 'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION';
  const environment = { [name]: 'base2_exponential_bucket_histogram' };

  it('are what the environment asks for, save where buckets were advised', async () => {
    const { meter, collect } = start([], environment);
    meter.createHistogram('plain').record(1);
    meter.createHistogram('advised', { advice: { explicitBucketBoundaries: [1] } }).record(1);
    const metrics = await collect();
    expect(metrics.get('plain')?.exponentialHistogram?.aggregationTemporality).toBe(2);
    expect(metrics.get('advised')?.histogram).toBeDefined();
  });

  it('carry every count, sum, least and greatest value', async () => {
    const values = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(values, fc.boolean(), async (list, isDelta) => {
        const view: MetricViewOptions = {
          instrumentName: 'h',
          aggregation: { type: 'exponentialHistogram', maxSize: 20 },
        };
        const { meter, collect } = start([view], {}, isDelta ? 'delta' : 'cumulative');
        const histogram = meter.createHistogram('h');
        for (const value of list) histogram.record(value, { k: 'v' });
        const [point] = (await collect()).get('h')?.exponentialHistogram?.dataPoints ?? [];
        const scale = point?.scale ?? 0;
        const counts = point?.positive?.bucketCounts ?? [];
        const offset = point?.positive?.offset ?? 0;
        const positive = list.filter((value) => value > 0);
        expect(counts.length).toBeLessThanOrEqual(20);
        for (const [position, count] of counts.entries()) {
          const index = offset + position;
          const expected = positive.filter((value) => exponentialIndex(value, scale) === index);
          expect(Number(count)).toBe(expected.length);
        }
        expect(point?.zeroCount ?? 0n).toBe(BigInt(list.length - positive.length));
        expect(point?.count).toBe(BigInt(list.length));
        expect(point?.sum).toBe(list.reduce((sum, value) => sum + value, 0));
        expect([point?.min, point?.max]).toEqual([Math.min(...list), Math.max(...list)]);
        expect(plain(point?.attributes)).toEqual({ k: 'v' });
        histogram.record(1);
        const later = (await collect()).get('h')?.exponentialHistogram?.dataPoints ?? [];
        expect(later).toHaveLength(isDelta ? 1 : 2);
        if (isDelta) expect(later[0]?.startTimeUnixNano).toBe(point?.timeUnixNano);
      }),
      { numRuns: 40 },
    );
  });

  it('have exemplars too', async () => {
    const { meter, collect } = start([], environment);
    const spanContext = {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: TraceFlags.SAMPLED,
    };
    meter.createHistogram('h').record(3, {}, trace.setSpanContext(ROOT_CONTEXT, spanContext));
    const [point] = (await collect()).get('h')?.exponentialHistogram?.dataPoints ?? [];
    expect(point?.exemplars?.map((exemplar) => exemplar.asDouble)).toEqual([3]);
  });
});
