/** Our tracer under the official constructor's options. */
import { context as contextApi, propagation, trace as traceApi } from '@opentelemetry/api';
import type {
  ContextManager,
  MeterProvider,
  TextMapPropagator,
  TracerOptions,
  TracerProvider as Contract,
} from '@opentelemetry/api';
import { setForeignContextManager } from '../common/context.js';
import type { ReadableResource, SpanProcessor } from '../common/readable-span.js';
import type { Sampler } from '../common/sampler.js';
import { Scope } from '../common/scope.js';
import { SpanCounts } from '../common/span-counts.js';
import { SDK_VERSION } from '../common/version.js';
import type { AttributeLimitOptions, SpanLimitOptions } from '../export/options.js';
import { runningTelemetry } from '../export/telemetry.js';
import { observeSpans } from '../metrics/span-metrics.js';
import { W3CBaggagePropagator } from '../trace/baggage-propagator.js';
import type { IdGenerator } from '../trace/id-generator.js';
import { CompositePropagator } from '../trace/propagators.js';
import { samplerFromEnvironment } from '../trace/samplers.js';
import { resolveSpanLimits } from '../trace/span-limits.js';
import type { SpanLimits } from '../trace/span-limits.js';
import { W3CTraceContextPropagator } from '../trace/trace-context-propagator.js';
import { Tracer } from '../trace/tracer.js';
import type { TracerSurroundings } from '../trace/tracer.js';
import { AsyncLocalStorageContextManager } from './context-manager.js';
import { FORCE_FLUSH_TIMEOUT_MILLIS } from './limits.js';
import { defaultResource } from './resource.js';
import { NoopSpanProcessor } from './span-processors.js';

/** Options of {@link TracerProvider}, under the official names. */
export interface TracerProviderOptions {
  /** Default: OTEL_TRACES_SAMPLER, else parent-based always on. */
  readonly sampler?: Sampler;
  /** Default: OTEL_SPAN_*, else the specification's. */
  readonly spanLimits?: SpanLimitOptions;
  /** Limits of attributes where spanLimits says nothing. */
  readonly generalLimits?: AttributeLimitOptions;
  /** Default: `unknown_service:node` and the SDK's name. */
  readonly resource?: ReadableResource;
  /** Default: random ids. */
  readonly idGenerator?: IdGenerator;
  /** Default 30,000 ms. */
  readonly forceFlushTimeoutMillis?: number;
  /** Where spans go; none: nowhere. */
  readonly spanProcessors?: readonly SpanProcessor[];
  /** Gets `otel.sdk.span.started` and `otel.sdk.span.live`. Default: nobody does. */
  readonly meterProvider?: MeterProvider;
}

/** What {@link TracerProvider.register} makes global; `null` leaves that part alone. */
export interface RegistrationOptions {
  /** Default: an {@link AsyncLocalStorageContextManager}. */
  readonly contextManager?: ContextManager | null;
  /** Default: trace context and baggage. */
  readonly propagator?: TextMapPropagator | null;
}

/** Makes tracers whose spans go to the given processors (trace SDK, "Tracer Provider"). */
export class TracerProvider implements Contract, TracerSurroundings {
  readonly limits: SpanLimits;
  readonly sampler: Sampler;
  readonly processors: readonly SpanProcessor[];
  readonly resource: ReadableResource;
  readonly spanCounts: SpanCounts = new SpanCounts();
  readonly idGenerator: IdGenerator | undefined;
  readonly #flushTimeoutMillis: number;
  readonly #tracers = new Map<string, Tracer>();

  /** Limits that are no whole numbers throw. */
  constructor(options: TracerProviderOptions = {}) {
    this.limits = resolveSpanLimits(
      {
        spanLimits: withoutOddLength(options.spanLimits ?? {}),
        attributeLimits: withoutOddLength(options.generalLimits ?? {}),
      },
      process.env,
    );
    this.sampler = options.sampler ?? samplerFromEnvironment(process.env);
    const processors = options.spanProcessors ?? [];
    // With none at all spans can still be read: tests do it.
    this.processors = processors.length === 0 ? [new NoopSpanProcessor()] : [...processors];
    this.resource = options.resource ?? defaultResource();
    this.idGenerator = options.idGenerator;
    this.#flushTimeoutMillis = options.forceFlushTimeoutMillis ?? FORCE_FLUSH_TIMEOUT_MILLIS;
    const meter = options.meterProvider?.getMeter('@codomyrmex/telemetry/otel', SDK_VERSION);
    if (meter !== undefined) observeSpans(meter, this.spanCounts);
    // Without a running SDK only the api knows who manages the context.
    if (runningTelemetry() === undefined) setForeignContextManager(true);
  }

  /** Spans go to the processors alone. */
  batcherOf(): undefined {
    return undefined;
  }

  /** The tracer of a scope; the same one for the same name, version and schema URL. */
  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    const scopeName = typeof name === 'string' ? name : '';
    const key = `${scopeName}@${version ?? ''}:${options?.schemaUrl ?? ''}`;
    let tracer = this.#tracers.get(key);
    if (tracer === undefined) {
      tracer = new Tracer(this, new Scope(scopeName, version, options?.schemaUrl));
      this.#tracers.set(key, tracer);
    }
    return tracer;
  }

  /**
   * Has every processor export what it holds. Rejects with an array of errors when some fail or
   * take longer than `timeoutMillis`, default forceFlushTimeoutMillis.
   */
  async forceFlush(options?: { readonly timeoutMillis?: number }): Promise<void> {
    const millis = options?.timeoutMillis ?? this.#flushTimeoutMillis;
    const flushes = this.processors.map((processor) => flushWithin(processor, millis));
    const results = await Promise.allSettled(flushes);
    const errors = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    // An array, as people expect it from the official SDK.
    // oxlint-disable-next-line no-throw-literal
    if (errors.length > 0) throw errors;
  }

  /** Shuts every processor down; rejects when one fails. */
  async shutdown(): Promise<void> {
    await Promise.all(this.processors.map((processor) => processor.shutdown()));
  }

  /** Makes this provider, a context manager and a propagator the api's global ones. */
  register(options: RegistrationOptions = {}): void {
    traceApi.setGlobalTracerProvider(this);
    const { contextManager, propagator } = options;
    if (contextManager !== null) {
      const manager = contextManager ?? new AsyncLocalStorageContextManager();
      manager.enable();
      contextApi.setGlobalContextManager(manager);
    }
    if (propagator === null) return;
    const usual = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
    const chosen = propagator ?? new CompositePropagator({ propagators: usual });
    propagation.setGlobalPropagator(chosen);
  }
}

/** The official SDK takes a length limit that is none as «no limit». */
function withoutOddLength<T extends AttributeLimitOptions>(limits: T): T {
  const length = limits.attributeValueLengthLimit;
  if (length === undefined || length > 0) return limits;
  return { ...limits, attributeValueLengthLimit: Number.POSITIVE_INFINITY };
}

function flushWithin(processor: SpanProcessor, millis: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`a span processor did not flush within ${millis} ms`));
    }, millis);
    processor
      .forceFlush()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
