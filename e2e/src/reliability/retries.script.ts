// npm run reliability -- retries [--seconds 300] [--share 0.1] [--seed N]
// Retries through a proxy that loses answers, over a restart and a kill: every record once.
import { parseArgs } from 'node:util';

import { retries } from './retries.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    share: { type: 'string', default: '0.1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const { seconds, share, seed } = values;
const result = await retries({
  seconds: Number(seconds),
  share: Number(share),
  seed: Number(seed),
});
const { requests, attempts, droppedAnswers, faults } = result;
process.stdout.write(
  `seed ${seed}: ${requests} requests in ${attempts} attempts, ${droppedAnswers} answers lost\n`,
);
for (const fault of faults) process.stdout.write(`FAULT: ${fault}\n`);
process.exitCode = faults.length === 0 && droppedAnswers > 0 ? 0 : 1;
