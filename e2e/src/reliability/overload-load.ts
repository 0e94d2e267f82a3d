// A program of its own, so that the load does not slow down who measures the server:
//   node overload-load.js '{"url":…,"door":"http","seconds":…}'   prints one line of JSON
import { Agent, type IncomingMessage, request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { argv } from 'node:process';

import { decode } from '@codomyrmex/otlp';

import { nowNanos, spansPost } from './requests.js';

export type OverloadDoor = 'http' | 'grpc';

export interface LoadOptions {
  /** http://host:port of the door. */
  readonly url: string;
  readonly door: OverloadDoor;
  readonly seconds: number;
  /** Requests that are under way at any time. */
  readonly inFlight: number;
  readonly spansPerRequest: number;
}

/** What the senders saw. */
export interface LoadResult {
  readonly sent: number;
  readonly acknowledged: number;
  readonly shed: number;
  /** Shed without saying when to come back. */
  readonly shedSilently: number;
  /** Connections that broke: nobody knows what became of those requests. */
  readonly unknown: number;
  /** Any other answer, with its count. */
  readonly others: { readonly [answer: string]: number };
  readonly requestBytes: number;
}

type Outcome = 'acknowledged' | 'shed' | 'shed silently' | 'unknown' | `answer ${string}`;

const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
/** Calls of one gRPC connection: its window of 8 MiB holds about as many bodies. */
const CALLS_PER_SESSION = 8;

/** The same spans with another unknown field behind them: another request to the server. */
function bodies(template: Uint8Array): () => Buffer {
  let serial = 0;
  return () => {
    const field = Buffer.from([0x7a, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
    serial += 1;
    field.writeDoubleLE(serial, 2);
    return Buffer.concat([template, field]);
  };
}

function postTo(url: string, agent: Agent, body: Buffer): Promise<Outcome> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
    const sent = request(`${url}/v1/traces`, { method: 'POST', agent, headers });
    sent.on('response', (answer: IncomingMessage) => {
      answer.resume();
      answer.on('error', () => resolve('unknown'));
      answer.on('end', () => resolve(httpOutcome(answer)));
    });
    sent.on('error', () => resolve('unknown'));
    sent.end(body);
  });
}

function httpOutcome({ statusCode = 0, headers }: IncomingMessage): Outcome {
  if (statusCode === 200) return 'acknowledged';
  if (statusCode !== 429 && statusCode !== 503) return `answer ${statusCode}`;
  return Number(headers['retry-after']) > 0 ? 'shed' : 'shed silently';
}

function callOn(session: ClientHttp2Session, body: Buffer): Promise<Outcome> {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  const stream = session.request({
    ':method': 'POST',
    ':path': TRACES,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  let last: { readonly [name: string]: unknown } = {};
  stream.on('response', (headers) => (last = headers));
  stream.on('trailers', (trailers) => (last = trailers));
  stream.on('error', () => undefined);
  stream.resume();
  stream.write(prefix);
  stream.end(body);
  return new Promise((resolve) => {
    stream.on('close', () => resolve(grpcOutcome(last)));
  });
}

function grpcOutcome(trailers: { readonly [name: string]: unknown }): Outcome {
  const code = trailers['grpc-status'];
  if (code === undefined) return 'unknown';
  if (code === '0') return 'acknowledged';
  if (code !== '14') return `answer ${String(code)}`;
  const details = Buffer.from(String(trailers['grpc-status-details-bin'] ?? ''), 'base64');
  const status = decode('Status', details);
  const isTold = status.details?.some((one) => one.typeUrl?.endsWith('google.rpc.RetryInfo'));
  return isTold === true ? 'shed' : 'shed silently';
}

async function load(options: LoadOptions): Promise<LoadResult> {
  const count = options.spansPerRequest;
  const { body } = spansPost({ service: 'overload', count, now: nowNanos() });
  const next = bodies(body);
  const counts = new Map<Outcome, number>();
  let sent = 0;
  const agent = new Agent({ keepAlive: true, maxSockets: options.inFlight });
  const sessions: ClientHttp2Session[] = [];
  const isGrpc = options.door === 'grpc';
  const deadline = performance.now() + options.seconds * 1_000;
  const sender = async (index: number): Promise<void> => {
    const session = Math.floor(index / CALLS_PER_SESSION);
    while (performance.now() < deadline) {
      sent += 1;
      if (isGrpc && sessions[session]?.destroyed !== false) {
        sessions[session] = connect(options.url).on('error', () => undefined);
      }
      const open = sessions[session];
      const outcome = await (open === undefined
        ? postTo(options.url, agent, next())
        : callOn(open, next()));
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, (_, index) => sender(index)));
  for (const session of sessions) session.close();
  agent.destroy();
  return {
    sent,
    acknowledged: counts.get('acknowledged') ?? 0,
    shed: (counts.get('shed') ?? 0) + (counts.get('shed silently') ?? 0),
    shedSilently: counts.get('shed silently') ?? 0,
    unknown: counts.get('unknown') ?? 0,
    others: Object.fromEntries([...counts].filter(([outcome]) => outcome.startsWith('answer'))),
    requestBytes: body.length,
  };
}

if (argv[2] !== undefined) {
  process.stdout.write(`${JSON.stringify(await load(JSON.parse(argv[2]) as LoadOptions))}\n`);
}
