import { MATCH_ALL, parse, type Aggregation, type QueryNode } from '@codomyrmex/telemetry-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openTestStore, type TestRow, type TestStore } from './fixtures/test-store.js';
import { queryMetric } from './metric-query.js';
import { listMetrics } from './metrics.js';
import { listServices } from './services.js';

const SECOND = 1_000_000_000n;
/** A multiple of every step used here. */
const START = 1_800_000_000n * SECOND;
const at = (seconds: number): bigint => START + BigInt(Math.round(seconds * 1000)) * 1_000_000n;

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

function tree(text: string): QueryNode {
  const result = parse(text);
  if (!result.ok) throw result.error;
  return result.tree;
}

interface Ask {
  readonly name: string;
  readonly agg?: Aggregation;
  readonly by?: readonly string[];
  readonly q?: string;
  readonly from?: number;
  readonly to?: number;
  readonly step?: number;
}

async function ask(question: Ask) {
  return queryMetric(store, {
    name: question.name,
    by: question.by ?? [],
    filter: question.q === undefined ? MATCH_ALL : tree(question.q),
    range: { from: at(question.from ?? 0), to: at(question.to ?? 60) },
    stepNanos: BigInt(question.step ?? 10) * SECOND,
    ...(question.agg === undefined ? {} : { aggregation: question.agg }),
  });
}

async function values(question: Ask): Promise<readonly (number | null)[]> {
  const answer = await ask(question);
  expect(answer.series).toHaveLength(1);
  return answer.series[0]?.values ?? [];
}

function head(name: string, seconds: number, more: TestRow = {}): TestRow {
  return {
    MetricName: name,
    MetricUnit: '1',
    ServiceName: 'shop',
    TimeUnix: at(seconds),
    StartTimeUnix: at(-3600),
    Attributes: {},
    ...more,
  };
}

function sum(name: string, seconds: number, value: number, more: TestRow = {}): TestRow {
  return {
    ...head(name, seconds),
    Value: value,
    AggregationTemporality: 2,
    IsMonotonic: true,
    ...more,
  };
}

describe('gauges', () => {
  beforeAll(() =>
    store.insert(
      'otel_metrics_gauge',
      [
        [1, 'a', 4],
        [6, 'a', 8],
        [2, 'b', 100],
        [12, 'a', 1],
        [41, 'a', 3],
        [52, 'a', 5],
      ].map(([seconds, queue, value]) => ({
        ...head('depth', Number(seconds)),
        Attributes: { queue: String(queue) },
        Value: Number(value),
      })),
    ),
  );

  it('aggregates the points of a step', async () => {
    expect((await values({ name: 'depth' }))[0]).toBeCloseTo((4 + 8 + 100) / 3);
    expect((await values({ name: 'depth', agg: 'max' }))[0]).toBe(100);
    expect((await values({ name: 'depth', agg: 'min' }))[0]).toBe(4);
    expect((await values({ name: 'depth', agg: 'count' }))[0]).toBe(3);
    expect((await values({ name: 'depth', agg: 'last' }))[0]).toBe(8);
    expect((await values({ name: 'depth', agg: 'sum' }))[0]).toBe(108);
    expect((await values({ name: 'depth', agg: 'p50' }))[0]).toBe(8);
  });

  it('splits by a key, filters, and leaves gaps', async () => {
    const answer = await ask({ name: 'depth', by: ['queue', 'service'] });
    expect(answer.series.map((series) => series.labels)).toEqual([
      { queue: 'b', service: 'shop' },
      { queue: 'a', service: 'shop' },
    ]);
    expect(await values({ name: 'depth', q: 'queue=a' })).toEqual([6, 1, null, null, 3, 5]);
    expect(answer).toMatchObject({ type: 'gauge', unit: '1', agg: 'avg' });
  });

  it('has no rate', async () => {
    await expect(ask({ name: 'depth', agg: 'rate' })).rejects.toThrow('agg=rate needs a counter');
  });
});

