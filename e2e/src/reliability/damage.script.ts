// npm run reliability -- damage [--kinds REGEX]
// Every kind of file in a real data directory, flipped, cut, zeroed, emptied and removed, one at a
// time: the server starts, answers unaltered, takes new records, and tells what was lost.
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { temporaryFolder } from '../backend.js';
import { type Damage, DAMAGES, faultOf, kindsOf, makeTemplate, readAll } from './damage.js';

const { values } = parseArgs({ options: { kinds: { type: 'string', default: '' } } });
const folder = temporaryFolder();
const template = join(folder.path, 'data');
await makeTemplate(template);
// A first start after the kill: what it inserts again and cleans up is no damage.
const { records } = await readAll(template);
let faults = 0;
for (const kind of kindsOf(template).filter(({ name }) => new RegExp(values.kinds).test(name))) {
  for (const damage of Object.keys(DAMAGES) as Damage[]) {
    const { fault, outcome } = await faultOf(template, kind, damage, records);
    if (fault !== undefined) faults += 1;
    process.stdout.write(`${damage.padEnd(8)} ${kind.name}: ${fault ?? `good, ${outcome}`}\n`);
  }
}
folder.remove();
process.exitCode = faults === 0 ? 0 : 1;
