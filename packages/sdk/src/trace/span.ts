/**
 * The span that records. One fixed shape; 32-bit integers, one flat array of attributes, and
 * nothing made before it is asked for. `end()` hands it to the tracer, which encodes it at once.
 */
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type {
  Attributes,
  Exception,
  Link,
  Span as ApiSpan,
  SpanContext,
  SpanStatus,
  TimeInput,
} from '@opentelemetry/api';
import { flattenAttributes, safeGet, safeKeys, sanitizeValue } from '../common/attributes.js';
import type { FlatAttributes } from '../common/attributes.js';
import { readClock, reading, unixTimeFrom } from '../common/clock.js';
import { reportOnce } from '../common/diagnostics.js';
import { randomInt32 } from '../common/ids.js';
import { exceptionAttributes } from './exception.js';
import type { SpanLimits } from './span-limits.js';
import { spanContextOf } from './trace-ids.js';
import type { Trace } from './trace-ids.js';

/** What our functions return: the api's Span, which `using` can end. */
export interface Span extends ApiSpan, Disposable {}

/** Who made a span and takes it when it ends. */
export interface SpanOwner {
  readonly limits: SpanLimits;
  spanEnded(span: RecordedSpan): void;
  /** Sends what there is of a span that still runs. */
  spanOpen(span: RecordedSpan): void;
}

/** An event of a span; the time is relative to the trace's anchor. */
export interface RecordedEvent {
  readonly seconds: number;
  readonly nanos: number;
  readonly name: string;
  readonly attributes: FlatAttributes;
  readonly droppedAttributes: number;
}

/** A link of a span. */
export interface RecordedLink {
  readonly context: SpanContext;
  readonly attributes: FlatAttributes;
  readonly droppedAttributes: number;
}

/** What most spans do not have. */
export interface SpanDetails {
  droppedAttributes: number;
  readonly events: RecordedEvent[];
  droppedEvents: number;
  readonly links: RecordedLink[];
  droppedLinks: number;
  statusMessage: string | undefined;
}

const NANOS_PER_SECOND = 1_000_000_000;

/** A span under construction. Its fields are for the encoder and the readable view. */
export class RecordedSpan implements Span {
  declare owner: SpanOwner;
  declare readonly trace: Trace;
  declare idHigh: number;
  declare idLow: number;
  /** The parent's id; 0 and 0 for a root span. */
  declare readonly parentHigh: number;
  declare readonly parentLow: number;
  declare readonly parentIsRemote: boolean;
  declare readonly kind: number;
  declare name: string;
  declare startSeconds: number;
  declare startNanos: number;
  declare endSeconds: number;
  declare endNanos: number;
  declare attributes: FlatAttributes;
  declare details: SpanDetails | undefined;
  declare statusCode: SpanStatusCode;
  declare isEnded: boolean;
  declare contextObject: SpanContext | undefined;
  /** Neighbours in the list of open spans; both undefined outside of it. */
  declare openedBefore: RecordedSpan | undefined;
  declare openedAfter: RecordedSpan | undefined;

  constructor(
    owner: SpanOwner,
    trace: Trace,
    parentHigh: number,
    parentLow: number,
    parentIsRemote: boolean,
    name: string,
    kind: number,
    seconds: number,
    nanos: number,
  ) {
    this.owner = owner;
    this.trace = trace;
    let high = randomInt32();
    let low = randomInt32();
    while ((high | low) === 0) {
      high = randomInt32();
      low = randomInt32();
    }
    this.idHigh = high;
    this.idLow = low;
    this.parentHigh = parentHigh;
    this.parentLow = parentLow;
    this.parentIsRemote = parentIsRemote;
    this.kind = kind;
    this.name = name;
    this.startSeconds = seconds;
    this.startNanos = nanos;
    this.endSeconds = 0;
    this.endNanos = 0;
    this.attributes = [];
    this.details = undefined;
    this.statusCode = SpanStatusCode.UNSET;
    this.isEnded = false;
    this.contextObject = undefined;
    this.openedBefore = undefined;
    this.openedAfter = undefined;
  }

  /** The details, made when first needed. */
  detailed(): SpanDetails {
    this.details ??= {
      droppedAttributes: 0,
      events: [],
      droppedEvents: 0,
      links: [],
      droppedLinks: 0,
      statusMessage: undefined,
    };
    return this.details;
  }

  spanContext(): SpanContext {
    this.contextObject ??= spanContextOf(this.trace, this.idHigh, this.idLow);
    return this.contextObject;
  }

  isRecording(): boolean {
    return !this.isEnded;
  }

