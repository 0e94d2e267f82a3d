import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  downscale,
  explicitIntervals,
  exponentialIntervals,
  quantile,
  rebin,
  subtract,
  type Exponential,
} from './buckets.js';

const SIDE = fc.record({
  offset: fc.integer({ min: -20, max: 20 }),
  counts: fc.array(fc.nat(50), { maxLength: 12 }),
});
const EXPONENTIAL: fc.Arbitrary<Exponential> = fc.record({
  scale: fc.integer({ min: -2, max: 6 }),
  zeroCount: fc.nat(10),
  zeroThreshold: fc.constantFrom(0, 1e-9),
  positive: SIDE,
  negative: SIDE,
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const total = (histogram: Exponential): number =>
  sum(histogram.positive.counts) + sum(histogram.negative.counts) + histogram.zeroCount;

describe('quantile', () => {
  it('interpolates within a bucket as one does by hand', () => {
    const intervals = explicitIntervals([10, 20, 50], [0, 4, 4, 0]);
    expect(quantile(intervals, 0.25)).toBe(15);
    expect(quantile(intervals, 0.5)).toBe(20);
    expect(quantile(intervals, 0.75)).toBe(35);
    expect(quantile(intervals, 0)).toBe(10);
    expect(quantile(intervals, 1)).toBe(50);
    expect(quantile([], 0.5)).toBeUndefined();
  });

  it('closes open buckets by what is known', () => {
    expect(explicitIntervals([10], [1, 1])).toEqual([
      { low: 0, high: 10, count: 1 },
      { low: 10, high: 10, count: 1 },
    ]);
    expect(explicitIntervals([10], [1, 1], { min: 4, max: 90 })).toEqual([
      { low: 4, high: 10, count: 1 },
      { low: 10, high: 90, count: 1 },
    ]);
    expect(explicitIntervals([], [3])).toEqual([{ low: 0, high: 0, count: 3 }]);
    expect(explicitIntervals([-5, 5], [2, 0, 0])).toEqual([{ low: -5, high: -5, count: 2 }]);
  });

  it('jumps at single values', () => {
    const intervals = [
      { low: 1, high: 1, count: 5 },
      { low: 3, high: 3, count: 5 },
    ];
    expect(quantile(intervals, 0.4)).toBe(1);
    expect(quantile(intervals, 0.6)).toBe(3);
  });

  it('lies in the bucket that holds the rank, and never falls as q grows', () => {
    const bounds = [1, 2, 5, 10, 20];
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 20, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (observed, a, b) => {
          const counts = [...bounds, Infinity].map((bound, index) => {
            const below = bounds[index - 1] ?? -Infinity;
            return observed.filter((value) => value > below && value <= bound).length;
          });
          const intervals = explicitIntervals(bounds, counts);
          const low = quantile(intervals, Math.min(a, b)) ?? NaN;
          const high = quantile(intervals, Math.max(a, b)) ?? NaN;
          expect(low).toBeLessThanOrEqual(high + 1e-9);
          const sorted = observed.toSorted((x, y) => x - y);
          const rank = Math.ceil(Math.min(a, b) * sorted.length - 1e-9);
          const exact = sorted[Math.max(0, rank - 1)] ?? NaN;
          const bucket = bounds.findIndex((bound) => exact <= bound);
          expect(low).toBeGreaterThanOrEqual((bounds[bucket - 1] ?? 0) - 1e-9);
          expect(low).toBeLessThanOrEqual((bounds[bucket] ?? 0) + 1e-9);
        },
      ),
    );
  });
});

describe('exponential histograms', () => {
  it('have the buckets of the specification', () => {
    const intervals = exponentialIntervals({
      scale: 0,
      zeroCount: 2,
      zeroThreshold: 0.1,
      positive: { offset: 0, counts: [1, 3] },
      negative: { offset: 1, counts: [4] },
    });
    expect(intervals).toEqual([
      { low: -4, high: -2, count: 4 },
      { low: -0.1, high: 0.1, count: 2 },
      { low: 1, high: 2, count: 1 },
      { low: 2, high: 4, count: 3 },
    ]);
  });

  it('keep their counts at a coarser scale', () => {
    fc.assert(
      fc.property(EXPONENTIAL, fc.integer({ min: -6, max: 6 }), (histogram, scale) => {
        const coarse = downscale(histogram, scale);
        expect(coarse.scale).toBe(Math.min(scale, histogram.scale));
        expect(total(coarse)).toBe(total(histogram));
      }),
    );
  });

  it('subtract what was added, whatever the scale became', () => {
    fc.assert(
      fc.property(EXPONENTIAL, fc.integer({ min: -6, max: 6 }), (histogram, scale) => {
        const later = downscale(histogram, scale);
        expect(total(subtract(later, histogram))).toBe(0);
        expect(
          total(subtract(histogram, { ...histogram, positive: { offset: 0, counts: [] } })),
        ).toBe(sum(histogram.positive.counts));
      }),
    );
  });
});

describe('rebin', () => {
  it('keeps the count, splitting evenly across bounds', () => {
    expect(rebin([{ low: 0, high: 10, count: 10 }], [5])).toEqual([5, 5]);
    expect(rebin([{ low: 5, high: 5, count: 2 }], [5, 6])).toEqual([2, 0, 0]);
    fc.assert(
      fc.property(EXPONENTIAL, fc.uniqueArray(fc.integer({ min: -100, max: 100 })), (h, edges) => {
        const bounds = edges.toSorted((a, b) => a - b);
        expect(sum(rebin(exponentialIntervals(h), bounds))).toBeCloseTo(total(h), 6);
      }),
    );
  });
});
