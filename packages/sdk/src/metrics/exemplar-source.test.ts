import { ROOT_CONTEXT, TraceFlags, ValueType, trace } from '@opentelemetry/api';
import type { Attributes, Context, HrTime } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';

import type { ExemplarReservoir, KeptExemplar } from '../common/exemplar-reservoir.js';
import type { TelemetryOptions } from '../export/options.js';
import { forgetExemplars } from './cell.js';
import { ExemplarSource } from './exemplar-source.js';
import { capturedTelemetry, plain } from './fixtures/captured-telemetry.js';
import type { Captured } from './fixtures/captured-telemetry.js';
import { describeInstrument } from './instrument-descriptor.js';
import { MeterProvider } from './meter-provider.js';
import type { Meter } from './meter.js';
import { MetricStream } from './metric-stream.js';

function start(
  options: TelemetryOptions = {},
  environment: Record<string, string> = {},
): { meter: Meter; captured: Captured; collect: () => Promise<void> } {
  const { telemetry, captured } = capturedTelemetry(options, environment);
  const provider = new MeterProvider(telemetry);
  return { meter: provider.getMeter('test'), captured, collect: () => provider.collect(1000) };
}

describe('exemplars', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const spanId = 'b7ad6b7169203331';
  const inSpan = (traceFlags: TraceFlags) =>
    trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags });

  it('point at the sampled span that a measurement was made in', async () => {
    const { meter, captured, collect } = start();
    meter.createHistogram('h').record(30, { k: 'v' }, inSpan(TraceFlags.SAMPLED));
    meter.createHistogram('h').record(4000, { k: 'v' }, inSpan(TraceFlags.SAMPLED));
    meter.createHistogram('h').record(31, { k: 'v' }, inSpan(TraceFlags.NONE));
    meter.createCounter('c', { valueType: ValueType.INT }).add(-0, {}, inSpan(TraceFlags.SAMPLED));
    meter.createCounter('c', { valueType: ValueType.INT }).add(7, {}, inSpan(TraceFlags.SAMPLED));
    await collect();
    const metrics = captured.lastMetrics();
    const point = metrics.get('h')?.histogram?.dataPoints?.[0];
    expect(point).toMatchObject({ count: 3n, sum: 4061 });
    expect(point?.exemplars?.map((exemplar) => exemplar.asDouble)).toEqual([30, 4000]);
    const [exemplar] = point?.exemplars ?? [];
    expect(Buffer.from(exemplar?.traceId ?? []).toString('hex')).toBe(traceId);
    expect(Buffer.from(exemplar?.spanId ?? []).toString('hex')).toBe(spanId);
    expect(exemplar?.timeUnixNano).toBeLessThanOrEqual(point?.timeUnixNano ?? 0n);
    expect(metrics.get('c')?.sum?.dataPoints?.[0]?.exemplars).toHaveLength(1);
    await collect();
    const later = captured.lastMetrics().get('h')?.histogram?.dataPoints?.[0];
    expect(later).toMatchObject({ count: 3n });
    expect(later?.exemplars ?? []).toEqual([]);
  });

  it('carry the attributes that a view leaves out', async () => {
    const views = [{ instrumentName: 'c', attributeKeys: ['route'] }];
    const { meter, captured, collect } = start({ metrics: { views } });
    const attributes = { user: 'ana', route: '/a' };
    meter.createCounter('c').bind(attributes).add(1, inSpan(TraceFlags.SAMPLED));
    await collect();
    const [point] = captured.lastMetrics().get('c')?.sum?.dataPoints ?? [];
    expect(plain(point?.attributes)).toEqual({ route: '/a' });
    expect(plain(point?.exemplars?.[0]?.filteredAttributes)).toEqual({ user: 'ana' });
  });

  it('are a fair choice of the interval: 20 of an exponential histogram, else one', async () => {
    const views = [{ instrumentName: 'h', aggregation: { type: 'exponentialHistogram' as const } }];
    const { meter, captured, collect } = start({ metrics: { views } });
    const context = inSpan(TraceFlags.SAMPLED);
    for (let value = 1; value <= 500; value++) {
      meter.createHistogram('h').record(value, {}, context);
      meter.createGauge('g').record(value, {}, context);
    }
    await collect();
    const metrics = captured.lastMetrics();
    const [point] = metrics.get('h')?.exponentialHistogram?.dataPoints ?? [];
    expect(point?.exemplars).toHaveLength(20);
    // The 21st to the 32nd are looked at, each replaces one with probability 20/n: that none does
    // is less likely than 10^-8.
    expect(Math.max(...(point?.exemplars ?? []).map((one) => one.asDouble ?? 0))).toBeGreaterThan(
      20,
    );
    expect(metrics.get('g')?.gauge?.dataPoints?.[0]?.exemplars).toHaveLength(1);
  });

  it('are not taken when switched off, and from any span with always_on', async () => {
    const off = start({}, { OTEL_METRICS_EXEMPLAR_FILTER: 'always_off' });
    const on = start({ metrics: { exemplarFilter: 'always_on' } });
    for (const { meter, collect } of [off, on]) {
      meter.createCounter('c').add(1, {}, inSpan(TraceFlags.NONE));
      meter.createCounter('c').add(1, {}, ROOT_CONTEXT);
      await collect();
    }
    const exemplars = (captured: Captured) =>
      captured.lastMetrics().get('c')?.sum?.dataPoints?.[0]?.exemplars ?? [];
    expect(exemplars(off.captured)).toHaveLength(0);
    expect(exemplars(on.captured)).toHaveLength(1);
  });
});

