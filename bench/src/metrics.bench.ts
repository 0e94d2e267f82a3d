import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { BenchResult, BenchRow } from './main.js';
import type { SubjectReport } from './metrics-subject.js';

const ROUNDS = 3;
const SUBJECT: string = fileURLToPath(new URL('metrics-subject.js', import.meta.url));
/** A nursery that holds all that 20,000 operations allocate, so that bytes can be counted. */
const FLAGS = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256'];

/** performance.md's goals for the ratio ours / official, and absolute ones. */
const GOALS: Readonly<Record<string, string>> = {
  'add, 5 fresh attributes': '≤ 0.125 (1/8)',
  'add, the same 5 attributes': '0 bytes',
  'add, bound': '≤ 5 ns',
};

/** Measures CPU time, alternating, one library a process; medians of three rounds. */
export async function run(): Promise<BenchResult> {
  const ours: SubjectReport[] = [];
  const peers = { official: [] as SubjectReport[], prometheus: [] as SubjectReport[] };
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await measure('ours'));
    peers.official.push(await measure('official'));
    peers.prometheus.push(await measure('prometheus'));
  }
  const results = [
    ...compare(ours, peers.official, '@opentelemetry/sdk-metrics'),
    ...compare(ours, peers.prometheus, 'prom-client'),
  ];
  return { name: 'Metrics: recording and collecting', results };
}

function compare(
  ours: readonly SubjectReport[],
  peers: readonly SubjectReport[],
  peer: string,
): BenchRow[] {
  const peerName = `${peer} ${peers[0]?.version ?? ''}`;
  const rows = Object.keys(ours[0]?.nanos ?? {}).map((name) => {
    const own = middle(ours, (report) => report.nanos[name]);
    const theirs = middle(peers, (report) => report.nanos[name]);
    const ownBytes = middle(ours, (report) => report.bytes[name]);
    const theirBytes = middle(peers, (report) => report.bytes[name]);
    const goal = GOALS[name];
    return {
      what: `counter: ${name}`,
      ours: `${own.toFixed(1)} ns, ${ownBytes.toFixed(0)} B`,
      peer: `${theirs.toFixed(0)} ns, ${theirBytes.toFixed(0)} B`,
      peerName,
      ratio: own / theirs,
      ...(goal === undefined ? {} : { goal }),
    };
  });
  const own = middle(ours, (report) => report.collectMillis);
  const theirs = middle(peers, (report) => report.collectMillis);
  const collection = {
    what: `collect and encode 10,000 series (${ours[0]?.collectBytes ?? 0} bytes)`,
    ours: `${own.toFixed(2)} ms`,
    peer: `${theirs.toFixed(1)} ms`,
    peerName,
    ratio: own / theirs,
    goal: '≤ 2 ms',
  };
  return [...rows, collection];
}

async function measure(kind: 'ours' | 'official' | 'prometheus'): Promise<SubjectReport> {
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, SUBJECT, kind]);
  return JSON.parse(stdout) as SubjectReport;
}

function middle(
  reports: readonly SubjectReport[],
  read: (report: SubjectReport) => number | undefined,
): number {
  const values = reports.map((report) => read(report) ?? Number.NaN).toSorted((a, b) => a - b);
  return values[values.length >> 1] ?? Number.NaN;
}
