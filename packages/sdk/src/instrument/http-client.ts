/**
 * Requests made with node:http and node:https. Since Node 22.12 a channel tells of each request
 * before its headers are written; before that two methods every request passes are wrapped, which
 * also reaches programs that took `request` out of the module long ago.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http from 'node:http';
import type { ClientRequest } from 'node:http';
import type { Span, TextMapSetter } from '@opentelemetry/api';
import { activeContext, isSuppressed } from '../common/context.js';
import { setHeaders } from './captured-headers.js';
import { injectCall, startClientCall, withoutSecrets } from './client-span.js';
import type { ClientCall, ClientRequestFacts } from './client-span.js';
import { guarded, reportFault } from './guard.js';
import { hostInUrl, splitHost } from './http-values.js';
import { isClientTaken } from './precedence.js';
import type { RequestDurations } from './request-durations.js';
import type { HttpSettings } from './settings.js';
import type { SpanMaker } from './span-maker.js';

const CALL: unique symbol = Symbol('codomyrmex-telemetry.client-call');
const IS_SEEN: unique symbol = Symbol('codomyrmex-telemetry.is-seen');
const NEEDS_PORT: unique symbol = Symbol('codomyrmex-telemetry.needs-port');

interface TracedClientRequest extends ClientRequest {
  [CALL]?: ClientCall | undefined;
  [IS_SEEN]?: boolean;
  [NEEDS_PORT]?: boolean;
}

const setter: TextMapSetter<ClientRequest> = {
  set(request, name, value) {
    request.setHeader(name, value);
  },
};

let settings: HttpSettings | undefined;
let maker: SpanMaker | undefined;
let durations: RequestDurations | undefined;

/** Traces every request of node:http's client. Returns what switches it off. */
export function traceHttpClient(
  spanMaker: SpanMaker,
  http1: HttpSettings,
  clientDurations: RequestDurations | undefined,
): () => void {
  settings = http1;
  maker = spanMaker;
  durations = clientDurations;
  subscribe('http.client.request.error', onError);
  subscribe('http.client.response.finish', onResponse);
  if (hasCreatedChannel(process.versions.node)) {
    subscribe('http.client.request.created', onCreated);
  } else {
    wrapRequests();
  }
  return () => {
    maker = undefined;
    unsubscribe('http.client.request.error', onError);
    unsubscribe('http.client.response.finish', onResponse);
    unsubscribe('http.client.request.created', onCreated);
  };
}

/** True for Node versions that publish `http.client.request.created`: 22.12 and 23.2 on. */
export function hasCreatedChannel(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 2) || (major === 22 && minor >= 12);
}

interface ClientMessage {
  readonly request: TracedClientRequest;
  readonly response: http.IncomingMessage;
  readonly error: unknown;
}

const onCreated = guarded<ClientMessage>(({ request }) => begin(request));

function begin(request: TracedClientRequest): void {
  if (maker === undefined || settings === undefined || request[IS_SEEN] === true) return;
  request[IS_SEEN] = true;
  if (isClientTaken()) return;
  const parent = activeContext();
  if (isSuppressed(parent)) return;
  const call = startClientCall(maker, settings, factsOf(request, portOf(request)), parent);
  if (call === undefined) return;
  request[CALL] = call;
  // Headers given as a raw list are written by now; such a request goes without ours.
  if (!request.headersSent) injectCall(call, request, setter);
  request.on('close', onClose);
}

/**
 * The port out of the Host header. One of the program's own may name a virtual host: then the port
 * is known once there is a connection, and the scheme's until then.
 */
function portOf(request: TracedClientRequest): number {
  const header = request.getHeader('host');
  const named = splitHost(typeof header === 'string' ? header : undefined);
  if (named.address === request.host) return named.port ?? defaultPort(request);
  request[NEEDS_PORT] = true;
  return defaultPort(request);
}

function defaultPort(request: ClientRequest): number {
  return request.protocol === 'https:' ? 443 : 80;
}

