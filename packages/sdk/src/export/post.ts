/** One HTTP POST of encoded records. No redirects, a bounded answer, one deadline for all of it. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ANSWER_BYTES, RETRY_AFTER_LAST_MILLIS } from '../common/limits.js';
import { SDK_VERSION } from '../common/version.js';
import { judgeHttp } from './delivery.js';
import type { Answer, Delivery } from './delivery.js';
import { StaleConnectionError } from './stale-connection.js';
import type { Destination } from './settings.js';

const gzipAsync = promisify(gzip);
/** How a connection that the other end closed in the meantime fails. */
const GONE: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

/** Connections of one sender: kept open, as many as posts in flight. */
export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** Makes the connections' pools. They do not keep a program alive. */
export function createAgents(maxSockets: number): Agents {
  const options = { keepAlive: true, maxSockets, scheduling: 'lifo' as const };
  return { http: new HttpAgent(options), https: new HttpsAgent(options) };
}

/** Closes all connections, those in use too. */
export function destroyAgents(agents: Agents): void {
  agents.http.destroy();
  agents.https.destroy();
}

/**
 * Posts `pieces`, in the destination's protocol, as one body. Rejects on a network error and past
 * the destination's timeout.
 */
export async function post(
  agents: Agents,
  destination: Destination,
  pieces: readonly Uint8Array[],
): Promise<Delivery> {
  const body = destination.gzip ? [await gzipAsync(Buffer.concat(pieces))] : pieces;
  return new Promise((resolve, reject) => {
    const outgoing = open(agents, destination, sizeOf(body));
    const timer = setTimeout(() => {
      outgoing.destroy(new Error(`no answer within ${destination.timeoutMillis} ms`));
    }, destination.timeoutMillis);
    timer.unref();
    const settle = (answer: Answer | Error): void => {
      clearTimeout(timer);
      if (answer instanceof Error) reject(answer);
      else resolve(judgeHttp(answer));
    };
    outgoing.on('socket', (socket) => socket.unref());
    let isAnswered = false;
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const isStale = outgoing.reusedSocket && !isAnswered && GONE.has(error.code ?? '');
      settle(isStale ? new StaleConnectionError(error.message, { cause: error }) : error);
    });
    outgoing.on('response', (incoming) => {
      isAnswered = true;
      readAnswer(incoming, settle);
    });
    for (const piece of body) outgoing.write(piece);
    outgoing.end();
  });
}

function open(agents: Agents, destination: Destination, size: number): ClientRequest {
  const secure = destination.url.startsWith('https:');
  const options = {
    method: 'POST',
    agent: secure ? agents.https : agents.http,
    ...(secure ? destination.tls : {}),
    headers: {
      'user-agent': `OTel-OTLP-Exporter-JavaScript-Codomyrmex/${SDK_VERSION}`,
      'content-type':
        destination.protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
      ...destination.headers,
      ...(destination.gzip ? { 'content-encoding': 'gzip' } : {}),
      'content-length': size,
    },
  };
  return secure ? httpsRequest(destination.url, options) : httpRequest(destination.url, options);
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  let size = 0;
  for (const piece of pieces) size += piece.length;
  return size;
}

function readAnswer(incoming: IncomingMessage, settle: (answer: Answer | Error) => void): void {
  const pieces: Buffer[] = [];
  let size = 0;
  const finish = (): void => {
    settle({
      status: incoming.statusCode ?? 0,
      retryAfterMillis: parseRetryAfter(incoming.headers['retry-after'], Date.now()),
      contentType: incoming.headers['content-type'],
      body: Buffer.concat(pieces),
    });
  };
  incoming.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size <= ANSWER_BYTES) {
      pieces.push(piece);
      return;
    }
    // The status has said what matters; the rest is not waited for.
    finish();
    incoming.destroy();
  });
  incoming.on('end', finish);
  incoming.on('error', settle);
  incoming.on('close', () => {
    settle(new Error('the connection closed within an answer'));
  });
}

/** Retry-After as milliseconds from `nowMillis`: whole seconds or an HTTP date (RFC 9110). */
export function parseRetryAfter(text: string | undefined, nowMillis: number): number | undefined {
  const value = text?.trim() ?? '';
  // Date.parse alone takes nearly anything: «-1» would be a date of the year 2001.
  const isDate = /^[A-Z][a-z]+, /.test(value);
  const millis = /^\d{1,9}$/.test(value)
    ? Number(value) * 1000
    : isDate
      ? Date.parse(value) - nowMillis
      : Number.NaN;
  return millis >= 0 ? Math.min(millis, RETRY_AFTER_LAST_MILLIS) : undefined;
}
