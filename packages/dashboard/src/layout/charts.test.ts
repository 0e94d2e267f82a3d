import { describe, expect, it } from 'vitest';
import { millisOfNanos } from '../base/time.js';
import { BASE_NANOS, logRecord, traceRow } from './fixtures/spans.js';
import { chartLogs } from './log-charts.js';
import { logTime } from './log-time.js';
import { chartTraces, facetTraces, quantileOf } from './trace-charts.js';

const base = millisOfNanos(String(BASE_NANOS));

describe('trace charts', () => {
  const rows = [
    traceRow('a', 0, { durationNanos: '2000000' }),
    traceRow('b', 30_000, { durationNanos: '50000000', errorCount: 2 }),
    traceRow('c', 59_000, { running: true, durationNanos: '999' }),
    traceRow('late', 61_000),
    traceRow('early', -1),
  ];
  const charts = chartTraces(rows, base, base + 60_000, 2, 2, 2);

  it('count what starts within the range', () => {
    expect(Array.from(charts.counts)).toEqual([1, 2]);
    expect(Array.from(charts.errors)).toEqual([0, 1]);
    expect(charts.errorRatio).toBeCloseTo(1 / 3);
    expect(charts.perMinute).toBeCloseTo(3);
  });

  it('leave running traces out of the durations', () => {
    expect([charts.minNanos, charts.maxNanos]).toEqual([1e6, 1e8]);
    expect(Array.from(charts.cells)).toEqual([1, 0, 0, 1]);
    expect([charts.p50Nanos, charts.p99Nanos]).toEqual([2e6, 5e7]);
  });

  it('measure the rate since the first trace', () => {
    const young = chartTraces([traceRow('a', 50_000)], base - 3_540_000, base + 60_000, 1, 1, 1);
    expect(young.perMinute).toBe(2);
  });

  it('stand for nothing', () => {
    const empty = chartTraces([], base, base, 4, 4, 4);
    expect([empty.errorRatio, empty.perMinute, empty.minNanos]).toEqual([0, 0, 1e6]);
    expect(quantileOf([], 0.5)).toBeNaN();
  });

  it('count facets, the most frequent first', () => {
    const facets = facetTraces([
      ...rows,
      traceRow('x', 1, {
        rootName: 'POST /',
        rootMissing: true,
        services: [
          { name: 'gateway', spanCount: 1 },
          { name: 'back', spanCount: 9 },
        ],
      }),
    ]);
    expect([facets.error, facets.running]).toEqual([1, 1]);
    expect(facets.services).toEqual([
      { value: 'gateway', count: 6 },
      { value: 'back', count: 1 },
    ]);
    expect(facets.operations).toEqual([{ value: 'GET /', count: 5 }]);
  });
});

describe('log charts', () => {
  it('count by severity over time, by service and logger', () => {
    const logs = [
      logRecord('a', 0, { severityNumber: 17 }),
      logRecord('b', 900, { severityNumber: 13, service: 'back' }),
      logRecord('c', 950, { severityNumber: 0 }),
      logRecord('d', 990, { severityNumber: 5 }),
      logRecord('out', 2000),
    ];
    const charts = chartLogs(logs, base, base + 1000, 2);
    expect(charts.total).toBe(4);
    expect(Array.from(charts.error.bars)).toEqual([1, 0]);
    expect(Array.from(charts.warn.bars)).toEqual([0, 1]);
    expect([charts.info.total, charts.debug.total]).toEqual([1, 1]);
    expect(charts.services).toEqual([
      { value: 'gateway', count: 3 },
      { value: 'back', count: 1 },
    ]);
    expect(charts.scopes).toEqual([{ value: 'test', count: 4 }]);
  });

  it('use the observed time when the program gave none', () => {
    expect(logTime(logRecord('a', 5, { timeUnixNano: '0', observedTimeUnixNano: '7' }))).toBe('7');
  });
});
