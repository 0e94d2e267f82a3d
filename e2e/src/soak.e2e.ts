import { expect, it } from 'vitest';

import { tableOf } from './reliability/flatness.js';
import { soak } from './reliability/soak.js';

// The short form of `npm run soak`: fifteen minutes or an hour say more about memory; half a minute
// says whether old records go, and handles, threads, files and connections with them.
it('stays flat under a mixed load with a short retention and a small disk', async () => {
  const result = await soak({
    minutes: 0.55,
    warmUpMinutes: 0.2,
    retentionSeconds: 6,
    maxDiskBytes: 10_000_000,
    memoryShare: 0.3,
  });
  const { verdicts, faults, damage, exitCode, said } = result;
  console.log(`${result.cores.toFixed(2)} cores, ${result.sent} records\n${tableOf(verdicts)}`);
  expect({ faults, damage, exitCode }, said).toEqual({ faults: [], damage: [], exitCode: 0 });
  expect(result.sent).toBeGreaterThan(1_000);
  expect(result.frames).toBeGreaterThan(20);
  expect(result.dropped.some(({ reason }) => reason.includes('--max-disk'))).toBe(true);
  // Times are the machine's business in so short a run, and the heap is the collector's: what is
  // left after it ran, `used`, is held.
  const held = verdicts.filter(({ unit, name }) => unit !== 'ms' && name !== 'heap');
  expect(held.filter(({ isFlat }) => !isFlat)).toEqual([]);
}, 120_000);
