// npm run reliability -- disk-full [--rounds 20] [--megabytes 96]   (Linux, root: mounts a tmpfs)
// A disk that fills up and is freed again and again, with a kill while it is full every third time:
// refusals are 503 with Retry-After, reading goes on, and what was acknowledged stays, once.
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { StatusAnswer } from '@codomyrmex/telemetry-query';

import { get, startBackend, temporaryFolder, until } from '../backend.js';
import { logsPost, nowNanos, type OtlpPost } from './requests.js';

/** Programs of the system, not of a package. */
const [MOUNT, UNMOUNT] = ['mount', 'umount'] as const;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    megabytes: { type: 'string', default: '96' },
  },
});
const folder = temporaryFolder();
execFileSync(MOUNT, ['-t', 'tmpfs', '-o', `size=${values.megabytes}m`, 'tmpfs', folder.path]);
const directory = join(folder.path, 'data');
const ballast = join(folder.path, 'ballast');
let backend = await startBackend(directory);
let acknowledged = 0;
let refusals = 0;
const faults: string[] = [];

async function post(request: OtlpPost): Promise<boolean> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const init = { method: 'POST', headers, body: new Uint8Array(request.body) };
  const answer = await fetch(`${backend.otlpHttp}${request.path}`, init);
  await answer.arrayBuffer();
  if (answer.status === 200) {
    acknowledged += request.records;
    return true;
  }
  refusals += 1;
  const after = Number(answer.headers.get('retry-after'));
  if (answer.status !== 503 || !(after > 0)) faults.push(`answered ${answer.status}, ${after}`);
  return false;
}

function some(): OtlpPost {
  return logsPost({ service: 's', count: 100, now: nowNanos(), textBytes: 3_000 });
}

/** Fills what is free but for a little, then posts until it is refused. */
async function fill(): Promise<OtlpPost> {
  const { bavail, bsize } = statfsSync(folder.path);
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 4_000_000), 1));
  for (;;) {
    const request = some();
    if (!(await post(request))) return request;
  }
}

try {
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const refused = await fill();
    await get(backend, '/services?from=now-15m');
    if (round % 3 === 2) await backend.kill();
    rmSync(ballast);
    if (round % 3 === 2) backend = await startBackend(directory);
    await until(
      () => post(refused),
      (isTaken) => isTaken,
      60_000,
    );
    await until(
      () => get<StatusAnswer>(backend, '/status'),
      ({ stored }) => stored.logs === acknowledged,
      60_000,
    );
    await fetch(`${backend.url}/api/v1/data?all=true`, { method: 'DELETE' });
    acknowledged = 0;
    process.stdout.write(`round ${round + 1}: good; ${refusals} refusals so far\n`);
  }
} catch (error) {
  faults.push(error instanceof Error ? error.message : String(error));
}
await backend.kill();
execFileSync(UNMOUNT, [folder.path]);
folder.remove();
for (const fault of faults) process.stdout.write(`FAULT: ${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
