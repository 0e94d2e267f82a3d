// The base of readers of one's own (metrics SDK specification, "MetricReader").
import { afterEach, expect, it } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import {
  AggregationTemporality,
  AggregationType,
  emptyResource,
  MeterProvider,
  MetricReader,
} from './otel.js';
import type { CollectionResult, MetricReaderOptions } from './otel.js';

class ScrapeReader extends MetricReader {
  work: Promise<void> = Promise.resolve();
  flushes = 0;
  started = 0;

  protected override onInitialized(): void {
    this.started++;
  }

  protected override onForceFlush(): Promise<void> {
    this.flushes++;
    return this.work;
  }

  protected override onShutdown(): Promise<void> {
    return this.work;
  }
}

function collected(result: CollectionResult): [string, unknown, number][] {
  return result.resourceMetrics.scopeMetrics.flatMap((scope) =>
    scope.metrics.map((metric): [string, unknown, number] => [
      metric.descriptor.name,
      metric.dataPoints[0]?.value,
      metric.aggregationTemporality,
    ]),
  );
}

function provided(options?: MetricReaderOptions): {
  reader: ScrapeReader;
  provider: MeterProvider;
} {
  const reader = new ScrapeReader(options);
  return { reader, provider: new MeterProvider({ readers: [reader] }) };
}

afterEach(() => setDiagnostics('warn'));

it('collects when asked, by its own temporality, aggregation and limit', async () => {
  const { reader, provider } = provided({
    aggregationTemporalitySelector: () => AggregationTemporality.DELTA,
    aggregationSelector: (type) => ({
      type: type === 'HISTOGRAM' ? AggregationType.DROP : AggregationType.DEFAULT,
    }),
    cardinalitySelector: () => 2,
  });
  expect(reader.started).toBe(1);
  const meter = provider.getMeter('scrape');
  meter.createHistogram('dropped').record(1);
  const counter = meter.createCounter('asked');
  for (const key of ['a', 'b', 'c']) counter.add(1, { key });
  const result = await reader.collect();
  expect(collected(result)).toEqual([['asked', 1, AggregationTemporality.DELTA]]);
  const [metric] = result.resourceMetrics.scopeMetrics[0]?.metrics ?? [];
  expect(metric?.dataPoints.map((point) => point.attributes)).toContainEqual({
    'otel.metric.overflow': true,
  });
  counter.add(5, { key: 'a' });
  expect(collected(await reader.collect())).toEqual([['asked', 5, AggregationTemporality.DELTA]]);
});

it('adds what other producers have, and their errors', async () => {
  const other: CollectionResult = {
    resourceMetrics: { resource: emptyResource(), scopeMetrics: [] },
    errors: ['theirs'],
  };
  const { reader, provider } = provided({
    metricProducers: [
      { collect: () => Promise.resolve(other) },
      {
        collect: async () => {
          const source = provided();
          source.provider.getMeter('bridge').createCounter('bridged').add(7);
          return source.reader.collect();
        },
      },
    ],
  });
  provider.getMeter('own').createCounter('own').add(1);
  const result = await reader.collect();
  expect(collected(result).map(([name, value]) => [name, value])).toEqual([
    ['own', 1],
    ['bridged', 7],
  ]);
  expect(result.errors).toEqual(['theirs']);
});

it('has one provider, one end, and bounds for both', async () => {
  const reports: string[] = [];
  setDiagnostics((_level, message) => reports.push(message));
  const alone = new ScrapeReader();
  await expect(alone.collect()).rejects.toThrow('no meter provider');
  const { reader, provider } = provided();
  expect(() => new MeterProvider({ readers: [reader] })).toThrow('second meter provider');
  let finish: (() => void) | undefined;
  reader.work = new Promise((resolve) => {
    finish = resolve;
  });
  await expect(reader.forceFlush({ timeoutMillis: 5 })).rejects.toThrow('within 5 ms');
  await expect(reader.shutdown({ timeoutMillis: 5 })).rejects.toThrow('within 5 ms');
  finish?.();
  await provider.shutdown();
  await expect(reader.collect()).rejects.toThrow('shut down');
  await reader.forceFlush();
  await reader.shutdown();
  expect(reader.flushes).toBe(1);
  expect(reports).toEqual([
    'cannot flush a metric reader that is shut down',
    'cannot shut down a metric reader twice',
  ]);
});