describe('cumulative sums', () => {
  it('rates across resets, against a model', async () => {
    const rows: TestRow[] = [];
    const increases = new Map<number, number>();
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    for (const series of ['x', 'y', 'z']) {
      let value = 1000;
      let start = at(-3600);
      let last: number | undefined;
      for (let seconds = -20; seconds < 60; seconds += 2) {
        const more = Math.floor(random() * 20);
        if (random() < 0.1 && last !== undefined) {
          // A restart between two points: what came before it is lost with the process.
          start = at(seconds - 1);
          value = 0;
        }
        value += more;
        if (last !== undefined && seconds >= 0) {
          const step = Math.floor(seconds / 10);
          increases.set(step, (increases.get(step) ?? 0) + more);
        }
        last = seconds;
        const attributes = { series };
        rows.push(sum('model', seconds, value, { StartTimeUnix: start, Attributes: attributes }));
      }
    }
    await store.insert('otel_metrics_sum', rows);
    const expected = Array.from({ length: 6 }, (_, step) => increases.get(step) ?? 0);
    expect(await values({ name: 'model', agg: 'sum' })).toEqual(expected);
    const rates = await values({ name: 'model' });
    for (const [step, rate] of rates.entries()) {
      expect(rate).toBeCloseTo((expected[step] ?? 0) / 10, 6);
    }
  });

  it('counts a series from its start when it began within what is read', async () => {
    await store.insert('otel_metrics_sum', [
      sum('born', 15, 7, { StartTimeUnix: at(12) }),
      sum('born', 25, 9, { StartTimeUnix: at(12) }),
      sum('old', 15, 700),
      sum('old', 25, 705),
    ]);
    expect(await values({ name: 'born', agg: 'sum' })).toEqual([null, 7, 2, null, null, null]);
    expect(await values({ name: 'old', agg: 'sum' })).toEqual([null, null, 5, null, null, null]);
    expect(await values({ name: 'old', agg: 'last' })).toEqual([null, 700, 705, null, null, null]);
  });

  it('a point speaks for the steps since the one before it', async () => {
    await store.insert(
      'otel_metrics_sum',
      [-30, 0, 30, 60, 300].map((seconds) => sum('sparse', seconds, seconds * 2 + 1000)),
    );
    const rates = await values({ name: 'sparse', to: 320 });
    expect(rates.slice(0, 7)).toEqual([2, 2, 2, 2, 2, 2, 2]);
    expect(rates.slice(7, 30).every((value) => value === null)).toBe(true);
    expect(rates[30]).toBeCloseTo(2);
  });

  it('adds up the last values of up-down counters', async () => {
    const more = { IsMonotonic: false };
    await store.insert('otel_metrics_sum', [
      sum('open', 1, 10, { ...more, Attributes: { p: 'a' } }),
      sum('open', 5, 3, { ...more, Attributes: { p: 'a' } }),
      sum('open', 5, 2, { ...more, Attributes: { p: 'b' } }),
    ]);
    expect(await values({ name: 'open', to: 10 })).toEqual([5]);
    expect((await ask({ name: 'open', to: 10 })).agg).toBe('sum');
  });
});

describe('delta sums', () => {
  it('adds up', async () => {
    await store.insert(
      'otel_metrics_sum',
      [1, 2, 3, 11].map((seconds) =>
        sum('delta', seconds, 10, { AggregationTemporality: 1, StartTimeUnix: at(seconds - 1) }),
      ),
    );
    expect(await values({ name: 'delta', agg: 'sum', to: 20 })).toEqual([30, 10]);
    expect(await values({ name: 'delta', agg: 'rate', to: 20 })).toEqual([3, 1]);
  });
});

