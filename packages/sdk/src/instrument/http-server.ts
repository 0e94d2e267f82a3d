/**
 * Requests to node:http and node:https servers, over `http.server.request.start`. The span is the
 * current one in all that the request starts: the parser's callback is where handlers come from,
 * so entering the context there needs no wrapped emitter.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  context as contextApi,
  propagation,
} from '@opentelemetry/api';
import type { Context, Span, SpanOptions } from '@opentelemetry/api';
import type { FlatAttributes } from '../common/attributes.js';
import { SUPPRESS_TRACING_KEY, enterContext, withSpanInContext } from '../common/context.js';
import { pushHeaders, setHeaders } from './captured-headers.js';
import { guarded, reportFault } from './guard.js';
import { expressRoute } from './express-route.js';
import type { RoutedRequest } from './express-route.js';
import { redactQuery, spanName, splitHost } from './http-values.js';
import { isServerTaken } from './precedence.js';
import { isIgnored } from './settings.js';
import type { HttpSettings } from './settings.js';
import type { SpanMaker } from './span-maker.js';

/** Where a request keeps its span, for whoever knows the route. */
export const SERVER_SPAN: unique symbol = Symbol('codomyrmex-telemetry.server-span');
const CONTEXT: unique symbol = Symbol('codomyrmex-telemetry.context');

/** A request that may have a span of ours. */
export interface TracedRequest extends IncomingMessage {
  [SERVER_SPAN]?: Span | undefined;
  [CONTEXT]?: Context;
}

interface RequestStart {
  readonly request: TracedRequest;
  readonly response: ServerResponse;
  readonly server: Server;
}

const SERVER: SpanOptions = { kind: SpanKind.SERVER };
const suppressed: Context = ROOT_CONTEXT.setValue(SUPPRESS_TRACING_KEY, true);
/** From 24 on a context is not the async resource's, so body events need theirs bound. */
const BINDS_BODY: boolean = Number.parseInt(process.versions.node, 10) >= 24;

let routesOfExpress = true;
let settings: HttpSettings | undefined;

/** Traces every request to this process's HTTP servers. Returns what switches it off. */
export function traceHttpServer(
  maker: SpanMaker,
  http1: HttpSettings,
  withExpress: boolean,
): () => void {
  settings = http1;
  routesOfExpress = withExpress;
  const listener = guarded<RequestStart>(({ request, response, server }) => {
    if (!isServerTaken(server.emit)) start(maker, http1, request, response);
  });
  subscribe('http.server.request.start', listener);
  return () => {
    unsubscribe('http.server.request.start', listener);
  };
}

function start(
  maker: SpanMaker,
  http1: HttpSettings,
  request: TracedRequest,
  response: ServerResponse,
): void {
  const method = request.method ?? 'GET';
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  if (http1.ignoreIncoming.length > 0 && isIgnored(http1.ignoreIncoming, method, path, true)) {
    enter(request, suppressed);
    return;
  }
  const parent = propagation.extract(ROOT_CONTEXT, request.headers);
  const isKnown = http1.knownMethods.has(method);
  const span = maker.start(isKnown ? method : 'HTTP', SERVER, parent, () => {
    const flat = serverAttributes(request, isKnown ? method : '_OTHER', path);
    if (mark >= 0) flat.push('url.query', redactQuery(target.slice(mark + 1), http1.sensitive));
    if (!isKnown) flat.push('http.request.method_original', method);
    if (http1.serverRequest.length > 0) {
      pushHeaders(flat, http1.serverRequest, (name) => request.headers[name]);
    }
    return flat;
  });
  request[SERVER_SPAN] = span;
  response.on('close', onResponseClose);
  enter(request, withSpanInContext(parent, span));
}

