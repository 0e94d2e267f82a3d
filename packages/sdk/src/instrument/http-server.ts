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
import type { Attributes, Context, Span, SpanOptions } from '@opentelemetry/api';
import type { FlatAttributes } from '../common/attributes.js';
import { SUPPRESS_TRACING_KEY, enterContext, withSpanInContext } from '../common/context.js';
import { pushHeaders, setHeaders } from './captured-headers.js';
import { guarded, reportFault } from './guard.js';
import { expressRoute } from './express-route.js';
import type { RoutedRequest } from './express-route.js';
import { redactQuery, spanName, splitHost, statusText } from './http-values.js';
import { isServerTaken } from './precedence.js';
import type { RequestDurations } from './request-durations.js';
import { isIgnored } from './settings.js';
import type { HttpSettings } from './settings.js';
import type { SpanMaker } from './span-maker.js';

/** Where a request keeps what is known of it, for whoever knows the route. */
const CALL: unique symbol = Symbol('codomyrmex-telemetry.server-call');
const CONTEXT: unique symbol = Symbol('codomyrmex-telemetry.context');

/** A request that may have a span of ours. */
export interface TracedRequest extends IncomingMessage {
  [CALL]?: ServerCall | undefined;
  [CONTEXT]?: Context;
}

/** A request that is being answered: its span and what its duration is told with. */
class ServerCall {
  readonly span: Span;
  readonly context: Context;
  readonly startMillis: number = performance.now();
  /** A known method, or `_OTHER`. */
  readonly method: string;
  readonly scheme: string;
  route: string | undefined = undefined;

  constructor(span: Span, context: Context, method: string, scheme: string) {
    this.span = span;
    this.context = context;
    this.method = method;
    this.scheme = scheme;
  }
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
let durations: RequestDurations | undefined;

/** Traces every request to this process's HTTP servers. Returns what switches it off. */
export function traceHttpServer(
  maker: SpanMaker,
  http1: HttpSettings,
  withExpress: boolean,
  serverDurations: RequestDurations | undefined,
): () => void {
  settings = http1;
  routesOfExpress = withExpress;
  durations = serverDurations;
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
  const known = isKnown ? method : '_OTHER';
  const scheme = schemeOf(request);
  const span = maker.start(isKnown ? method : 'HTTP', SERVER, parent, () => {
    const flat = serverAttributes(request, known, path, scheme);
    if (mark >= 0) flat.push('url.query', redactQuery(target.slice(mark + 1), http1.sensitive));
    if (!isKnown) flat.push('http.request.method_original', method);
    if (http1.serverRequest.length > 0) {
      pushHeaders(flat, http1.serverRequest, (name) => request.headers[name]);
    }
    return flat;
  });
  const context = withSpanInContext(parent, span);
  request[CALL] = new ServerCall(span, context, known, scheme);
  response.on('close', onResponseClose);
  enter(request, context);
}

/** The connection's scheme, or what a proxy in front says: only what a URL of HTTP can have. */
function schemeOf({ headers, socket }: IncomingMessage): string {
  const named = first(headers['x-forwarded-proto']);
  if (named !== undefined && SCHEMES.has(named)) return named;
  return (socket as { readonly encrypted?: boolean }).encrypted === true ? 'https' : 'http';
}

/** `url.scheme` is an attribute of the metric: a header must not choose freely. */
const SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'ws', 'wss']);

function serverAttributes(
  request: IncomingMessage,
  method: string,
  path: string,
  scheme: string,
): FlatAttributes {
  const { headers, socket } = request;
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
  const call = request[CALL];
  if (call === undefined) return;
  request[CALL] = undefined;
  try {
    finish(call, request, this);
    call.span.end();
  } catch (error: unknown) {
    reportFault(error);
  }
}

function finish(call: ServerCall, request: TracedRequest, response: ServerResponse): void {
  if (routesOfExpress) {
    const route = expressRoute(request as RoutedRequest);
    if (route !== undefined) nameAfter(call, request, route);
  }
  // Nothing was answered: the client left, or the program destroyed the connection.
  const status = response.headersSent ? response.statusCode : 0;
  const error = status === 0 ? 'aborted' : status >= 500 ? statusText(status) : undefined;
  if (call.span.isRecording()) note(call.span, response, status, error);
  if (durations === undefined) return;
  const attributes = metricAttributes(call, request.httpVersion);
  if (status !== 0) attributes['http.response.status_code'] = status;
  if (error !== undefined) attributes['error.type'] = error;
  durations.record(call.startMillis, attributes, call.context);
}

function note(
  span: Span,
  response: ServerResponse,
  status: number,
  error: string | undefined,
): void {
  if (status !== 0) {
    span.setAttribute('http.response.status_code', status);
    if (settings !== undefined && settings.serverResponse.length > 0) {
      setHeaders(span, settings.serverResponse, (name) => response.getHeader(name));
    }
  }
  if (error === undefined) return;
  span.setAttribute('error.type', error);
  const code = SpanStatusCode.ERROR;
  span.setStatus(status === 0 ? { code, message: 'closed before an answer' } : { code });
}

function metricAttributes(call: ServerCall, version: string): Attributes {
  const attributes: Attributes = {
    'http.request.method': call.method,
    'url.scheme': call.scheme,
    'network.protocol.version': version,
  };
  if (call.route !== undefined) attributes['http.route'] = call.route;
  return attributes;
}

/** The span of a request that is being answered; `undefined` when we made none. */
export function serverSpanOf(request: TracedRequest): Span | undefined {
  return request[CALL]?.span;
}

/** Names a request's span after its route; nothing when we made none. */
export function setRoute(request: TracedRequest, route: string): void {
  const call = request[CALL];
  if (call !== undefined) nameAfter(call, request, route);
}

function nameAfter(call: ServerCall, request: IncomingMessage, route: string): void {
  if (call.route === route) return;
  call.route = route;
  if (!call.span.isRecording()) return;
  call.span.setAttribute('http.route', route);
  const method = call.method === '_OTHER' ? 'HTTP' : (request.method ?? 'GET');
  call.span.updateName(spanName(method, route));
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
