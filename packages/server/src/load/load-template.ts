import { randomFillSync, randomInt } from 'node:crypto';

import { encode, encodeJson } from '@codomyrmex/otlp';

import {
  isRoot,
  logsRequest,
  metricsRequest,
  spanMark,
  SPANS_A_TRACE,
  timeMark,
  traceMark,
  traceRequest,
  USER_MARK,
} from './load-records.js';
import type { LoadSignal } from './load-options.js';

/** Where a record's patched fields lie; -1: it has none. */
interface Places {
  readonly traceId: number;
  readonly spanId: number;
  readonly parentId: number;
  readonly start: number;
  readonly end: number;
  readonly user: number;
}

/** Users among the records. */
const USERS = 5_000;
/** Spans last up to 2^27 nanoseconds, 134 ms. */
const DURATION_MASK = 0x7ff_ffff;

/**
 * A request whose ids, times, durations and users are patched in place, so that every one sent is
 * distinct and making it costs next to nothing beside taking it in.
 */
export class LoadTemplate {
  readonly recordCount: number;
  readonly #bytes: Buffer;
  readonly #isJson: boolean;
  readonly #places: readonly Places[];
  /** A trace id for each trace, then a span id for each record. */
  readonly #ids: Buffer;
  readonly #firstSpanId: number;
  #random: number = randomInt(1, 2 ** 31);

  constructor(signal: LoadSignal, recordCount: number, service: string, isJson: boolean) {
    this.recordCount = recordCount;
    this.#isJson = isJson;
    this.#bytes = Buffer.from(requestBytes(signal, recordCount, service, isJson));
    this.#places = placesOf(this.#bytes, signal, recordCount, isJson);
    this.#firstSpanId = Math.ceil(recordCount / SPANS_A_TRACE) * 16;
    this.#ids = Buffer.alloc(this.#firstSpanId + recordCount * 8);
  }

  /** Patches fresh values in and returns the same buffer; the records lie before `nowMillis`. */
  next(nowMillis: number): Buffer {
    randomFillSync(this.#ids);
    let nanos = BigInt(nowMillis) * 1_000_000n - BigInt(this.recordCount) * 1_000n;
    for (let index = 0; index < this.#places.length; index++) {
      const places = this.#places[index] as Places;
      const random = this.#next();
      nanos += 1_000n;
      this.#putId(places.traceId, Math.floor(index / SPANS_A_TRACE) * 16, 16);
      this.#putId(places.spanId, this.#firstSpanId + index * 8, 8);
      this.#putTime(places.start, nanos - BigInt(random & DURATION_MASK));
      this.#putTime(places.end, nanos);
      this.#putUser(places.user, (random >>> 3) % USERS);
    }
    this.#putParents();
    return this.#bytes;
  }

  /** Each span of a trace but the first is a child of the one before it. */
  #putParents(): void {
    const size = this.#isJson ? 16 : 8;
    for (let index = 1; index < this.#places.length; index++) {
      const { parentId } = this.#places[index] as Places;
      const { spanId } = this.#places[index - 1] as Places;
      if (parentId >= 0) this.#bytes.copyWithin(parentId, spanId, spanId + size);
    }
  }

  #putId(at: number, from: number, size: number): void {
    if (at < 0) return;
    if (this.#isJson) this.#bytes.write(this.#ids.toString('hex', from, from + size), at, 'latin1');
    else this.#ids.copy(this.#bytes, at, from, from + size);
  }

  #putTime(at: number, nanos: bigint): void {
    if (this.#isJson) this.#bytes.write(String(nanos), at, 'latin1');
    else this.#bytes.writeBigUInt64LE(nanos, at);
  }

  #putUser(at: number, user: number): void {
    let rest = user;
    for (let digit = 8; digit > 4; digit--) {
      this.#bytes[at + digit] = 0x30 + (rest % 10);
      rest = (rest / 10) | 0;
    }
  }

  /** xorshift32: values need to differ, not to be secret. */
  #next(): number {
    let state = this.#random;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#random = state;
    return state >>> 0;
  }
}

function requestBytes(
  signal: LoadSignal,
  count: number,
  service: string,
  isJson: boolean,
): Uint8Array {
  if (signal === 'logs') {
    const request = logsRequest(count, service);
    if (!isJson) return encode('ExportLogsServiceRequest', request);
    return Buffer.from(encodeJson('ExportLogsServiceRequest', request));
  }
  if (signal === 'metrics') {
    const request = metricsRequest(count, service);
    if (!isJson) return encode('ExportMetricsServiceRequest', request);
    return Buffer.from(encodeJson('ExportMetricsServiceRequest', request));
  }
  const request = traceRequest(count, service);
  if (!isJson) return encode('ExportTraceServiceRequest', request);
  return Buffer.from(encodeJson('ExportTraceServiceRequest', request));
}

/** Records lie one after another, and so do their placeholders; a record's fields in any order. */
function placesOf(
  bytes: Buffer,
  signal: LoadSignal,
  count: number,
  isJson: boolean,
): readonly Places[] {
  const places: Places[] = [];
  let from = 0;
  const id = (mark: Buffer): number =>
    find(bytes, isJson ? Buffer.from(mark.toString('hex')) : mark, from);
  const time = (mark: bigint): number => find(bytes, timeBytes(mark, isJson), from);
  for (let index = 0; index < count; index++) {
    const hasIds = signal !== 'metrics';
    const isChild = signal === 'traces' && !isRoot(index);
    const found = {
      traceId: hasIds ? id(traceMark(index)) : -1,
      spanId: hasIds ? id(spanMark(index, false)) : -1,
      parentId: isChild ? id(spanMark(index, true)) : -1,
      start: time(timeMark(index, false)),
      end: time(timeMark(index, true)),
      user: find(bytes, Buffer.from(USER_MARK), from),
    };
    // Patched at once, or the next record's user would be found here again.
    bytes.write('user-0000', found.user, 'latin1');
    places.push(found);
    from = Math.min(...Object.values(found).filter((at) => at >= 0));
  }
  return places;
}

function timeBytes(time: bigint, isJson: boolean): Buffer {
  if (isJson) return Buffer.from(String(time));
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(time);
  return bytes;
}

function find(bytes: Buffer, mark: Buffer, from: number): number {
  const at = bytes.indexOf(mark, from);
  if (at === -1) throw new Error('the template lost a record');
  return at;
}