function serverAttributes(request: IncomingMessage, method: string, path: string): FlatAttributes {
  const { headers, socket } = request;
  const isSecure = (socket as { readonly encrypted?: boolean }).encrypted === true;
  const scheme = first(headers['x-forwarded-proto']) ?? (isSecure ? 'https' : 'http');
  const host = splitHost(first(headers['x-forwarded-host']) ?? headers.host);
  const flat: FlatAttributes = ['http.request.method', method, 'url.path', path];
  flat.push('url.scheme', scheme, 'network.protocol.version', request.httpVersion);
  if (host.address !== '') {
    const port = host.port ?? (scheme === 'https' ? 443 : 80);
    flat.push('server.address', host.address, 'server.port', port);
  }
  const peer = socket.remoteAddress;
  const client = forwardedFor(headers) ?? peer;
  if (client !== undefined) flat.push('client.address', client);
  if (peer !== undefined) {
    flat.push('network.peer.address', peer, 'network.peer.port', socket.remotePort);
  }
  const agent = headers['user-agent'];
  if (agent !== undefined) flat.push('user_agent.original', agent);
  return flat;
}

/** The first of a header's comma-separated values: the one that the outermost proxy saw. */
function first(value: string | string[] | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = Array.isArray(value) ? (value[0] ?? '') : value;
  const comma = text.indexOf(',');
  const part = (comma < 0 ? text : text.slice(0, comma)).trim();
  return part === '' ? undefined : part;
}

const FORWARDED_FOR = /(?:^|[;,]\s*)for="?(\[[^\]]*\]|[^;,:"\s]+)/i;

function forwardedFor(headers: IncomingMessage['headers']): string | undefined {
  // RFC 7239's header where there is one, else the older one that every proxy sets.
  const named = headers.forwarded === undefined ? null : FORWARDED_FOR.exec(headers.forwarded);
  const text = named?.[1] ?? first(headers['x-forwarded-for']);
  return text === undefined ? undefined : splitHost(text).address;
}

/** Ends the span; `this` is the response. 'close' comes after an answer and after an abort. */
function onResponseClose(this: ServerResponse): void {
  const request = this.req as TracedRequest;
  const span = request[SERVER_SPAN];
  if (span === undefined) return;
  request[SERVER_SPAN] = undefined;
  try {
    if (span.isRecording()) finish(span, request, this);
    span.end();
  } catch (error: unknown) {
    reportFault(error);
  }
}

function finish(span: Span, request: TracedRequest, response: ServerResponse): void {
  if (routesOfExpress) {
    const route = expressRoute(request as RoutedRequest);
    if (route !== undefined) setRoute(span, request, route);
  }
  if (!response.headersSent) {
    // Nothing was answered: the client left, or the program destroyed the connection.
    span.setAttribute('error.type', 'aborted');
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'closed before an answer' });
    return;
  }
  const status = response.statusCode;
  span.setAttribute('http.response.status_code', status);
  if (settings !== undefined && settings.serverResponse.length > 0) {
    setHeaders(span, settings.serverResponse, (name) => response.getHeader(name));
  }
  if (status >= 500) {
    span.setAttribute('error.type', String(status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
}

/** Names a request's span after its route. */
export function setRoute(span: Span, request: IncomingMessage, route: string): void {
  const method = request.method ?? 'GET';
  span.setAttribute('http.route', route);
  span.updateName(spanName(settings?.knownMethods.has(method) === false ? 'HTTP' : method, route));
}

function enter(request: TracedRequest, context: Context): void {
  if (!enterContext(context)) {
    // Someone else's context manager: it has no such call, so the event runs within theirs.
    request[CONTEXT] = context;
    wrapServerEmit();
  } else if (BINDS_BODY && hasBody(request)) contextApi.bind(context, request);
}

function hasBody(request: IncomingMessage): boolean {
  const { headers } = request;
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

let isEmitWrapped = false;

function wrapServerEmit(): void {
  if (isEmitWrapped) return;
  isEmitWrapped = true;
  type Emit = (this: unknown, ...event: unknown[]) => boolean;
  const prototype = http.Server.prototype as unknown as { emit: Emit };
  const { emit } = prototype;
  prototype.emit = function emitInContext(this: unknown, ...event: unknown[]): boolean {
    const context = event[0] === 'request' ? (event[1] as TracedRequest)[CONTEXT] : undefined;
    if (context === undefined) return emit.apply(this, event);
    return contextApi.with(context, () => emit.apply(this, event));
  };
}
