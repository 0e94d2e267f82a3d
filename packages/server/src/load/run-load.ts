import { setTimeout as delay } from 'node:timers/promises';

import { GrpcSender } from './grpc-sender.js';
import { HttpSender } from './http-sender.js';
import type { LoadOptions, LoadResult, LoadSignal } from './load-options.js';
import { LoadTemplate } from './load-template.js';
import type { Sender } from './sender.js';

const SERVICES: { readonly [signal in LoadSignal]: string } = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
  metrics: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
};

/** Services that the records name. */
const SERVICE_COUNT = 10;

/** What one connection did. */
interface Tally {
  readonly signal: LoadSignal;
  readonly millis: number[];
  refused: number;
  lastRefusal: string | undefined;
}

/** Sends for as long as asked. Rejects when the server cannot be reached or hangs up. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const cpuBefore = process.cpuUsage();
  const senders = await Promise.all(
    Array.from({ length: options.connections }, (_, index) => openOne(options, index)),
  );
  const began = performance.now();
  try {
    const tallies = await Promise.all(senders.map((one) => sendAll(one, options, began)));
    const seconds = (performance.now() - began) / 1000;
    return resultOf(tallies, options, seconds, process.cpuUsage(cpuBefore));
  } finally {
    for (const { sender } of senders) sender.close();
  }
}

interface Opened {
  readonly signal: LoadSignal;
  readonly sender: Sender;
  readonly template: LoadTemplate;
}

async function openOne(options: LoadOptions, index: number): Promise<Opened> {
  const { protocol, recordsPerRequest, signals, token } = options;
  const signal = signals[index % signals.length] ?? 'traces';
  const url = new URL(options.url);
  const isJson = protocol === 'http/json';
  const contentType = isJson ? 'application/json' : 'application/x-protobuf';
  const sender =
    protocol === 'grpc'
      ? await GrpcSender.open(url, `/${SERVICES[signal]}/Export`, token)
      : await HttpSender.open({ url, path: `/v1/${signal}`, contentType, token });
  const service = `load-${index % SERVICE_COUNT}`;
  return { signal, sender, template: new LoadTemplate(signal, recordsPerRequest, service, isJson) };
}

/** One request after the other. A paced one's time runs from when it was due. */
async function sendAll(
  { signal, sender, template }: Opened,
  { rate, recordsPerRequest, connections, durationMillis }: LoadOptions,
  began: number,
): Promise<Tally> {
  const tally: Tally = { signal, millis: [], refused: 0, lastRefusal: undefined };
  const ends = began + durationMillis;
  const pause = rate === undefined ? 0 : (1000 * recordsPerRequest * connections) / rate;
  let due = began + Math.random() * pause;
  while (Math.max(due, performance.now()) < ends) {
    const wait = due - performance.now();
    if (wait > 0) await delay(wait);
    const start = pause === 0 ? performance.now() : due;
    const { refusal } = await sender.send(template.next(Date.now()));
    if (refusal === undefined) {
      tally.millis.push(performance.now() - start);
    } else {
      tally.refused += 1;
      tally.lastRefusal = refusal;
    }
    due += pause;
  }
  return tally;
}

function resultOf(
  tallies: readonly Tally[],
  { recordsPerRequest }: LoadOptions,
  seconds: number,
  cpu: NodeJS.CpuUsage,
): LoadResult {
  const acknowledged = { traces: 0, logs: 0, metrics: 0 };
  for (const { signal, millis } of tallies) {
    acknowledged[signal] += millis.length * recordsPerRequest;
  }
  const millis = tallies.flatMap((tally) => tally.millis).toSorted((a, b) => a - b);
  const at = (share: number): number =>
    millis[Math.min(millis.length - 1, Math.floor(millis.length * share))] ?? 0;
  return {
    acknowledged,
    requests: millis.length,
    refused: tallies.reduce((sum, tally) => sum + tally.refused, 0),
    lastRefusal: tallies.find((tally) => tally.lastRefusal !== undefined)?.lastRefusal,
    seconds,
    recordsPerSecond: (millis.length * recordsPerRequest) / seconds,
    requestsPerSecond: millis.length / seconds,
    answerMillis: { p50: at(0.5), p99: at(0.99), max: at(1) },
    generatorCpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
}
