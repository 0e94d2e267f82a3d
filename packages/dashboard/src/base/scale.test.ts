import { describe, expect, it } from 'vitest';
import { decades, logDomain, logPosition } from './scale.js';

describe('logarithmic axis', () => {
  it('holds all values in whole decades', () => {
    expect(logDomain([3, 4000])).toEqual([1, 10_000]);
    expect(logDomain([10])).toEqual([10, 100]);
    expect(logDomain([])).toEqual([1, 10]);
    expect(logDomain([0, -5])).toEqual([1, 10]);
  });
  it('places values', () => {
    expect(logPosition(10, 1, 100)).toBeCloseTo(0.5);
    expect(logPosition(0, 1, 100)).toBe(0);
    expect(logPosition(1e9, 1, 100)).toBe(1);
  });
  it('ticks at powers of ten', () => {
    expect(decades(1, 1000)).toEqual([1, 10, 100, 1000]);
    expect(decades(5, 50)).toEqual([10]);
  });
});
