/** What the spans of both HTTP clients, node:http and undici, have in common. */
import { SpanKind, SpanStatusCode, propagation } from '@opentelemetry/api';
import type { Context, Span, SpanOptions, TextMapSetter } from '@opentelemetry/api';
import type { FlatAttributes } from '../common/attributes.js';
import { withSpanInContext } from '../common/context.js';
import { pushHeaders } from './captured-headers.js';
import type { HeaderValue } from './captured-headers.js';
import { errorType, redactCredentials, redactQuery } from './http-values.js';
import { isIgnored } from './settings.js';
import type { HttpSettings } from './settings.js';
import type { SpanMaker } from './span-maker.js';

const CLIENT: SpanOptions = { kind: SpanKind.CLIENT };

/** A request as either client describes it. */
export interface ClientRequestFacts {
  readonly method: string;
  readonly url: string;
  readonly address: string;
  readonly port: number;
  readonly header: (name: string) => HeaderValue;
}

/** Starts a client span; `undefined` when a rule ignores the request. */
export function startClientSpan(
  maker: SpanMaker,
  settings: HttpSettings,
  facts: ClientRequestFacts,
  parent: Context,
): Span | undefined {
  const { method } = facts;
  const rules = settings.ignoreOutgoing;
  if (rules.length > 0 && isIgnored(rules, method, withoutSecrets(facts.url, settings), false)) {
    return undefined;
  }
  const isKnown = settings.knownMethods.has(method);
  return maker.start(isKnown ? method : 'HTTP', CLIENT, parent, () => {
    const flat: FlatAttributes = ['http.request.method', isKnown ? method : '_OTHER'];
    flat.push('url.full', withoutSecrets(facts.url, settings));
    flat.push('server.address', facts.address, 'server.port', facts.port);
    if (!isKnown) flat.push('http.request.method_original', method);
    if (settings.clientRequest.length > 0) pushHeaders(flat, settings.clientRequest, facts.header);
    return flat;
  });
}

/** A URL as it may stand in an attribute. */
export function withoutSecrets(url: string, settings: HttpSettings): string {
  return redactCredentials(redactQuery(url, settings.sensitive));
}

/** Puts the span's identity and the context's baggage on a request's headers. */
export function injectSpan<Carrier>(
  span: Span,
  parent: Context,
  carrier: Carrier,
  setter: TextMapSetter<Carrier>,
): void {
  propagation.inject(withSpanInContext(parent, span), carrier, setter);
}

/** Notes the status; 4xx and 5xx are errors on the client's side. */
export function setClientStatus(span: Span, status: number): void {
  span.setAttribute('http.response.status_code', status);
  if (status >= 400) {
    span.setAttribute('error.type', String(status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
}

/** Notes that no answer came, or not all of it. */
export function setClientError(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setAttribute('error.type', errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  if (error instanceof Error) span.recordException(error);
}
