import type { Span } from '@codomyrmex/telemetry-query';
import { splitNanos } from '../base/time.js';

/** Bits of `TraceStore.flags`. */
export const ERROR = 1;
export const RUNNING = 2;
export const LOST = 4;

/**
 * A trace's spans in columns: 40 B a span beside the span itself. Index i is the same span in every
 * column. Times are nanoseconds since the earliest start, exact up to 104 days.
 */
export interface TraceStore {
  readonly count: number;
  readonly spans: readonly Span[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** Index of the parent; −1 for a root, −2 when the parent has not arrived. */
  readonly parent: Int32Array;
  readonly start: Float64Array;
  /** Equal to `start` for a running span: its end is the time that is shown. */
  readonly end: Float64Array;
  /** Index into `services`. */
  readonly service: Uint16Array;
  readonly services: readonly string[];
  readonly flags: Uint8Array;
  readonly running: number;
  readonly errors: number;
  /** The earliest start, as seconds and nanoseconds of the epoch. */
  readonly baseSeconds: number;
  readonly baseNanos: number;
  /** The latest end of a finished span, or the latest start. */
  readonly lastNanos: number;
}

/** The parent is named but not there. */
export const PARENT_MISSING: number = -2;

/** Puts spans into columns; a span id that comes twice counts once, the later one. */
export function buildTraceStore(all: Iterable<Span>): TraceStore {
  const byId = new Map<string, Span>();
  for (const span of all) byId.set(span.spanId, span);
  const spans = [...byId.values()];
  const count = spans.length;
  const { indexOf, seconds, nanos, base } = startTimes(spans);
  const baseSeconds = seconds[base] ?? 0;
  const baseNanos = nanos[base] ?? 0;
  const store = {
    parent: new Int32Array(count),
    start: new Float64Array(count),
    end: new Float64Array(count),
    service: new Uint16Array(count),
    flags: new Uint8Array(count),
  };
  const serviceIndex = new Map<string, number>();
  let running = 0;
  let errors = 0;
  let lastNanos = 0;
  for (let i = 0; i < count; i += 1) {
    const span = spans[i] as Span;
    const start = ((seconds[i] ?? 0) - baseSeconds) * 1e9 + ((nanos[i] ?? 0) - baseNanos);
    const duration = span.running ? 0 : Number(span.durationNanos);
    store.start[i] = start;
    store.end[i] = start + duration;
    lastNanos = Math.max(lastNanos, start + duration);
    store.parent[i] = parentOf(span, indexOf);
    let service = serviceIndex.get(span.service);
    if (service === undefined) {
      service = serviceIndex.size;
      serviceIndex.set(span.service, service);
    }
    store.service[i] = service;
    let flags = 0;
    if (span.status.code === 'ERROR') {
      flags |= ERROR;
      errors += 1;
    }
    if (span.running) {
      flags |= RUNNING;
      running += 1;
      if (span.lost === true) flags |= LOST;
    }
    store.flags[i] = flags;
  }
  const services = [...serviceIndex.keys()];
  return {
    count,
    spans,
    indexOf,
    ...store,
    services,
    running,
    errors,
    baseSeconds,
    baseNanos,
    lastNanos,
  };
}

/** Every start, cut in two so that both parts are exact, and the index of the earliest. */
function startTimes(spans: readonly Span[]): {
  indexOf: Map<string, number>;
  seconds: Float64Array;
  nanos: Float64Array;
  base: number;
} {
  const count = spans.length;
  const indexOf = new Map<string, number>();
  const seconds = new Float64Array(count);
  const nanos = new Float64Array(count);
  let base = 0;
  for (let i = 0; i < count; i += 1) {
    const span = spans[i] as Span;
    indexOf.set(span.spanId, i);
    const [high, low] = splitNanos(span.startTimeUnixNano);
    seconds[i] = high;
    nanos[i] = low;
    const first = seconds[base] ?? 0;
    if (high < first || (high === first && low < (nanos[base] ?? 0))) base = i;
  }
  return { indexOf, seconds, nanos, base };
}

function parentOf(span: Span, indexOf: ReadonlyMap<string, number>): number {
  if (span.parentSpanId === '') return -1;
  return indexOf.get(span.parentSpanId) ?? PARENT_MISSING;
}

/** Milliseconds of the epoch at an offset into the trace. */
export function millisAt(store: TraceStore, nanos: number): number {
  return store.baseSeconds * 1e3 + (store.baseNanos + nanos) / 1e6;
}

/** The offset into the trace of a time in milliseconds of the epoch. */
export function nanosAt(store: TraceStore, millis: number): number {
  return (millis - store.baseSeconds * 1e3) * 1e6 - store.baseNanos;
}
