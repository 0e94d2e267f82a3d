import { describe, expect, it } from 'vitest';
import {
  aggregationsOf,
  defaultAggregation,
  isRate,
  metricGroup,
  seriesName,
  summariseSeries,
  unitOf,
} from './series-summary.js';

describe('summaries', () => {
  it('leave gaps out', () => {
    expect(summariseSeries([3, null, 1, 8, null])).toEqual({
      last: 8,
      min: 1,
      avg: 4,
      max: 8,
      steps: 3,
    });
    expect(summariseSeries([null])).toEqual({
      last: undefined,
      min: undefined,
      avg: undefined,
      max: undefined,
      steps: 0,
    });
  });
});

describe('names', () => {
  it('are the labels, or the metric', () => {
    expect(seriesName({ labels: {}, values: [] }, 'orders')).toBe('orders');
    expect(seriesName({ labels: { a: 'x', b: '' }, values: [] }, 'orders')).toBe('x · (none)');
  });
  it.each([
    ['payments.charge.duration', 'payments', 'charge.duration'],
    ['http.server.request.duration', 'http.server', 'request.duration'],
    ['gen_ai.tokens', 'gen_ai', 'tokens'],
    ['process_cpu_seconds', 'process', 'cpu_seconds'],
    ['orders', 'orders', 'orders'],
  ])('%s stands under %s', (name, group, rest) => {
    expect(metricGroup(name)).toEqual({ group, rest });
  });
});

describe('aggregations', () => {
  it('hold their default', () => {
    for (const type of ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const) {
      for (const monotonic of [true, false]) {
        expect(aggregationsOf(type, monotonic)).toContain(defaultAggregation(type, monotonic));
      }
    }
  });
  it('have a unit', () => {
    expect(unitOf('histogram', 'rate', 'ms')).toBe('1');
    expect(unitOf('histogram', 'p95', 'ms')).toBe('ms');
    expect(unitOf('sum', 'rate', 'By')).toBe('By');
    expect(unitOf('gauge', 'count', 'By')).toBe('1');
    expect([isRate('rate'), isRate('p95')]).toEqual([true, false]);
  });
});
