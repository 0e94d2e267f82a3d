import { describe, expect, it } from 'vitest';

import { GROUP_LIMITS } from '../limits.js';
import { Pace } from './pace.js';

const { paceFactor, paceFreeBytes, paceFreeRequests, maxPaceMillis } = GROUP_LIMITS;

function after(start: number, millis: number): Pace {
  const pace = new Pace();
  pace.began(start);
  pace.ended(start + millis);
  return pace;
}

describe('the pace of inserts', () => {
  it('lets the first one start at once', () => {
    expect(new Pace().delay(0, 1, 1)).toBeLessThanOrEqual(0);
  });

  it('keeps a trickle to a quarter of the time', () => {
    const pace = after(1_000, 20);
    expect(pace.delay(1_020, 0, 0)).toBe(20 * paceFactor - 20);
    expect(pace.delay(1_000 + 20 * paceFactor, 0, 0)).toBeLessThanOrEqual(0);
  });

  it('waits less the more waits, and not at all under pressure', () => {
    const pace = after(1_000, 20);
    const half = pace.delay(1_020, paceFreeBytes / 2, 0);
    expect(half).toBe((20 * paceFactor) / 2 - 20);
    expect(pace.delay(1_020, 0, paceFreeRequests / 2)).toBe(half);
    expect(pace.delay(1_020, paceFreeBytes, 0)).toBeLessThanOrEqual(0);
    expect(pace.delay(1_020, 0, paceFreeRequests)).toBeLessThanOrEqual(0);
  });

  it('never makes a request wait long after a slow insert', () => {
    expect(after(1_000, 60_000).delay(1_000, 0, 0)).toBe(maxPaceMillis);
  });
});
