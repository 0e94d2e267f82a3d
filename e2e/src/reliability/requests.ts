import { randomBytes, randomFillSync } from 'node:crypto';

import { encode } from '@codomyrmex/otlp';

/** A body of OTLP/HTTP and the path it goes to. */
export interface OtlpPost {
  readonly path: '/v1/traces' | '/v1/logs' | '/v1/metrics';
  readonly body: Uint8Array;
  /** How many records it carries. */
  readonly records: number;
}

export interface RequestOptions {
  readonly service: string;
  readonly count: number;
  /** Unix time of the newest record, nanoseconds. */
  readonly now: bigint;
  /** Days back from `now` over which the records spread evenly. Default 1: all on one day. */
  readonly days?: number;
  /** Bytes of text a log carries that do not compress. Default 100. */
  readonly textBytes?: number;
}

const NANOS_A_DAY = 86_400_000_000_000n;
const KINDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;

/** Traces of ten spans, each a child of the first, with attributes, an event and a link. */
export function spansPost(options: RequestOptions): OtlpPost {
  const traceIds = Array.from({ length: Math.ceil(options.count / 10) }, () => randomBytes(16));
  const roots = traceIds.map(() => randomBytes(8));
  const spans = Array.from({ length: options.count }, (_, index) => {
    const trace = Math.floor(index / 10);
    const isRoot = index % 10 === 0;
    const start = timeOf(options, index);
    return {
      traceId: traceIds[trace] ?? randomBytes(16),
      spanId: (isRoot ? roots[trace] : undefined) ?? randomBytes(8),
      ...(isRoot ? {} : { parentSpanId: roots[trace] ?? randomBytes(8) }),
      name: isRoot ? 'GET /orders' : `step ${index % 10}`,
      kind: isRoot ? 2 : 1,
      startTimeUnixNano: start,
      endTimeUnixNano: start + 1_500_000n,
      attributes: [text('http.route', '/orders'), text('order.id', String(options.now))],
      events: index % 5 === 0 ? [{ name: 'retry', timeUnixNano: start }] : [],
      links: index % 7 === 0 ? [{ traceId: randomBytes(16), spanId: randomBytes(8) }] : [],
      status: index % 20 === 0 ? { code: 2, message: 'timed out' } : {},
    };
  });
  const scopeSpans = [{ scope: { name: 'reliability' }, spans }];
  const resourceSpans = [{ resource: resourceOf(options), scopeSpans }];
  return post('/v1/traces', encode('ExportTraceServiceRequest', { resourceSpans }), options.count);
}

/** Log records whose text does not compress. */
export function logsPost(options: RequestOptions): OtlpPost {
  const logRecords = Array.from({ length: options.count }, (_, index) => ({
    timeUnixNano: timeOf(options, index),
    severityNumber: 9,
    body: { stringValue: noise(options.textBytes ?? 100) },
    attributes: [text('order.id', String(options.now))],
  }));
  const scopeLogs = [{ scope: { name: 'reliability' }, logRecords }];
  const resourceLogs = [{ resource: resourceOf(options), scopeLogs }];
  return post('/v1/logs', encode('ExportLogsServiceRequest', { resourceLogs }), options.count);
}

/** Points of all five types, `count` of each: rows in every metric table. */
export function pointsPost(options: RequestOptions): OtlpPost {
  const head = (index: number): { timeUnixNano: bigint; startTimeUnixNano: bigint } => ({
    startTimeUnixNano: timeOf(options, index) - 1_000_000_000n,
    timeUnixNano: timeOf(options, index),
  });
  const each = <Point>(make: (index: number) => Point): readonly Point[] =>
    Array.from({ length: options.count }, (_, index) => make(index));
  const number = (index: number): object => ({ ...head(index), asDouble: index });
  const sums = { aggregationTemporality: 2, isMonotonic: true, dataPoints: each(number) };
  const histogram = (index: number): object => ({
    ...head(index),
    count: 3n,
    sum: 6,
    bucketCounts: [1n, 2n],
    explicitBounds: [2],
  });
  const exponential = (index: number): object => ({
    ...head(index),
    count: 3n,
    sum: 6,
    scale: 1,
    zeroCount: 1n,
    positive: { offset: 0, bucketCounts: [1n, 1n] },
  });
  const quantileValues = [{ quantile: 0.5, value: 1 }];
  const summary = (index: number): object => ({
    ...head(index),
    count: 3n,
    sum: 6,
    quantileValues,
  });
  const metrics = [
    { name: 'queue.depth', gauge: { dataPoints: each(number) } },
    { name: 'orders', sum: sums },
    { name: 'latency', histogram: { aggregationTemporality: 2, dataPoints: each(histogram) } },
    {
      name: 'latency.exact',
      exponentialHistogram: { aggregationTemporality: 2, dataPoints: each(exponential) },
    },
    { name: 'latency.old', summary: { dataPoints: each(summary) } },
  ];
  const scopeMetrics = [{ scope: { name: 'reliability' }, metrics }];
  const resourceMetrics = [{ resource: resourceOf(options), scopeMetrics }];
  const body = encode('ExportMetricsServiceRequest', { resourceMetrics });
  return post('/v1/metrics', body, options.count * KINDS.length);
}

/** Sends a request; gives the status. Rejects when no answer comes. */
export async function send(url: string, { path, body }: OtlpPost): Promise<number> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const init = { method: 'POST', headers, body: new Uint8Array(body) };
  const response = await fetch(`${url}${path}`, init);
  await response.arrayBuffer();
  return response.status;
}

/** Nanoseconds Unix time. */
export function nowNanos(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

function post(path: OtlpPost['path'], body: Uint8Array, records: number): OtlpPost {
  return { path, body, records };
}

function timeOf({ now, days = 1, count }: RequestOptions, index: number): bigint {
  const day = BigInt(Math.floor((index * days) / count));
  return now - day * NANOS_A_DAY - BigInt(index) * 1_000n;
}

function resourceOf({ service }: RequestOptions): object {
  return { attributes: [text('service.name', service)] };
}

function text(key: string, stringValue: string): object {
  return { key, value: { stringValue } };
}

const RAW = Buffer.alloc(1_048_576);

function noise(length: number): string {
  const bytes = Math.min(RAW.length, Math.ceil((length * 3) / 4));
  randomFillSync(RAW, 0, bytes);
  return RAW.toString('base64', 0, bytes);
}
