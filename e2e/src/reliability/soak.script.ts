// npm run soak -- [--minutes 15] [--retention SECONDS] [--max-disk BYTES] [--verbose] [--unlimited]
// A server under a mixed load; fails when memory, handles, threads, disk or answers are not flat.
import { parseArgs } from 'node:util';

import { tableOf } from './flatness.js';
import { soak } from './soak.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '15' },
    retention: { type: 'string', default: '60' },
    'max-disk': { type: 'string', default: '64000000' },
    unlimited: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const retentionSeconds = Number(values.retention);
const result = await soak({
  minutes,
  // Caches fill and the engine's allocator settles; then at least one whole tide has passed.
  warmUpMinutes: Math.max(minutes / 5, retentionSeconds / 20),
  retentionSeconds,
  maxDiskBytes: Number(values['max-disk']),
  isLimited: !values.unlimited,
  onSample: values.verbose ? (line) => process.stdout.write(`${line}\n`) : () => undefined,
});
const { verdicts, faults, cores, sent, frames, questions, damage, dropped, exitCode } = result;
process.stdout.write(
  `${minutes} min, ${cores.toFixed(2)} cores; ${sent} records acknowledged,` +
    ` ${questions} questions, ${frames} frames to pages\n${tableOf(verdicts)}\n`,
);
for (const { reason, count } of dropped) process.stdout.write(`dropped: ${count}, ${reason}\n`);
for (const line of [...new Set(faults), ...damage]) process.stdout.write(`FAULT: ${line}\n`);
process.stdout.write(result.said);
const isGood =
  faults.length === 0 &&
  damage.length === 0 &&
  exitCode === 0 &&
  verdicts.every((verdict) => verdict.isFlat);
process.exitCode = isGood ? 0 : 1;
