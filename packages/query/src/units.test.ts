import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { closest, parseSeverity } from './keys.js';
import { isRelativeTime, parseTime } from './time.js';
import { parseDuration, parseNumber } from './units.js';

const NOW = 1_763_813_460_123_456_789n;

describe('parseDuration', () => {
  it.each([
    ['5ns', 5n],
    ['200ms', 200_000_000n],
    ['1.5s', 1_500_000_000n],
    ['2.0000000015s', 2_000_000_001n],
    ['1h30m', 5_400_000_000_000n],
    ['3µs', 3000n],
    ['3μs', 3000n],
    ['3us', 3000n],
    ['1w', 604_800_000_000_000n],
  ])('reads %s', (text, nanos) => {
    expect(parseDuration(text)).toBe(nanos);
  });

  it.each(['', '5', 'ms', '-5ms', '5 ms', '1.s', '5min', '300000000h', '9'.repeat(70)])(
    'refuses %s',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe('parseNumber', () => {
  it.each([
    ['10', 10],
    ['-1.5', -1.5],
    ['.5', 0.5],
    ['2e3', 2000],
    ['10k', 10_000],
    ['1MiB', 1_048_576],
    ['3B', 3],
  ])('reads %s', (text, number) => {
    expect(parseNumber(text)).toBe(number);
  });

  it.each(['', 'k', '1x', '1kiB', 'NaN', 'Infinity', '1e999', '1 k', '0x10'])(
    'refuses %s',
    (text) => {
      expect(parseNumber(text)).toBeUndefined();
    },
  );
});

describe('parseTime', () => {
  it('reads nanoseconds, relative times and ISO 8601', () => {
    expect(parseTime('1763813460123456789', NOW)).toBe(NOW);
    expect(parseTime('now', NOW)).toBe(NOW);
    expect(parseTime('now-15m', NOW)).toBe(NOW - 900_000_000_000n);
    expect(parseTime('now+1s', NOW)).toBe(NOW + 1_000_000_000n);
    expect(parseTime('2025-11-22T12:11:00.123456789Z', NOW)).toBe(1_763_813_460_123_456_789n);
    expect(parseTime('2025-11-22T13:11+01:00', NOW)).toBe(1_763_813_460_000_000_000n);
    expect(parseTime('2025-11-22 13:11:00+0100', NOW)).toBe(1_763_813_460_000_000_000n);
    expect(parseTime('2025-11-22', NOW)).toBe(1_763_769_600_000_000_000n);
  });

  it.each(['', 'yesterday', 'now-', 'now-5', '2025-13-01', '9'.repeat(19), '1969-01-01', '-5'])(
    'refuses %s',
    (text) => {
      expect(parseTime(text, NOW)).toBeUndefined();
    },
  );

  it('keeps every nanosecond of any ISO time', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 4_102_444_800_000_000_000n }), (nanos) => {
        const seconds = new Date(Number(nanos / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
        const fraction = String(nanos % 1_000_000_000n).padStart(9, '0');
        expect(parseTime(`${seconds}.${fraction}Z`, NOW)).toBe(nanos);
      }),
    );
  });

  it('tells relative times', () => {
    expect(isRelativeTime('now-15m')).toBe(true);
    expect(isRelativeTime('2025-11-22')).toBe(false);
  });
});

describe('parseSeverity', () => {
  it('reads names, names with a step, and numbers', () => {
    expect(parseSeverity('warn')).toEqual([13, 16]);
    expect(parseSeverity('ERROR2')).toEqual([18, 18]);
    expect(parseSeverity('9')).toEqual([9, 9]);
    expect(parseSeverity('25')).toBeUndefined();
    expect(parseSeverity('loud')).toBeUndefined();
    expect(parseSeverity('')).toBeUndefined();
  });
});

describe('closest', () => {
  it('finds slips of at most two edits', () => {
    expect(closest('sevrice', ['service', 'severity'])).toBe('service');
    expect(closest('eror', ['error', 'ok'])).toBe('error');
    expect(closest('http.route', ['service'])).toBeUndefined();
    expect(closest('zz', ['ok'])).toBeUndefined();
  });
});
