import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ageText,
  clockText,
  dateTimeText,
  durationText,
  millisOfNanos,
  millisOfTimeWord,
  nanosBetween,
  nanosOfMillis,
  rangeLabel,
  splitNanos,
} from './time.js';

const nanos = fc.bigInt({ min: 0n, max: 9_000_000_000_000_000_000n });

describe('nanosecond texts', () => {
  it('differences are exact up to 104 days', () => {
    fc.assert(
      fc.property(
        nanos,
        fc.bigInt({ min: -9_000_000_000_000_000n, max: 9_000_000_000_000_000n }),
        (a, by) => {
          const b = a + by;
          fc.pre(b >= 0n);
          expect(nanosBetween(String(b), String(a))).toBe(Number(by));
        },
      ),
    );
  });

  it('milliseconds keep microseconds for times of this century', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 4_102_444_800_000_000_000n }), (time) => {
        const exact = Number(time / 1000n) / 1000;
        expect(Math.abs(millisOfNanos(String(time)) - exact)).toBeLessThan(0.0015);
      }),
    );
  });

  it('milliseconds come back from nanoseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (millis) => {
        expect(millisOfNanos(nanosOfMillis(millis))).toBe(millis);
        expect(nanosOfMillis(millis)).toBe(String(BigInt(millis) * 1_000_000n));
      }),
    );
  });

  it('keeps fractions of a millisecond in whole microseconds', () => {
    expect(nanosOfMillis(1.5)).toBe('1500000');
    expect(nanosOfMillis(1.9999999)).toBe('2000000');
  });

  it('splits short and long texts', () => {
    expect(splitNanos('5')).toEqual([0, 5]);
    expect(splitNanos('1763813460123456789')).toEqual([1_763_813_460, 123_456_789]);
  });
});

describe('durations', () => {
  it.each([
    [0, '0 ms'],
    [17, '17 ns'],
    [1500, '1.5 µs'],
    [312_400_000, '312 ms'],
    [999_600_000, '1 s'],
    [2_840_000_000, '2.84 s'],
    [18_420_000_000, '18.4 s'],
    [65_000_000_000, '1 m 5 s'],
    [3_900_000_000_000, '1 h 5 m'],
    [259_200_000_000_000, '3 d'],
    [-1500, '-1.5 µs'],
    [Number.NaN, '–'],
  ])('%d ns is %s', (value, text) => {
    expect(durationText(value)).toBe(text);
  });

  it('never shows more than three significant digits or a number of 1000 and more', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 59e9, noNaN: true }), (value) => {
        const number = durationText(value).split(' ')[0] ?? '';
        expect(number.replace('.', '').replace(/^0+/, '').length).toBeLessThanOrEqual(3);
      }),
    );
  });
});

describe('ages', () => {
  it.each([
    [0, '0.0s'],
    [-5, '0.0s'],
    [420, '0.4s'],
    [12_000, '12s'],
    [180_000, '3m'],
    [18_000_000, '5h'],
    [260_000_000, '3d'],
  ])('%d ms is %s', (millis, text) => {
    expect(ageText(millis)).toBe(text);
  });
});

describe('clocks', () => {
  const noon = Date.UTC(2025, 10, 22, 12, 11, 42, 308);
  it('reads UTC', () => {
    expect(clockText(noon, 'utc')).toBe('12:11:42');
    expect(clockText(noon, 'utc', true)).toBe('12:11:42.308');
    expect(dateTimeText(noon, 'utc')).toBe('2025-11-22 12:11:42');
    expect(clockText(Number.NaN, 'utc')).toBe('–');
    expect(dateTimeText(Number.NaN, 'local')).toBe('–');
  });
  it('reads the local clock', () => {
    const local = new Date(noon);
    const hours = String(local.getHours()).padStart(2, '0');
    expect(clockText(noon, 'local').slice(0, 2)).toBe(hours);
  });
});

describe('time words', () => {
  const now = 1_763_813_460_000;
  it.each([
    ['now', now],
    ['now-15m', now - 900_000],
    ['now-1.5h', now - 5_400_000],
    ['1763813460123456789', 1_763_813_460_123.4568],
    ['2025-11-22T12:11:42Z', Date.UTC(2025, 10, 22, 12, 11, 42)],
  ])('%s', (word, millis) => {
    expect(millisOfTimeWord(word, now)).toBeCloseTo(millis, 2);
  });
  it('is undefined for anything else', () => {
    expect(millisOfTimeWord('yesterday', now)).toBeUndefined();
    expect(millisOfTimeWord('now-5y', now)).toBeUndefined();
  });
  it('labels ranges', () => {
    expect(rangeLabel('now-15m', 'now', 'utc')).toBe('Last 15 min');
    expect(rangeLabel('now-7d', 'now', 'utc')).toBe('Last 7 d');
    expect(rangeLabel('x', 'now', 'utc')).toBe('x – now');
    expect(
      rangeLabel(
        nanosOfMillis(Date.UTC(2020, 0, 2, 3, 4, 5)),
        nanosOfMillis(Date.UTC(2020, 0, 2, 3, 9)),
        'utc',
      ),
    ).toBe('01-02 03:04:05 – 01-02 03:09:00');
  });
});
