import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { quantile } from './backend.js';
import { listen, send } from './http-service/load.js';
import { type Arrived, inspect } from './http-service/parents.js';
import type { BenchOptions, BenchResult, BenchRow } from './main.js';

type Variant =
  | 'none'
  | 'context alone'
  | 'official'
  | 'ours, official instrumentations'
  | 'ours, built in';

const REGISTER = '@codomyrmex/telemetry/register';
const IMPORTS: Readonly<Record<Variant, string | undefined>> = {
  none: undefined,
  'context alone': new URL('http-service/context-only.js', import.meta.url).href,
  official: new URL('http-service/official-sdk.js', import.meta.url).href,
  'ours, official instrumentations': new URL('http-service/ours-with-official.js', import.meta.url)
    .href,
  'ours, built in': import.meta.resolve(REGISTER),
};
const VARIANTS = Object.keys(IMPORTS) as Variant[];
const ROUNDS = 4;
const WARM_UP = 3000;
const REQUESTS = 6000;
const WIDTH = 16;
const STARTS = 7;
/** Exports are let through this long after the last answer; the batch delay is a second. */
const DRAIN_MILLIS = 8000;

const require = createRequire(import.meta.url);
const { version } = require('@opentelemetry/sdk-trace-node/package.json') as { version: string };
const PEER: string = `OpenTelemetry JS ${version}`;

interface Round {
  readonly cpuMicros: number;
  readonly delayMillis: number;
  readonly requestsPerSecond: number;
  readonly spans: number;
  readonly clients: number;
  readonly misplaced: number;
}

/**
 * A real service under load, one process a variant, in turn. CPU is that of the service's whole
 * process, all threads, until its spans have arrived; net is without what the bare service takes.
 */
export async function run({ node }: BenchOptions): Promise<BenchResult> {
  const bodies: Buffer[] = [];
  const sink = await listen((request, body) => {
    if (request.url?.endsWith('/v1/traces') === true) bodies.push(body);
  });
  const leaf = await listen(() => {});
  const rounds = Object.fromEntries(VARIANTS.map((name) => [name, []])) as unknown as Rounds;
  for (let round = 0; round < ROUNDS; round++) {
    for (const variant of VARIANTS) {
      rounds[variant].push(await serveRound(node, variant, sink.url, leaf.url, bodies));
    }
  }
  const starts = await measureStarts(node, sink.url);
  sink.close();
  leaf.close();
  return {
    name: 'A real HTTP service: express, pino, two calls by node:http and one by fetch a request',
    node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1),
    results: [...loadRows(rounds), ...startRows(starts)],
  };
}

type Rounds = Record<Variant, Round[]>;
type Start = { readonly millis: number; readonly bytes: number };

function launch(
  node: string,
  variant: Variant,
  file: string,
  sinkUrl: string,
  leafUrl: string,
): ChildProcess {
  const module = IMPORTS[variant];
  return fork(fileURLToPath(new URL(`http-service/${file}`, import.meta.url)), {
    execPath: node,
    execArgv: module === undefined ? [] : ['--import', module],
    env: {
      ...process.env,
      LEAF_URL: leafUrl,
      OTEL_EXPORTER_OTLP_ENDPOINT: sinkUrl,
      OTEL_SERVICE_NAME: 'service',
      OTEL_BSP_SCHEDULE_DELAY: '1000',
      OTEL_LOGS_EXPORTER: 'none',
    },
  });
}

async function message<T>(child: ChildProcess): Promise<T> {
  const [first] = (await once(child, 'message')) as [T];
  return first;
}

async function serveRound(
  node: string,
  variant: Variant,
  sinkUrl: string,
  leafUrl: string,
  bodies: Buffer[],
): Promise<Round> {
  const child = launch(node, variant, 'service.js', sinkUrl, leafUrl);
  const { port } = await message<{ port: number }>(child);
  await send(port, WARM_UP, WIDTH);
  await delay(isTraced(variant) ? 1500 : 0);
  bodies.length = 0;
  child.send('start');
  const started = performance.now();
  await send(port, REQUESTS, WIDTH);
  const seconds = (performance.now() - started) / 1000;
  child.send('answered');
  const { delayMillis } = await message<{ delayMillis: number }>(child);
  const arrived = isTraced(variant) ? await collect(bodies) : NOTHING;
  child.send('stop');
  const { cpuMicros } = await message<{ cpuMicros: number }>(child);
  await once(child, 'exit');
  return {
    cpuMicros: cpuMicros / REQUESTS,
    delayMillis,
    requestsPerSecond: REQUESTS / seconds,
    ...arrived,
    spans: arrived.spans / REQUESTS,
  };
}

const NOTHING: Arrived = { spans: 0, clients: 0, misplaced: 0 };

