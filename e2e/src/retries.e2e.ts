import { expect, it } from 'vitest';

import { retries } from './reliability/retries.js';

// The short form of `npm run reliability -- retries`.
it('every record once, though answers get lost, over a restart and a kill', async () => {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const result = await retries({ seconds: 6, share: 0.2, seed });
  expect(result.faults).toEqual([]);
  expect(result.droppedAnswers).toBeGreaterThan(3);
  expect(result.attempts).toBeGreaterThan(result.requests);
}, 120_000);
