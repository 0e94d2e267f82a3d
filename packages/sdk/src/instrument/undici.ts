/**
 * Requests of undici and of Node's own fetch, over undici's channels: every copy of undici in the
 * process publishes there.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Span, TextMapSetter } from '@opentelemetry/api';
import { activeContext, isSuppressed } from '../common/context.js';
import { setHeaders } from './captured-headers.js';
import { injectSpan, setClientError, setClientStatus, startClientSpan } from './client-span.js';
import { guarded } from './guard.js';
import { splitHost } from './http-values.js';
import { isUndiciTaken } from './precedence.js';
import type { HttpSettings } from './settings.js';
import type { SpanMaker } from './span-maker.js';

const SPAN: unique symbol = Symbol('codomyrmex-telemetry.undici-span');

/** What undici 5 to 7 publish of a request. */
interface UndiciRequest {
  readonly origin: string | URL;
  readonly path: string;
  readonly method: string;
  headers: unknown;
  addHeader?: (name: string, value: string) => unknown;
  [SPAN]?: Span | undefined;
}

interface UndiciMessage {
  readonly request: UndiciRequest;
  readonly response?: { readonly statusCode: number; readonly headers: readonly Buffer[] };
  readonly socket?: { readonly remoteAddress?: string; readonly remotePort?: number };
  readonly error?: unknown;
}

const setter: TextMapSetter<UndiciRequest> = {
  set(request, name, value) {
    if (typeof request.addHeader === 'function') request.addHeader(name, value);
    else if (Array.isArray(request.headers)) request.headers.push(name, value);
    else if (typeof request.headers === 'string') request.headers += `${name}: ${value}\r\n`;
  },
};

/** Traces every request of undici and fetch. Returns what switches it off. */
export function traceUndici(maker: SpanMaker, settings: HttpSettings): () => void {
  const channels: readonly (readonly [string, (message: unknown) => void])[] = [
    [
      'undici:request:create',
      guarded<UndiciMessage>(({ request }) => begin(maker, settings, request)),
    ],
    ['undici:client:sendHeaders', guarded(onSend)],
    ['undici:request:headers', guarded<UndiciMessage>((message) => onHeaders(settings, message))],
    ['undici:request:trailers', guarded(onEnd)],
    ['undici:request:error', guarded(onError)],
  ];
  for (const [name, listener] of channels) subscribe(name, listener);
  return () => {
    for (const [name, listener] of channels) unsubscribe(name, listener);
  };
}

function begin(maker: SpanMaker, settings: HttpSettings, request: UndiciRequest): void {
  // A tunnel through a proxy is no request of the program's.
  if (request.method === 'CONNECT' || isUndiciTaken()) return;
  const parent = activeContext();
  if (isSuppressed(parent)) return;
  const origin = String(request.origin);
  const split = origin.indexOf('//');
  const isSecure = origin.startsWith('https:');
  const host = splitHost(split < 0 ? origin : origin.slice(split + 2).replace(/\/$/, ''));
  const facts = {
    method: request.method,
    url: origin.replace(/\/$/, '') + request.path,
    address: host.address,
    port: host.port ?? (isSecure ? 443 : 80),
    header: (name: string) => headerOf(request.headers, name),
  };
  const span = startClientSpan(maker, settings, facts, parent);
  if (span === undefined) return;
  request[SPAN] = span;
  injectSpan(span, parent, request, setter);
}

/** A request header out of undici 6's list or undici 5's text. */
function headerOf(headers: unknown, name: string): string | readonly string[] | undefined {
  const list = typeof headers === 'string' ? headers.split(/: |\r\n/) : headers;
  if (!Array.isArray(list)) return undefined;
  for (let index = 0; index + 1 < list.length; index += 2) {
    if (String(list[index]).toLowerCase() === name) return list[index + 1] as string | string[];
  }
  return undefined;
}

function onSend({ request, socket }: UndiciMessage): void {
  const span = request[SPAN];
  if (span === undefined || socket?.remoteAddress === undefined) return;
  span.setAttribute('network.peer.address', socket.remoteAddress);
  span.setAttribute('network.peer.port', socket.remotePort ?? 0);
}

function onHeaders(settings: HttpSettings, { request, response }: UndiciMessage): void {
  const span = request[SPAN];
  if (span === undefined || response === undefined) return;
  setClientStatus(span, response.statusCode);
  if (settings.clientResponse.length > 0) {
    setHeaders(span, settings.clientResponse, (name) => responseHeader(response.headers, name));
  }
}

function responseHeader(headers: readonly Buffer[], name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (String(headers[index]).toLowerCase() === name) return String(headers[index + 1]);
  }
  return undefined;
}

function onEnd({ request }: UndiciMessage): void {
  const span = request[SPAN];
  request[SPAN] = undefined;
  span?.end();
}

function onError({ request, error }: UndiciMessage): void {
  const span = request[SPAN];
  if (span === undefined) return;
  request[SPAN] = undefined;
  setClientError(span, error);
  span.end();
}
