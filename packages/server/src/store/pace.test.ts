import { describe, expect, it } from 'vitest';

import { GROUP_LIMITS } from '../limits.js';
import { Pace } from './pace.js';

const { paceFreeBytes, paceFreeRequests } = GROUP_LIMITS;
const LIMITS = { factor: 6, burstMillis: 100, maxMillis: 400 };

/** A pace after one insert from `start` that took `millis`. */
function after(start: number, millis: number): Pace {
  const pace = new Pace(LIMITS);
  pace.spent(start, start + millis, millis);
  return pace;
}

describe('the pace of inserts', () => {
  it('lets the first one start at once', () => {
    expect(new Pace(LIMITS).delay(0, 1, 1)).toBeLessThanOrEqual(0);
  });

  it('lets a few go at once after a quiet time', () => {
    const pace = after(1_000, 40);
    expect(pace.delay(1_040, 0, 0)).toBeLessThanOrEqual(0);
    pace.spent(1_040, 1_080, 40);
    expect(pace.delay(1_080, 0, 0)).toBeLessThanOrEqual(0);
  });

  it('keeps a steady trickle to its part of the time', () => {
    const pace = new Pace(LIMITS);
    let now = 0;
    let inserting = 0;
    for (let group = 0; group < 200; group++) {
      now += Math.max(0, pace.delay(now, 0, 1));
      now += 30;
      inserting += 30;
      pace.spent(now - 30, now, 30);
    }
    expect(now / inserting).toBeGreaterThan(5.5);
    expect(now / inserting).toBeLessThan(6.5);
  });

  it('waits less the more waits, and not at all under pressure', () => {
    const pace = after(1_000, 150);
    const whole = pace.delay(1_150, 0, 0);
    expect(whole).toBe(250); // 50 ms of debt times 6 is 300, but 400 after the start is the end
    const half = pace.delay(1_150, paceFreeBytes / 2, 0);
    expect(half).toBe(150);
    expect(pace.delay(1_150, 0, paceFreeRequests / 2)).toBe(half);
    expect(pace.delay(1_150, paceFreeBytes, 0)).toBeLessThanOrEqual(0);
    expect(pace.delay(1_150, 0, paceFreeRequests)).toBeLessThanOrEqual(0);
  });

  it('never makes a request wait long after a slow insert', () => {
    expect(after(1_000, 60_000).delay(61_000, 0, 0)).toBeLessThanOrEqual(0);
    expect(after(1_000, 300).delay(1_300, 0, 0)).toBe(100);
  });
});
