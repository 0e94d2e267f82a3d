import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { LiveFrame, LiveQuery } from '@codomyrmex/telemetry-query';
import { WebSocket } from 'undici';

import type { Backend } from '../backend.js';
import { logsPost, nowNanos, type OtlpPost, pointsPost, send, spansPost } from './requests.js';

export interface LoadOptions {
  /** Bytes of log text a second at high tide; a twentieth of it at low tide. */
  readonly tideBytesPerSecond: number;
  /** High tide and low tide together. */
  readonly tideMillis: number;
}

/** What the load saw; anything in `faults` is a failure. */
export interface LoadTold {
  sent: number;
  frames: number;
  questions: number;
  readonly faults: string[];
  /** Milliseconds of the questions that a page asks at its start, since the last look. */
  readonly questionMillis: number[];
}

const LOGS_A_REQUEST = 20;
const LOGS_MILLIS = 1_300;
const PAGE_LIFE_MILLIS = 4_000;

const QUESTIONS = [
  '/services?from=now-15m',
  '/traces?from=now-15m&limit=50',
  '/logs?from=now-15m&limit=50',
  '/metrics?from=now-15m',
  '/metrics/query?name=orders&from=now-15m&step=10s',
  '/spans?from=now-15m&q=status%3Derror&limit=20',
  '/facets?from=now-15m&key=service',
  '/histogram?from=now-15m',
];

const SUBSCRIPTIONS: readonly LiveQuery[] = [
  { kind: 'traces', from: 'now-15m', limit: 50 },
  { kind: 'logs', from: 'now-15m', limit: 50 },
  { kind: 'services', from: 'now-15m' },
  { kind: 'series', name: 'orders', from: 'now-15m', step: '10s' },
  { kind: 'status' },
];

/**
 * A mixed load until `signal` aborts: spans, logs in tides (so that now the age and now the size
 * decides what goes), points of every type, running spans, retries, bad requests, questions, one
 * page that stays and pages that come and go. Names of services change as processes come and go.
 */
export class SoakLoad {
  readonly #backend: Backend;
  readonly #options: LoadOptions;
  readonly #told: LoadTold;
  readonly #signal: AbortSignal;
  readonly #began = performance.now();

  constructor(backend: Backend, options: LoadOptions, told: LoadTold, signal: AbortSignal) {
    this.#backend = backend;
    this.#options = options;
    this.#told = told;
    this.#signal = signal;
  }

  /** Rejects when the server is gone. */
  async run(): Promise<void> {
    const signal = this.#signal;
    const now = nowNanos;
    await Promise.all([
      every(700, signal, () =>
        this.#post(spansPost({ service: serviceNow(), count: 100, now: now() })),
      ),
      every(LOGS_MILLIS, signal, () => this.#post(this.#logs())),
      every(4_000, signal, () => this.#twice(pointsPost({ service: 'p', count: 5, now: now() }))),
      every(2_000, signal, () => this.#running()),
      every(5_000, signal, () => this.#bad()),
      every(1_500, signal, () => this.#ask()),
      every(PAGE_LIFE_MILLIS, signal, () => this.#page(PAGE_LIFE_MILLIS / 2)),
      this.#page(Infinity),
    ]);
  }

  #logs(): OtlpPost {
    const { tideMillis, tideBytesPerSecond } = this.#options;
    const isHigh = (performance.now() - this.#began) % tideMillis < tideMillis / 2;
    const bytesPerSecond = isHigh ? tideBytesPerSecond : tideBytesPerSecond / 20;
    const textBytes = Math.ceil((bytesPerSecond * LOGS_MILLIS) / 1_000 / LOGS_A_REQUEST);
    return logsPost({ service: serviceNow(), count: LOGS_A_REQUEST, now: nowNanos(), textBytes });
  }

  async #post(request: OtlpPost): Promise<void> {
    const status = await send(this.#backend.otlpHttp, request);
    if (status === 200) this.#told.sent += request.records;
    else this.#fault(`${request.path} was answered ${status}`);
  }

  /** A retry of what was answered. */
  async #twice(request: OtlpPost): Promise<void> {
    await this.#post(request);
    await this.#post(request);
  }

  async #running(): Promise<void> {
    const status = await postStatus(
      `${this.#backend.url}/v1/traces`,
      'application/json',
      JSON.stringify(runningSpan(serviceNow())),
    );
    if (status !== 200) this.#fault(`a running span was answered ${status}`);
  }

  async #bad(): Promise<void> {
    const url = `${this.#backend.url}/v1/logs`;
    const status = await postStatus(url, 'application/x-protobuf', randomBytes(99));
    if (status !== 400) this.#fault(`a bad request was answered ${status}`);
  }

  async #ask(): Promise<void> {
    const question = QUESTIONS[this.#told.questions % QUESTIONS.length] ?? '/status';
    this.#told.questions += 1;
    const asked = performance.now();
    const response = await fetch(`${this.#backend.url}/api/v1${question}`);
    await response.arrayBuffer();
    if (response.status !== 200) this.#fault(`${question} was answered ${response.status}`);
    this.#told.questionMillis.push(performance.now() - asked);
  }

  /** A page: subscribes, acknowledges every frame, goes after `lifeMillis`. */
  async #page(lifeMillis: number): Promise<void> {
    const socket = new WebSocket(`${this.#backend.url.replace('http', 'ws')}/api/v1/live`);
    const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
    const opened = new Promise((resolve) => socket.addEventListener('open', resolve));
    socket.addEventListener('error', () => this.#fault('a page lost its connection'));
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(String(data)) as LiveFrame;
      if (frame.op === 'error') this.#fault(`a subscription: ${frame.message}`);
      else socket.send(JSON.stringify({ op: 'ack', id: frame.id, seq: frame.seq }));
      this.#told.frames += 1;
    });
    await Promise.race([opened, closed]);
    for (const [id, query] of SUBSCRIPTIONS.entries()) {
      socket.send(JSON.stringify({ op: 'sub', id, query }));
    }
    await pause(lifeMillis, this.#signal);
    socket.close();
    await closed;
  }

  #fault(message: string): void {
    this.#told.faults.push(message);
  }
}

/** Processes come and go: another name every ten seconds, fifty in turn. */
function serviceNow(): string {
  return `service-${Math.floor(performance.now() / 10_000) % 50}`;
}

async function postStatus(url: string, type: string, body: BodyInit): Promise<number> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
  await response.arrayBuffer();
  return response.status;
}

/** Does it, waits for it, and again `millis` after it began. */
async function every(
  millis: number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const began = performance.now();
    await work();
    await pause(millis - (performance.now() - began), signal);
  }
}

/** Ends early, and quietly, when the load ends. */
async function pause(millis: number, signal: AbortSignal): Promise<void> {
  if (millis <= 0 || signal.aborted) return;
  const longest = Math.min(millis, 2 ** 31 - 1);
  await delay(longest, undefined, { signal }).catch(() => undefined);
}

function runningSpan(service: string): object {
  const startTimeUnixNano = String(nowNanos());
  const ids = { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') };
  const spans = [{ ...ids, name: 'still at work', startTimeUnixNano }];
  const attributes = [{ key: 'service.name', value: { stringValue: service } }];
  return { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] };
}