describe('the choice of exemplars', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const spanId = 'b7ad6b7169203331';
  const context = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1 });

  /** How often each of `count` measurements was the exemplar, over many intervals. */
  function chosen(
    aggregation: 'sum' | 'explicitHistogram' | 'exponentialHistogram',
    count: number,
    rounds: number,
    isEligible: (index: number) => boolean = () => true,
  ): number[] {
    let state = 42;
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const source = new ExemplarSource('trace_based', random);
    const descriptor = describeInstrument('histogram', 'h', undefined).descriptor;
    const options = { aggregation, temporality: 'delta', cardinalityLimit: 10 } as const;
    const stream = new MetricStream(descriptor, options);
    const cell = stream.find({});
    const counts = Array.from({ length: count }, () => 0);
    for (let round = 0; round < rounds; round++) {
      forgetExemplars(cell);
      for (let index = 0; index < count; index++) {
        // One bucket of all, and the index in the fraction.
        const value = 6 + index / count;
        stream.update(cell, value);
        if (!source.isDue(cell)) continue;
        source.offer(stream, cell, value, isEligible(index) ? context : ROOT_CONTEXT, undefined);
      }
      for (const exemplar of cell.exemplars ?? []) {
        if (exemplar !== undefined) counts[Math.round((exemplar.value - 6) * count)]!++;
      }
    }
    return counts;
  }

  it.each([
    ['sum', 1, 192, 4000],
    ['explicitHistogram', 1, 192, 4000],
    ['exponentialHistogram', 20, 960, 500],
  ] as const)('is uniform over the interval: %s', (aggregation, size, length, rounds) => {
    const counts = chosen(aggregation, length, rounds);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(rounds * size);
    // Eight parts of the interval: each has its share, within five standard deviations.
    const part = length / 8;
    const mean = (rounds * size) / 8;
    for (let first = 0; first < length; first += part) {
      const share = counts.slice(first, first + part).reduce((sum, count) => sum + count, 0);
      expect(Math.abs(share - mean)).toBeLessThan(5 * Math.sqrt(mean));
    }
  });

  it('is uniform over those that are eligible', () => {
    const counts = chosen('sum', 192, 4000, (index) => index % 3 === 0);
    const shares = [0, 64, 128].map((first) =>
      counts.slice(first, first + 64).reduce((sum, count) => sum + count, 0),
    );
    const total = shares.reduce((sum, share) => sum + share, 0);
    expect(total).toBe(4000);
    for (const share of shares) expect(Math.abs(share - total / 3)).toBeLessThan(total / 20);
  });

  it('does not miss the one slow request among thousands', async () => {
    const { meter, captured, collect } = start();
    const took = meter.createHistogram('took');
    for (let index = 0; index < 5000; index++) took.record(7, {}, context);
    took.record(9000, {}, context);
    for (let index = 0; index < 5000; index++) took.record(7, {}, context);
    await collect();
    const [point] = captured.lastMetrics().get('took')?.histogram?.dataPoints ?? [];
    expect(point?.exemplars?.map((exemplar) => exemplar.asDouble)).toEqual([7, 9000]);
  });

  it('takes any measurement with always_on, also of observables and without a span', async () => {
    const views = [{ instrumentName: 'o', attributeKeys: ['kept'] }];
    const { meter, captured, collect } = start({
      metrics: { exemplarFilter: 'always_on', views },
    });
    meter.createCounter('c').add(3, {}, ROOT_CONTEXT);
    const gauge = meter.createObservableGauge('o');
    gauge.addCallback((result) => result.observe(5, { kept: 1, left: 2 }));
    await collect();
    const [sum] = captured.lastMetrics().get('c')?.sum?.dataPoints ?? [];
    expect(sum?.exemplars).toHaveLength(1);
    expect(sum?.exemplars?.[0]?.traceId ?? []).toHaveLength(0);
    const [observed] = captured.lastMetrics().get('o')?.gauge?.dataPoints ?? [];
    expect(plain(observed?.exemplars?.[0]?.filteredAttributes)).toEqual({ left: 2 });
  });

  it('is left to a reservoir that a view names, one for each attribute set', async () => {
    class Newest implements ExemplarReservoir {
      #kept: KeptExemplar[] = [];
      offer(value: number, timestamp: HrTime, attributes: Attributes, given: Context): void {
        if (value === 13) throw new Error('no thirteens');
        const ids = trace.getSpanContext(given)!;
        this.#kept = [{ value, timestamp, filteredAttributes: attributes, ...ids }];
      }
      collect(): KeptExemplar[] {
        return this.#kept.splice(0);
      }
    }
    const views = [{ instrumentName: 'n', exemplarReservoir: () => new Newest() }];
    const { meter, captured, collect } = start({ metrics: { views } });
    const counter = meter.createCounter('n');
    for (let value = 1; value <= 100; value++) counter.add(value, { key: value % 2 }, context);
    counter.add(1000, { key: 0 }, ROOT_CONTEXT);
    counter.add(13, { key: 0 }, context);
    await collect();
    const points = captured.lastMetrics().get('n')?.sum?.dataPoints ?? [];
    expect(points.map((point) => point.exemplars?.map(({ asDouble }) => asDouble))).toEqual([
      [99],
      [100],
    ]);
    expect(Buffer.from(points[0]?.exemplars?.[0]?.spanId ?? []).toString('hex')).toBe(spanId);
    expect(points[0]?.asDouble).toBe(2500);
    const bad = [{ instrumentName: 'n', exemplarReservoir: 5 as never }];
    expect(() => start({ metrics: { views: bad } })).toThrow('exemplarReservoir is no function');
  });
});
