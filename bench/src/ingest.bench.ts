import { setTimeout as delay } from 'node:timers/promises';

import { quantile, startBenchBackend } from './backend.js';
import type { BenchResult } from './main.js';
import { PostConnection } from './post-connection.js';
import { RequestTemplate } from './request-template.js';

const SECONDS = Number(process.env['INGEST_BENCH_SECONDS'] ?? 15);

interface Load {
  readonly spansARequest: number;
  readonly connections: number;
  /** Spans a second to offer, all connections together; undefined: as fast as answers come. */
  readonly pacedRate: number | undefined;
}

interface Measured {
  readonly acknowledged: number;
  readonly refused: number;
  readonly spansASecond: number;
  readonly requestsASecond: number;
  readonly millis: readonly number[];
}

type Backend = Awaited<ReturnType<typeof startBenchBackend>>;

/**
 * Acknowledged (durable and readable) spans a second over OTLP/HTTP protobuf, every request
 * distinct, the generator on the same machine; afterwards the store must hold what was
 * acknowledged.
 */
export async function run(): Promise<BenchResult> {
  const backend = await startBenchBackend();
  try {
    await offer(backend, { spansARequest: 1_000, connections: 8, pacedRate: undefined }, 2);
    const cpuBefore = backend.cpuSeconds();
    const full = await offer(
      backend,
      { spansARequest: 1_000, connections: 32, pacedRate: undefined },
      SECONDS,
    );
    const cpuCores = (backend.cpuSeconds() - cpuBefore) / SECONDS;
    const resident = backend.residentBytes();
    const half = await offer(
      backend,
      { spansARequest: 1_000, connections: 32, pacedRate: full.spansASecond / 2 },
      SECONDS,
    );
    const small = await offer(
      backend,
      { spansARequest: 10, connections: 64, pacedRate: undefined },
      SECONDS / 3,
    );
    const stored = await storedSpans(backend);
    if (stored !== total) throw new Error(`${total} spans acknowledged, ${stored} stored`);
    return report({ full, half, small, cpuCores, resident, stored });
  } finally {
    await backend.close();
  }
}

/** Spans acknowledged by every load so far. */
let total = 0;

async function offer(backend: Backend, load: Load, seconds: number): Promise<Measured> {
  const began = performance.now();
  const ends = began + seconds * 1000;
  const perConnection = await Promise.all(
    Array.from({ length: load.connections }, async (_, index) => {
      const connection = await PostConnection.open(backend.otlpHttp, '/v1/traces');
      const template = new RequestTemplate(load.spansARequest, `service-${index % 10}`);
      const result = await send(connection, template, load, began, ends);
      connection.close();
      return result;
    }),
  );
  const elapsed = (performance.now() - began) / 1000;
  const millis = perConnection.flatMap((one) => one.millis);
  const acknowledged = millis.length * load.spansARequest;
  total += acknowledged;
  return {
    acknowledged,
    refused: perConnection.reduce((sum, one) => sum + one.refused, 0),
    spansASecond: acknowledged / elapsed,
    requestsASecond: millis.length / elapsed,
    millis,
  };
}

async function send(
  connection: PostConnection,
  template: RequestTemplate,
  load: Load,
  began: number,
  ends: number,
): Promise<{ millis: number[]; refused: number }> {
  const millis: number[] = [];
  let refused = 0;
  const { pacedRate, connections, spansARequest } = load;
  const pause = pacedRate === undefined ? 0 : (1000 * spansARequest * connections) / pacedRate;
  let due = began + Math.random() * pause;
  while (performance.now() < ends) {
    const wait = due - performance.now();
    if (wait > 0) await delay(wait);
    // A paced request's time runs from when it was due: a slow answer delays the next one too.
    const start = pause === 0 ? performance.now() : due;
    const status = await connection.post(template.next(Date.now()));
    if (status === 200) millis.push(performance.now() - start);
    else refused += 1;
    due += pause;
  }
  return { millis, refused };
}

async function storedSpans(backend: Backend): Promise<number> {
  const status = await (await fetch(`${backend.url}/api/v1/status`)).json();
  return (status as { stored: { spans: number } }).stored.spans;
}

interface Figures {
  readonly full: Measured;
  readonly half: Measured;
  readonly small: Measured;
  readonly cpuCores: number;
  readonly resident: number;
  readonly stored: number;
}

function report({ full, half, small, cpuCores, resident, stored }: Figures): BenchResult {
  const rate = (value: number): string => Math.round(value).toLocaleString('en');
  const ms = (values: readonly number[], q: number): string =>
    `${quantile(values, q).toFixed(0)} ms`;
  return {
    name: 'Ingest: OTLP/HTTP protobuf to durable and readable, generator on the same machine',
    results: [
      {
        what: '1,000-span requests, 8 attributes, acknowledged spans/s',
        ours: rate(full.spansASecond),
        goal: '≥ 50,000, then 150,000',
      },
      {
        what: 'answer p50 / p99 at full rate',
        ours: `${ms(full.millis, 0.5)} / ${ms(full.millis, 0.99)}`,
      },
      {
        what: `answer p50 / p99 at half of it (${rate(half.spansASecond)} spans/s)`,
        ours: `${ms(half.millis, 0.5)} / ${ms(half.millis, 0.99)}`,
        goal: 'p99 < 250 ms',
      },
      { what: 'server CPU at full rate', ours: `${cpuCores.toFixed(2)} cores` },
      {
        what: 'resident memory after full rate',
        ours: `${(resident / 2 ** 20).toFixed(0)} MiB`,
        goal: '≤ 800 MiB',
      },
      {
        what: '10-span requests, acknowledged requests/s',
        ours: rate(small.requestsASecond),
        goal: '≥ 3,000',
      },
      { what: 'spans acknowledged = count() of the store', ours: rate(stored) },
      { what: 'requests refused', ours: rate(full.refused + half.refused + small.refused) },
    ],
  };
}
