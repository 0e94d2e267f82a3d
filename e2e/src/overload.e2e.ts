import { expect, it } from 'vitest';

import { overload } from './reliability/overload.js';

// The short form of `npm run reliability -- overload`. The load shares the machine with the server
// here, and other tests may too: times get slack, what is counted gets none.
it.each(['http', 'grpc'] as const)(
  'sheds what is too much through %s, answers questions, and keeps all it acknowledged',
  async (door) => {
    const result = await overload({ door, seconds: 4 });
    const { load, questionMillis, acknowledgedSpans, storedSpans, unknownSpans } = result;
    expect(load.acknowledged).toBeGreaterThan(0);
    expect(load.shed).toBeGreaterThan(load.acknowledged / 10);
    expect(load.shedSilently).toBe(0);
    expect(load.others).toEqual({});
    expect(result.refusedBugs).toEqual([]);
    expect(storedSpans).toBeGreaterThanOrEqual(acknowledgedSpans);
    expect(storedSpans).toBeLessThanOrEqual(acknowledgedSpans + unknownSpans);
    expect(result.peakResidentBytes).toBeLessThan(1.1e9);
    const median = questionMillis[questionMillis.length >> 1] ?? Infinity;
    console.log(`${(result.peakResidentBytes / 1e6).toFixed(0)} MB at most`);
    console.log(`median question ${median.toFixed(0)} ms, recovery ${result.recoveryMillis} ms`);
    expect(median).toBeLessThan(5_000);
    expect(result.recoveryMillis).toBeLessThan(10_000);
  },
  120_000,
);
