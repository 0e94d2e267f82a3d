/**
 * One unary gRPC call over node:http2, without a gRPC library: an Export call is a POST whose body
 * is one length-prefixed message, and its outcome stands in the trailers.
 *
 *     request   :path /opentelemetry.proto.collector.trace.v1.TraceService/Export
 *               | flag | length, BE32 | Export…ServiceRequest |      flag 1: gzip
 *     answer    | 0 | length | Export…ServiceResponse |  grpc-status · grpc-message · details
 */
import { constants } from 'node:http2';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ANSWER_BYTES } from '../common/limits.js';
import { SDK_VERSION } from '../common/version.js';
import type { Delivery } from './delivery.js';
import type { GrpcConnections, OpenCall } from './grpc-connection.js';
import { judgeGrpc, judgeWithoutStatus } from './grpc-status.js';
import type { Fields } from './grpc-status.js';
import { StaleConnectionError } from './stale-connection.js';
import type { Destination } from './settings.js';

const gzipAsync = promisify(gzip);

/** Headers that HTTP/2 forbids or that are the call's own: the user's are left out. */
const RESERVED =
  /^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade|host|te|content-.*|grpc-.*)$/;

/** Calls Export with `pieces` as one message. Rejects on a network error and past the timeout. */
export async function grpcPost(
  connections: GrpcConnections,
  destination: Destination,
  pieces: readonly Uint8Array[],
): Promise<Delivery> {
  const body = destination.gzip ? [await gzipAsync(Buffer.concat(pieces))] : pieces;
  const url = new URL(destination.url);
  const call = connections.open(url.origin, destination.tls, headersOf(destination, url));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`no answer within ${destination.timeoutMillis} ms`));
      call.abandon();
    }, destination.timeoutMillis);
    timer.unref();
    listen(call, (outcome) => {
      clearTimeout(timer);
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    });
    call.stream.write(prefixOf(body, destination.gzip));
    for (const piece of body) call.stream.write(piece);
    call.stream.end();
  });
}

/** The headers of a call to `url`, the user's among them. */
export function headersOf(destination: Destination, url: URL): OutgoingHttpHeaders {
  const own = Object.entries(destination.headers).filter(([name]) => !RESERVED.test(name));
  return {
    ':method': 'POST',
    ':path': url.pathname,
    'user-agent': `OTel-OTLP-Exporter-JavaScript-Codomyrmex/${SDK_VERSION}`,
    ...Object.fromEntries(own),
    te: 'trailers',
    'content-type': 'application/grpc',
    // At most eight digits.
    'grpc-timeout': `${Math.min(destination.timeoutMillis, 99_999_999)}m`,
    ...(destination.gzip ? { 'grpc-encoding': 'gzip' } : {}),
  };
}

function prefixOf(body: readonly Uint8Array[], isCompressed: boolean): Uint8Array {
  let size = 0;
  for (const piece of body) size += piece.length;
  const prefix = Buffer.alloc(5);
  prefix[0] = isCompressed ? 1 : 0;
  prefix.writeUInt32BE(size, 1);
  return prefix;
}

/** Collects the answer; settles once, when the outcome is known or cannot come any more. */
function listen(call: OpenCall, settle: (outcome: Delivery | Error) => void): void {
  const { stream } = call;
  const pieces: Buffer[] = [];
  let size = 0;
  let httpStatus = 0;
  let trailers: Fields | undefined;
  let streamError: Error | undefined;
  const finish = (): void => {
    if (trailers?.['grpc-status'] !== undefined) settle(judgeGrpc(trailers, Buffer.concat(pieces)));
    else settle(withoutStatus(call, httpStatus, streamError));
  };
  const take = (fields: IncomingHttpHeaders): void => {
    call.heard();
    if (fields['grpc-status'] !== undefined) trailers = fields;
  };
  stream.on('response', (headers) => {
    httpStatus = headers[':status'] ?? 0;
    take(headers);
  });
  stream.on('trailers', (fields) => {
    take(fields);
    if (stream.readableEnded) finish();
  });
  stream.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size <= ANSWER_BYTES) {
      pieces.push(piece);
      return;
    }
    settle({ kind: 'refused', message: `the answer is larger than ${ANSWER_BYTES} bytes` });
    stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on('end', () => {
    // An early answer: the rest of the message is not wanted.
    if (trailers === undefined) return;
    finish();
    stream.close();
  });
  stream.on('error', (error: Error) => (streamError = error));
  stream.on('close', finish);
}

function withoutStatus(
  call: OpenCall,
  httpStatus: number,
  streamError: Error | undefined,
): Delivery | Error {
  const fault: NodeJS.ErrnoException | undefined = call.connectionError() ?? streamError;
  const code = fault?.code;
  if (code === 'ERR_HTTP2_ERROR') {
    return new Error('the other end does not speak gRPC; is the port one of OTLP/HTTP?');
  }
  // Without headers and without a reason, a server that ends its connection gives its calls up.
  const resetCode = call.stream.rstCode ?? 0;
  const isGivenUp = httpStatus === 0 && resetCode === 0;
  if (!call.isConnectionGone() && !isGivenUp) return judgeWithoutStatus(httpStatus, resetCode);
  const isGone = code === undefined || code === 'ECONNRESET' || code === 'EPIPE';
  if (call.isReused && httpStatus === 0 && isGone) {
    return new StaleConnectionError('the connection was closed', { cause: fault });
  }
  return fault ?? new Error('the connection closed within an answer');
}
