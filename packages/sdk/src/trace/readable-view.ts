/**
 * What other people's processors see: a recorded span under the official names. Nothing is made
 * before it is read, so that a processor that only looks at the name pays for the name.
 */
import type {
  Attributes,
  Exception,
  HrTime,
  Link,
  Span as ApiSpan,
  SpanContext,
  SpanKind,
  SpanStatus,
  TimeInput,
} from '@opentelemetry/api';
import { attributesObject } from '../common/attributes.js';
import { hexOfInt32 } from '../common/ids.js';
import type { ReadableSpan, TimedEvent } from '../common/readable-span.js';
import type { Resource } from '../common/resource.js';
import type { Scope } from '../common/scope.js';
import type { RecordedSpan } from './span.js';

const NANOS_PER_SECOND = 1_000_000_000;

/** A span as `Span & ReadableSpan`. */
export class ReadableView implements ApiSpan, ReadableSpan {
  readonly #span: RecordedSpan;
  readonly #resource: Resource;
  readonly #scope: Scope;

  constructor(span: RecordedSpan, resource: Resource, scope: Scope) {
    this.#span = span;
    this.#resource = resource;
    this.#scope = scope;
  }

  get name(): string {
    return this.#span.name;
  }

  get kind(): SpanKind {
    return this.#span.kind;
  }

  get parentSpanContext(): SpanContext | undefined {
    const { parentHigh, parentLow, parentIsRemote, trace } = this.#span;
    if ((parentHigh | parentLow) === 0) return undefined;
    return {
      traceId: trace.traceId(),
      spanId: hexOfInt32(parentHigh) + hexOfInt32(parentLow),
      traceFlags: trace.flags,
      ...(trace.state === undefined ? {} : { traceState: trace.state }),
      ...(parentIsRemote ? { isRemote: true } : {}),
    };
  }

  /** The parent's id under the name that exporters for the 1.x SDK read. */
  get parentSpanId(): string | undefined {
    return this.parentSpanContext?.spanId;
  }

  get startTime(): HrTime {
    return this.#absolute(this.#span.startSeconds, this.#span.startNanos);
  }

  get endTime(): HrTime {
    return this.#absolute(this.#span.endSeconds, this.#span.endNanos);
  }

  get duration(): HrTime {
    const { startSeconds, startNanos, endSeconds, endNanos } = this.#span;
    const nanos = endNanos - startNanos;
    const seconds = endSeconds - startSeconds;
    return nanos < 0 ? [seconds - 1, nanos + NANOS_PER_SECOND] : [seconds, nanos];
  }

  get ended(): boolean {
    return this.#span.isEnded;
  }

  get status(): SpanStatus {
    const { statusCode, details } = this.#span;
    const statusMessage = details?.statusMessage;
    return statusMessage === undefined
      ? { code: statusCode }
      : { code: statusCode, message: statusMessage };
  }

  get attributes(): Attributes {
    return attributesObject(this.#span.attributes) as Attributes;
  }

  get links(): Link[] {
    return (this.#span.details?.links ?? []).map((link) => ({
      context: link.context,
      attributes: attributesObject(link.attributes) as Attributes,
      droppedAttributesCount: link.droppedAttributes,
    }));
  }

  get events(): TimedEvent[] {
    return (this.#span.details?.events ?? []).map((event) => ({
      name: event.name,
      time: this.#absolute(event.seconds, event.nanos),
      attributes: attributesObject(event.attributes) as Attributes,
      droppedAttributesCount: event.droppedAttributes,
    }));
  }

  get resource(): { readonly attributes: Attributes } {
    return this.#resource as { readonly attributes: Attributes };
  }

  get instrumentationScope(): Scope {
    return this.#scope;
  }

  /** The scope under the name that exporters for the 1.x SDK read. */
  get instrumentationLibrary(): Scope {
    return this.#scope;
  }

  get droppedAttributesCount(): number {
    return this.#span.details?.droppedAttributes ?? 0;
  }

  get droppedEventsCount(): number {
    return this.#span.details?.droppedEvents ?? 0;
  }

  get droppedLinksCount(): number {
    return this.#span.details?.droppedLinks ?? 0;
  }

  #absolute(seconds: number, nanos: number): HrTime {
    const { anchor } = this.#span.trace;
    const sum = anchor.nanos + nanos;
    return sum >= NANOS_PER_SECOND
      ? [anchor.seconds + seconds + 1, sum - NANOS_PER_SECOND]
      : [anchor.seconds + seconds, sum];
  }

  spanContext(): SpanContext {
    return this.#span.spanContext();
  }

  isRecording(): boolean {
    return this.#span.isRecording();
  }

  setAttribute(key: string, value: unknown): this {
    this.#span.setAttribute(key, value);
    return this;
  }

  setAttributes(attributes: Attributes): this {
    this.#span.setAttributes(attributes);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    this.#span.addEvent(name, attributesOrTime, time);
    return this;
  }

  addLink(link: Link): this {
    this.#span.addLink(link);
    return this;
  }

  addLinks(links: Link[]): this {
    this.#span.addLinks(links);
    return this;
  }

  setStatus(status: SpanStatus): this {
    this.#span.setStatus(status);
    return this;
  }

  updateName(name: string): this {
    this.#span.updateName(name);
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    this.#span.recordException(exception, time);
  }

  end(endTime?: TimeInput): void {
    this.#span.end(endTime);
  }
}
