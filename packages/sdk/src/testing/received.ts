/** What a test sees of a span or log record: decoded from the wire, ids in hex, plain values. */
import type { AnyValue, InstrumentationScope, KeyValue } from '@codomyrmex/otlp';

/** A value without its OTLP wrapping; 64-bit integers beyond 2^53 as bigint. */
export type PlainValue =
  | string
  | number
  | boolean
  | bigint
  | Uint8Array
  | undefined
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** Attributes by key, in an object without prototype. */
export type PlainAttributes = Readonly<Record<string, PlainValue>>;

/** Whose record it is: resource and instrumentation scope. */
export interface ReceivedOrigin {
  /** `service.name`. */
  readonly service: string;
  readonly resource: { readonly attributes: PlainAttributes };
  readonly scope: {
    readonly name: string;
    readonly version: string;
    readonly attributes: PlainAttributes;
  };
}

/** The OTLP names of span kinds, without prefix. */
export type SpanKindName =
  | 'UNSPECIFIED'
  | 'INTERNAL'
  | 'SERVER'
  | 'CLIENT'
  | 'PRODUCER'
  | 'CONSUMER';

/** The OTLP names of status codes, without prefix. */
export type StatusName = 'UNSET' | 'OK' | 'ERROR';

/** A span as it arrived. Times are Unix times in nanoseconds. */
export interface ReceivedSpan extends ReceivedOrigin {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** Empty for a root span. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: SpanKindName;
  readonly startTimeUnixNano: bigint;
  /** 0 for a span that is shown while it runs. */
  readonly endTimeUnixNano: bigint;
  /** Milliseconds from start to end; 0 while it runs. */
  readonly durationMillis: number;
  /** True for a span without an end. */
  readonly running: boolean;
  readonly status: { readonly code: StatusName; readonly message: string };
  readonly attributes: PlainAttributes;
  readonly events: readonly ReceivedEvent[];
  readonly links: readonly ReceivedLink[];
  readonly traceState: string;
  /** W3C trace flags, and above them whether the parent is remote. */
  readonly flags: number;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** An event of a span. */
export interface ReceivedEvent {
  readonly name: string;
  readonly timeUnixNano: bigint;
  readonly attributes: PlainAttributes;
}

/** A link of a span. */
export interface ReceivedLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: PlainAttributes;
}

/** A log record as it arrived. */
export interface ReceivedLog extends ReceivedOrigin {
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: PlainValue;
  readonly attributes: PlainAttributes;
  /** Empty outside of any span. */
  readonly traceId: string;
  readonly spanId: string;
}

/** Attributes without their OTLP wrapping. */
export function plainAttributes(attributes: readonly KeyValue[] | undefined): PlainAttributes {
  const plain = Object.create(null) as Record<string, PlainValue>;
  for (const { key, value } of attributes ?? []) plain[key ?? ''] = plainValue(value);
  return plain;
}

/** A value without its OTLP wrapping. */
export function plainValue(value: AnyValue | undefined): PlainValue {
  if (value === undefined) return undefined;
  if (value.intValue !== undefined) return plainInteger(value.intValue);
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plainValue);
  if (value.kvlistValue !== undefined) return plainAttributes(value.kvlistValue.values);
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? value.bytesValue;
}

/** A number where it is exact, else a bigint. */
export function plainInteger(value: bigint): number | bigint {
  const whole = Number(value);
  return Number.isSafeInteger(whole) ? whole : value;
}

/** Lower-case hex digits. */
export function hexOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

/** Resource and scope of a record. */
export function originOf(
  resource: { readonly attributes?: readonly KeyValue[] } | undefined,
  scope: InstrumentationScope | undefined,
): ReceivedOrigin {
  const attributes = plainAttributes(resource?.attributes);
  return {
    service: String(attributes['service.name'] ?? ''),
    resource: { attributes },
    scope: {
      name: scope?.name ?? '',
      version: scope?.version ?? '',
      attributes: plainAttributes(scope?.attributes),
    },
  };
}
