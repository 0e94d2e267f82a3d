import type { IncomingMessage, ServerResponse } from 'node:http';

import { giveRoom } from '../transcode/room.js';
import type { StatusRecorder } from './recorder.js';
import type { Acceptor, BodyEncoding, Signal } from './accept.js';
import { readBody } from './body.js';
import type { ByteBudget } from './byte-budget.js';
import { FAULTS, ReceiveFault } from './faults.js';
import { isOriginAllowed, type OriginRules } from './origin.js';
import { type EncodedBody, faultBody, successBody } from './otlp-answer.js';

export interface OtlpHttpOptions {
  readonly acceptor: Acceptor;
  readonly recorder: StatusRecorder;
  readonly rules: OriginRules;
  /** Bytes of a body after inflating. */
  readonly maxRequestBytes: number;
  /** Shared with the other doors. */
  readonly budget: ByteBudget;
}

const PATHS: ReadonlyMap<string, Signal> = new Map([
  ['/v1/traces', 'traces'],
  ['/v1/logs', 'logs'],
  ['/v1/metrics', 'metrics'],
]);

/** What people write instead, from the refusals one sees. */
const MISTAKEN_PATHS: ReadonlyMap<string, string> = new Map([
  ['/v1/trace', '/v1/traces'],
  ['/v1/spans', '/v1/traces'],
  ['/v1/log', '/v1/logs'],
  ['/v1/metric', '/v1/metrics'],
]);

/** The OTLP/HTTP door: reads, negotiates and answers; what it means is in accept.ts. */
export class OtlpHttp {
  readonly #options: OtlpHttpOptions;

  constructor(options: OtlpHttpOptions) {
    this.#options = options;
  }

  /** Whether the request is for this door: everything below /v1. */
  owns(path: string): boolean {
    return path === '/v1' || path.startsWith('/v1/');
  }

  /** Answers the request; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const encoding = encodingOf(request);
    this.#setOriginHeaders(request, response);
    response.setHeader('codomyrmex-live-spans', '1');
    const share = this.#options.budget.share();
    try {
      const signal = this.#route(request, response, path);
      if (signal === undefined) return;
      if (encoding === undefined) throw unsupportedType(request);
      const { maxRequestBytes: maxBytes } = this.#options;
      const body = await readBody(request, { maxBytes, share });
      const accepting = this.#options.acceptor.accept(signal, encoding, body);
      giveRoom(body);
      const accepted = await accepting;
      send(response, 200, successBody(signal, encoding, accepted));
    } catch (error) {
      this.#refuse(request, response, path, encoding ?? 'json', error);
    } finally {
      share.release();
    }
  }

  /** The signal to take; undefined when the request has been answered here. */
  #route(request: IncomingMessage, response: ServerResponse, path: string): Signal | undefined {
    const signal = PATHS.get(path);
    if (signal === undefined) throw notFound(path);
    const { origin, host } = request.headers;
    if (!isOriginAllowed(origin, host, this.#options.rules)) {
      const hint = `Start the server with --allow-origin ${origin ?? ''} to let that page send.`;
      throw new ReceiveFault('forbidden', 'this page may not send telemetry here', { hint });
    }
    if (request.method === 'OPTIONS') {
      answerPreflight(request, response);
      return undefined;
    }
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST, OPTIONS');
      throw new ReceiveFault('method_not_allowed', `${path} takes POST`);
    }
    return signal;
  }

  #setOriginHeaders(request: IncomingMessage, response: ServerResponse): void {
    const { origin, host } = request.headers;
    if (origin === undefined) return;
    response.setHeader('vary', 'origin');
    if (!isOriginAllowed(origin, host, this.#options.rules)) return;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'codomyrmex-live-spans, retry-after');
  }

  #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    encoding: BodyEncoding,
    error: unknown,
  ): void {
    if (request.destroyed && !request.complete) return; // the client has gone
    const fault = toFault(error);
    if (fault.code === 'bug') this.#options.recorder.trouble(`a request failed: ${String(error)}`);
    const status = FAULTS[fault.code].http;
    const method = request.method ?? '';
    const { message, hint } = fault;
    const extra = hint === undefined ? {} : { hint };
    this.#options.recorder.refused({ method, path, status, message, ...extra });
    if (fault.retryAfterMillis !== undefined) {
      response.setHeader('retry-after', Math.max(1, Math.ceil(fault.retryAfterMillis / 1000)));
    }
    // What is left of a body of an allowed length is read and thrown away: a client that is still
    // sending would see a reset rather than the answer. Of any other the connection ends.
    const length = Number(request.headers['content-length'] ?? Number.NaN);
    const isBounded = length <= this.#options.maxRequestBytes;
    if (!request.complete && !isBounded) response.setHeader('connection', 'close');
    send(response, status, faultBody(encoding, fault));
    if (isBounded) request.resume();
  }
}

function send(response: ServerResponse, status: number, body: EncodedBody): void {
  response.writeHead(status, {
    'content-type': body.contentType,
    'content-length': body.bytes.length,
  });
  response.end(body.bytes);
}

function answerPreflight(request: IncomingMessage, response: ServerResponse): void {
  const wanted = request.headers['access-control-request-headers'];
  response.writeHead(204, {
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': wanted ?? 'content-type, content-encoding, authorization',
    'access-control-max-age': '600',
  });
  response.end();
}

function encodingOf(request: IncomingMessage): BodyEncoding | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/x-protobuf' || type === 'application/protobuf') return 'protobuf';
  return type === 'application/json' ? 'json' : undefined;
}

function unsupportedType(request: IncomingMessage): ReceiveFault {
  const type = request.headers['content-type'];
  const what =
    type === undefined
      ? 'the request has no content-type'
      : `content-type ${JSON.stringify(type.slice(0, 80))} is not OTLP`;
  return new ReceiveFault('unsupported_type', what, {
    hint: 'Send application/x-protobuf or application/json.',
  });
}

function notFound(path: string): ReceiveFault {
  const meant = MISTAKEN_PATHS.get(path.replace(/\/+$/, '')) ?? knownPrefix(path);
  const hint =
    meant === undefined
      ? 'OTLP goes to /v1/traces, /v1/logs and /v1/metrics.'
      : `The path is ${meant}.`;
  return new ReceiveFault('not_found', `nothing is at ${path.slice(0, 100)}`, { hint });
}

function knownPrefix(path: string): string | undefined {
  // An exporter's endpoint with the path in it gets the path twice: /v1/traces/v1/traces.
  return [...PATHS.keys()].find((known) => path.startsWith(`${known}/`));
}

function toFault(error: unknown): ReceiveFault {
  if (error instanceof ReceiveFault) return error;
  return new ReceiveFault('bug', 'the server failed; this is a fault of ours', { cause: error });
}
