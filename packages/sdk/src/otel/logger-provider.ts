/** Loggers whose records go to the given processors (logs SDK, "LoggerProvider"). */
import type { Context, Counter, MeterProvider } from '@opentelemetry/api';
import type {
  AnyValueMap,
  Logger,
  LoggerOptions,
  LoggerProvider as Contract,
  LogRecord,
} from '@opentelemetry/api-logs';
import { activeContext } from '../common/context.js';
import { report } from '../common/diagnostics.js';
import { readCount } from '../common/environment.js';
import { ATTRIBUTE_COUNT } from '../common/limits.js';
import type { ReadableResource } from '../common/readable-span.js';
import { SDK_VERSION } from '../common/version.js';
import type { LogRecordProcessor } from './log-processors.js';
import { SdkLogRecord } from './log-record.js';
import type { LogRecordLimits, LogScope } from './log-record.js';
import { defaultResource } from './resource.js';

/** Options of {@link LoggerProvider}, under the official names. */
export interface LoggerProviderOptions {
  /** Default: `unknown_service:node` and the SDK's name. */
  readonly resource?: ReadableResource;
  /** Default: OTEL_LOGRECORD_*, else the specification's. */
  readonly logRecordLimits?: Partial<LogRecordLimits>;
  /** Where records go; none: nowhere. */
  readonly processors?: readonly LogRecordProcessor[];
  /** Gets `otel.sdk.log.created`. Default: nobody does. */
  readonly meterProvider?: MeterProvider;
}

/** Makes loggers that share resource, limits and processors. */
export class LoggerProvider implements Contract {
  readonly resource: ReadableResource;
  readonly processors: readonly LogRecordProcessor[];
  readonly limits: LogRecordLimits;
  /** `otel.sdk.log.created`, where somebody wants it. */
  readonly created: Counter | undefined;
  readonly #loggers = new Map<string, Logger>();
  #ended: Promise<void> | undefined;

  constructor(options: LoggerProviderOptions = {}) {
    const limits = options.logRecordLimits;
    const pick = (value: number | undefined, name: string): number | undefined =>
      value ??
      readCount(process.env, `OTEL_LOGRECORD_${name}`) ??
      readCount(process.env, `OTEL_${name}`);
    this.resource = options.resource ?? defaultResource();
    this.processors = [...(options.processors ?? [])];
    this.created = options.meterProvider
      ?.getMeter('@codomyrmex/telemetry/otel', SDK_VERSION)
      .createCounter('otel.sdk.log.created', { unit: '{log_record}' });
    this.limits = {
      attributeCountLimit:
        pick(limits?.attributeCountLimit, 'ATTRIBUTE_COUNT_LIMIT') ?? ATTRIBUTE_COUNT,
      attributeValueLengthLimit:
        pick(limits?.attributeValueLengthLimit, 'ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
        Number.POSITIVE_INFINITY,
    };
  }

  /** The logger of a scope; the same scope again gives the same logger. */
  getLogger(name: string, version?: string, options?: LoggerOptions): Logger {
    const attributes = options?.attributes;
    const schemaUrl = options?.schemaUrl;
    const scopeName = typeof name === 'string' && name !== '' ? name : 'unknown';
    const key = JSON.stringify([scopeName, version ?? '', schemaUrl ?? '', attributes]);
    let logger = this.#loggers.get(key);
    if (logger === undefined) {
      const scope = { name: scopeName, version, schemaUrl };
      logger = new ScopedLogger(this, attributes === undefined ? scope : { ...scope, attributes });
      this.#loggers.set(key, logger);
    }
    return logger;
  }

  /** True from the first call of shutdown on: records are dropped. */
  get isShutDown(): boolean {
    return this.#ended !== undefined;
  }

  /** Has every processor export what it holds; rejects when one fails. */
  async forceFlush(): Promise<void> {
    await (this.#ended ?? Promise.all(this.processors.map((each) => each.forceFlush())));
  }

  /** Shuts every processor down; a second call returns the first promise. */
  shutdown(): Promise<void> {
    this.#ended ??= Promise.all(this.processors.map((each) => each.shutdown())).then(
      () => undefined,
    );
    return this.#ended;
  }
}

class ScopedLogger implements Logger {
  readonly #provider: LoggerProvider;
  readonly #scope: LogScope & { readonly attributes?: AnyValueMap };

  constructor(provider: LoggerProvider, scope: LogScope) {
    this.#provider = provider;
    this.#scope = scope as LogScope & { readonly attributes?: AnyValueMap };
  }

  /** Never throws. */
  emit(emitted: LogRecord): void {
    try {
      const context = emitted.context ?? activeContext();
      if (!this.#provider.isShutDown) this.#provider.created?.add(1);
      if (!this.#isWanted(emitted, context)) return;
      const { resource, limits, processors } = this.#provider;
      const record = new SdkLogRecord({ ...emitted, context }, resource, this.#scope, limits);
      for (const processor of processors) guarded(() => processor.onEmit(record, context));
      record.makeReadonly();
    } catch (error: unknown) {
      report('warn', `dropping a log record: ${String(error)}`);
    }
  }

  /** False when no processor wants a record like that. */
  enabled(
    options: { context?: Context; severityNumber?: number; eventName?: string } = {},
  ): boolean {
    return this.#isWanted(options, options.context ?? activeContext());
  }

  #isWanted(options: { severityNumber?: number; eventName?: string }, context: Context): boolean {
    if (this.#provider.isShutDown) return false;
    const { severityNumber, eventName } = options;
    const asked = { context, instrumentationScope: this.#scope, severityNumber, eventName };
    return this.#provider.processors.some((each) => each.enabled?.(asked) ?? true);
  }
}

function guarded(call: () => void): void {
  try {
    call();
  } catch (error: unknown) {
    report('error', `a log processor's onEmit threw: ${String(error)}`);
  }
}
