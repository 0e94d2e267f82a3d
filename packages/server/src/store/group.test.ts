import { array, assert, integer, property, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { GROUP_LIMITS } from '../limits.js';
import type { TableName } from './schema.js';
import { daySlices, newGroupId, takeGroup } from './group.js';

interface Waiting {
  readonly request: Parameters<typeof takeGroup>[0][number]['request'];
  readonly byteLength: number;
  readonly rowCount: number;
}

function waiting(
  days: readonly number[],
  byteLength = 1,
  rowCount = 1,
  table: TableName = 'otel_logs',
): Waiting {
  const batch = { table, rowCount, bytes: new Uint8Array(0), days };
  return { request: { requestHash: '', ingestTime: 0n, batches: [batch] }, byteLength, rowCount };
}

describe('taking a group', () => {
  it('takes what fits by bytes, rows and days, and at least one', () => {
    const { maxBytes, maxRows } = GROUP_LIMITS;
    const half = (): Waiting => waiting([1], maxBytes / 2);
    expect(takeGroup([half(), half(), half()]).length).toBe(2);
    expect(takeGroup([waiting([1], 10 * maxBytes), waiting([1])]).length).toBe(1);
    expect(takeGroup([waiting([1], 1, maxRows), waiting([1])]).length).toBe(1);
    expect(takeGroup([])).toEqual([]);
  });

  it('counts days by table, and none where there are no partitions', () => {
    const many = (table: TableName, from: number): Waiting =>
      waiting(
        Array.from({ length: 40 }, (_, index) => from + index),
        1,
        1,
        table,
      );
    expect(takeGroup([many('otel_logs', 0), many('otel_logs', 40)]).length).toBe(1);
    expect(takeGroup([many('otel_logs', 0), many('otel_logs', 10)]).length).toBe(2);
    expect(takeGroup([many('otel_logs', 0), many('otel_traces', 40)]).length).toBe(2);
    expect(takeGroup([many('otel_running', 0), many('otel_running', 40)]).length).toBe(2);
  });

  it('takes a request of too many days alone', () => {
    const eon = waiting(Array.from({ length: 70 }, (_, index) => index));
    expect(takeGroup([eon, waiting([1])]).length).toBe(1);
    expect(takeGroup([waiting([1]), eon]).length).toBe(1);
  });

  it('never breaks a bound with more than one request', () => {
    const request = array(integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 30 });
    assert(
      property(array(request, { maxLength: 30 }), (queue) => {
        const taken = takeGroup(queue.map((days) => waiting(days)));
        const days = new Set(queue.slice(0, taken.length).flat());
        return taken.length <= 1 || days.size <= GROUP_LIMITS.maxDays;
      }),
    );
  });
});

describe('slices of days', () => {
  it('hold every day once, at most 64 each', () => {
    const days = uniqueArray(integer({ min: -110_000, max: 110_000 }), { maxLength: 400 });
    assert(
      property(days, (list) => {
        const sorted = list.toSorted((a, b) => a - b);
        const slices = daySlices(sorted);
        for (const day of sorted) {
          expect(slices.filter(({ from, to }) => day >= from && day <= to).length).toBe(1);
        }
        for (const { from, to } of slices) {
          const within = sorted.filter((day) => day >= from && day <= to).length;
          expect(within).toBeLessThanOrEqual(GROUP_LIMITS.maxDays);
        }
      }),
    );
  });
});

describe('ids of groups', () => {
  it('differ and name files', () => {
    const ids = Array.from({ length: 1_000 }, newGroupId);
    expect(new Set(ids).size).toBe(1_000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{9}-[0-9a-f]{12}$/);
  });
});
