import { describe, expect, it } from 'vitest';

import { GROUP_LIMITS } from '../limits.js';
import { newGroupId, takeGroup } from './group.js';

interface Waiting {
  readonly byteLength: number;
  readonly rowCount: number;
}

function waiting(byteLength = 1, rowCount = 1): Waiting {
  return { byteLength, rowCount };
}

describe('taking a group', () => {
  it('takes what fits by bytes and rows, and at least one', () => {
    const { maxBytes, maxRows } = GROUP_LIMITS;
    const half = (): Waiting => waiting(maxBytes / 2);
    expect(takeGroup([half(), half(), half()]).length).toBe(2);
    expect(takeGroup([waiting(10 * maxBytes), waiting()]).length).toBe(1);
    expect(takeGroup([waiting(1, maxRows), waiting()]).length).toBe(1);
    expect(takeGroup([waiting(), waiting(), waiting()]).length).toBe(3);
    expect(takeGroup([])).toEqual([]);
  });
});

describe('ids of groups', () => {
  it('differ and name files', () => {
    const ids = Array.from({ length: 1_000 }, newGroupId);
    expect(new Set(ids).size).toBe(1_000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{9}-[0-9a-f]{12}$/);
  });
});
