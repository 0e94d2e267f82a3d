import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { StatusAnswer } from '@codomyrmex/telemetry-query';

import { type Backend, get, startProgram, temporaryFolder } from '../backend.js';
import { type Series, type Verdict, verdictOf } from './flatness.js';
import { directoryFigures, processFigures } from './process-figures.js';
import { type LoadTold, SoakLoad } from './soak-load.js';

export interface SoakOptions {
  readonly minutes: number;
  /** Before measuring begins; the retention must have begun to work by then. */
  readonly warmUpMinutes: number;
  readonly retentionSeconds: number;
  readonly maxDiskBytes: number;
  /** How much of itself memory may grow by. Default 0.08: what the allocator keeps. */
  readonly memoryShare?: number;
  /** False: the server has neither limit, to see the soak fail. Default true. */
  readonly isLimited?: boolean;
  /** Told after every sample. */
  readonly onSample?: (line: string) => void;
}

export interface SoakResult {
  readonly verdicts: readonly Verdict[];
  /** What the server said on standard error. */
  readonly said: string;
  readonly faults: readonly string[];
  readonly sent: number;
  readonly frames: number;
  readonly questions: number;
  /** Cores the server used, on average over all of it. */
  readonly cores: number;
  readonly damage: readonly string[];
  readonly dropped: StatusAnswer['dropped'];
  readonly exitCode: number | null;
}

interface Sample {
  readonly resident: number;
  readonly heap: number;
  readonly handles: number;
  readonly threads: number;
  /** What the tables say they hold. */
  readonly used: number;
  /** What the directory takes, dropped parts that wait for their removal included. */
  readonly disk: number;
  readonly files: number;
  readonly parts: number;
  readonly freshness: number;
  readonly answer: number;
  readonly question: number;
}

const SMALL_SERVER = fileURLToPath(new URL('../fixtures/small-server.js', import.meta.url));
const SAMPLE_MILLIS = 2_000;
const MEBIBYTE = 2 ** 20;

/** Runs a server under a mixed load and says which of its figures are flat. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { retentionSeconds, maxDiskBytes } = options;
  const folder = temporaryFolder();
  const limits = options.isLimited === false ? [0, 0] : [retentionSeconds, maxDiskBytes];
  const backend = await startProgram([
    process.execPath,
    SMALL_SERVER,
    ...limits.map(String),
    folder.path,
  ]);
  const pid = backend.process.pid ?? 0;
  const told: LoadTold = { sent: 0, frames: 0, questions: 0, faults: [], questionMillis: [] };
  const end = new AbortController();
  // Two thirds more than the disk may hold within the retention: at high tide the size decides.
  const tideBytesPerSecond = (1.7 * maxDiskBytes) / retentionSeconds;
  const tideMillis = 2_000 * retentionSeconds;
  const tide = { tideBytesPerSecond, tideMillis };
  const load = new SoakLoad(backend, tide, told, end.signal).run();
  const samples: Sample[] = [];
  const measure = async (): Promise<void> => {
    const warm = performance.now() + options.warmUpMinutes * 60_000;
    const over = performance.now() + options.minutes * 60_000;
    while (performance.now() < over) {
      await delay(SAMPLE_MILLIS);
      const sample = await sampleOf(backend, pid, told);
      if (performance.now() > warm) samples.push(sample);
      options.onSample?.(lineOf(sample));
    }
  };
  try {
    await Promise.race([measure(), load]);
    const status = await get<StatusAnswer>(backend, '/status');
    const cores = processFigures(pid).cpuSeconds / (options.minutes * 60);
    end.abort();
    await load;
    const { faults, sent, frames, questions } = told;
    const verdicts = seriesOf(samples, options, tideBytesPerSecond).map(verdictOf);
    const { damage, dropped } = status;
    if (samples.length < 5) faults.push('too few samples to say anything: run it for longer');
    const exitCode = await backend.stop();
    const said = backend.said();
    return { verdicts, faults, sent, frames, questions, cores, damage, dropped, exitCode, said };
  } finally {
    end.abort();
    await backend.kill();
    folder.remove();
  }
}

async function sampleOf(backend: Backend, pid: number, told: LoadTold): Promise<Sample> {
  const status = await get<StatusAnswer>(backend, '/status');
  const { residentBytes, handles, threads } = processFigures(pid);
  const { bytes, files, parts } = directoryFigures(backend.dataDir);
  const questions = told.questionMillis.splice(0);
  return {
    resident: residentBytes / MEBIBYTE,
    heap: status.memory.heapBytes / MEBIBYTE,
    handles,
    threads,
    used: status.disk.usedBytes / MEBIBYTE,
    disk: bytes / MEBIBYTE,
    files,
    parts,
    freshness: status.freshness.p95Millis,
    answer: status.commit.p95Millis,
    question: questions.length === 0 ? 0 : Math.max(...questions),
  };
}

/**
 * What may grow by how much. Absolute parts are what a merge, a collection of garbage or a page
 * that is just open adds; times are wide, because other programs share the machine.
 */
function seriesOf(
  samples: readonly Sample[],
  options: SoakOptions,
  tideBytesPerSecond: number,
): readonly Series[] {
  const series = (
    name: keyof Sample,
    unit: string,
    absolute: number,
    share: number,
    limit?: number,
  ): Series => ({
    name,
    unit,
    allowed: { absolute, share },
    values: samples.map((sample) => sample[name]),
    ...(limit === undefined ? {} : { limit }),
  });
  // Files of dropped parts go within 20 s, the size is looked at every 5 s, and a merge writes its
  // result (half the limit at most) beside what it merges.
  const mostDisk = (1.5 * options.maxDiskBytes + 30 * tideBytesPerSecond) / MEBIBYTE;
  // Between two looks, and the look itself on a busy machine.
  const mostUsed = (options.maxDiskBytes + 8 * tideBytesPerSecond) / MEBIBYTE;
  return [
    series('used', 'MiB', mostUsed / 2, 0, mostUsed),
    series('resident', 'MiB', 40, options.memoryShare ?? 0.08),
    series('heap', 'MiB', 25, 0.1),
    series('handles', 'open', 40, 0.1),
    series('threads', 'running', 8, 0.05),
    series('disk', 'MiB', mostDisk / 2, 0, mostDisk),
    // What is replaced waits 10 to 20 s for its removal: a leak is a multiple of that in a minute.
    series('files', 'number', 2_200, 0.2),
    series('parts', 'number', 160, 0.2),
    series('freshness', 'ms', 300, 0.5),
    series('answer', 'ms', 300, 0.5),
    series('question', 'ms', 200, 0.5),
  ];
}

function lineOf(sample: Sample): string {
  return Object.entries(sample)
    .map(([name, value]: [string, number]) => `${name} ${Math.round(value)}`)
    .join('  ');
}
