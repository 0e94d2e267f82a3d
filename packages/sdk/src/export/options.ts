/** What `init` takes, checked once; and what results from it and the environment. */
import type { ContextManager, TextMapPropagator } from '@opentelemetry/api';
import type { DiagnosticsOption } from '../common/diagnostics.js';
import type { InstrumentationsOption } from '../common/instrumentation-options.js';
import type { SpanProcessor } from '../common/readable-span.js';
import type { MetricViewOptions } from '../common/metric-view-options.js';
import type { Sampler } from '../common/sampler.js';
import type { TlsSettings } from './tls.js';

/** Everything is optional; code wins over `OTEL_*` variables, which win over the defaults. */
export interface TelemetryOptions {
  /** `service.name`. Default: OTEL_SERVICE_NAME, else `unknown_service:node`. */
  readonly serviceName?: string;
  /** `service.version`. */
  readonly serviceVersion?: string;
  /** More resource attributes; they win over the environment's. */
  readonly resource?: Readonly<Record<string, unknown>>;
  /**
   * Base URL of the backend; over HTTP /v1/traces and so on are appended. Default
   * http://localhost:4318, for gRPC http://localhost:4317.
   */
  readonly endpoint?: string;
  /** The wire. Default: OTEL_EXPORTER_OTLP_PROTOCOL, else `http/protobuf`. */
  readonly protocol?: 'http/protobuf' | 'http/json' | 'grpc';
  /** Sent with every export request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: gzip to other machines, none on loopback. */
  readonly compression?: 'gzip' | 'none';
  /** Certificates and keys as PEM texts. Default: OTEL_EXPORTER_OTLP_CERTIFICATE and so on. */
  readonly tls?: TlsSettings;
  /** One export with its retries may take this long. Default 10,000 ms. */
  readonly timeoutMillis?: number;
  /** Queue and batch. */
  readonly batch?: BatchOptions;
  /** Where requests are made: in a thread of their own, or in this one. Default `auto`. */
  readonly transport?: 'auto' | 'worker' | 'main';
  /**
   * For functions that are frozen between two calls: no thread, no timer; records leave at a flush,
   * see flushAfter. Default `auto`: on where AWS Lambda, Google Cloud Functions or Azure Functions
   * say so in the environment.
   */
  readonly serverless?: 'auto' | boolean;
  /**
   * Keeps records on disk while the backend is away, and those that a killed program left there.
   * Default: CODOMYRMEX_TELEMETRY_SPILL_DIRECTORY, else none.
   */
  readonly spill?: SpillOptions | false;
  /** Which spans are recorded. Default: OTEL_TRACES_SAMPLER, else parent-based always on. */
  readonly sampler?: Sampler;
  /** Limits of spans; default: OTEL_SPAN_*, else the specification's. */
  readonly spanLimits?: SpanLimitOptions;
  /** Limits of attributes of every signal. */
  readonly attributeLimits?: AttributeLimitOptions;
  /** Default: OTEL_PROPAGATORS, else tracecontext and baggage. */
  readonly propagators?: readonly TextMapPropagator[];
  /** Other people's span processors; spans are exported by ours all the same. */
  readonly spanProcessors?: readonly SpanProcessor[];
  /** Replaces our AsyncLocalStorage context manager. */
  readonly contextManager?: ContextManager;
  /** Instrumentation of modules. Default: none; /register switches the built-in ones on. */
  readonly instrumentations?: InstrumentationsOption;
  /** Metrics: read by the metrics part. */
  readonly metrics?: MetricsOptions;
  /** Logs: read by the logs part. */
  readonly logs?: LogsOptions;
  /**
   * Sends spans while they still run, from 100 ms on. Default `auto`: to backends that ask for it
   * in their answers; it takes one empty export to learn that.
   */
  readonly liveSpans?: 'auto' | boolean;
  /** When to flush at the program's end. Default `['exit']`; `signals` adds SIGTERM and SIGINT. */
  readonly flushOn?: readonly ('exit' | 'signals')[];
  /** Where the SDK's own diagnostics go. Default: warnings to stderr, one line a minute. */
  readonly diagnostics?: DiagnosticsOption;
}

/** Where records wait on disk. */
export interface SpillOptions {
  /** Shared by any number of processes; each has a subdirectory. Made when needed. */
  readonly directory: string;
  /** Of one process; past it the oldest records are dropped and counted. Default 512 MiB. */
  readonly maxBytes?: number;
}

/** Queue and batch options. */
export interface BatchOptions {
  /**
   * Memory that waiting records may take, all signals together; past it they are dropped and
   * counted. Default 16 MiB, and 64 MiB while the backend takes records.
   */
  readonly maxQueueBytes?: number;
  /** Longest wait of a record. Default: 50 ms on loopback, else OTEL_BSP_SCHEDULE_DELAY, 5 s. */
  readonly scheduledDelayMillis?: number;
  /** Body of one request before compression. Default 2 MiB. */
  readonly maxExportBytes?: number;
  /** Requests under way at once. Default 4. */
  readonly maxInFlight?: number;
}

/** Limits of one span; a count of 0 keeps none. */
export interface SpanLimitOptions {
  readonly attributeCountLimit?: number;
  readonly attributeValueLengthLimit?: number;
  readonly eventCountLimit?: number;
  readonly linkCountLimit?: number;
  readonly attributePerEventCountLimit?: number;
  readonly attributePerLinkCountLimit?: number;
}

/** Limits of attributes of every signal. */
export interface AttributeLimitOptions {
  readonly attributeCountLimit?: number;
  readonly attributeValueLengthLimit?: number;
}

/** Options of the metrics part. */
export interface MetricsOptions {
  /** Default: OTEL_METRIC_EXPORT_INTERVAL, else 60,000 ms. */
  readonly intervalMillis?: number;
  /** Default: OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE, else cumulative. */
  readonly temporality?: 'cumulative' | 'delta' | 'lowmemory';
  /** Series of one instrument. Default 2000. */
  readonly cardinalityLimit?: number;
  /** Which measurements may become exemplars. Default: OTEL_METRICS_EXEMPLAR_FILTER. */
  readonly exemplarFilter?: 'always_on' | 'always_off' | 'trace_based';
  /** Other names, attributes or aggregations for some instruments. */
  readonly views?: readonly MetricViewOptions[];
  /** Metrics of event loop, heap, garbage collector and process. Default false; on in /register. */
  readonly runtime?: boolean;
  /** Metrics of the SDK about itself: exported, lost and refused, with reasons. Default false. */
  readonly self?: boolean;
}

/** Options of the logs part. */
export interface LogsOptions {
  /** Records below this severity number (1–24) are not recorded. Default 1. */
  readonly minimumSeverity?: number;
}
