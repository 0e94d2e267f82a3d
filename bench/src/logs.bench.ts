import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { LogsReport } from './logs-subject.js';
import type { BenchOptions, BenchResult, BenchRow } from './main.js';

const ROUNDS = 3;
const KINDS = ['logger', 'api', 'official', 'pino', 'transport'] as const;
type Kind = (typeof KINDS)[number];

const OFFICIAL = 'OpenTelemetry JS 0.223.1';
const PINO = 'pino 10.4.0 to /dev/null';

/**
 * Log records from the call to a sink in another process that has counted them, without
 * compression: CPU of the whole process, all threads, one way to log a process, in turn, medians of
 * the rounds. Time of the call: what the thread that logs is held up.
 */
export async function run(options: BenchOptions): Promise<BenchResult> {
  const sink = fork(fileURLToPath(new URL('span-sink.js', import.meta.url)));
  try {
    const [message] = (await once(sink, 'message')) as [{ url: string }];
    const reports = new Map<Kind, LogsReport[]>(KINDS.map((kind) => [kind, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of KINDS) {
        reports.get(kind)?.push(await measure(options.node, kind, message.url));
      }
    }
    const results = [
      ...rowsOf('getLogger().info', reports, 'logger', 'official', OFFICIAL),
      ...rowsOf('emit through the api', reports, 'api', 'official', OFFICIAL),
      ...rowsOf('pino with our transport', reports, 'transport', 'pino', PINO),
      lossRow(reports),
    ];
    return { name: 'Logs: a record with three attributes, and the way to the wire', results };
  } finally {
    sink.disconnect();
  }
}

async function measure(node: string, kind: Kind, url: string): Promise<LogsReport> {
  const subject = fileURLToPath(new URL('logs-subject.js', import.meta.url));
  const { stdout } = await promisify(execFile)(node, [subject, kind, url]);
  return JSON.parse(stdout) as LogsReport;
}

function rowsOf(
  what: string,
  reports: ReadonlyMap<Kind, readonly LogsReport[]>,
  own: Kind,
  peer: Kind,
  peerName: string,
): BenchRow[] {
  const row = (title: string, read: (report: LogsReport) => number): BenchRow => {
    const [ours, theirs] = [middle(reports.get(own), read), middle(reports.get(peer), read)];
    return {
      what: `${what}: ${title}`,
      ours: `${ours.toFixed(2)} µs`,
      peer: `${theirs.toFixed(2)} µs`,
      peerName,
      ratio: ours / theirs,
    };
  };
  return [
    row('CPU a record, all threads', (report) => report.micros),
    row('time of the call', (report) => report.callMicros),
  ];
}

function lossRow(reports: ReadonlyMap<Kind, readonly LogsReport[]>): BenchRow {
  const lost = (kind: Kind): string => {
    const all = reports.get(kind) ?? [];
    const missing = all.reduce((sum, { records, delivered }) => sum + records - delivered, 0);
    return `${missing} of ${all.reduce((sum, { records }) => sum + records, 0)}`;
  };
  const ours = `${lost('logger')}, by pino ${lost('transport')}`;
  return { what: 'records lost', ours, peer: lost('official'), peerName: OFFICIAL };
}

function middle(
  reports: readonly LogsReport[] | undefined,
  read: (report: LogsReport) => number,
): number {
  const values = (reports ?? []).map(read).toSorted((a, b) => a - b);
  return values[values.length >> 1] ?? Number.NaN;
}