function isTraced(variant: Variant): boolean {
  return variant !== 'none' && variant !== 'context alone';
}

/** Looks at what arrived once a second and a half has passed without more. */
async function collect(bodies: Buffer[]): Promise<Arrived> {
  const deadline = performance.now() + DRAIN_MILLIS;
  let seen = -1;
  while (seen !== bodies.length && performance.now() < deadline) {
    seen = bodies.length;
    await delay(1500);
  }
  return inspect(bodies.splice(0));
}

function median(rounds: readonly Round[], key: keyof Round): number {
  return quantile(
    rounds.map((round) => round[key]),
    0.5,
  );
}

function loadRows(rounds: Rounds): BenchRow[] {
  const bare = median(rounds.none, 'cpuMicros');
  const net = (variant: Variant): number => median(rounds[variant], 'cpuMicros') - bare;
  const spans = (variant: Variant): string =>
    `${median(rounds[variant], 'spans').toFixed(2)} spans`;
  const micros = (variant: Variant): string =>
    `${net(variant).toFixed(0)} µs, ${spans(variant)} a request`;
  const peer = { peer: micros('official'), peerName: PEER };
  const ratio = (variant: Variant): number => net(variant) / net('official');
  const same: Variant = 'ours, official instrumentations';
  const built: Variant = 'ours, built in';
  const misplaced = (...variants: Variant[]): string => {
    const all = variants.flatMap((variant) => rounds[variant]);
    const sum = (key: 'clients' | 'misplaced'): number =>
      all.reduce((total, round) => total + round[key], 0);
    return `${sum('misplaced')} of ${sum('clients')}`;
  };
  const side = (
    key: 'delayMillis' | 'requestsPerSecond',
    unit: string,
    what: string,
  ): BenchRow => ({
    what,
    ours: `${median(rounds[built], key).toFixed(1)} ${unit}`,
    peer: `${median(rounds.official, key).toFixed(1)} ${unit}`,
    peerName: `${PEER}; bare service ${median(rounds.none, key).toFixed(1)} ${unit}`,
  });
  return [
    {
      what: `net CPU a request, official instrumentations on both (bare: ${bare.toFixed(0)} µs)`,
      ours: micros(same),
      ...peer,
      ratio: ratio(same),
      goal: '≤ 0.55',
    },
    {
      what: 'net CPU a request, ours with built-in instrumentation',
      ours: micros(built),
      ...peer,
      ratio: ratio(built),
      goal: '≤ 0.25',
    },
    {
      what: 'the same of one AsyncLocalStorage alone: one context a request, no spans',
      ours: `${net('context alone').toFixed(0)} µs`,
    },
    {
      what: 'client spans that are not below their own request, both ways',
      ours: misplaced(built, same),
      peer: misplaced('official'),
      peerName: PEER,
      goal: '0',
    },
    side('delayMillis', 'ms', 'event-loop delay under load, p99, built-in'),
    side('requestsPerSecond', 'requests/s', 'throughput, built-in'),
  ];
}

async function measureStarts(node: string, sinkUrl: string): Promise<Record<Variant, Start[]>> {
  const starts = Object.fromEntries(VARIANTS.map((name) => [name, []])) as unknown as Record<
    Variant,
    Start[]
  >;
  for (let round = 0; round < STARTS; round++) {
    for (const variant of VARIANTS) {
      const child = launch(node, variant, 'hello.js', sinkUrl, '');
      const exited = once(child, 'exit');
      starts[variant].push(await message<Start>(child));
      child.kill();
      await exited;
    }
  }
  return starts;
}

function startRows(starts: Record<Variant, Start[]>): BenchRow[] {
  const above = (variant: Variant, key: keyof Start): number => {
    const [bare, own] = [starts.none, starts[variant]].map((list) =>
      quantile(
        list.map((start) => start[key]),
        0.5,
      ),
    ) as [number, number];
    return own - bare;
  };
  const built: Variant = 'ours, built in';
  return [
    {
      what: 'import and start above nothing, hello program, built-in instrumentation',
      ours: `${above(built, 'millis').toFixed(0)} ms`,
      peer: `${above('official', 'millis').toFixed(0)} ms`,
      peerName: `${PEER}, four instrumentations`,
      ratio: above(built, 'millis') / above('official', 'millis'),
      goal: '≤ 80 ms',
    },
    {
      what: 'resident memory above nothing, the same',
      ours: `${(above(built, 'bytes') / 1e6).toFixed(1)} MB`,
      peer: `${(above('official', 'bytes') / 1e6).toFixed(1)} MB`,
      peerName: `${PEER}, four instrumentations`,
      ratio: above(built, 'bytes') / above('official', 'bytes'),
      goal: '≤ 20 MB',
    },
  ];
}
