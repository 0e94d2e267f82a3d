import { join } from 'node:path';

import type { LogRecord, MetricPoint, Span } from '@codomyrmex/telemetry-query';
import { describe, expect, it } from 'vitest';

import { type Backend, exported, startBackend, temporaryFolder } from './backend.js';
import {
  type Acknowledged,
  answerOf,
  canTrace,
  powerCut,
  sendTraced,
  startTraced,
  stepsBefore,
  type Trace,
} from './reliability/power-loss.js';
import {
  logsPost,
  nowNanos,
  type OtlpPost,
  pointsPost,
  spansPost,
} from './reliability/requests.js';

const isTraced = canTrace();
if (!isTraced) {
  process.stdout.write('power loss is not tested here: it needs strace, and the right to trace\n');
}

/** Spans on three days, logs, points of five tables, in turn. */
function postOf(index: number, service: string): OtlpPost {
  const now = nowNanos();
  if (index % 3 === 0) return spansPost({ service, count: 12, days: 3, now });
  if (index % 3 === 1) return logsPost({ service, count: 5, now });
  return pointsPost({ service, count: 2, now });
}

/** Twelve requests one by one, then four at once, thrice; and a while for merges. */
async function load(backend: Backend): Promise<readonly Acknowledged[]> {
  const acknowledged: Acknowledged[] = [];
  const send = async (index: number): Promise<void> => {
    const marker = `marker-${index}-`;
    acknowledged.push(await sendTraced(backend, marker, postOf(index, marker)));
  };
  for (let index = 0; index < 12; index += 1) await send(index);
  for (const round of [20, 30, 40]) {
    await Promise.all([0, 1, 2, 3].map((index) => send(round + index)));
  }
  // When it is answered, the calls that answered the others have ended.
  await sendTraced(backend, 'last', postOf(1, 'last'));
  return acknowledged;
}

/** How many records of each service a server has. */
async function countsOf(dataDir: string): Promise<ReadonlyMap<string, number>> {
  const backend = await startBackend(dataDir);
  try {
    const counts = new Map<string, number>();
    for (const kind of ['spans', 'logs', 'points']) {
      for (const { service } of await exported<Span | LogRecord | MetricPoint>(backend, kind)) {
        counts.set(service, (counts.get(service) ?? 0) + 1);
      }
    }
    return counts;
  } finally {
    await backend.kill();
  }
}

/** What a server that starts on the remains has lost of what was acknowledged, or has twice. */
async function faultsAfter(
  trace: Trace,
  at: number,
  removals: 'done' | 'kept',
  acknowledged: readonly Acknowledged[],
): Promise<readonly string[]> {
  const folder = temporaryFolder();
  try {
    const target = join(folder.path, 'data');
    powerCut(trace, at, removals, target);
    const counts = await countsOf(target);
    const before = new Set(acknowledged.filter((one) => answerOf(trace, one).began <= at));
    return acknowledged.flatMap((one) => {
      const count = counts.get(one.marker) ?? 0;
      const isRight = count === one.records || (count === 0 && !before.has(one));
      return isRight ? [] : [`${one.marker}: ${count} of ${one.records} records`];
    });
  } finally {
    folder.remove();
  }
}

describe.skipIf(!isTraced)('the power goes', () => {
  it('after an answer: what was answered had been synced, and is there once', async () => {
    const folder = temporaryFolder();
    const server = await startTraced(folder.path);
    const acknowledged = await load(server.backend);
    const trace = await server.kill();
    for (const one of acknowledged) expect(stepsBefore(trace, one), one.marker).toEqual([]);
    const answers = acknowledged.map((one) => answerOf(trace, one).began);
    const moments = [answers[0], answers.at(-1), Infinity];
    for (const moment of moments) {
      for (const removals of ['done', 'kept'] as const) {
        const faults = await faultsAfter(trace, moment ?? 0, removals, acknowledged);
        expect(faults, `at ${moment}, removals ${removals}`).toEqual([]);
      }
    }
    folder.remove();
  }, 240_000);

  it('with --no-fsync: that this test would see it', async () => {
    const folder = temporaryFolder();
    const server = await startTraced(folder.path, ['--no-fsync']);
    const marker = 'marker-0-';
    const acknowledged = [await sendTraced(server.backend, marker, postOf(1, marker))];
    await sendTraced(server.backend, 'last', postOf(1, 'last'));
    const trace = await server.kill();
    const [first] = acknowledged;
    if (first === undefined) throw new Error('nothing was sent');
    expect(stepsBefore(trace, first)).toHaveLength(3);
    expect(await faultsAfter(trace, Infinity, 'done', acknowledged)).toHaveLength(1);
    folder.remove();
  }, 60_000);
});
