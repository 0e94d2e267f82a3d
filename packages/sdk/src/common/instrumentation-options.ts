/** What a program can say about instrumentation, in code. */
import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { LoggerProvider } from '@opentelemetry/api-logs';

/** The built-in instrumentations: modules and the names that `instrumentations` takes. */
export type BuiltinName = 'http' | 'undici' | 'fastify' | 'express' | 'pino' | 'child_process';

/** Someone else's instrumentation: what `@opentelemetry/instrumentation` calls Instrumentation. */
export interface OfficialInstrumentation {
  readonly instrumentationName: string;
  enable(): void;
  disable(): void;
  setTracerProvider(provider: TracerProvider): void;
  setMeterProvider(provider: MeterProvider): void;
  setLoggerProvider?(provider: LoggerProvider): void;
  getConfig(): { readonly enabled?: boolean };
}

/**
 * Requests that get no span: a text, a pattern or a function of method and target. The target of a
 * request that comes in is its path, and a text must equal it; the target of one that goes out is
 * its URL without secrets, and a text must be its beginning. A function that throws says no.
 */
export type IgnoreRule = string | RegExp | ((method: string, target: string) => boolean);

/** Header names whose values become `http.request.header.*` and `http.response.header.*`. */
export interface CapturedHeaders {
  /** Default: OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS, else none. */
  readonly serverRequest?: readonly string[];
  /** Default: OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_RESPONSE_HEADERS, else none. */
  readonly serverResponse?: readonly string[];
  /** Default: OTEL_INSTRUMENTATION_HTTP_CLIENT_CAPTURE_REQUEST_HEADERS, else none. */
  readonly clientRequest?: readonly string[];
  /** Default: OTEL_INSTRUMENTATION_HTTP_CLIENT_CAPTURE_RESPONSE_HEADERS, else none. */
  readonly clientResponse?: readonly string[];
}

/** Options of HTTP servers and clients; those of clients count for undici and fetch too. */
export interface HttpOptions {
  /** Nothing below such a request is traced either. Default: none. */
  readonly ignoreIncoming?: readonly IgnoreRule[];
  /** Such a request carries no trace headers. Default: none. */
  readonly ignoreOutgoing?: readonly IgnoreRule[];
  readonly captureHeaders?: CapturedHeaders;
  /** Default: AWSAccessKeyId, Signature, sig, X-Goog-Signature. An empty list redacts nothing. */
  readonly redactedQueryKeys?: readonly string[];
  /** Others become `_OTHER`. Default: OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS, else RFC 9110's. */
  readonly knownMethods?: readonly string[];
  /** `http.server.request.duration` and `http.client.request.duration`. Default true. */
  readonly metrics?: boolean;
}

/** Options of fastify. */
export interface FastifyOptions {
  /** One more span for each route's handler. Default false: the route goes on the server's span. */
  readonly spans?: boolean;
}

/** Built-in instrumentations one by one: `false` is off, what is not named is on. */
export interface BuiltinOptions {
  readonly http?: boolean | HttpOptions;
  readonly undici?: boolean;
  readonly fastify?: boolean | FastifyOptions;
  readonly express?: boolean;
  readonly pino?: boolean;
  readonly child_process?: boolean;
  /** Objects of official instrumentation classes; each replaces the built-in one of its module. */
  readonly official?: readonly (OfficialInstrumentation | readonly OfficialInstrumentation[])[];
}

/**
 * The `instrumentations` option of `init`: nothing, all built-in ones, a list of names and objects
 * of official classes (only what it names), or settings one by one.
 */
export type InstrumentationsOption =
  | false
  | 'builtin'
  | readonly (
      | 'builtin'
      | BuiltinName
      | OfficialInstrumentation
      | readonly OfficialInstrumentation[]
    )[]
  | BuiltinOptions;

/** Whose spans, metrics and logs instrumentations make. */
export interface InstrumentationProviders {
  /** Or how to find it, asked with the first span of a built-in instrumentation. */
  readonly tracerProvider: TracerProvider | (() => TracerProvider);
  readonly meterProvider?: MeterProvider | undefined;
  readonly loggerProvider?: LoggerProvider | undefined;
}