describe('histograms', () => {
  const bounds = [10, 20, 50, 100];

  function histogram(name: string, seconds: number, observed: readonly number[], more: TestRow) {
    const counts = [...bounds, Infinity].map((bound, index) => {
      const below = index === 0 ? -Infinity : (bounds[index - 1] ?? 0);
      return String(observed.filter((value) => value > below && value <= bound).length);
    });
    return {
      ...head(name, seconds),
      Count: String(observed.length),
      Sum: observed.reduce((total, value) => total + value, 0),
      BucketCounts: counts,
      ExplicitBounds: bounds,
      Optional: 1,
      ...more,
    };
  }

  it('interpolates quantiles of what a step observed, across a reset', async () => {
    const first = [5, 15, 15, 30, 70];
    const second = [...first, 12, 12, 12, 12];
    await store.insert('otel_metrics_histogram', [
      histogram('latency', -5, first, { AggregationTemporality: 2 }),
      histogram('latency', 5, second, { AggregationTemporality: 2 }),
      histogram('latency', 15, [60, 60], { AggregationTemporality: 2, StartTimeUnix: at(11) }),
    ]);
    const question = { name: 'latency', to: 20 };
    // Four observations in (10, 20]: the median is the middle of the bucket.
    expect(await values({ ...question, agg: 'p50' })).toEqual([15, 75]);
    expect((await ask(question)).agg).toBe('p95');
    expect(await values({ ...question, agg: 'count' })).toEqual([4, 2]);
    expect(await values({ ...question, agg: 'avg' })).toEqual([12, 60]);
    expect(await values({ ...question, agg: 'sum' })).toEqual([48, 120]);
    const { distribution } = await ask(question);
    expect(distribution).toEqual({
      bounds,
      counts: [
        [0, 4, 0, 0, 0],
        [0, 0, 0, 2, 0],
      ],
    });
  });

  it('takes delta points as they are, with their extremes', async () => {
    await store.insert('otel_metrics_histogram', [
      histogram('delta.latency', 5, [15, 18], {
        AggregationTemporality: 1,
        Min: 15,
        Max: 18,
        Optional: 7,
      }),
      histogram('delta.latency', 6, [150], {
        AggregationTemporality: 1,
        Min: 150,
        Max: 150,
        Optional: 7,
      }),
    ]);
    const question = { name: 'delta.latency', to: 10 };
    expect(await values({ ...question, agg: 'max' })).toEqual([150]);
    expect(await values({ ...question, agg: 'min' })).toEqual([15]);
    expect(await values({ ...question, agg: 'count' })).toEqual([3]);
  });

  it('reads exponential histograms whose scale changed', async () => {
    const point = (seconds: number, more: TestRow): TestRow => ({
      ...head('exp', seconds),
      AggregationTemporality: 2,
      Optional: 1,
      ...more,
    });
    await store.insert('otel_metrics_exponential_histogram', [
      // Scale 1, base √2: buckets 2 and 3 are (2, 2.83] and (2.83, 4].
      point(-5, {
        Count: '4',
        Sum: 12,
        Scale: 1,
        PositiveOffset: 2,
        PositiveBucketCounts: ['2', '2'],
      }),
      // Scale 0, base 2: bucket 1 is (2, 4], bucket 3 is (8, 16].
      point(5, {
        Count: '14',
        Sum: 132,
        Scale: 0,
        PositiveOffset: 1,
        PositiveBucketCounts: ['4', '0', '10'],
      }),
    ]);
    const question = { name: 'exp', to: 10 };
    expect(await values({ ...question, agg: 'count' })).toEqual([10]);
    expect(await values({ ...question, agg: 'avg' })).toEqual([12]);
    expect(await values({ ...question, agg: 'p50' })).toEqual([12]);
    expect((await ask(question)).distribution).toEqual({ bounds: [8, 16], counts: [[0, 10, 0]] });
  });

  it('reads summaries', async () => {
    const point = (seconds: number, count: number, total: number): TestRow => ({
      ...head('summary', seconds),
      Count: String(count),
      Sum: total,
      'ValueAtQuantiles.Quantile': [0.5, 0.95],
      'ValueAtQuantiles.Value': [10, 90],
    });
    await store.insert('otel_metrics_summary', [point(-5, 10, 100), point(5, 20, 300)]);
    const question = { name: 'summary', to: 10 };
    expect(await values({ ...question, agg: 'avg' })).toEqual([20]);
    expect(await values({ ...question, agg: 'p95' })).toEqual([90]);
    expect(await values({ ...question, agg: 'p75' })).toEqual([null]);
    expect(await values({ ...question, agg: 'rate' })).toEqual([1]);
  });
});

describe('lists', () => {
  it('tells an unknown metric', async () => {
    expect(await ask({ name: 'nothing' })).toMatchObject({ type: undefined, series: [] });
  });

  it('refuses too many steps', async () => {
    await expect(ask({ name: 'depth', to: 100_000, step: 1 })).rejects.toThrow('step is too short');
  });

  it('lists the metrics with their keys and series', async () => {
    const { items } = await listMetrics(store, {
      range: { from: at(-100), to: at(100) },
      filter: MATCH_ALL,
    });
    expect(items.find((item) => item.name === 'depth')).toMatchObject({
      type: 'gauge',
      attributeKeys: ['queue'],
      seriesCount: 2,
      services: ['shop'],
      temporality: 'UNSPECIFIED',
      lastSeenUnixNano: String(at(52)),
    });
    expect(items.find((item) => item.name === 'model')).toMatchObject({
      type: 'sum',
      monotonic: true,
      temporality: 'CUMULATIVE',
      seriesCount: 3,
    });
  });

  it('summarises services', async () => {
    const rows = Array.from({ length: 100 }, (_, index) => ({
      Timestamp: at(index * 0.6),
      TraceId: 'a',
      SpanId: String(index),
      ServiceName: index < 90 ? 'api' : 'db',
      Duration: String(BigInt(index + 1) * 1_000_000n),
      StatusCode: index < 9 ? 'Error' : 'Ok',
    }));
    await store.insert('otel_traces', rows);
    const { items } = await listServices(store, {
      range: { from: at(0), to: at(60) },
      filter: MATCH_ALL,
    });
    expect(items.map((item) => [item.name, item.spanCount, item.errorCount])).toEqual([
      ['api', 90, 9],
      ['db', 10, 0],
    ]);
    expect(items[0]).toMatchObject({ rate: 1.5, errorRatio: 0.1, p50Nanos: '45500000' });
    expect(items[0]?.sparkline.slice(0, 27)).toEqual(expect.arrayContaining([3, 4]));
    expect(items[0]?.sparkline.reduce((total, count) => total + count, 0)).toBe(90);
  });
});
