import { setTimeout as delay } from 'node:timers/promises';

import type { LogRecord, MetricPoint, Span, TraceAnswer } from '@codomyrmex/telemetry-query';

import { type Backend, exported, get, startBackend, temporaryFolder } from '../backend.js';
import { officialSdk } from '../official.js';
import { type DroppingProxy, startDroppingProxy } from './dropping-proxy.js';
import { logsPost, nowNanos, type OtlpPost, pointsPost, send, spansPost } from './requests.js';

export interface RetriesOptions {
  readonly seconds: number;
  /** Share of the answers that get lost. */
  readonly share: number;
  readonly seed: number;
  /** What befalls the server, evenly over the time. Default: a restart, then a kill. */
  readonly ends?: readonly ('stop' | 'kill')[];
  /** Whether the official SDK sends too; its retries end after some seconds. Default true. */
  readonly withOfficialSdk?: boolean;
}

export interface RetriesResult {
  readonly requests: number;
  readonly attempts: number;
  readonly droppedAnswers: number;
  /** What is not exactly as it was sent; empty when the promise holds. */
  readonly faults: readonly string[];
}

interface Sent {
  readonly service: string;
  readonly post: OtlpPost;
}

const SENDERS = 4;
const OFFICIAL_SPANS = 200;

/**
 * Clients that send the same bytes again until they are answered, through a proxy that loses
 * answers, while the server is stopped and started once and killed once; the official SDK among
 * them. Afterwards every record is there once: in every table, by service, and by trace id.
 */
export async function retries(options: RetriesOptions): Promise<RetriesResult> {
  const { seconds, share, seed, ends: serverEnds = ['stop', 'kill'] } = options;
  const officialSpans = options.withOfficialSdk === false ? 0 : OFFICIAL_SPANS;
  const folder = temporaryFolder();
  const proxy = await startDroppingProxy(share, seed);
  let backend = await startBackend(folder.path);
  proxy.target = backend.otlpHttp;
  const sent: Sent[] = [];
  let attempts = 0;
  const ends = performance.now() + seconds * 1_000;
  const sender = async (name: number): Promise<void> => {
    for (let turn = 0; performance.now() < ends || turn < 3; turn += 1) {
      const service = `sender-${name}-${turn}`;
      const one = { service, post: postOf(name + turn, service) };
      attempts += await sendUntilAnswered(proxy, one.post);
      sent.push(one);
    }
  };
  try {
    const senders = Promise.all(Array.from({ length: SENDERS }, (_, index) => sender(index)));
    const ended = await Promise.allSettled([senders, official(proxy, officialSpans), disturb()]);
    const faults = ended.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
    faults.push(...(await faultsOf(backend, sent, officialSpans)));
    // The last of them once more, after the kill: known still.
    for (const { post } of sent.slice(-20)) {
      if ((await send(backend.otlpHttp, post)) !== 200) faults.push('a retry was refused');
    }
    faults.push(...(await faultsOf(backend, sent, officialSpans)));
    return { requests: sent.length, attempts, droppedAnswers: proxy.dropped, faults };
  } finally {
    await backend.kill();
    await proxy.close();
    folder.remove();
  }

  async function disturb(): Promise<void> {
    for (const end of serverEnds) {
      await delay((seconds * 1_000) / (serverEnds.length + 1));
      await backend[end]();
      proxy.target = undefined;
      backend = await startBackend(folder.path);
      proxy.target = backend.otlpHttp;
    }
  }
}

/** Spans and logs over 20 days; points of five tables. */
function postOf(kind: number, service: string): OtlpPost {
  const options = { service, now: nowNanos(), days: 20 };
  if (kind % 3 === 0) return spansPost({ ...options, count: 40 });
  if (kind % 3 === 1) return logsPost({ ...options, count: 20 });
  return pointsPost({ ...options, count: 3 });
}

/** Gives how often it was sent. */
async function sendUntilAnswered(proxy: DroppingProxy, post: OtlpPost): Promise<number> {
  for (let attempts = 1; ; attempts += 1) {
    const status = await send(proxy.url, post).catch(() => 0);
    if (status === 200) return attempts;
    if (status !== 0 && status !== 503 && status !== 429) throw new Error(`answered ${status}`);
    await delay(20);
  }
}

/** The official SDK's own retries: some of its batches lose their answer too. */
async function official(proxy: DroppingProxy, spans: number): Promise<void> {
  const sdk = officialSdk(proxy.url, 'protobuf', 'official');
  for (let index = 0; index < spans; index += 1) {
    sdk.tracer.startSpan(`official ${index}`).end();
    if (index % 10 === 0) await sdk.flush();
  }
  await sdk.flush();
  await sdk.shutdown();
}

async function faultsOf(
  backend: Backend,
  sent: readonly Sent[],
  officialSpans: number,
): Promise<string[]> {
  const found = new Map<string, number>();
  const count = (key: string): void => void found.set(key, (found.get(key) ?? 0) + 1);
  const traces = new Map<string, number>();
  for (const { service, traceId } of await exported<Span>(backend, 'spans')) {
    count(service);
    if (service !== 'official') traces.set(traceId, (traces.get(traceId) ?? 0) + 1);
  }
  for (const { service } of await exported<LogRecord>(backend, 'logs')) count(service);
  for (const point of await exported<MetricPoint>(backend, 'points')) {
    count(point.service);
    count(`${point.service} ${point.type}`);
  }
  const expected = new Map<string, number>();
  for (const { service, post } of sent) {
    expected.set(service, post.records);
    if (post.path !== '/v1/metrics') continue;
    const types = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];
    for (const type of types) expected.set(`${service} ${type}`, post.records / types.length);
  }
  if (officialSpans > 0) expected.set('official', officialSpans);
  const faults: string[] = [];
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    if (found.get(key) !== expected.get(key)) {
      faults.push(`${key}: ${found.get(key) ?? 0} of ${expected.get(key) ?? 0}`);
    }
  }
  for (const [traceId, spans] of [...traces].slice(-50)) {
    const trace = await get<TraceAnswer>(backend, `/traces/${traceId}`);
    if (trace.spans.length !== spans) faults.push(`trace ${traceId}: ${trace.spans.length}`);
  }
  return faults;
}
