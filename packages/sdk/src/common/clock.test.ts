import { afterEach, describe, expect, it, vi } from 'vitest';
import { clockSource, currentAnchor, readClock, reading, unixNow, unixTimeFrom } from './clock.js';

const original = { ...clockSource };

afterEach(() => {
  Object.assign(clockSource, original);
  vi.restoreAllMocks();
});

function nanosOf(time: { seconds: number; nanos: number }): bigint {
  return BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos);
}

describe('unixNow', () => {
  it('agrees with the wall clock to a few milliseconds and never runs backward', () => {
    let last = 0n;
    for (let round = 0; round < 1000; round++) {
      const now = nanosOf(unixNow());
      expect(now >= last).toBe(true);
      last = now;
    }
    expect(Math.abs(Number(last / 1_000_000n) - Date.now())).toBeLessThan(50);
  });

  it('counts nanoseconds as hrtime does', () => {
    const before = process.hrtime.bigint();
    readClock();
    const first = nanosOf(reading);
    readClock();
    const second = nanosOf(reading);
    const after = process.hrtime.bigint();
    expect(second > first).toBe(true);
    // Each reading is rounded to a nanosecond.
    expect(second - first <= after - before + 1n).toBe(true);
    expect(Number.isInteger(reading.nanos)).toBe(true);
  });

  it('follows a jump of the wall clock within a second', () => {
    let seconds = 1_000_000;
    clockSource.read = (into) => Object.assign(into, { seconds, nanos: 0 });
    const wall = vi.spyOn(Date, 'now');
    wall.mockReturnValue(1_700_000_000_000);
    clockSource.wallMillis = () => Date.now();
    unixNow();
    seconds += 2;
    wall.mockReturnValue(1_700_000_002_001);
    expect(nanosOf(unixNow())).toBe(1_700_000_002_000_000_000n);
    seconds += 2;
    wall.mockReturnValue(1_700_003_600_000);
    expect(nanosOf(unixNow())).toBe(1_700_003_600_000_000_000n);
  });

  it('keeps its anchor within a second', () => {
    readClock();
    const { seconds } = reading;
    expect(currentAnchor(seconds)).toBe(currentAnchor(seconds));
  });
});

describe('unixTimeFrom', () => {
  it('takes every form of the api', () => {
    expect(unixTimeFrom([12, 34])).toEqual({ seconds: 12, nanos: 34 });
    expect(unixTimeFrom(new Date(1500))).toEqual({ seconds: 1, nanos: 500_000_000 });
    const wall = Math.ceil(performance.timeOrigin) + 1000;
    expect(unixTimeFrom(wall)).toEqual({
      seconds: Math.floor(wall / 1000),
      nanos: (wall % 1000) * 1_000_000,
    });
    const relative = unixTimeFrom(10);
    expect(Number(nanosOf(relative!) / 1_000_000n)).toBeCloseTo(performance.timeOrigin + 10, -1);
  });

  it('refuses what is no time', () => {
    const bad = [Number.NaN, -1e15, Number.POSITIVE_INFINITY, [1, -1], [1, 1e9], [0.5, 0], [-1, 0]];
    for (const input of [...bad, 'x', {}, null, undefined, new Date(Number.NaN), [1, Number.NaN]]) {
      expect(unixTimeFrom(input)).toBeUndefined();
    }
  });
});
