// The tests of each promise in docs/reliability.md, and their long form: again and again, each time
// with another seed.
import { parseArgs } from 'node:util';

import { bin, run, StepError } from '../steps.mjs';

const SERVER = 'packages/server/dist';

/** Promise → its tests: project, file, and the part of the names that is meant. */
export const TESTS = {
  1: [['unit', `${SERVER}/store/kill.test.js`]],
  2: [
    ['e2e', 'e2e/dist/retries.e2e.js'],
    ['unit', `${SERVER}/store/group-commit.test.js`],
  ],
  3: [
    ['e2e', 'e2e/dist/power-loss.e2e.js'],
    ['unit', `${SERVER}/store/inserted-rows.test.js`],
  ],
  4: [['unit', `${SERVER}/store/damage.test.js`]],
  5: [
    ['unit', `${SERVER}/bad-records.test.js`],
    ['unit', `${SERVER}/fuzz.test.js`],
    ['e2e', 'e2e/dist/bad-input.e2e.js'],
  ],
  6: [
    ['unit', `${SERVER}/promises.test.js`, 'bombs'],
    ['unit', `${SERVER}/transcode/bombs.test.js`],
    ['unit', `${SERVER}/server.test.js`, 'beyond the limit'],
    ['e2e', 'e2e/dist/grpc.e2e.js', 'bombs'],
  ],
  7: [
    ['e2e', 'e2e/dist/overload.e2e.js'],
    ['unit', `${SERVER}/promises.test.js`, 'far too much'],
  ],
  8: [['unit', `${SERVER}/disk-full.test.js`]],
  9: [
    ['unit', `${SERVER}/promises.test.js`, 'slow clients'],
    ['unit', `${SERVER}/receive/listener.test.js`],
    ['unit', `${SERVER}/receive/grpc.test.js`, 'slow clients'],
  ],
  13: [['e2e', 'e2e/dist/soak.e2e.js']],
  14: [['unit', `${SERVER}/clock.test.js`]],
  15: [
    ['e2e', 'e2e/dist/durability.e2e.js'],
    ['unit', `${SERVER}/store/embedded-engine.test.js`, 'second process'],
  ],
  16: [
    ['unit', `${SERVER}/promises.test.js`, 'flood'],
    ['unit', `${SERVER}/store/embedded-engine.test.js`, 'limit'],
  ],
  17: [
    ['unit', `${SERVER}/golden.test.js`],
    ['unit', `${SERVER}/store/arrange.test.js`],
    ['unit', `${SERVER}/promises.test.js`, 'newer release'],
  ],
};

/** `promise NUMBER [--minutes 10]`: ends at the first failure, with its output. */
export async function repeatPromise(args) {
  const options = { minutes: { type: 'string', default: '10' } };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const tests = TESTS[positionals[0]];
  if (tests === undefined) {
    throw new StepError(`name a promise: ${Object.keys(TESTS).join(', ')}`);
  }
  const deadline = performance.now() + Number(values.minutes) * 60_000;
  let runs = 0;
  do {
    for (const [project, file, name] of tests) {
      const only = name === undefined ? [] : ['-t', name];
      const vitest = [bin('vitest'), 'run', '--project', project, '--reporter=dot', file];
      await run(process.execPath, [...vitest, ...only]);
    }
    runs += 1;
    console.log(`promise ${positionals[0]}: kept ${runs} times`);
  } while (performance.now() < deadline);
}
