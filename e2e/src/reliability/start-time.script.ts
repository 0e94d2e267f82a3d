// npm run reliability -- start-time [--bytes 1000000000] [--starts 5] [--directory DIR]
// Fills a directory through a server until it takes that much, then says how long starts take from
// the program's start to the first request that it takes. Goal: less than 1.5 s with 1 GB.
import { parseArgs } from 'node:util';

import type { StatusAnswer } from '@codomyrmex/telemetry-query';

import { get, startBackend, temporaryFolder } from '../backend.js';
import { directoryFigures, processFigures } from './process-figures.js';
import { logsPost, nowNanos, pointsPost, send, spansPost } from './requests.js';

const { values } = parseArgs({
  options: {
    bytes: { type: 'string', default: '1000000000' },
    starts: { type: 'string', default: '5' },
    directory: { type: 'string' },
  },
});
const folder = temporaryFolder();
const directory = values.directory ?? folder.path;

async function fill(bytes: number): Promise<void> {
  const backend = await startBackend(directory);
  for (let turn = 0; ; turn += 1) {
    const status = await get<StatusAnswer>(backend, '/status');
    if (status.disk.usedBytes >= bytes) break;
    const service = `service-${turn % 20}`;
    // Text that does not compress, so that it takes a minute and not an hour.
    const logs = { service, count: 2_000, now: nowNanos(), textBytes: 4_000, days: 7 };
    await Promise.all([
      ...[1, 2, 3].map(() => send(backend.otlpHttp, logsPost(logs))),
      send(backend.otlpHttp, spansPost({ service, count: 5_000, now: nowNanos(), days: 7 })),
      send(backend.otlpHttp, pointsPost({ service, count: 200, now: nowNanos() })),
    ]);
  }
  await backend.stop();
}

await fill(Number(values.bytes));
const { bytes, files, parts } = directoryFigures(directory);
process.stdout.write(`${(bytes / 1e6).toFixed(0)} MB, ${files} files, ${parts} parts\n`);
for (let start = 0; start < Number(values.starts); start += 1) {
  const began = performance.now();
  const backend = await startBackend(directory);
  const ready = performance.now() - began;
  const { cpuSeconds } = processFigures(backend.pid);
  const status = await send(
    backend.otlpHttp,
    logsPost({ service: 's', count: 1, now: nowNanos() }),
  );
  // Every second one is killed: the next start has to clean up.
  await (start % 2 === 0 ? backend.stop() : backend.kill());
  process.stdout.write(
    `ready after ${ready.toFixed(0)} ms, ${(cpuSeconds * 1_000).toFixed(0)} ms of CPU;` +
      ` first request answered ${status}\n`,
  );
}
folder.remove();
