/** Ids from a generator of someone else's, such as the one for AWS X-Ray. */
import { reportOnce } from '../common/diagnostics.js';
import { hexOfInt32, int32OfHex, randomInt32 } from '../common/ids.js';
import { FLAG_RANDOM, newTrace } from './trace-ids.js';
import type { Trace } from './trace-ids.js';

/** Makes ids in place of our own generator; the official SDK's interface. */
export interface IdGenerator {
  /** 32 lower-case hex digits, not all zero. */
  generateTraceId(): string;
  /** 16 lower-case hex digits, not all zero. */
  generateSpanId(): string;
}

/** Our own ids as a generator: 128 and 64 random bits, for generators that extend or wrap one. */
export class RandomIdGenerator implements IdGenerator {
  generateTraceId(): string {
    return newTrace(true, undefined).traceId();
  }

  generateSpanId(): string {
    let id = '';
    do id = hexOfInt32(randomInt32()) + hexOfInt32(randomInt32());
    while (id === '0000000000000000');
    return id;
  }
}

/**
 * Gives a new trace the generator's id. It may not be random, so the random flag is taken away. An
 * id that is none is reported once; the trace keeps its own.
 */
export function traceWithId(trace: Trace, ids: IdGenerator): Trace {
  const parts = partsOf(() => ids.generateTraceId(), 32);
  if (parts === undefined) return trace;
  const own = trace.with(trace.flags & ~FLAG_RANDOM, trace.state);
  own.id0 = parts[0]!;
  own.id1 = parts[1]!;
  own.id2 = parts[2]!;
  own.id3 = parts[3]!;
  own.hex = undefined;
  return own;
}

/** Gives a new span the generator's id; one that is none leaves the span its own. */
export function setSpanId(span: { idHigh: number; idLow: number }, ids: IdGenerator): void {
  const parts = partsOf(() => ids.generateSpanId(), 16);
  if (parts === undefined) return;
  span.idHigh = parts[0]!;
  span.idLow = parts[1]!;
}

function partsOf(generate: () => unknown, digits: number): number[] | undefined {
  try {
    const text = generate();
    if (typeof text === 'string' && text.length === digits) {
      const parts: number[] = [];
      for (let offset = 0; offset < digits; offset += 8) parts.push(int32OfHex(text, offset));
      if (!parts.some(Number.isNaN) && parts.some((part) => part !== 0)) return parts;
    }
    reportOnce('error', 'id generator', `an id generator made ${JSON.stringify(text)}, no id`);
  } catch (error: unknown) {
    reportOnce('error', 'id generator', `an id generator threw: ${String(error)}`);
  }
  return undefined;
}
