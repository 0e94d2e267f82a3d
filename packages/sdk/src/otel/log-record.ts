/** Log records as processors and exporters of the official interface see them. */
import { isSpanContextValid } from '@opentelemetry/api';
import type { HrTime, SpanContext } from '@opentelemetry/api';
import type {
  AnyValue,
  AnyValueMap,
  LogRecord as EmittedLogRecord,
  SeverityNumber,
} from '@opentelemetry/api-logs';
import { safeGet, safeKeys, sanitizeValue } from '../common/attributes.js';
import { unixNow, unixTimeFrom } from '../common/clock.js';
import { activeContext, spanOf } from '../common/context.js';
import { reportOnce } from '../common/diagnostics.js';
import type { ReadableResource } from '../common/readable-span.js';
import { exceptionAttributes } from '../logs/exception-attributes.js';
import type { Exporting } from './export-result.js';

/** Who logged, as a reader sees it. */
export interface LogScope {
  readonly name: string;
  readonly version?: string | undefined;
  readonly schemaUrl?: string | undefined;
  readonly attributes?: AnyValueMap | undefined;
}

/** A log record as a reader sees it: the official SDK's interface. */
export interface ReadableLogRecord {
  readonly hrTime: HrTime;
  readonly hrTimeObserved: HrTime;
  readonly spanContext?: SpanContext | undefined;
  readonly severityText?: string | undefined;
  readonly severityNumber?: SeverityNumber | undefined;
  readonly body?: AnyValue;
  readonly eventName?: string | undefined;
  readonly resource: ReadableResource;
  readonly instrumentationScope: LogScope;
  readonly attributes: AnyValueMap;
  readonly droppedAttributesCount: number;
}

/** A log record as a processor may change it: the official SDK's interface. */
export interface ReadWriteLogRecord extends ReadableLogRecord {
  hrTime: HrTime;
  hrTimeObserved: HrTime;
  spanContext?: SpanContext | undefined;
  severityText?: string | undefined;
  severityNumber?: SeverityNumber | undefined;
  body?: AnyValue;
  eventName?: string | undefined;
  setAttribute(key: string, value?: AnyValue): this;
  setAttributes(attributes: AnyValueMap): this;
  setBody(body: AnyValue): this;
  setEventName(eventName: string): this;
  setSeverityNumber(severityNumber: SeverityNumber): this;
  setSeverityText(severityText: string): this;
}

/** Takes log records out of the program; the official SDK's interface. */
export type LogRecordExporter = Exporting<ReadableLogRecord[]>;

/** How much of a record is kept. */
export interface LogRecordLimits {
  readonly attributeCountLimit: number;
  readonly attributeValueLengthLimit: number;
}

