/** What the spans of both HTTP clients, node:http and undici, have in common. */
import { SpanKind, SpanStatusCode, propagation } from '@opentelemetry/api';
import type { Attributes, Context, Span, SpanOptions, TextMapSetter } from '@opentelemetry/api';
import type { FlatAttributes } from '../common/attributes.js';
import { withSpanInContext } from '../common/context.js';
import { pushHeaders } from './captured-headers.js';
import type { HeaderValue } from './captured-headers.js';
import { errorType, redactCredentials, redactQuery, statusText } from './http-values.js';
import type { RequestDurations } from './request-durations.js';
import { isIgnored } from './settings.js';
import type { HttpSettings } from './settings.js';
import type { SpanMaker } from './span-maker.js';

const CLIENT: SpanOptions = { kind: SpanKind.CLIENT };

/** A request as either client describes it. */
export interface ClientRequestFacts {
  readonly method: string;
  readonly url: string;
  readonly isSecure: boolean;
  readonly address: string;
  readonly port: number;
  readonly header: (name: string) => HeaderValue;
}

/** A request under way: its span and what its duration is told with. */
export class ClientCall {
  readonly span: Span;
  /** The program's context with the span in it. */
  readonly context: Context;
  readonly #startMillis = performance.now();
  readonly #method: string;
  readonly #scheme: string;
  readonly #address: string;
  /** Of the server; the scheme's until a connection tells it. */
  port: number;
  /** HTTP's, `1.1` for instance, where the client tells it. */
  version: string | undefined = undefined;
  #status = 0;
  #error: string | undefined = undefined;

  constructor(span: Span, context: Context, method: string, facts: ClientRequestFacts) {
    this.span = span;
    this.context = context;
    this.#method = method;
    this.#scheme = facts.isSecure ? 'https' : 'http';
    this.#address = facts.address;
    this.port = facts.port;
  }

  /** Notes the status; 4xx and 5xx are errors on the client's side. */
  setStatus(status: number): void {
    this.#status = status;
    this.span.setAttribute('http.response.status_code', status);
    if (status >= 400) this.fail(statusText(status));
  }

  /** Notes that no answer came, or not all of it. */
  setError(error: unknown): void {
    this.fail(errorType(error), error instanceof Error ? error.message : String(error));
    if (error instanceof Error) this.span.recordException(error);
  }

  /** True once it is known to have failed. */
  get hasFailed(): boolean {
    return this.#error !== undefined;
  }

  /** Makes the request one that failed. */
  fail(type: string, message?: string): void {
    this.#error = type;
    this.span.setAttribute('error.type', type);
    const code = SpanStatusCode.ERROR;
    this.span.setStatus(message === undefined ? { code } : { code, message });
  }

  /** Ends the span and takes the duration. */
  end(durations: RequestDurations | undefined): void {
    if (durations !== undefined) {
      durations.record(this.#startMillis, this.#metricAttributes(), this.context);
    }
    this.span.end();
  }

  #metricAttributes(): Attributes {
    const attributes: Attributes = {
      'http.request.method': this.#method,
      'server.address': this.#address,
      'server.port': this.port,
      'url.scheme': this.#scheme,
    };
    if (this.#status !== 0) attributes['http.response.status_code'] = this.#status;
    if (this.#error !== undefined) attributes['error.type'] = this.#error;
    if (this.version !== undefined) attributes['network.protocol.version'] = this.version;
    return attributes;
  }
}

/** Starts a client's span; `undefined` when a rule ignores the request. */
export function startClientCall(
  maker: SpanMaker,
  settings: HttpSettings,
  facts: ClientRequestFacts,
  parent: Context,
): ClientCall | undefined {
  const { method } = facts;
  const rules = settings.ignoreOutgoing;
  if (rules.length > 0 && isIgnored(rules, method, withoutSecrets(facts.url, settings), false)) {
    return undefined;
  }
  const isKnown = settings.knownMethods.has(method);
  const known = isKnown ? method : '_OTHER';
  const span = maker.start(isKnown ? method : 'HTTP', CLIENT, parent, () => {
    const flat: FlatAttributes = ['http.request.method', known];
    flat.push('url.full', withoutSecrets(facts.url, settings));
    flat.push('server.address', facts.address, 'server.port', facts.port);
    if (!isKnown) flat.push('http.request.method_original', method);
    if (settings.clientRequest.length > 0) pushHeaders(flat, settings.clientRequest, facts.header);
    return flat;
  });
  return new ClientCall(span, withSpanInContext(parent, span), known, facts);
}

/** A URL as it may stand in an attribute. */
export function withoutSecrets(url: string, settings: HttpSettings): string {
  return redactCredentials(redactQuery(url, settings.sensitive));
}

/** Puts the span's identity and the context's baggage on a request's headers. */
export function injectCall<Carrier>(
  call: ClientCall,
  carrier: Carrier,
  setter: TextMapSetter<Carrier>,
): void {
  propagation.inject(call.context, carrier, setter);
}
