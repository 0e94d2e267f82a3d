import { execFileSync, fork, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { BenchOptions, BenchResult, BenchRow } from './main.js';
import { spanPeer } from './span-peer.js';
import type { SpanPeer } from './span-peer.js';

type Which = 'ours' | 'official' | 'none';
type Numbers = Record<string, number>;
type Micro = Record<string, { nanos: number; bytes: number }>;

const ROUNDS = 5;

/** Key, what it is, goals of the time's and the bytes' ratio. */
const MICRO: readonly (readonly [
  key: string,
  what: string,
  time?: number | undefined,
  bytes?: number,
])[] = [
  ['plain', 'start and end a span, no attributes'],
  ['five', 'with 5 attributes', undefined, 0.4],
  ['ten', 'with 10 attributes'],
  ['events', 'with 2 events'],
  ['exception', 'with an exception and a status'],
  ['full', 'with 10 attributes, 2 events, an exception'],
  ['child', 'with 5 attributes, parent given'],
  ['nested', 'three spans, each active in the one before', undefined, 0.2],
  ['traced', 'a wrapped function: `traced`, by hand on the other side'],
  ['unsampled', 'with 5 attributes, not sampled', 0.2],
  ['current', 'ask for the current span'],
];

/**
 * Our SDK beside the official one, each in processes of its own, in turn, medians of the rounds.
 * Micro: CPU of the process until the span is OTLP bytes, which both throw away, and what the
 * calls take from the heap before anything is exported. Pipeline: CPU of the whole process, all
 * threads, without compression, until a sink in another process has decoded and counted; paced
 * runs net of the same run without an SDK.
 */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const peer = spanPeer(options.node);
  const sink = fork(fileURLToPath(new URL('./span-sink.js', import.meta.url)));
  try {
    const url = await new Promise<string>((resolve) => {
      sink.once('message', (message) => resolve((message as { url: string }).url));
    });
    const subject: Subject = (which, mode, rate) =>
      start(options.node, peer, which, mode, url, rate);
    const micro = await alternate<Micro>(subject, 'micro', '0', ['ours', 'official']);
    const full = await alternate<Numbers>(subject, 'pipeline', '0');
    const paced = await alternate<Numbers>(subject, 'pipeline', '20000');
    const busy = await alternate<Numbers>(subject, 'pipeline', '50000');
    const rows = [
      ...MICRO.flatMap(([key, what, time, bytes]) => microRows(micro, key, what, time, bytes)),
      ...fullRows(full),
      pacedRow(paced),
      delayRow(busy),
    ];
    const node = execFileSync(options.node, ['--version'], { encoding: 'utf8' }).trim().slice(1);
    return {
      name: 'Spans: start and end, and the way to the wire',
      node,
      results: rows.map((entry) => ({ ...entry, peerName: `OpenTelemetry JS ${peer.version}` })),
    };
  } finally {
    sink.disconnect();
  }
}

type Rounds<T> = Record<Which, T[]>;
type Subject = (which: Which, mode: string, rate: string) => Promise<unknown>;

async function alternate<T>(
  subject: Subject,
  mode: string,
  rate: string,
  subjects: readonly Which[] = ['none', 'ours', 'official'],
): Promise<Rounds<T>> {
  const rounds: Rounds<T> = { ours: [], official: [], none: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const which of subjects) rounds[which].push((await subject(which, mode, rate)) as T);
  }
  return rounds;
}