/** A record between emit and its processors: writable until they have all seen it. */
export class SdkLogRecord implements ReadWriteLogRecord {
  readonly resource: ReadableResource;
  readonly instrumentationScope: LogScope;
  readonly attributes: AnyValueMap = {};
  readonly #limits: LogRecordLimits;
  #fields: {
    hrTime: HrTime;
    hrTimeObserved: HrTime;
    spanContext: SpanContext | undefined;
    severityText: string | undefined;
    severityNumber: SeverityNumber | undefined;
    body: AnyValue;
    eventName: string | undefined;
  };
  #count = 0;
  #dropped = 0;
  #isReadonly = false;

  constructor(
    emitted: EmittedLogRecord,
    resource: ReadableResource,
    scope: LogScope,
    limits: LogRecordLimits,
  ) {
    this.resource = resource;
    this.instrumentationScope = scope;
    this.#limits = limits;
    const now = unixNow();
    const time = unixTimeFrom(emitted.timestamp) ?? now;
    const observed = unixTimeFrom(emitted.observedTimestamp) ?? now;
    const spanContext = spanOf(emitted.context ?? activeContext())?.spanContext();
    const isInSpan = spanContext !== undefined && isSpanContextValid(spanContext);
    this.#fields = {
      hrTime: [time.seconds, time.nanos],
      hrTimeObserved: [observed.seconds, observed.nanos],
      spanContext: isInSpan ? spanContext : undefined,
      severityText: emitted.severityText,
      severityNumber: emitted.severityNumber,
      body: emitted.body,
      eventName: emitted.eventName,
    };
    if (emitted.attributes !== undefined) this.setAttributes(emitted.attributes);
    if (emitted.exception !== undefined) this.#describe(emitted.exception);
  }

  #describe(exception: unknown): void {
    const described = exceptionAttributes(exception);
    for (let index = 0; index < described.length; index += 2) {
      const key = described[index] as string;
      // What the program says wins over what the exception says.
      if (!Object.hasOwn(this.attributes, key)) this.setAttribute(key, described[index + 1]);
    }
  }

  /** When it happened. */
  get hrTime(): HrTime {
    return this.#fields.hrTime;
  }

  set hrTime(value: HrTime) {
    this.#set('hrTime', value);
  }

  /** When the SDK was told. */
  get hrTimeObserved(): HrTime {
    return this.#fields.hrTimeObserved;
  }

  set hrTimeObserved(value: HrTime) {
    this.#set('hrTimeObserved', value);
  }

  /** The span that it happened in. */
  get spanContext(): SpanContext | undefined {
    return this.#fields.spanContext;
  }

  set spanContext(value: SpanContext | undefined) {
    this.#set('spanContext', value);
  }

  /** The severity in the source's own words. */
  get severityText(): string | undefined {
    return this.#fields.severityText;
  }

  set severityText(value: string | undefined) {
    this.#set('severityText', value);
  }

  /** 1 to 24; none: unspecified. */
  get severityNumber(): SeverityNumber | undefined {
    return this.#fields.severityNumber;
  }

  set severityNumber(value: SeverityNumber | undefined) {
    this.#set('severityNumber', value);
  }

  /** What is said: any value. */
  get body(): AnyValue {
    return this.#fields.body;
  }

  set body(value: AnyValue) {
    this.#set('body', value);
  }

  /** Which kind of event it is, where it is one. */
  get eventName(): string | undefined {
    return this.#fields.eventName;
  }

  set eventName(value: string | undefined) {
    this.#set('eventName', value);
  }

  /** Attributes beyond the limit. */
  get droppedAttributesCount(): number {
    return this.#dropped;
  }

  #set<K extends keyof SdkLogRecord & string>(key: K, value: SdkLogRecord[K]): void {
    if (this.#isWritable()) this.#fields = { ...this.#fields, [key]: value };
  }

  #isWritable(): boolean {
    if (!this.#isReadonly) return true;
    reportOnce('warn', 'late log record', 'a log record was changed too late');
    return false;
  }

  /** Sets one attribute; past the limit a new one is dropped and counted. */
  setAttribute(key: string, value?: unknown): this {
    if (!this.#isWritable() || typeof key !== 'string' || key === '') return this;
    const kept = sanitizeValue(value, this.#limits.attributeValueLengthLimit);
    if (kept === undefined) return this;
    const isNew = !Object.hasOwn(this.attributes, key);
    if (isNew && this.#count >= this.#limits.attributeCountLimit) {
      this.#dropped++;
      return this;
    }
    if (isNew) this.#count++;
    const rest = { writable: true, enumerable: true, configurable: true };
    Object.defineProperty(this.attributes, key, { value: kept, ...rest });
    return this;
  }

  /** Sets several attributes. */
  setAttributes(attributes: AnyValueMap): this {
    if (typeof attributes !== 'object' || attributes === null) return this;
    for (const key of safeKeys(attributes)) this.setAttribute(key, safeGet(attributes, key));
    return this;
  }

  /** Replaces the body. */
  setBody(body: AnyValue): this {
    this.body = body;
    return this;
  }

  /** Replaces the event's name. */
  setEventName(eventName: string): this {
    this.eventName = eventName;
    return this;
  }

  /** Replaces the severity. */
  setSeverityNumber(severityNumber: SeverityNumber): this {
    this.severityNumber = severityNumber;
    return this;
  }

  /** Replaces the severity's text. */
  setSeverityText(severityText: string): this {
    this.severityText = severityText;
    return this;
  }

  /** From now on changes are ignored, with one diagnostic. */
  makeReadonly(): void {
    this.#isReadonly = true;
  }
}
