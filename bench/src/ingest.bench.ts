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
    const small = await offer(SECONDS / 3, '--connections', '64', '--spans-per-request', '10');
    return report({ full, half, small, cpuCores, resident });
  } finally {
    await backend.close();
  }
}

interface Figures {
  readonly full: Load;
  readonly half: Load;
  readonly small: Load;
  readonly cpuCores: number;
  readonly resident: number;
}

function report({ full, half, small, cpuCores, resident }: Figures): BenchResult {
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
        what: '10-span requests, acknowledged requests/s',
        ours: rate(small.requestsPerSecond),
        goal: '≥ 3,000',
      },
      { what: 'requests refused', ours: rate(full.refused + half.refused + small.refused) },
    ],
  };
}
