import type { ServiceRow } from '@codomyrmex/telemetry-query';
import { describe, expect, it } from 'vitest';
import { healthReason, sortServices } from './health.js';

function service(name: string, more: Partial<ServiceRow> = {}): ServiceRow {
  return {
    name,
    spanCount: 1000,
    rate: 5,
    errorCount: 0,
    errorRatio: 0,
    p50Nanos: '1000',
    p95Nanos: '2000',
    p99Nanos: '3000',
    lastSeenUnixNano: '1763813460123456789',
    sparkline: [],
    ...more,
  };
}

describe('what needs a look', () => {
  it.each([
    ['many errors', service('a', { errorRatio: 0.02 }), 0, 'errors'],
    ['few errors', service('a', { errorRatio: 0.019 }), 0, undefined],
    ['one of three failed', service('a', { errorRatio: 0.3, spanCount: 3 }), 0, undefined],
    ['silent though busy', service('a'), 31_000, 'quiet'],
    ['silent and seldom', service('a', { rate: 0.1 }), 90_000, undefined],
    ['well', service('a'), 1000, undefined],
  ])('%s', (_, row, silentMillis, reason) => {
    expect(healthReason(row, silentMillis, 0)).toBe(reason);
  });
});

describe('order', () => {
  const rows = [
    service('b', { rate: 9, p95Nanos: '100' }),
    service('a', { rate: 1, p95Nanos: '20', errorRatio: 0.5 }),
    service('c', { rate: 5, p95Nanos: '3000', lastSeenUnixNano: '1763813460123456790' }),
  ];
  it.each([
    ['name', 'abc'],
    ['rate', 'bca'],
    ['errors', 'abc'],
    ['p50', 'abc'],
    ['p95', 'cba'],
    ['p99', 'abc'],
  ] as const)('by %s', (order, names) => {
    expect(
      sortServices(rows, order)
        .map((row) => row.name)
        .join(''),
    ).toBe(names);
  });
});
