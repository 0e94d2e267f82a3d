/** What the spans of one local trace share: 128 bits of id, flags, tracestate, clock anchor. */
import type { SpanContext, TraceState } from '@opentelemetry/api';
import { currentAnchor, latestAnchor } from '../common/clock.js';
import type { UnixTime } from '../common/clock.js';
import { hexOfInt32, int32OfHex, randomInt32 } from '../common/ids.js';

/** Trace flags of W3C Trace Context level 2. */
export const FLAG_SAMPLED = 1;
export const FLAG_RANDOM = 2;

/** One local trace. Ids are four 32-bit integers, so that no span makes a string of them. */
export class Trace {
  declare id0: number;
  declare id1: number;
  declare id2: number;
  declare id3: number;
  declare readonly flags: number;
  declare readonly state: TraceState | undefined;
  /** Which Unix time the monotonic clock's zero was, for all spans of the trace. */
  declare readonly anchor: UnixTime;
  declare hex: string | undefined;

  constructor(flags: number, state: TraceState | undefined, anchor: UnixTime) {
    this.id0 = 0;
    this.id1 = 0;
    this.id2 = 0;
    this.id3 = 0;
    this.flags = flags;
    this.state = state;
    this.anchor = anchor;
    this.hex = undefined;
  }

  /** The id as 32 hex digits; made when first asked for. */
  traceId(): string {
    this.hex ??=
      hexOfInt32(this.id0) + hexOfInt32(this.id1) + hexOfInt32(this.id2) + hexOfInt32(this.id3);
    return this.hex;
  }

  /** The same trace with other flags or tracestate: what a sampler decided for one span. */
  with(flags: number, state: TraceState | undefined): Trace {
    if (flags === this.flags && state === this.state) return this;
    const copy = new Trace(flags, state, this.anchor);
    copy.id0 = this.id0;
    copy.id1 = this.id1;
    copy.id2 = this.id2;
    copy.id3 = this.id3;
    copy.hex = this.hex;
    return copy;
  }
}

/**
 * A new trace with a random id: all of it, so the random flag is set. `seconds` is the monotonic
 * second of its start; a trace that is not recorded needs none.
 */
export function newTrace(sampled: boolean, seconds: number | undefined): Trace {
  const flags = sampled ? FLAG_SAMPLED | FLAG_RANDOM : FLAG_RANDOM;
  const anchor = seconds === undefined ? latestAnchor() : currentAnchor(seconds);
  const trace = new Trace(flags, undefined, anchor);
  do {
    trace.id0 = randomInt32();
    trace.id1 = randomInt32();
    trace.id2 = randomInt32();
    trace.id3 = randomInt32();
  } while ((trace.id0 | trace.id1 | trace.id2 | trace.id3) === 0);
  return trace;
}

/** The local part of someone else's trace. `undefined` when its ids are not valid. */
export function traceOfParent(parent: SpanContext, seconds: number): Trace | undefined {
  const id = parent.traceId;
  if (typeof id !== 'string' || id.length !== 32) return undefined;
  const trace = new Trace(parent.traceFlags & 255, parent.traceState, currentAnchor(seconds));
  trace.id0 = int32OfHex(id, 0);
  trace.id1 = int32OfHex(id, 8);
  trace.id2 = int32OfHex(id, 16);
  trace.id3 = int32OfHex(id, 24);
  if (Number.isNaN(trace.id0 + trace.id1 + trace.id2 + trace.id3)) return undefined;
  return (trace.id0 | trace.id1 | trace.id2 | trace.id3) === 0 ? undefined : trace;
}

/** The identity of a span of `trace`, as the api shows it. */
export function spanContextOf(trace: Trace, high: number, low: number): SpanContext {
  const spanId = hexOfInt32(high) + hexOfInt32(low);
  const context: SpanContext = { traceId: trace.traceId(), spanId, traceFlags: trace.flags };
  if (trace.state !== undefined) context.traceState = trace.state;
  return context;
}
