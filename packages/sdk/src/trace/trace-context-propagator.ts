/** W3C Trace Context, level 2: traceparent and tracestate. */
import { trace as traceApi } from '@opentelemetry/api';
import type {
  Context,
  SpanContext,
  TextMapGetter,
  TextMapPropagator,
  TextMapSetter,
} from '@opentelemetry/api';
import { isSuppressed, spanOf } from '../common/context.js';
import { int32OfHex } from '../common/ids.js';
import { HEADER_LENGTH } from '../common/limits.js';
import { RecordedSpan } from './span.js';
import { TraceState } from './trace-state.js';
import { FLAG_RANDOM, FLAG_SAMPLED } from './trace-ids.js';
import { UnrecordedSpan } from './unrecorded-span.js';

const TRACEPARENT = 'traceparent';
const TRACESTATE = 'tracestate';
/** 2 + 1 + 32 + 1 + 16 + 1 + 2 characters. */
const TRACEPARENT_LENGTH = 55;
const LOWER_HEX = /^[0-9a-f]+$/;

/** Injects and extracts the two headers. A malformed header is as none; nothing throws. */
export class W3CTraceContextPropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = spanOf(context);
    if (span === undefined || isSuppressed(context)) return;
    const spanContext = span.spanContext();
    // Ids of our own need no look at each digit.
    const isOwn = span instanceof RecordedSpan || span instanceof UnrecordedSpan;
    if (!isOwn && (spanContext === undefined || !isValid(spanContext))) return;
    setter.set(carrier, TRACEPARENT, traceparentOf(spanContext));
    const state = spanContext.traceState?.serialize();
    if (state !== undefined && state !== '') setter.set(carrier, TRACESTATE, state);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const parent = getter.get(carrier, TRACEPARENT);
    // Two traceparents are a malformed request: none of them counts.
    const header = Array.isArray(parent) ? (parent.length === 1 ? parent[0] : undefined) : parent;
    return extractTraceContext(context, header, getter.get(carrier, TRACESTATE));
  }

  fields(): string[] {
    return [TRACEPARENT, TRACESTATE];
  }
}

/** The header of a span context: version 00, ids, and the flags that level 2 knows. */
export function traceparentOf(spanContext: SpanContext): string {
  const flags = spanContext.traceFlags & (FLAG_SAMPLED | FLAG_RANDOM);
  return `00-${spanContext.traceId}-${spanContext.spanId}-0${flags}`;
}

/** A context with the remote span that the headers name; the given context when they name none. */
export function extractTraceContext(
  context: Context,
  traceparent: unknown,
  tracestate: unknown,
): Context {
  const parsed = parseTraceparent(traceparent);
  if (parsed === undefined) return context;
  const state = parseStateHeader(tracestate);
  if (state !== undefined) parsed.traceState = state;
  return traceApi.setSpanContext(context, parsed);
}

function parseStateHeader(tracestate: unknown): TraceState | undefined {
  const header = Array.isArray(tracestate) ? tracestate.join(',') : tracestate;
  const isUsable = typeof header === 'string' && header.length <= HEADER_LENGTH;
  if (!isUsable || header === '') return undefined;
  return TraceState.parse(header);
}

function parseTraceparent(header: unknown): SpanContext | undefined {
  if (typeof header !== 'string' || header.length > HEADER_LENGTH) return undefined;
  const text = header.trim();
  if (text.length < TRACEPARENT_LENGTH) return undefined;
  const version = text.slice(0, 2);
  if (!LOWER_HEX.test(version) || version === 'ff') return undefined;
  // Version 00 ends here; a later one may go on behind another hyphen.
  if (text.length > TRACEPARENT_LENGTH && (version === '00' || text[55] !== '-')) return undefined;
  if (text[2] !== '-' || text[35] !== '-' || text[52] !== '-') return undefined;
  const traceId = text.slice(3, 35);
  const spanId = text.slice(36, 52);
  const flags = text.slice(53, 55);
  if (!LOWER_HEX.test(traceId) || !LOWER_HEX.test(spanId) || !LOWER_HEX.test(flags)) {
    return undefined;
  }
  const traceFlags = Number.parseInt(flags, 16) & (FLAG_SAMPLED | FLAG_RANDOM);
  const spanContext: SpanContext = { traceId, spanId, traceFlags, isRemote: true };
  return isValid(spanContext) ? spanContext : undefined;
}

function isValid(spanContext: SpanContext): boolean {
  return isId(spanContext.traceId, 32) && isId(spanContext.spanId, 16);
}

function isId(text: unknown, length: number): boolean {
  if (typeof text !== 'string' || text.length !== length) return false;
  let bits = 0;
  for (let offset = 0; offset < length; offset += 8) {
    const part = int32OfHex(text, offset);
    if (Number.isNaN(part)) return false;
    bits |= part;
  }
  return bits !== 0;
}
