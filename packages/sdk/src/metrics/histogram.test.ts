import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DEFAULT_BOUNDS, bucketIndex, validBounds } from './explicit-buckets.js';
import { ExponentialHistogram, exponentialIndex } from './exponential-histogram.js';

describe('explicit buckets', () => {
  it('puts a value where a linear search would', () => {
    const bounds = fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(
      fc.property(bounds, fc.double({ noNaN: true }), (unsorted, value) => {
        const sorted = Float64Array.from(unsorted.toSorted((a, b) => a - b));
        const naive = [...sorted].findIndex((bound) => value <= bound);
        expect(bucketIndex(sorted, value)).toBe(naive === -1 ? sorted.length : naive);
      }),
    );
  });

  it('takes an upper bound into its bucket', () => {
    const bounds = Float64Array.from(DEFAULT_BOUNDS);
    expect([0, 5, 5.1, 10_000, 10_001].map((value) => bucketIndex(bounds, value))).toEqual([
      0, 1, 2, 14, 15,
    ]);
  });

  it('accepts rising finite bounds and drops infinite ends', () => {
    expect(validBounds([-Infinity, 1, 2, Infinity])).toEqual(Float64Array.of(1, 2));
    expect(validBounds([])).toEqual(new Float64Array(0));
    expect(validBounds([1, 1])).toBeUndefined();
    expect(validBounds([2, 1])).toBeUndefined();
    expect(validBounds([1, NaN])).toBeUndefined();
    expect(validBounds('1' as unknown as number[])).toBeUndefined();
  });
});

/** Exact bounds at scales that doubles hold exactly: (2^(i·2^−s), …] for s ≤ 0. */
function naiveIndex(value: number, scale: number): number {
  let index = -1100;
  while (value > 2 ** ((index + 1) * 2 ** -scale)) index++;
  return index;
}

const positive = fc.double({ min: 1e-300, max: 1e300, noNaN: true });

describe('exponential histogram', () => {
  it('finds the bucket of powers of two exactly at every scale', () => {
    for (let scale = -10; scale <= 20; scale++) {
      for (let exponent = -1022; exponent <= 1023; exponent += 31) {
        const expected = scale > 0 ? exponent * 2 ** scale - 1 : (exponent - 1) >> -scale;
        expect(exponentialIndex(2 ** exponent, scale)).toBe(expected);
      }
    }
  });

  it('agrees with a linear search at scale 0 and below', () => {
    fc.assert(
      fc.property(positive, fc.integer({ min: -4, max: 0 }), (value, scale) => {
        expect(exponentialIndex(value, scale)).toBe(naiveIndex(value, scale));
      }),
      { numRuns: 60 },
    );
  });

  it('puts a value between its bounds at higher scales, up to rounding', () => {
    fc.assert(
      fc.property(positive, fc.integer({ min: 1, max: 20 }), (value, scale) => {
        const index = exponentialIndex(value, scale);
        const lower = index / 2 ** scale;
        const log = Math.log2(value);
        expect(log).toBeGreaterThan(lower - 1e-9);
        expect(log).toBeLessThanOrEqual((index + 1) / 2 ** scale + 1e-9);
      }),
    );
    expect(exponentialIndex(Number.MIN_VALUE, 0)).toBe(exponentialIndex(2 ** -1022, 0));
    expect(exponentialIndex(Number.MAX_VALUE, 20)).toBe(1024 * 2 ** 20 - 1);
  });

  it('counts every value in the bucket of its final scale, within its size', () => {
    const values = fc.array(fc.double({ min: -1e12, max: 1e12, noNaN: true }), { maxLength: 60 });
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 20 }), (list, maxSize) => {
        const histogram = new ExponentialHistogram(maxSize, 20);
        for (const value of list) histogram.record(value);
        expect(histogram.positive.size).toBeLessThanOrEqual(maxSize);
        expect(histogram.negative.size).toBeLessThanOrEqual(maxSize);
        expect(histogram.zeroCount).toBe(list.filter((value) => value === 0).length);
        expect(countsOf(histogram)).toEqual(naiveCounts(list, histogram.scale));
      }),
    );
  });

  it('merges exactly: as if one had recorded everything, at the lower scale', () => {
    const list = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { maxLength: 40 });
    fc.assert(
      fc.property(list, list, (left, right) => {
        const merged = new ExponentialHistogram(16, 20);
        const other = new ExponentialHistogram(16, 20);
        for (const value of left) merged.record(value);
        for (const value of right) other.record(value);
        merged.merge(other);
        expect(merged.positive.size).toBeLessThanOrEqual(16);
        expect(countsOf(merged)).toEqual(naiveCounts([...left, ...right], merged.scale));
        const all = [...left, ...right];
        expect(merged.zeroCount).toBe(all.filter((value) => value === 0).length);
        const counted = [...countsOf(merged).values()].reduce((sum, count) => sum + count, 0);
        expect(counted + merged.zeroCount).toBe(all.length);
        const whole = new ExponentialHistogram(16, 20);
        for (const value of all) whole.record(value);
        expect([merged.scale, countsOf(merged)]).toEqual([whole.scale, countsOf(whole)]);
      }),
    );
  });

  it('holds the extremes of a double in two buckets', () => {
    const histogram = new ExponentialHistogram(2, 20);
    histogram.record(Number.MIN_VALUE);
    histogram.record(Number.MAX_VALUE);
    expect(histogram.scale).toBe(-10);
    expect([histogram.positive.at(0), histogram.positive.at(1)]).toEqual([1, 1]);
    histogram.clear(20);
    expect(histogram.positive.size).toBe(0);
    histogram.record(3);
    expect(histogram.scale).toBe(20);
  });
});

function countsOf(histogram: ExponentialHistogram): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [sign, side] of [
    ['+', histogram.positive],
    ['-', histogram.negative],
  ] as const) {
    for (let position = 0; position < side.size; position++) {
      const count = side.at(position);
      if (count > 0) counts.set(`${sign}${side.start + position}`, count);
    }
  }
  return new Map([...counts].toSorted());
}

function naiveCounts(values: readonly number[], scale: number): Map<string, number> {
  // Indexes were taken at scale 20 (or where the histogram stood) and halved from there: doing the
  // same here keeps rounding of the logarithm out of the comparison.
  const counts = new Map<string, number>();
  for (const value of values) {
    if (value === 0) continue;
    const index = exponentialIndex(Math.abs(value), scale);
    const key = `${value > 0 ? '+' : '-'}${index}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return new Map([...counts].toSorted());
}
