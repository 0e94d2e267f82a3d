/**
 * Requests of undici and of Node's own fetch, over undici's channels: every copy of undici in the
 * process publishes there.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { TextMapSetter } from '@opentelemetry/api';
import { activeContext, isSuppressed } from '../common/context.js';
import { setHeaders } from './captured-headers.js';
import { injectCall, startClientCall } from './client-span.js';
import type { ClientCall } from './client-span.js';
import { guarded } from './guard.js';
import { splitHost } from './http-values.js';
import { isUndiciTaken } from './precedence.js';
import type { RequestDurations } from './request-durations.js';
import type { HttpSettings } from './settings.js';
import type { SpanMaker } from './span-maker.js';

const CALL: unique symbol = Symbol('codomyrmex-telemetry.undici-call');

/** What undici 5 to 7 publish of a request. */
interface UndiciRequest {
  readonly origin: string | URL;
  readonly path: string;
  readonly method: string;
  headers: unknown;
  addHeader?: (name: string, value: string) => unknown;
  [CALL]?: ClientCall | undefined;
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
export function traceUndici(
  maker: SpanMaker,
  settings: HttpSettings,
  durations: RequestDurations | undefined,
): () => void {
  const channels: readonly (readonly [string, (message: unknown) => void])[] = [
    [
      'undici:request:create',
      guarded<UndiciMessage>(({ request }) => begin(maker, settings, request)),
    ],
    ['undici:client:sendHeaders', guarded(onSend)],
    ['undici:request:headers', guarded<UndiciMessage>((message) => onHeaders(settings, message))],
    ['undici:request:trailers', guarded<UndiciMessage>((message) => onEnd(durations, message))],
    ['undici:request:error', guarded<UndiciMessage>((message) => onError(durations, message))],
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
    isSecure,
    address: host.address,
    port: host.port ?? (isSecure ? 443 : 80),
    header: (name: string) => headerOf(request.headers, name),
  };
  const call = startClientCall(maker, settings, facts, parent);
  if (call === undefined) return;
  request[CALL] = call;
  injectCall(call, request, setter);
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
  const span = request[CALL]?.span;
  if (span === undefined || socket?.remoteAddress === undefined) return;
  span.setAttribute('network.peer.address', socket.remoteAddress);
  span.setAttribute('network.peer.port', socket.remotePort ?? 0);
}

function onHeaders(settings: HttpSettings, { request, response }: UndiciMessage): void {
  const call = request[CALL];
  if (call === undefined || response === undefined) return;
  call.setStatus(response.statusCode);
  if (settings.clientResponse.length > 0) {
    setHeaders(call.span, settings.clientResponse, (name) =>
      responseHeader(response.headers, name),
    );
  }
}

function responseHeader(headers: readonly Buffer[], name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (String(headers[index]).toLowerCase() === name) return String(headers[index + 1]);
  }
  return undefined;
}

function onEnd(durations: RequestDurations | undefined, { request }: UndiciMessage): void {
  const call = request[CALL];
  request[CALL] = undefined;
  call?.end(durations);
}

function onError(durations: RequestDurations | undefined, { request, error }: UndiciMessage): void {
  const call = request[CALL];
  if (call === undefined) return;
  request[CALL] = undefined;
  call.setError(error);
  call.end(durations);
}
