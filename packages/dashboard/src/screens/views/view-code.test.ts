import type { View } from '@codomyrmex/telemetry-query';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOfView, editDistance, nearestNames } from './view-code.js';

const view: View = {
  id: 'x',
  metric: 'orders',
  chartType: 'line',
  createdUnixNano: '1',
  updatedUnixNano: '1',
};

describe('code', () => {
  it('is as short as the view', () => {
    expect(codeOfView(view)).toBe("registerView('orders', 'line');");
  });
  it('holds every option, quoted', () => {
    const code = codeOfView({
      ...view,
      metric: "it's",
      title: 'A \\ b',
      by: ['a', 'b'],
      aggregation: 'p95',
      filter: 'service=x',
      unit: 'ms',
      min: 0,
      max: 5,
      thresholds: [{ value: 2, level: 'warn' }],
      group: 'G',
    });
    expect(code).toBe(
      "registerView('it\\'s', 'line', { title: 'A \\\\ b', by: ['a', 'b'], aggregation: 'p95', " +
        "filter: 'service=x', unit: 'ms', min: 0, max: 5, " +
        "thresholds: [{ value: 2, level: 'warn' }], group: 'G' });",
    );
  });
});

describe('nearest names', () => {
  it('are few and near', () => {
    const known = [
      'checkout.order.total',
      'checkout.orders',
      'nodejs.heap',
      'checkout.order.totals',
    ];
    expect(nearestNames('checkout.order.totl', known, 2)).toEqual([
      'checkout.order.total',
      'checkout.order.totals',
    ]);
    expect(nearestNames('zzz', known, 2)).toEqual([]);
  });
  it('distances are those of a metric', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});
