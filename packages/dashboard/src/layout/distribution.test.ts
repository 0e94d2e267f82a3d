import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bucketEnds,
  bucketQuantile,
  distributionGrid,
  gridPosition,
  gridTicks,
  summedBuckets,
} from './distribution.js';

const bounds = [10, 20, 50, 100];

describe('buckets', () => {
  it('have two ends', () => {
    expect(bucketEnds(bounds, 0)).toEqual([0, 10]);
    expect(bucketEnds(bounds, 2)).toEqual([20, 50]);
    expect(bucketEnds(bounds, 4)).toEqual([100, 150]);
    expect(bucketEnds([], 0)).toEqual([0, 1]);
    expect(bucketEnds([-5], 0)).toEqual([-5, -5]);
    expect(bucketEnds([7], 1)).toEqual([7, 14]);
  });

  it('give quantiles by interpolation', () => {
    expect(bucketQuantile(bounds, [0, 10, 0, 0, 0], 0.5)).toBe(15);
    expect(bucketQuantile(bounds, [5, 5, 0, 0, 0], 0.5)).toBe(10);
    expect(bucketQuantile(bounds, [0, 0, 0, 0, 0], 0.5)).toBeUndefined();
  });

  it('quantiles never fall as q grows, and stay within the used buckets', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { minLength: 5, maxLength: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (counts, p, q) => {
          fc.pre(counts.some((count) => count > 0));
          const low = bucketQuantile(bounds, counts, Math.min(p, q)) ?? Number.NaN;
          const high = bucketQuantile(bounds, counts, Math.max(p, q)) ?? Number.NaN;
          expect(high).toBeGreaterThanOrEqual(low - 1e-9);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(150);
        },
      ),
    );
  });
});

describe('grid', () => {
  const grid = distributionGrid({
    bounds,
    counts: [
      [0, 0, 3, 0, 0],
      [0, 1, 0, 0, 0],
    ],
  });

  it('is cut to the buckets in use with one around them', () => {
    expect([grid.first, grid.rows, grid.columns, grid.total]).toEqual([0, 4, 2, 4]);
    expect(Array.from(grid.counts)).toEqual([0, 0, 3, 0, 0, 1, 0, 0]);
  });

  it('stands for nothing recorded', () => {
    const empty = distributionGrid({ bounds, counts: [[0, 0, 0, 0, 0]] });
    expect([empty.first, empty.rows, empty.total]).toEqual([0, 5, 0]);
  });

  it('places values between the bucket ends', () => {
    expect(gridPosition(grid, 0)).toBe(0);
    expect(gridPosition(grid, 20)).toBe(0.5);
    expect(gridPosition(grid, 35)).toBe(0.625);
    expect(gridPosition(grid, 1e6)).toBe(1);
  });

  it('has few ticks, each at its bound', () => {
    expect(gridTicks(grid, 4)).toEqual([
      { value: 0, at: 0 },
      { value: 10, at: 0.25 },
      { value: 20, at: 0.5 },
      { value: 50, at: 0.75 },
      { value: 100, at: 1 },
    ]);
    expect(gridTicks(grid, 2).length).toBe(3);
  });
});

it('sums all steps', () => {
  expect(
    summedBuckets({
      bounds: [1],
      counts: [
        [1, 2],
        [3, 4],
      ],
    }),
  ).toEqual([4, 6]);
});
