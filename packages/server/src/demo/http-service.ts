import { Agent, createServer, request as sendRequest } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { extractContext, injectContext, withContext } from '@codomyrmex/telemetry';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Histogram, Span } from '@opentelemetry/api';

import type { Service } from './service.js';

/** What a route answers. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** A route's work; what it throws becomes a 500. */
export type Handler = (body: unknown, span: Span) => Promise<Reply>;

/** Seconds, as the semantic conventions advise for HTTP. */
const DURATION_BOUNDS = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30,
];

/** Largest body that a service reads: the demo's are a few hundred bytes. */
const BODY_BYTES = 65_536;

/** A service behind a real HTTP server on a free loopback port. */
export class HttpService {
  readonly service: Service;
  readonly #server: Server;
  readonly #routes = new Map<string, Handler>();
  readonly #duration: Histogram;

  constructor(service: Service) {
    this.service = service;
    this.#duration = service.meter.createHistogram('http.server.request.duration', {
      unit: 's',
      description: 'Duration of HTTP server requests',
      advice: { explicitBucketBoundaries: DURATION_BOUNDS },
    });
    this.#server = createServer((request, response) => {
      void this.#serve(request, response);
    });
    // Never closed for idleness: a client that reuses a connection just then would be reset.
    this.#server.keepAliveTimeout = 0;
  }

  /** `route` is a method and a path: `POST /api/checkout`. */
  on(route: string, handler: Handler): this {
    this.#routes.set(route, handler);
    return this;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const method = request.method ?? 'GET';
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const handler = this.#routes.get(`${method} ${path}`);
    const body = await readJson(request);
    const reply = await withContext(extractContext(request.headers), () =>
      this.#handle(method, path, handler, body),
    );
    this.#duration.record((performance.now() - started) / 1000, {
      'http.request.method': method,
      'http.route': path,
      'http.response.status_code': reply.status,
    });
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reply.body));
  }

  async #handle(
    method: string,
    path: string,
    handler: Handler | undefined,
    body: unknown,
  ): Promise<Reply> {
    const attributes = {
      'http.request.method': method,
      'http.route': path,
      'url.path': path,
      'url.scheme': 'http',
      'server.address': this.service.name,
      'server.port': this.port,
    };
    const kind = SpanKind.SERVER;
    return this.service.span(`${method} ${path}`, { kind, attributes }, async (span) => {
      const reply = await answer(handler, body, span, this.service);
      span.setAttribute('http.response.status_code', reply.status);
      // By the conventions a server's 4xx is the client's fault: the status stays unset.
      if (reply.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      return reply;
    });
  }
}

async function answer(
  handler: Handler | undefined,
  body: unknown,
  span: Span,
  service: Service,
): Promise<Reply> {
  if (handler === undefined) return { status: 404, body: { error: 'no such route' } };
  try {
    return await handler(body, span);
  } catch (error: unknown) {
    const exception = error instanceof Error ? error : new Error(String(error));
    span.recordException(exception);
    service.log.error(`request failed: ${exception.message}`, exception);
    return { status: 500, body: { error: exception.message } };
  }
}

const keepAlive = new Agent({ keepAlive: true, maxSockets: 64 });

/** Calls another service over HTTP, traced on this side and carried to the other. */
export async function call(
  from: Service,
  to: HttpService,
  route: string,
  body: unknown,
): Promise<Reply> {
  const [method = 'GET', path = '/'] = route.split(' ');
  const attributes = {
    'http.request.method': method,
    'url.full': `http://${to.service.name}${path}`,
    'server.address': to.service.name,
    'server.port': to.port,
  };
  const kind = SpanKind.CLIENT;
  return from.span(method, { kind, attributes }, async (span) => {
    const reply = await post(to.port, method, path, body, injectContext({}));
    span.setAttribute('http.response.status_code', reply.status);
    if (reply.status >= 400) {
      span.setAttribute('error.type', String(reply.status));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    return reply;
  });
}

/** A request without a span around it: the shop's customers do not trace. */
export function post(
  port: number,
  method: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<Reply> {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = sendRequest(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: keepAlive,
        headers: {
          ...headers,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
        },
      },
      (response) => {
        readJson(response).then(
          (answered) => resolve({ status: response.statusCode ?? 0, body: answered }),
          reject,
        );
      },
    );
    request.on('error', reject);
    request.end(text);
  });
}

/** Lets go of idle connections, so that servers can close. */
export function closeIdleConnections(): void {
  keepAlive.destroy();
}

async function readJson(message: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_BYTES) return undefined;
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch {
    // Not JSON: the handler sees no body.
    return undefined;
  }
}
