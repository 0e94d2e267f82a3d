import { fork, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import type { BenchResult, BenchRow } from './main.js';

type Which = 'ours' | 'official' | 'none';
type Numbers = Record<string, number>;
type Micro = Record<string, { nanos: number; bytes: number }>;

const ROUNDS = 3;
const require = createRequire(import.meta.url);
const { version } = require('@opentelemetry/sdk-trace-base/package.json') as { version: string };
const PEER: string = `OpenTelemetry JS ${version}`;

const MICRO: readonly (readonly [key: string, what: string])[] = [
  ['plain', 'start and end a span, no attributes'],
  ['five', 'with 5 attributes'],
  ['ten', 'with 10 attributes, 2 events, an exception'],
  ['child', 'with 5 attributes, parent given'],
  ['nested', 'three spans, each active in the one before'],
  ['unsampled', 'with 5 attributes, not sampled'],
  ['current', 'ask for the current span'],
];

/**
 * Our SDK beside the official one, each in processes of its own, in turn, medians of the rounds.
 * Micro: ours encodes what it throws away, the official side has no processor and encodes nothing.
 * Pipeline: CPU of the whole process, all threads, until a sink in another process has counted;
 * paced runs net of the same run without an SDK.
 */
export async function run(): Promise<BenchResult> {
  const sink = fork(fileURLToPath(new URL('./span-sink.js', import.meta.url)));
  try {
    const url = await new Promise<string>((resolve) => {
      sink.once('message', (message) => resolve((message as { url: string }).url));
    });
    const micro = await alternate<Micro>('micro', url, '0');
    const full = await alternate<Numbers>('pipeline', url, '0');
    const paced = await alternate<Numbers>('pipeline', url, '20000', ['none', 'ours', 'official']);
    return {
      name: 'Spans: start and end, and the way to the wire',
      results: [
        ...MICRO.flatMap(([key, what]) => microRows(micro, key, what)),
        ...pipelineRows(full, 'at full rate', '≤ 0.20'),
        ...pipelineRows(paced, 'at 20,000 spans/s', '≤ 0.33'),
      ],
    };
  } finally {
    sink.disconnect();
  }
}

type Rounds<T> = Record<Which, T[]>;

async function alternate<T>(
  mode: string,
  url: string,
  rate: string,
  subjects: readonly Which[] = ['ours', 'official'],
): Promise<Rounds<T>> {
  const rounds: Rounds<T> = { ours: [], official: [], none: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const which of subjects) {
      rounds[which].push((await subject(which, mode, url, rate)) as T);
    }
  }
  return rounds;
}

function subject(which: Which, mode: string, url: string, rate: string): Promise<unknown> {
  const program = fileURLToPath(new URL('./span-subject.js', import.meta.url));
  // A large young generation in micro, so that no collection falls between two readings.
  const flags = mode === 'micro' ? ['--expose-gc', '--max-semi-space-size=256'] : [];
  const child = spawn(process.execPath, [...flags, program, which, mode, url, rate], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (piece) => (output += String(piece)));
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output));
      else reject(new Error(`${which} ${mode} ended with ${code}`));
    });
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function microRows(rounds: Rounds<Micro>, key: string, what: string): BenchRow[] {
  const of = (which: Which, field: 'nanos' | 'bytes'): number =>
    median(rounds[which].map((result) => result[key]![field]));
  const [nanos, peerNanos] = [of('ours', 'nanos'), of('official', 'nanos')];
  const [bytes, peerBytes] = [of('ours', 'bytes'), of('official', 'bytes')];
  const time = row(
    what,
    `${Math.round(nanos)} ns`,
    `${Math.round(peerNanos)} ns`,
    nanos / peerNanos,
  );
  if (peerBytes < 16) return [time];
  const size = row(
    `${what}: allocated`,
    `${Math.round(bytes)} bytes`,
    `${Math.round(peerBytes)} bytes`,
    bytes / peerBytes,
  );
  return [time, size];
}

function pipelineRows(rounds: Rounds<Numbers>, when: string, goal: string): BenchRow[] {
  const of = (which: Which, field: string): number =>
    median(rounds[which].map((result) => result[field]!));
  // What a paced run costs without an SDK is the workload's and its timer's own.
  const idle = rounds.none.length === 0 ? 0 : of('none', 'nanos');
  const show = (which: Which): string => {
    const lost = Math.round((1 - of(which, 'delivered')) * 1000) / 10;
    const micros = ((of(which, 'nanos') - idle) / 1000).toFixed(2);
    return lost > 0 ? `${micros} µs, ${lost} % lost` : `${micros} µs`;
  };
  const ratio = (of('ours', 'nanos') - idle) / (of('official', 'nanos') - idle);
  const loop = (which: Which): string => `${of(which, 'loopP99').toFixed(1)} ms`;
  const speed = (which: Which): string => `${Math.round(of(which, 'perSecond') / 1000)} k/s`;
  return [
    { ...row(`CPU a span, start to wire, ${when}`, show('ours'), show('official'), ratio), goal },
    row(`event-loop delay p99, ${when}`, loop('ours'), loop('official')),
    row(`spans started, ${when}`, speed('ours'), speed('official')),
  ];
}

function row(what: string, ours: string, peer: string, ratio?: number): BenchRow {
  const base = { what, ours, peer, peerName: PEER };
  return ratio === undefined ? base : { ...base, ratio };
}
