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

/** Measures CPU time, alternating, one SDK a process; medians of three rounds. */
export async function run(): Promise<BenchResult> {
  const ours: SubjectReport[] = [];
  const official: SubjectReport[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await measure('ours'));
    official.push(await measure('official'));
  }
  const version = official[0]?.version ?? '';
  const peerName = `@opentelemetry/sdk-metrics ${version}`;
  const names = Object.keys(ours[0]?.nanos ?? {});
  const results: BenchRow[] = names.map((name) => {
    const own = middle(ours, (report) => report.nanos[name]);
    const peer = middle(official, (report) => report.nanos[name]);
    const ownBytes = middle(ours, (report) => report.bytes[name]);
    const peerBytes = middle(official, (report) => report.bytes[name]);
    const goal = GOALS[name];
    return {
      what: `counter: ${name}`,
      ours: `${own.toFixed(1)} ns, ${ownBytes.toFixed(0)} B`,
      peer: `${peer.toFixed(0)} ns, ${peerBytes.toFixed(0)} B`,
      peerName,
      ratio: own / peer,
      ...(goal === undefined ? {} : { goal }),
    };
  });
  const own = middle(ours, (report) => report.collectMillis);
  const peer = middle(official, (report) => report.collectMillis);
  results.push({
    what: `collect and encode 10,000 series (${ours[0]?.collectBytes ?? 0} bytes)`,
    ours: `${own.toFixed(2)} ms`,
    peer: `${peer.toFixed(1)} ms`,
    peerName: `${peerName} and otlp-transformer`,
    ratio: own / peer,
    goal: '≤ 2 ms',
  });
  return { name: 'Metrics: recording and collecting', results };
}

async function measure(kind: 'ours' | 'official'): Promise<SubjectReport> {
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
