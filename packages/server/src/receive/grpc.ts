import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';

import { RECEIVE_LIMITS } from '../limits.js';
import type { StatusRecorder } from './recorder.js';
import type { Accepted, Acceptor, Signal } from './accept.js';
import type { Auth } from './auth.js';
import type { ByteBudget } from './byte-budget.js';
import { FAULTS, ReceiveFault } from './faults.js';
import { faultTrailers, timeoutMillis } from './grpc-answer.js';
import {
  frameMessage,
  GRPC_ENCODINGS,
  type GrpcMessage,
  GrpcMessageReader,
  type MessageOptions,
  openMessage,
} from './grpc-message.js';
import { successBody } from './otlp-answer.js';

export interface OtlpGrpcOptions {
  readonly acceptor: Pick<Acceptor, 'accept'>;
  readonly recorder: Pick<StatusRecorder, 'refused' | 'trouble'>;
  /** Bytes of a message after inflating. */
  readonly maxRequestBytes: number;
  /** Shared with the other doors. */
  readonly budget: ByteBudget;
  /** undefined: all calls are welcome. */
  readonly auth: Pick<Auth, 'isAllowed'> | undefined;
}

const PREFIX = '/opentelemetry.proto.collector';
const PATHS: ReadonlyMap<string, Signal> = new Map([
  [`${PREFIX}.trace.v1.TraceService/Export`, 'traces'],
  [`${PREFIX}.logs.v1.LogsService/Export`, 'logs'],
  [`${PREFIX}.metrics.v1.MetricsService/Export`, 'metrics'],
]);

const ANSWER_HEADERS = {
  'content-type': 'application/grpc',
  'grpc-accept-encoding': GRPC_ENCODINGS,
  'codomyrmex-live-spans': '1',
} as const;

/**
 * The OTLP/gRPC door: unary calls on HTTP/2 streams; what a call means is in accept.ts.
 * A browser cannot reach it (it speaks no HTTP/2 without TLS), so Host and Origin need no check.
 */
export class OtlpGrpc {
  readonly #options: OtlpGrpcOptions;

  constructor(options: OtlpGrpcOptions) {
    this.#options = options;
  }

  /** Answers one call; never rejects. */
  async handle(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    // A reset stream errors; the reading below hears of it by 'close'.
    stream.on('error', () => stream.destroy());
    const share = this.#options.budget.share();
    const { timer, isOver } = this.#startDeadline(stream, headers);
    try {
      const signal = this.#route(headers);
      const options = { maxBytes: this.#options.maxRequestBytes, share };
      const message = await readMessage(stream, options);
      const body = await openMessage(message, encodingOf(headers), options);
      const accepted = await this.#options.acceptor.accept(signal, 'protobuf', body);
      if (!isOver()) succeed(stream, signal, accepted);
    } catch (error: unknown) {
      if (!isOver()) this.#refuse(stream, headers, error);
    } finally {
      clearTimeout(timer);
      share.release();
    }
  }

  /** Cuts a slow client off, and answers in time what its own deadline asks for. */
  #startDeadline(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ): { timer: NodeJS.Timeout; isOver: () => boolean } {
    const asked = timeoutMillis(textOf(headers['grpc-timeout'])) ?? Number.POSITIVE_INFINITY;
    const millis = Math.min(asked, RECEIVE_LIMITS.requestTimeoutMillis);
    const fault = new ReceiveFault('too_slow', `the call was not done within ${millis} ms`);
    const timer = setTimeout(() => this.#refuse(stream, headers, fault), millis);
    return { timer, isOver: () => stream.destroyed || stream.closed || stream.headersSent };
  }

  #route(headers: IncomingHttpHeaders): Signal {
    if (headers[':method'] !== 'POST') {
      throw new ReceiveFault('method_not_allowed', 'gRPC calls are POST requests');
    }
    if (!/^application\/grpc(\+proto)?(;|$)/i.test(headers['content-type'] ?? '')) {
      throw new ReceiveFault('unsupported_type', 'this port speaks gRPC with protobuf', {
        hint: 'Send content-type application/grpc; OTLP/HTTP has its own port.',
      });
    }
    const signal = PATHS.get(headers[':path'] ?? '');
    if (signal === undefined) {
      throw new ReceiveFault('not_found', 'no such method', {
        hint: `OTLP/gRPC calls are ${[...PATHS.keys()].join(', ')}.`,
      });
    }
    const { auth } = this.#options;
    if (auth !== undefined && !auth.isAllowed({ headers })) {
      throw new ReceiveFault('unauthorized', 'the call carries no valid token', {
        hint: 'Send the metadata authorization: Bearer TOKEN.',
      });
    }
    if (!GRPC_ENCODINGS.split(',').includes(encodingOf(headers))) {
      const name = JSON.stringify(encodingOf(headers).slice(0, 40));
      throw new ReceiveFault('unsupported_encoding', `grpc-encoding ${name} is not supported`, {
        hint: 'Send gzip or identity.',
      });
    }
    return signal;
  }

  #refuse(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, error: unknown): void {
    if (stream.destroyed || stream.headersSent) return;
    const fault = toFault(error);
    if (fault.code === 'bug') this.#options.recorder.trouble(`a call failed: ${String(error)}`);
    const { message, hint } = fault;
    this.#options.recorder.refused({
      method: headers[':method'] ?? '',
      path: (headers[':path'] ?? '').slice(0, 200),
      status: FAULTS[fault.code].http,
      message,
      ...(hint === undefined ? {} : { hint }),
    });
    const status = httpStatus(fault);
    stream.respond(
      { ':status': status, ...ANSWER_HEADERS, ...faultTrailers(fault) },
      { endStream: true },
    );
    if (stream.readableEnded) return;
    // The rest of the call is thrown away, else it would hold the connection's window; NO_ERROR
    // tells the client that the answer counts (RFC 9113, 8.1).
    stream.removeAllListeners('data').resume();
    stream.close(constants.NGHTTP2_NO_ERROR);
  }
}

function succeed(stream: ServerHttp2Stream, signal: Signal, accepted: Accepted): void {
  stream.respond({ ':status': 200, ...ANSWER_HEADERS }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(frameMessage(successBody(signal, 'protobuf', accepted).bytes));
}

function readMessage(stream: ServerHttp2Stream, options: MessageOptions): Promise<GrpcMessage> {
  const reader = new GrpcMessageReader(options);
  return new Promise((resolve, reject) => {
    const attempt = (step: () => void): void => {
      try {
        step();
      } catch (error: unknown) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    stream.on('data', (piece: Buffer) => attempt(() => reader.push(piece)));
    stream.once('end', () => attempt(() => resolve(reader.finish())));
    stream.once('close', () => reject(new ReceiveFault('bad_body', 'the client reset the call')));
  });
}

/** Calls that are not gRPC at all are refused in HTTP's terms, as gRPC says. */
function httpStatus(fault: ReceiveFault): number {
  const isHttp = fault.code === 'unsupported_type' || fault.code === 'method_not_allowed';
  return isHttp ? FAULTS[fault.code].http : 200;
}

function encodingOf(headers: IncomingHttpHeaders): string {
  return (textOf(headers['grpc-encoding']) ?? 'identity').trim().toLowerCase();
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

function toFault(error: unknown): ReceiveFault {
  if (error instanceof ReceiveFault) return error;
  return new ReceiveFault('bug', 'the server failed; this is a fault of ours', { cause: error });
}
