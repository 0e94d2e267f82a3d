import { describe, expect, it } from 'vitest';

import { GROUP_LIMITS } from '../limits.js';
import { batchOf, requestOf, spanRequest } from './fixtures/requests.js';
import { laneOf, Lanes } from './lanes.js';

const LITTLE = { bytes: 1_000, requests: 1 };

describe('the lanes of a group', () => {
  it('are told by the most urgent rows', () => {
    expect(laneOf(spanRequest('a'))).toBe('spans');
    expect(laneOf(requestOf('b', [batchOf('otel_running', 'b')]))).toBe('others');
    expect(laneOf(requestOf('c', [batchOf('otel_metrics_sum', 'c')]))).toBe('points');
    const both = [batchOf('otel_running', 'd'), batchOf('otel_traces', 'd')];
    expect(laneOf(requestOf('d', both))).toBe('spans');
  });

  it('pay for their own tables, and by CPU where the machine is slow', () => {
    const lanes = new Lanes();
    const tables = ['otel_logs', 'otel_metrics_sum', 'otel_metrics_gauge'] as const;
    lanes.inserted({ requests: 1, tables }, { start: 0, end: 900, cpuMillis: 90 }, LITTLE);
    expect(lanes.delay('spans', 900, LITTLE)).toBeLessThanOrEqual(0);
    expect(lanes.delay('others', 900, LITTLE)).toBeLessThanOrEqual(0); // within its burst
    // Two tables of 30 ms cost more than the longest wait, which began with the insert.
    const { maxMillis } = GROUP_LIMITS.pointsPace;
    expect(lanes.delay('points', maxMillis - 100, LITTLE)).toBe(100);
    expect(lanes.delay('points', 900, LITTLE)).toBeGreaterThan(600);
  });

  it('wait a moment for senders that were answered together, until they are back', () => {
    const lanes = new Lanes();
    const { gatherFrom, gatherMillis, paceFreeBytes } = GROUP_LIMITS;
    const group = { requests: gatherFrom, tables: ['otel_traces'] as const };
    lanes.inserted(group, { start: 0, end: 100, cpuMillis: 10 }, { bytes: 10, requests: 4 });
    expect(lanes.delay('spans', 100, { bytes: 10, requests: 4 })).toBe(gatherMillis);
    expect(lanes.delay('spans', 100, { bytes: 10, requests: gatherFrom + 4 })).toBeLessThan(1);
    expect(lanes.delay('spans', 100, { bytes: paceFreeBytes, requests: 4 })).toBeLessThan(1);
    expect(lanes.delay('spans', 100 + gatherMillis, { bytes: 10, requests: 4 })).toBeLessThan(1);
  });
});
