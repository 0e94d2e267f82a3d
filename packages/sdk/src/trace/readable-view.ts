/**
 * What other people's processors see: a recorded span under the official names. With processors
 * this is also what the program gets, so that a span is one object from start to export: people
 * keep spans as keys of a WeakMap and hang properties on them. Nothing is made before it is read,
 * so that a processor that only looks at the name pays for the name.
 *
 * No `#private` fields: processors wrap spans with Object.create and Proxy, which cannot pass them.
 */
import type {
  Attributes,
  Exception,
  HrTime,
  Link,
  SpanContext,
  SpanKind,
  SpanStatus,
  TimeInput,
} from '@opentelemetry/api';
import type { FlatAttributes } from '../common/attributes.js';
import { hexOfInt32 } from '../common/ids.js';
import type { ReadableResource, ReadableSpan, TimedEvent } from '../common/readable-span.js';
import type { RecordedEvent, RecordedLink, RecordedSpan, Span, SpanOwner } from './span.js';
import type { SpanLimits } from './span-limits.js';

const NANOS_PER_SECOND = 1_000_000_000;

/** Who made a view: what its spans share, and who takes them when they end. */
export interface ViewOwner {
  readonly limits: SpanLimits;
  readonly resource: ReadableResource;
  readonly instrumentationScope: ReadableSpan['instrumentationScope'];
  viewEnded(view: ReadableView): void;
  spanOpen(span: RecordedSpan): void;
}

/** Objects that were handed out: a processor may change them, so they count from then on. */
interface Shown {
  attributes?: Attributes;
  events?: TimedEvent[];
  links?: Link[];
  status?: SpanStatus;
}

/** A span as `Span & ReadableSpan`. */
export class ReadableView implements Span, ReadableSpan, SpanOwner {
  declare readonly recorded: RecordedSpan;
  declare readonly home: ViewOwner;
  /** Set when objects were handed out or properties replaced: then the view is what is exported. */
  declare shown: Shown | undefined;

  /** Takes over the span: its end comes here. */
  constructor(recorded: RecordedSpan, home: ViewOwner) {
    this.recorded = recorded;
    this.home = home;
    this.shown = undefined;
    recorded.owner = this;
  }

  get limits(): SpanLimits {
    return this.home.limits;
  }

  spanEnded(): void {
    this.home.viewEnded(this);
  }

  spanOpen(): void {
    this.home.spanOpen(this.recorded);
  }

  get name(): string {
    return this.recorded.name;
  }

  get kind(): SpanKind {
    return this.recorded.kind;
  }

  get parentSpanContext(): SpanContext | undefined {
    const { parentHigh, parentLow, parentIsRemote, trace } = this.recorded;
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
    return absolute(this.recorded, this.recorded.startSeconds, this.recorded.startNanos);
  }

  /** `[0, 0]` until the span has ended. */
  get endTime(): HrTime {
    if (!this.hasEnd()) return [0, 0];
    return absolute(this.recorded, this.recorded.endSeconds, this.recorded.endNanos);
  }

  /** `[-1, -1]` until the span has ended. */
  get duration(): HrTime {
    if (!this.hasEnd()) return [-1, -1];
    const { startSeconds, startNanos, endSeconds, endNanos } = this.recorded;
    const nanos = endNanos - startNanos;
    const seconds = endSeconds - startSeconds;
    return nanos < 0 ? [seconds - 1, nanos + NANOS_PER_SECOND] : [seconds, nanos];
  }

  /** True from onEnding on, where the span is not ended yet but its end is known. */
  hasEnd(): boolean {
    return this.recorded.endSeconds !== 0 || this.recorded.endNanos !== 0;
  }

  get ended(): boolean {
    return this.recorded.isEnded;
  }

  get status(): SpanStatus {
    const shown = this.show();
    if (shown.status !== undefined) return shown.status;
    const { statusCode, details } = this.recorded;
    const message = details?.statusMessage;
    shown.status = message === undefined ? { code: statusCode } : { code: statusCode, message };
    return shown.status;
  }

  get attributes(): Attributes {
    const shown = this.show();
    shown.attributes ??= plainAttributes(this.recorded.attributes);
    return shown.attributes;
  }

  get links(): Link[] {
    const shown = this.show();
    shown.links ??= (this.recorded.details?.links ?? []).map(linkOf);
    return shown.links;
  }

  get events(): TimedEvent[] {
    const shown = this.show();
    const events = this.recorded.details?.events ?? [];
    shown.events ??= events.map((event) => eventOf(this.recorded, event));
    return shown.events;
  }

  get resource(): ReadableResource {
    return this.home.resource;
  }

  get instrumentationScope(): ReadableSpan['instrumentationScope'] {
    return this.home.instrumentationScope;
  }

  /** The scope under the name that exporters for the 1.x SDK read. */
  get instrumentationLibrary(): ReadableSpan['instrumentationScope'] {
    return this.instrumentationScope;
  }

  get droppedAttributesCount(): number {
    return this.recorded.details?.droppedAttributes ?? 0;
  }

