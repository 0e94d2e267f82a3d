import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { StatusAnswer } from '@codomyrmex/telemetry-query';

import { type Backend, get, startBackend, temporaryFolder, until } from '../backend.js';
import type { LoadOptions, LoadResult, OverloadDoor } from './overload-load.js';
import { processFigures } from './process-figures.js';
import { nowNanos, send, spansPost } from './requests.js';

const LOAD = fileURLToPath(new URL('overload-load.js', import.meta.url));
const SPANS_PER_REQUEST = 2_000;
/** Bodies of 700 kB: as many under way as the server stores in half a second; it has no rest. */
export const SATURATING = 28;
/** Ten times that: half again as many bytes as all requests together may hold. */
const TOO_MANY = 10 * SATURATING;
const QUESTIONS = ['/services?from=now-15m', '/traces?from=now-15m&limit=50', '/status'] as const;

export interface OverloadOptions {
  readonly door: OverloadDoor;
  readonly seconds: number;
  /** Requests under way at any time. Default: ten times what saturates the server. */
  readonly inFlight?: number;
}

export interface OverloadResult {
  readonly load: LoadResult;
  /** Answers of the API while it lasted, milliseconds, ascending. */
  readonly questionMillis: readonly number[];
  readonly peakResidentBytes: number;
  /** From the end of the load to a request that is taken and a question that is answered. */
  readonly recoveryMillis: number;
  readonly acknowledgedSpans: number;
  /** All that there are at the end, after a restart. */
  readonly storedSpans: number;
  /** The most that may be stored besides: requests whose connection broke. */
  readonly unknownSpans: number;
  readonly refusedBugs: readonly string[];
}

/** Promise 7: more than a server can take, through one door, for a while. */
export async function overload({
  door,
  seconds,
  inFlight = TOO_MANY,
}: OverloadOptions): Promise<OverloadResult> {
  const folder = temporaryFolder();
  let backend = await startBackend(folder.path);
  try {
    const url = door === 'http' ? backend.otlpHttp : backend.otlpGrpc;
    const counts = { inFlight, spansPerRequest: SPANS_PER_REQUEST };
    const loading = startLoad({ url, door, seconds, ...counts });
    const watched = await watch(backend, loading);
    const load = await loading;
    const recoveryMillis = await recover(backend);
    const status = await get<StatusAnswer>(backend, '/status');
    const bugs = status.refused.filter(
      (refusal) => refusal.status >= 500 && refusal.status !== 503,
    );
    await backend.stop();
    backend = await startBackend(folder.path);
    const { stored } = await get<StatusAnswer>(backend, '/status');
    return {
      load,
      ...watched,
      recoveryMillis,
      acknowledgedSpans: load.acknowledged * SPANS_PER_REQUEST + 1,
      storedSpans: stored.spans,
      unknownSpans: load.unknown * SPANS_PER_REQUEST,
      refusedBugs: bugs.map((bug) => bug.message),
    };
  } finally {
    await backend.stop();
    folder.remove();
  }
}

async function startLoad(options: LoadOptions): Promise<LoadResult> {
  const child = spawn(process.execPath, [LOAD, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return JSON.parse(line) as LoadResult;
}

/** Asks questions, one after the other, and reads the server's memory until the load ends. */
async function watch(
  backend: Backend,
  loading: Promise<unknown>,
): Promise<Pick<OverloadResult, 'questionMillis' | 'peakResidentBytes'>> {
  const over = new AbortController();
  const end = (): void => over.abort();
  loading.then(end, end);
  const questionMillis: number[] = [];
  let peakResidentBytes = 0;
  for (let turn = 0; !over.signal.aborted; turn += 1) {
    const asked = performance.now();
    await get(backend, QUESTIONS[turn % QUESTIONS.length] ?? '/status');
    questionMillis.push(performance.now() - asked);
    const { residentBytes } = processFigures(backend.process.pid ?? 0);
    peakResidentBytes = Math.max(peakResidentBytes, residentBytes);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { questionMillis: questionMillis.toSorted((a, b) => a - b), peakResidentBytes };
}

async function recover(backend: Backend): Promise<number> {
  const ended = performance.now();
  const one = spansPost({ service: 'after', count: 1, now: nowNanos() });
  await until(
    () => send(backend.otlpHttp, one),
    (status) => status === 200,
    60_000,
  );
  await get(backend, '/services?from=now-15m');
  return performance.now() - ended;
}