  setAttribute(key: string, value: unknown): this {
    if (this.isEnded) return this.#late();
    const limits = this.owner.limits;
    // Short strings, numbers and booleans need no copy and no check.
    const isPlain =
      typeof value === 'number' ||
      typeof value === 'boolean' ||
      (typeof value === 'string' && value.length <= 1024 && value.length <= limits.valueLength);
    const kept = isPlain ? value : sanitizeValue(value, limits.valueLength);
    if (kept === undefined) {
      if (value !== undefined && value !== null) reportBadValue(key);
      return this;
    }
    if (typeof key !== 'string' || key === '') {
      reportOnce('warn', 'attribute key', 'left out an attribute without a key');
      return this;
    }
    const flat = this.attributes;
    for (let index = 0; index < flat.length; index += 2) {
      if (flat[index] === key) {
        flat[index + 1] = kept;
        return this;
      }
    }
    if (flat.length >= limits.attributeCount * 2) this.detailed().droppedAttributes++;
    else flat.push(key, kept);
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (this.isEnded) return this.#late();
    if (typeof attributes !== 'object' || attributes === null) return this;
    for (const key of safeKeys(attributes)) this.setAttribute(key, safeGet(attributes, key));
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.isEnded) return this.#late();
    try {
      const isTime = isTimeInput(attributesOrTime);
      const attributes = isTime ? undefined : attributesOrTime;
      this.#pushEvent(textOf(name), attributes, isTime ? (time ?? attributesOrTime) : time);
    } catch (error: unknown) {
      reportUnreadable('addEvent', error);
    }
    return this;
  }

  #pushEvent(name: string, attributes: unknown, time: TimeInput | undefined): void {
    const limits = this.owner.limits;
    const details = this.detailed();
    if (details.events.length >= limits.eventCount) {
      details.droppedEvents++;
      if (limits.eventCount === 0) return;
      // The oldest goes, as in the official SDK: what came last explains an end.
      details.events.shift();
    }
    const { flat, dropped } = flattenAttributes(
      attributes,
      limits.eventAttributeCount,
      limits.valueLength,
    );
    readAt(this.trace, time);
    details.events.push({
      seconds: reading.seconds,
      nanos: reading.nanos,
      name,
      attributes: flat,
      droppedAttributes: dropped,
    });
  }

  addLink(link: Link): this {
    if (this.isEnded) return this.#late();
    try {
      this.#pushLink(link);
    } catch (error: unknown) {
      reportUnreadable('addLink', error);
    }
    return this;
  }

  #pushLink(link: Link): void {
    const limits = this.owner.limits;
    const context = link?.context;
    if (typeof context?.traceId !== 'string' || typeof context.spanId !== 'string') return;
    const details = this.detailed();
    if (details.links.length >= limits.linkCount) {
      details.droppedLinks++;
      if (limits.linkCount === 0) return;
      details.links.shift();
    }
    const { flat, dropped } = flattenAttributes(
      link.attributes,
      limits.linkAttributeCount,
      limits.valueLength,
    );
    const droppedAttributes = dropped + (link.droppedAttributesCount ?? 0);
    details.links.push({ context, attributes: flat, droppedAttributes });
  }

  addLinks(links: Link[]): this {
    if (Array.isArray(links)) for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (this.isEnded) return this.#late();
    try {
      this.#takeStatus(status);
    } catch (error: unknown) {
      reportUnreadable('setStatus', error);
    }
    return this;
  }

  #takeStatus(status: SpanStatus): void {
    const code = status?.code;
    // OK is final, UNSET changes nothing (trace API specification, Set Status).
    if (this.statusCode === SpanStatusCode.OK) return;
    if (code !== SpanStatusCode.OK && code !== SpanStatusCode.ERROR) return;
    this.statusCode = code;
    const message: unknown = code === SpanStatusCode.ERROR ? status.message : undefined;
    if (typeof message === 'string') this.detailed().statusMessage = message;
    else if (this.details !== undefined) this.details.statusMessage = undefined;
  }

  updateName(name: string): this {
    if (this.isEnded) return this.#late();
    this.name = textOf(name);
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    if (this.isEnded) {
      this.#late();
      return;
    }
    this.#pushEvent('exception', exceptionAttributes(exception), time);
  }

  end(endTime?: TimeInput): void {
    if (this.isEnded) {
      reportOnce('warn', 'ended twice', `span ${JSON.stringify(this.name)} was ended twice`);
      return;
    }
    readAt(this.trace, endTime);
    this.endSeconds = reading.seconds;
    this.endNanos = reading.nanos;
    const seconds = this.endSeconds - this.startSeconds;
    if (seconds < 0 || (seconds === 0 && this.endNanos < this.startNanos)) {
      this.endSeconds = this.startSeconds;
      this.endNanos = this.startNanos;
    }
    this.owner.spanEnded(this);
  }

  [Symbol.dispose](): void {
    if (!this.isEnded) this.end();
  }

  #late(): this {
    reportOnce('warn', 'ended span', `span ${JSON.stringify(this.name)} was changed after its end`);
    return this;
  }
}

/**
 * Puts a time of the program's, relative to the trace's anchor, into the clock's reading; the
 * present when it is none. False when it was given and is no time.
 */
export function readAt(trace: Trace, time: unknown): boolean {
  const unix = time === undefined ? undefined : safeTimeFrom(time);
  if (unix === undefined) {
    readClock();
    return time === undefined;
  }
  const rest = unix.nanos - trace.anchor.nanos;
  const whole = unix.seconds - trace.anchor.seconds;
  reading.seconds = rest < 0 ? whole - 1 : whole;
  reading.nanos = rest < 0 ? rest + NANOS_PER_SECOND : rest;
  return true;
}

function safeTimeFrom(time: unknown): ReturnType<typeof unixTimeFrom> {
  try {
    return unixTimeFrom(time);
  } catch {
    // A proxy of the program's refused to say what it is.
    return undefined;
  }
}

function isTimeInput(value: unknown): value is TimeInput {
  return typeof value === 'number' || value instanceof Date || Array.isArray(value);
}

/** A name as text, whatever the program passed. Never throws. */
export function textOf(name: unknown): string {
  if (typeof name === 'string') return name;
  try {
    return String(name);
  } catch {
    // Its toString threw, or it has none.
    return typeof name;
  }
}

/** A kind that OTLP has; INTERNAL for anything else. */
export function kindOf(kind: unknown): SpanKind {
  const isKind = typeof kind === 'number' && kind >>> 0 === kind && kind <= SpanKind.CONSUMER;
  return isKind ? kind : SpanKind.INTERNAL;
}

function reportUnreadable(method: string, error: unknown): void {
  reportOnce('warn', method, `${method} was given what cannot be read: ${textOf(error)}`);
}

function reportBadValue(key: string): void {
  reportOnce('warn', 'attribute value', `left out attribute ${textOf(key)}: not a valid value`);
}
