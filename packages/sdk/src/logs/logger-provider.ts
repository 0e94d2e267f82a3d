import { isSpanContextValid } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import type {
  Logger as LoggerContract,
  LoggerOptions,
  LoggerProvider as Contract,
  LogRecord,
} from '@opentelemetry/api-logs';

import { flattenAttributes, sanitizeValue } from '../common/attributes.js';
import { unixNow, unixTimeFrom } from '../common/clock.js';
import { activeContext, spanOf } from '../common/context.js';
import { reportOnce } from '../common/diagnostics.js';
import { readCount } from '../common/environment.js';
import { ATTRIBUTE_COUNT } from '../common/limits.js';
import { Scope } from '../common/scope.js';
import { Batcher } from '../export/batcher.js';
import type { Telemetry } from '../export/telemetry.js';
import { checkedSeverity } from './check-logs-options.js';
import { exceptionAttributes } from './exception-attributes.js';
import { writeLogRecord } from './log-encoding.js';
import { severityNumberFrom, severityText } from './severity.js';

/** Each logger holds a chunk of at least 4 KiB: 1,000 are 4 MB, and more than a program names. */
const MAX_LOGGERS = 1000;
const OVERFLOW = 'overflow';

/** Limits of one record. */
interface RecordLimits {
  readonly attributeCount: number;
  /** UTF-16 units of a string value. */
  readonly valueLength: number;
  /** 1–24; below it nothing is recorded. */
  readonly minimumSeverity: number;
}

/** Loggers of one resource (logs SDK): records are encoded when they are emitted. */
export class LoggerProvider implements Contract {
  readonly #telemetry: Telemetry;
  readonly #limits: RecordLimits;
  readonly #loggers = new Map<string, Logger>();

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
    this.#limits = resolveLimits(telemetry);
  }

  /** The logger of a scope; the same scope again gives the same logger. */
  getLogger(name: string, version?: string, options?: LoggerOptions): Logger {
    const { schemaUrl, attributes } = options ?? {};
    const key = JSON.stringify([String(name), version ?? '', schemaUrl ?? '', attributes]);
    let logger = this.#loggers.get(key);
    if (logger === undefined && this.#loggers.size >= MAX_LOGGERS) {
      reportOnce('warn', 'loggers', `over ${MAX_LOGGERS} loggers: are names made from data?`);
      // Its records arrive, under a scope that says why: each logger has a buffer of its own.
      return this.#loggers.size > MAX_LOGGERS
        ? (this.#loggers.get(OVERFLOW) as Logger)
        : this.#make(OVERFLOW, new Scope('otel.logger.overflow'));
    }
    if (logger === undefined) {
      const scope = new Scope(String(name ?? ''), version, schemaUrl, attributes);
      logger = this.#make(key, scope);
    }
    return logger;
  }

  #make(key: string, scope: Scope): Logger {
    const batcher = new Batcher(this.#telemetry, 'logs', scope);
    const logger = new Logger(this.#telemetry, batcher, this.#limits);
    this.#loggers.set(key, logger);
    return logger;
  }
}

/** Emits records of one scope; the api's Logger. */
export class Logger implements LoggerContract {
  readonly #telemetry: Telemetry;
  readonly #batcher: Batcher;
  readonly #limits: RecordLimits;

  constructor(telemetry: Telemetry, batcher: Batcher, limits: RecordLimits) {
    this.#telemetry = telemetry;
    this.#batcher = batcher;
    this.#limits = limits;
  }

  /** False when a record of that severity would not be recorded; unspecified severity would. */
  enabled(options?: { severityNumber?: number }): boolean {
    if (this.#telemetry.settings.destinations.logs === undefined) return false;
    const severity = severityNumberFrom(options?.severityNumber);
    return severity === 0 || severity >= this.#limits.minimumSeverity;
  }

  /** Records and returns; never throws. Without `context` the active span is the record's. */
  emit(record: LogRecord): void {
    try {
      this.#emit(record);
    } catch (error: unknown) {
      reportOnce('warn', 'log record failed', `dropping a log record: ${String(error)}`);
    }
  }

  #emit(record: LogRecord): void {
    if (this.#telemetry.settings.destinations.logs === undefined) return;
    this.#telemetry.counts.logsCreated++;
    const severityNumber = severityNumberFrom(record.severityNumber);
    if (!this.enabled({ severityNumber })) return;
    const { attributeCount, valueLength } = this.#limits;
    const now = unixNow();
    const { flat, dropped } = flattenAttributes(record.attributes, attributeCount, valueLength);
    const exception =
      record.exception === undefined ? undefined : describe(record.exception, flat, valueLength);
    const span = spanContextOf(record.context);
    writeLogRecord(this.#batcher.writer, {
      time: unixTimeFrom(record.timestamp) ?? now,
      observedTime: unixTimeFrom(record.observedTimestamp) ?? now,
      severityNumber,
      severityText: text(record.severityText) ?? severityText(severityNumber),
      eventName: text(record.eventName) ?? '',
      body: sanitizeValue(record.body, Infinity),
      attributes: flat,
      exception,
      droppedAttributesCount: dropped,
      traceId: span?.traceId,
      spanId: span?.spanId,
      traceFlags: span?.traceFlags ?? 0,
    });
    this.#batcher.recorded();
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function spanContextOf(
  given: Context | undefined,
): { traceId: string; spanId: string; traceFlags: number } | undefined {
  const spanContext = spanOf(given ?? activeContext())?.spanContext();
  return spanContext !== undefined && isSpanContextValid(spanContext) ? spanContext : undefined;
}

/** Exception attributes that the record does not set itself. */
function describe(exception: unknown, flat: readonly unknown[], valueLength: number): unknown[] {
  const described = safely(exception);
  const kept: unknown[] = [];
  for (let index = 0; index < described.length; index += 2) {
    if (flat.includes(described[index])) continue;
    kept.push(described[index], sanitizeValue(described[index + 1], valueLength));
  }
  return kept;
}

function safely(exception: unknown): unknown[] {
  try {
    return exceptionAttributes(exception);
  } catch {
    // A getter of the program's threw; that there was an exception is still worth a record.
    return ['exception.type', typeof exception];
  }
}

function resolveLimits(telemetry: Telemetry): RecordLimits {
  const { options, environment } = telemetry;
  return {
    attributeCount:
      options.attributeLimits?.attributeCountLimit ??
      readCount(environment, 'OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT') ??
      readCount(environment, 'OTEL_ATTRIBUTE_COUNT_LIMIT') ??
      ATTRIBUTE_COUNT,
    valueLength:
      options.attributeLimits?.attributeValueLengthLimit ??
      readCount(environment, 'OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
      readCount(environment, 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
      Infinity,
    minimumSeverity: checkedSeverity(options.logs?.minimumSeverity) ?? 1,
  };
}
