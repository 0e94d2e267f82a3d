import { startBenchBackend } from './backend.js';
import { type Load, runLoad } from './load.js';
import type { BenchResult, BenchRow } from './main.js';

const SECONDS = Number(process.env['INGEST_BENCH_SECONDS'] ?? 15);
const ROUNDS = 3;
const CONNECTIONS = 16;

const DOORS = ['http/protobuf', 'grpc', 'http/json'] as const;
type Door = (typeof DOORS)[number];

const GOALS: { readonly [door in Door]?: string } = { grpc: '≥ 0.67', 'http/json': '≥ 0.33' };

interface Sum {
  records: number;
  seconds: number;
  serverCpuSeconds: number;
}

/**
 * OTLP/gRPC and OTLP/HTTP JSON beside OTLP/HTTP protobuf on the same server, in turns: acknowledged
 * spans a second and what a span costs the server. The generators share the machine, and JSON and
 * HTTP/2 take more of it, so the server's CPU is the fairer of the two.
 */
export async function run(): Promise<BenchResult> {
  const backend = await startBenchBackend();
  try {
    const results: BenchRow[] = [];
    for (const spans of [1_000, 10]) {
      const sums = { 'http/protobuf': zero(), grpc: zero(), 'http/json': zero() };
      for (let round = 0; round <= ROUNDS; round++) {
        for (const door of DOORS) {
          const before = backend.cpuSeconds();
          const load = await runLoad([
            '--url',
            backend.otlpHttp,
            '--grpc-url',
            backend.otlpGrpc,
            '--protocol',
            door,
            '--spans-per-request',
            String(spans),
            '--connections',
            String(CONNECTIONS),
            '--duration',
            String(round === 0 ? 1 : SECONDS / 9),
          ]);
          // The first round warms up.
          if (round > 0) add(sums[door], load, backend.cpuSeconds() - before);
        }
      }
      results.push(...rowsOf(spans, sums));
    }
    return { name: 'Ingest: OTLP/gRPC and JSON beside OTLP/HTTP protobuf', results };
  } finally {
    await backend.close();
  }
}

function zero(): Sum {
  return { records: 0, seconds: 0, serverCpuSeconds: 0 };
}

function add(sum: Sum, load: Load, serverCpuSeconds: number): void {
  sum.records += load.acknowledged.traces;
  sum.seconds += load.seconds;
  sum.serverCpuSeconds += serverCpuSeconds;
}

function rowsOf(spans: number, sums: { readonly [door in Door]: Sum }): BenchRow[] {
  const rate = (sum: Sum): number => sum.records / sum.seconds;
  const cost = (sum: Sum): number => (sum.serverCpuSeconds * 1e6) / sum.records;
  const peer = sums['http/protobuf'];
  const peerName = 'our HTTP protobuf';
  return DOORS.filter((door) => door !== 'http/protobuf').flatMap((door) => {
    const goal = GOALS[door];
    return [
      {
        what: `${door}, ${spans}-span requests, acknowledged spans/s`,
        ours: Math.round(rate(sums[door])).toLocaleString('en'),
        peer: Math.round(rate(peer)).toLocaleString('en'),
        peerName,
        ratio: rate(sums[door]) / rate(peer),
        ...(goal === undefined ? {} : { goal }),
      },
      {
        what: `${door}, ${spans}-span requests, server CPU a span`,
        ours: `${cost(sums[door]).toFixed(2)} µs`,
        peer: `${cost(peer).toFixed(2)} µs`,
        peerName,
        ratio: cost(sums[door]) / cost(peer),
      },
    ];
  });
}