  get droppedEventsCount(): number {
    return this.recorded.details?.droppedEvents ?? 0;
  }

  get droppedLinksCount(): number {
    return this.recorded.details?.droppedLinks ?? 0;
  }

  /** Where handed-out objects are kept; from now on the view is what is exported. */
  show(): Shown {
    this.shown ??= {};
    return this.shown;
  }

  spanContext(): SpanContext {
    return this.recorded.spanContext();
  }

  isRecording(): boolean {
    return this.recorded.isRecording();
  }

  setAttribute(key: string, value: unknown): this {
    this.recorded.setAttribute(key, value);
    const attributes = this.shown?.attributes;
    const flat = this.recorded.attributes;
    const index = attributes === undefined ? -1 : indexOfKey(flat, key);
    if (attributes !== undefined && index >= 0) define(attributes, key, flat[index + 1]);
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (this.shown?.attributes === undefined) {
      this.recorded.setAttributes(attributes);
      return this;
    }
    const before = this.recorded.attributes.slice();
    this.recorded.setAttributes(attributes);
    const flat = this.recorded.attributes;
    for (let index = 0; index < flat.length; index += 2) {
      if (flat[index + 1] === before[index + 1]) continue;
      define(this.shown.attributes, flat[index] as string, flat[index + 1]);
    }
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    this.recorded.addEvent(name, attributesOrTime, time);
    this.followEvents();
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    this.recorded.recordException(exception, time);
    this.followEvents();
  }

  /** Brings a handed-out list of events up to date after one was recorded. */
  followEvents(): void {
    const shown = this.shown?.events;
    if (shown === undefined || this.recorded.isEnded) return;
    const last = this.recorded.details?.events.at(-1);
    if (last === undefined) return;
    if (shown.length >= this.limits.eventCount) shown.shift();
    shown.push(eventOf(this.recorded, last));
  }

  addLink(link: Link): this {
    const before = this.recorded.details?.links.at(-1);
    this.recorded.addLink(link);
    const last = this.recorded.details?.links.at(-1);
    const shown = this.shown?.links;
    if (shown === undefined || last === undefined || last === before) return this;
    if (shown.length >= this.limits.linkCount) shown.shift();
    shown.push(linkOf(last));
    return this;
  }

  addLinks(links: Link[]): this {
    if (Array.isArray(links)) for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    this.recorded.setStatus(status);
    if (this.shown !== undefined) delete this.shown.status;
    return this;
  }

  updateName(name: string): this {
    this.recorded.updateName(name);
    return this;
  }

  end(endTime?: TimeInput): void {
    this.recorded.end(endTime);
  }

  [Symbol.dispose](): void {
    this.recorded[Symbol.dispose]();
  }
}

/** What processors assign to although it is declared read-only: `span.name = …`. */
const ASSIGNABLE: readonly string[] = (
  'name kind attributes events links status startTime endTime duration parentSpanContext ' +
  'parentSpanId resource instrumentationScope'
).split(' ');

for (const key of ASSIGNABLE) {
  Object.defineProperty(ReadableView.prototype, key, {
    ...Object.getOwnPropertyDescriptor(ReadableView.prototype, key),
    set(this: ReadableView, value: unknown): void {
      this.show();
      if (key === 'name') this.recorded.name = String(value);
      else define(this, key, value);
    },
  });
}

function define(target: object, key: string, value: unknown): void {
  const rest = { writable: true, enumerable: true, configurable: true };
  Object.defineProperty(target, key, { value, ...rest });
}

/** A plain object: tests and exporters compare it with literals. `__proto__` is a key like any. */
function plainAttributes(flat: FlatAttributes): Attributes {
  const attributes: Attributes = {};
  for (let index = 0; index < flat.length; index += 2) {
    const key = flat[index] as string;
    if (key === '__proto__') define(attributes, key, flat[index + 1]);
    else attributes[key] = flat[index + 1] as Attributes[string];
  }
  return attributes;
}

function indexOfKey(flat: FlatAttributes, key: string): number {
  for (let index = 0; index < flat.length; index += 2) if (flat[index] === key) return index;
  return -1;
}

function linkOf({ context, attributes, droppedAttributes }: RecordedLink): Link {
  return {
    context,
    ...(attributes.length > 0 ? { attributes: plainAttributes(attributes) } : {}),
    ...(droppedAttributes > 0 ? { droppedAttributesCount: droppedAttributes } : {}),
  };
}

function eventOf(span: RecordedSpan, event: RecordedEvent): TimedEvent {
  return {
    name: event.name,
    attributes: plainAttributes(event.attributes),
    time: absolute(span, event.seconds, event.nanos),
    droppedAttributesCount: event.droppedAttributes,
  };
}

function absolute(span: RecordedSpan, seconds: number, nanos: number): HrTime {
  const { anchor } = span.trace;
  const sum = anchor.nanos + nanos;
  return sum >= NANOS_PER_SECOND
    ? [anchor.seconds + seconds + 1, sum - NANOS_PER_SECOND]
    : [anchor.seconds + seconds, sum];
}