function factsOf(request: ClientRequest, port: number): ClientRequestFacts {
  const { host: address, method, path, protocol } = request;
  const host = hostInUrl(address);
  const authority = port === defaultPort(request) ? host : `${host}:${port}`;
  // Through a proxy the path is the whole URL.
  const url = path.startsWith('/') ? `${protocol}//${authority}${path}` : path;
  const isSecure = protocol === 'https:';
  return { method, url, isSecure, address, port, header: (name) => request.getHeader(name) };
}

const onError = guarded<ClientMessage>(({ request, error }) => {
  request[CALL]?.setError(error);
});

/** Ends the span; `this` is the request. 'close' is its last event, whatever happened. */
function onClose(this: ClientRequest): void {
  const request = this as TracedClientRequest;
  const call = request[CALL];
  if (call === undefined) return;
  request[CALL] = undefined;
  try {
    finish(call, request);
    call.end(durations);
  } catch (error: unknown) {
    reportFault(error);
  }
}

/** Notes the answer's head while its socket still knows its peer. */
const onResponse = guarded<ClientMessage>(({ request, response }) => {
  const call = request[CALL];
  if (call === undefined) return;
  call.version = response.httpVersion;
  const { remotePort } = response.socket;
  const needsPort = request[NEEDS_PORT] === true && remotePort !== undefined;
  if (needsPort) call.port = remotePort;
  call.setStatus(response.statusCode ?? 0);
  const { span } = call;
  if (!span.isRecording()) return;
  const { remoteAddress } = response.socket;
  if (remoteAddress !== undefined && remotePort !== undefined) {
    span.setAttribute('network.peer.address', remoteAddress);
    span.setAttribute('network.peer.port', remotePort);
  }
  if (needsPort) setPort(span, request, remotePort);
  span.setAttribute('network.protocol.version', response.httpVersion);
  if (settings !== undefined && settings.clientResponse.length > 0) {
    setHeaders(span, settings.clientResponse, (name) => response.headers[name]);
  }
});

/** Node keeps the answer on the request, undocumented but for as long as there are clients. */
interface AnsweredRequest {
  readonly res?: (http.IncomingMessage & { readonly upgrade?: boolean }) | null;
}

function finish(call: ClientCall, request: ClientRequest): void {
  const response = (request as AnsweredRequest).res;
  if (response === undefined || response === null) {
    // An error has told what happened, unless the program itself gave the request up.
    if (!call.hasFailed) call.fail('aborted');
  } else if (response.upgrade === true) {
    // A protocol switch has no published answer.
    call.setStatus(response.statusCode ?? 101);
  } else if (!response.complete && !call.hasFailed) {
    call.fail('aborted', 'closed within the answer');
  }
}

function setPort(span: Span, request: ClientRequest, port: number): void {
  span.setAttribute('server.port', port);
  if (settings === undefined) return;
  span.setAttribute('url.full', withoutSecrets(factsOf(request, port).url, settings));
}

let areRequestsWrapped = false;

type AddRequest = (this: unknown, request: unknown, a: unknown, b: unknown, c: unknown) => unknown;
type ImplicitHeader = (this: unknown) => unknown;

function wrapRequests(): void {
  if (areRequestsWrapped) return;
  areRequestsWrapped = true;
  const agent = http.Agent.prototype as unknown as { addRequest?: AddRequest };
  const { addRequest } = agent;
  // Called by the request's constructor, in the context of whoever makes the request.
  if (typeof addRequest === 'function') {
    // Named parameters: a list of all would be made for each request. Node passes four at most.
    agent.addRequest = function traced(this: unknown, request, a, b, c): unknown {
      beginSafely(request);
      return addRequest.call(this, request, a, b, c);
    };
  }
  const requests = http.ClientRequest.prototype as unknown as { _implicitHeader?: ImplicitHeader };
  const { _implicitHeader: implicitHeader } = requests;
  // For agents with an addRequest of their own, and requests without an agent.
  if (typeof implicitHeader === 'function') {
    requests['_implicitHeader'] = function traced(this: unknown): unknown {
      beginSafely(this);
      return implicitHeader.call(this);
    };
  }
}

function beginSafely(request: unknown): void {
  try {
    if (request instanceof http.ClientRequest) begin(request);
  } catch (error: unknown) {
    reportFault(error);
  }
}
