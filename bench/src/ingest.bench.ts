import { startBenchBackend } from './backend.js';
import { type Load, runLoad } from './load.js';
import type { BenchResult } from './main.js';

/** Of the full rate; the other loads take half or a quarter of it. The goal speaks of 60. */
const SECONDS = Number(process.env['INGEST_BENCH_SECONDS'] ?? 15);

/**
 * Acknowledged (durable and readable) spans a second over OTLP/HTTP protobuf, every request
 * distinct, the generator on the same machine; after each load the store must hold what was
 * acknowledged.
 */
export async function run(): Promise<BenchResult> {
  const backend = await startBenchBackend();
  const offer = (seconds: number, ...args: readonly string[]): Promise<Load> =>
    runLoad(['--url', backend.otlpHttp, '--duration', String(seconds), ...args]);
  try {
    await offer(2, '--connections', '8');
    const cpuBefore = backend.cpuSeconds();
    const full = await offer(SECONDS, '--connections', '32');
    const cpuCores = (backend.cpuSeconds() - cpuBefore) / full.seconds;
    const resident = backend.residentBytes();
    const rate = String(Math.round(full.recordsPerSecond / 2));
    const half = await offer(SECONDS, '--connections', '32', '--rate', rate);
    const few = await offer(SECONDS / 3, '--connections', '64', '--spans-per-request', '10');
    const smallBefore = backend.cpuSeconds();
    const small = await offer(SECONDS / 3, '--connections', '256', '--spans-per-request', '10');
    const smallCores = (backend.cpuSeconds() - smallBefore) / small.seconds;
    return report({ full, half, few, small, smallCores, cpuCores, resident });
  } finally {
    await backend.close();
  }
}

interface Figures {
  readonly full: Load;
  readonly half: Load;
  /** Small requests over few connections, then over many. */
  readonly few: Load;
  readonly small: Load;
  readonly smallCores: number;
  readonly cpuCores: number;
  readonly resident: number;
}

function report(figures: Figures): BenchResult {
  const { full, half, few, small, smallCores, cpuCores, resident } = figures;
  const rate = (value: number): string => Math.round(value).toLocaleString('en');
  const answers = ({ answerMillis: { p50, p99 } }: Load): string =>
    `${p50.toFixed(0)} ms / ${p99.toFixed(0)} ms`;
  const generatorCores = full.generatorCpuSeconds / full.seconds;
  return {
    name: 'Ingest: OTLP/HTTP protobuf to durable and readable, generator on the same machine',
    results: [
      {
        what: '1,000-span requests, 8 attributes, acknowledged spans/s',
        ours: rate(full.recordsPerSecond),
        goal: '≥ 150,000, then 250,000',
      },
      { what: 'answer p50 / p99 at full rate', ours: answers(full) },
      {
        what: `answer p50 / p99 at half of it (${rate(half.recordsPerSecond)} spans/s)`,
        ours: answers(half),
        goal: 'p99 < 250 ms',
      },
      {
        what: 'CPU at full rate, server + generator',
        ours: `${cpuCores.toFixed(2)} + ${generatorCores.toFixed(2)} cores`,
      },
      {
        what: 'server CPU a span at full rate',
        ours: `${((cpuCores * 1e6) / full.recordsPerSecond).toFixed(1)} µs`,
      },
      {
        what: 'resident memory after full rate',
        ours: `${(resident / 2 ** 20).toFixed(0)} MiB`,
        goal: '≤ 800 MiB',
      },
      {
        what: '10-span requests over 256 connections, acknowledged requests/s',
        ours: rate(small.requestsPerSecond),
        goal: '≥ 3,000',
      },
      { what: 'the same over 64 connections', ours: rate(few.requestsPerSecond) },
      {
        what: 'server CPU a 10-span request, 256 connections',
        ours: `${((smallCores * 1e6) / small.requestsPerSecond).toFixed(0)} µs`,
      },
      {
        what: 'requests refused',
        ours: rate(full.refused + half.refused + few.refused + small.refused),
      },
    ],
  };
}