function start(
  node: string,
  peer: SpanPeer,
  which: Which,
  mode: string,
  url: string,
  rate: string,
): Promise<unknown> {
  const program = fileURLToPath(new URL('./span-subject.js', import.meta.url));
  // A large young generation in micro, so that no collection falls between two readings.
  const young = ['--min-semi-space-size=256', '--max-semi-space-size=256'];
  const flags = mode === 'micro' ? ['--expose-gc', ...young] : [];
  const child = spawn(node, [...flags, program, which, mode, url, rate, peer.folder], {
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

function microRows(
  rounds: Rounds<Micro>,
  key: string,
  what: string,
  timeGoal: number | undefined,
  bytesGoal: number | undefined,
): BenchRow[] {
  const of = (which: Which, field: 'nanos' | 'bytes'): number =>
    median(rounds[which].map((result) => result[key]![field]));
  const [nanos, peerNanos] = [of('ours', 'nanos'), of('official', 'nanos')];
  const [bytes, peerBytes] = [of('ours', 'bytes'), of('official', 'bytes')];
  const show = (value: number, unit: string): string => `${Math.round(value)} ${unit}`;
  const time = row(what, show(nanos, 'ns'), show(peerNanos, 'ns'), nanos / peerNanos, timeGoal);
  if (peerBytes < 16) return [time];
  const size = row(
    `${what}: allocated`,
    show(bytes, 'bytes'),
    show(peerBytes, 'bytes'),
    bytes / peerBytes,
    bytesGoal,
  );
  return [time, size];
}

type Field = 'nanos' | 'perSecond' | 'delivered' | 'size' | 'loopP99';

function middleOf(rounds: Rounds<Numbers>, which: Which, field: Field): number {
  return median(rounds[which].map((result) => result[field]!));
}

/** A number of each side as `show` prints it, with what got lost on the way. */
function both(
  rounds: Rounds<Numbers>,
  show: (which: Which) => string,
): { ours: string; peer: string } {
  const text = (which: Which): string => {
    const lost = Math.round((1 - middleOf(rounds, which, 'delivered')) * 1000) / 10;
    return lost > 0 ? `${show(which)}, ${lost} % lost` : show(which);
  };
  return { ours: text('ours'), peer: text('official') };
}

function fullRows(rounds: Rounds<Numbers>): BenchRow[] {
  const of = (which: Which, field: Field): number => middleOf(rounds, which, field);
  const micros = both(rounds, (which) => `${(of(which, 'nanos') / 1000).toFixed(2)} µs`);
  const ratio = of('ours', 'nanos') / of('official', 'nanos');
  const idle = (of('none', 'nanos') / 1000).toFixed(2);
  const what = `CPU a span, start to wire, at full rate (of it the workload's own: ${idle} µs)`;
  const speed = both(rounds, (which) => `${Math.round(of(which, 'perSecond') / 1000)} k/s`);
  const delay = both(rounds, (which) => `${of(which, 'loopP99').toFixed(1)} ms`);
  const size = both(rounds, (which) => `${Math.round(of(which, 'size'))} bytes`);
  return [
    row(what, micros.ours, micros.peer, ratio, 0.2),
    { what: 'spans started, at full rate', ...speed, goal: '≥ 500 k/s' },
    { what: 'event-loop delay p99, at full rate', ...delay },
    { what: 'a span on the wire', ...size },
  ];
}

function pacedRow(rounds: Rounds<Numbers>): BenchRow {
  const idle = middleOf(rounds, 'none', 'nanos');
  const net = (which: Which): number => middleOf(rounds, which, 'nanos') - idle;
  const { ours, peer } = both(rounds, (which) => `${(net(which) / 1000).toFixed(2)} µs`);
  const own = `${(idle / 1000).toFixed(2)} µs`;
  const what = `CPU a span, start to wire, at 20,000 spans/s, net of the workload's ${own}`;
  return row(what, ours, peer, net('ours') / net('official'), 0.33);
}

function delayRow(rounds: Rounds<Numbers>): BenchRow {
  const idle = middleOf(rounds, 'none', 'loopP99');
  const net = (which: Which): number => middleOf(rounds, which, 'loopP99') - idle;
  const { ours, peer } = both(rounds, (which) => `${net(which).toFixed(1)} ms`);
  const what = `event-loop delay p99 added at 50,000 spans/s, to ${idle.toFixed(1)} ms`;
  return { what, ours, peer, goal: '≤ 1 ms' };
}

function row(what: string, ours: string, peer: string, ratio: number, goal?: number): BenchRow {
  const base = { what, ours, peer, ratio };
  return goal === undefined ? base : { ...base, goal: `≤ ${goal}` };
}
