// npm run reliability -- kill [--seconds 300] [--kills 30] [--seed N]
// A server under load is killed again and again; what it acknowledged is there, once.
import { parseArgs } from 'node:util';

import { retries } from './retries.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    kills: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const { requests, attempts, faults } = await retries({
  seconds: Number(values.seconds),
  share: 0,
  withOfficialSdk: false,
  seed: Number(values.seed),
  ends: Array.from({ length: Number(values.kills) }, () => 'kill' as const),
});
process.stdout.write(`${values.kills} kills: ${requests} requests in ${attempts} attempts\n`);
for (const fault of faults) process.stdout.write(`FAULT: ${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
