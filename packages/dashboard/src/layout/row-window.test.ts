import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowWindow } from './row-window.js';

describe('row window', () => {
  it('holds the visible rows and a few around them', () => {
    const shown = rowWindow(1000, 26, 2600, 520);
    expect([shown.first, shown.last, shown.stretch, shown.physical]).toEqual([94, 126, 1, 26_000]);
  });

  it('covers the view at every offset and reaches both ends, with a million rows too', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000_000 }),
        fc.integer({ min: 50, max: 2000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (count, height, share) => {
          const { physical } = rowWindow(count, 26, 0, height);
          const offset = share * Math.max(0, physical - height);
          const shown = rowWindow(count, 26, offset, height);
          expect(shown.first * 26).toBeLessThanOrEqual(shown.top + 0.01);
          const seenEnd = Math.min(shown.total, shown.top + height);
          expect(shown.last * 26).toBeGreaterThanOrEqual(seenEnd - 0.01);
          expect(shown.last - shown.first).toBeLessThan(height / 26 + 16);
          expect(shown.physical).toBeLessThanOrEqual(15_000_000);
          if (share === 1) expect(shown.last).toBe(count);
        },
      ),
    );
  });

  it('is empty without rows, and when the list shrank under its offset', () => {
    expect(rowWindow(0, 26, 0, 500)).toMatchObject({ first: 0, last: 0, total: 0 });
    expect(rowWindow(3, 26, 9000, 500)).toMatchObject({ first: 3, last: 3 });
  });
});
