// npm run reliability -- NAME [options]: the long forms of the promises in docs/reliability.md,
// e2e/src/reliability/NAME.script.ts. `npm run soak` is `npm run reliability -- soak`; `promise N`
// repeats the tests of a promise.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { command, compile, install, ROOT, run, StepError } from '../steps.mjs';
import { repeatPromise } from './promises.mjs';

await command(async ([name = '', ...args]) => {
  await install();
  if (name === 'promise') {
    await compile();
    await repeatPromise(args);
    return;
  }
  await compile('e2e');
  const program = join(ROOT, 'e2e', 'dist', 'reliability', `${name}.script.js`);
  if (!existsSync(program)) throw new StepError(`there is no reliability script named "${name}"`);
  await run(process.execPath, [program, ...args]);
});
