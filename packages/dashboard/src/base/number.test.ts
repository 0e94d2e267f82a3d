import { describe, expect, it } from 'vitest';
import {
  attributeText,
  bytesText,
  countText,
  groupedText,
  metricValueText,
  percentOf,
  plainValue,
  threeDigits,
} from './number.js';

describe('counts', () => {
  it.each([
    [0, '0'],
    [960, '960'],
    [9100, '9.1k'],
    [9960, '10k'],
    [412_000, '412k'],
    [999_600, '1.0M'],
    [12_000_000, '12M'],
    [3_400_000_000, '3.4G'],
    [Number.NaN, '–'],
  ])('%d is %s', (count, text) => {
    expect(countText(count)).toBe(text);
  });
  it('groups thousands', () => {
    expect(groupedText(48_216.4)).toBe('48,216');
  });
});

describe('values', () => {
  it.each([
    [0, '0'],
    [2.3149, '2.31'],
    [128.4, '128'],
    [9999, '9999'],
    [26_400, '26k'],
    [0.00012, '1.2e-4'],
    [-3.2159, '-3.22'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('%d is %s', (value, text) => {
    expect(threeDigits(value)).toBe(text);
  });
  it.each([
    [0.0231, '2.31'],
    [0.987, '98.7'],
    [1, '100'],
    [0, '0'],
    [0.00004, '0'],
    [Number.NaN, '–'],
  ])('%d is %s per cent', (ratio, text) => {
    expect(percentOf(ratio)).toBe(text);
  });
  it.each([
    [96_000_000, '96 MB'],
    [0, '0 B'],
    [1234, '1.23 kB'],
    [-2_000_000_000_000_000, '-2000 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });
});

describe('metric values', () => {
  it.each([
    [0.475, 's', false, '475 ms'],
    [312, 'ms', false, '312 ms'],
    [9.6e7, 'By', false, '96 MB'],
    [9.6e7, 'By', true, '96 MB/s'],
    [5.1, '{request}', true, '5.1 /s'],
    [3, '1', false, '3'],
    [3, 'constructor', false, '3 constructor'],
    [120, 'EUR', false, '120 EUR'],
    [undefined, 'ms', false, '–'],
  ])('%s %s', (value, unit, perSecond, text) => {
    expect(metricValueText(value, unit, perSecond)).toBe(text);
  });
});

describe('attributes', () => {
  it.each([
    ['text', 'text'],
    [true, 'true'],
    [12, '12'],
    [null, ''],
    [undefined, ''],
    [{ $int: '9223372036854775807' }, '9223372036854775807'],
    [{ $double: 'NaN' }, 'NaN'],
    [{ $bytes: 'AQI=' }, 'AQI='],
    [['a', { $int: '1' }], '["a","1"]'],
    [{ a: { b: 1 } }, '{"a":{"b":1}}'],
    [{ $map: { $int: 'mine' } }, '{"$int":"mine"}'],
  ])('%j reads %s', (value, text) => {
    expect(attributeText(value)).toBe(text);
  });
  it('unwraps values deep inside', () => {
    expect(plainValue([{ x: { $double: '1' } }, null])).toEqual([{ x: '1' }, null]);
  });
});
