/**
 * Gathers the encoded records of one instrumentation scope into chunks and hands them over: when a
 * chunk is full, when its delay is over, at a flush. The same for spans and log records:
 *
 *     Export…ServiceRequest  1 Resource…  { 1 resource · 3 schema_url · 2 Scope… }
 *     Scope…                 1 scope · 3 schema_url · 2 records, repeated
 */
import { ChunkWriter, putVarint, varintSize } from '../common/chunk-writer.js';
import {
  CHUNK_BYTES,
  CHUNK_LEAST_BYTES,
  CHUNK_MINIMUM_BYTES,
  CHUNKS_QUEUED,
  JSON_EXPORT_BYTES,
} from '../common/limits.js';
import type { Scope } from '../common/scope.js';
import type { Resource } from '../common/resource.js';
import { timerSource } from '../common/timers.js';
import type { Timer } from '../common/timers.js';
import type { Signal } from './signal.js';
import type { Telemetry } from './telemetry.js';

const TAG_RESOURCE_RECORDS = 0x0a;
const TAG_SCOPE_RECORDS = 0x12;
const TAG_SCHEMA_URL = 0x1a;
/** The tag before each record in the chunk. */
export const TAG_RECORD = 0x12;
/** A chunk counts as full when less than this is free: one record of usual size still fits. */
const FULL_MARGIN = 16_384;

/** One scope's chunk under construction. The caller writes records into {@link writer}. */
export class Batcher {
  /** Records go here, each with {@link TAG_RECORD} and its length in front. */
  readonly writer: ChunkWriter;
  readonly #telemetry: Telemetry;
  readonly #signal: Signal;
  readonly #resourceHead: Uint8Array;
  readonly #scopeHead: Uint8Array;
  readonly #headerSize: number;
  #count = 0;
  #isEmpty = true;
  #mostBytes: number;
  #fullAt = 0;
  readonly #mostRecords: number;
  #lastSealMillis = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #isAtOnce = false;

  /** Registers itself with the telemetry's flush. */
  constructor(telemetry: Telemetry, signal: Signal, scope: Scope) {
    this.#telemetry = telemetry;
    this.#signal = signal;
    this.#resourceHead = resourceHead(telemetry.resource);
    this.#scopeHead = scope.bytes;
    // Two tags and two lengths of up to five bytes beside the heads.
    this.#headerSize = this.#resourceHead.length + this.#scopeHead.length + 12;
    this.writer = new ChunkWriter(CHUNK_MINIMUM_BYTES, this.#headerSize);
    this.#mostBytes = mostBytes(telemetry, signal);
    this.#fullAt = fullAt(CHUNK_MINIMUM_BYTES, this.#mostBytes);
    this.#mostRecords = telemetry.settings.maxExportRecords[signal] ?? Number.POSITIVE_INFINITY;
    telemetry.onFlush(() => this.seal());
    telemetry.counts.queued[signal].push(() => this.#count);
  }

  /** To be called after each record that was written. */
  recorded(): void {
    this.#count++;
    this.added();
    if (this.#count >= this.#mostRecords) this.seal();
  }

  /** The same for what is no record, but a view of one that comes later: a span that still runs. */
  added(): void {
    if (this.#isEmpty) {
      this.#isEmpty = false;
      this.#schedule();
    }
    if (this.writer.position >= this.#fullAt) this.#whenFull();
  }

  #whenFull(): void {
    // A small chunk of an idle program grows by doubling until it has the full size.
    if (this.writer.position < this.#mostBytes - FULL_MARGIN) {
      this.#fullAt = fullAt(this.writer.bytes.length, this.#mostBytes);
    } else {
      this.seal();
    }
  }

  #schedule(): void {
    if (this.#telemetry.isExiting) {
      this.#telemetry.finishNow();
      return;
    }
    const { delayMillis, isFirstAtOnce, isServerless } = this.#telemetry.settings;
    // A timer would fire in another call, or in none: the flush at this call's end sends it.
    if (isServerless) return;
    const delay = delayMillis[this.#signal];
    const idle = timerSource.nowMillis() - this.#lastSealMillis;
    if (isFirstAtOnce[this.#signal] && idle >= delay) {
      if (this.#isAtOnce) return;
      this.#isAtOnce = true;
      setImmediate(() => {
        this.#isAtOnce = false;
        this.seal();
      });
    } else if (this.#timer === undefined) {
      this.#timer = timerSource.start(
        () => {
          this.#timer = undefined;
          this.seal();
        },
        isFirstAtOnce[this.#signal] ? Math.max(0, delay - idle) : delay,
      );
    }
  }

  /** Hands over what there is, and starts a new chunk. */
  seal(): void {
    if (this.#isEmpty) return;
    const count = this.#count;
    const chunk = this.#finishHeader();
    this.#count = 0;
    this.#isEmpty = true;
    this.#lastSealMillis = timerSource.nowMillis();
    // The program may have been given another backend meanwhile.
    this.#mostBytes = mostBytes(this.#telemetry, this.#signal);
    const capacity = nextCapacity(chunk.length, this.#mostBytes);
    this.writer.renew(capacity, this.#headerSize);
    this.#fullAt = fullAt(capacity, this.#mostBytes);
    this.#telemetry.exporter.enqueue(this.#signal, chunk, count);
  }

  #finishHeader(): Uint8Array {
    const { bytes, position } = this.writer;
    const scopeSize = this.#scopeHead.length + position - this.#headerSize;
    const resourceSize = this.#resourceHead.length + 1 + varintSize(scopeSize) + scopeSize;
    const start = position - resourceSize - 1 - varintSize(resourceSize);
    bytes[start] = TAG_RESOURCE_RECORDS;
    let next = putVarint(bytes, start + 1, resourceSize);
    bytes.set(this.#resourceHead, next);
    next += this.#resourceHead.length;
    bytes[next] = TAG_SCOPE_RECORDS;
    next = putVarint(bytes, next + 1, scopeSize);
    bytes.set(this.#scopeHead, next);
    return bytes.subarray(start, position);
  }
}

/** A chunk's size: less than usual where a request or the queue is to hold less. */
function mostBytes(telemetry: Telemetry, signal: Signal): number {
  const { destinations, maxExportBytes, maxQueueBytes } = telemetry.settings;
  const isJson = destinations[signal]?.protocol === 'http/json';
  const request = isJson ? Math.min(maxExportBytes, JSON_EXPORT_BYTES) : maxExportBytes;
  const wanted = Math.min(CHUNK_BYTES, request, Math.floor(maxQueueBytes / CHUNKS_QUEUED));
  return Math.max(CHUNK_LEAST_BYTES, wanted);
}

function fullAt(capacity: number, most: number): number {
  return Math.min(capacity, most - FULL_MARGIN);
}

/** Room for half as much again as the last chunk, so that a steady program does not regrow it. */
function nextCapacity(lastSize: number, most: number): number {
  const wanted = lastSize * 1.5;
  let capacity = CHUNK_MINIMUM_BYTES;
  while (capacity < wanted && capacity < most) capacity *= 2;
  return Math.min(capacity, most);
}

function resourceHead(resource: Resource): Uint8Array {
  if (resource.schemaUrl === undefined) return resource.bytes;
  const writer = new ChunkWriter(resource.bytes.length + 256);
  writer.raw(resource.bytes);
  writer.byte(TAG_SCHEMA_URL);
  writer.string(resource.schemaUrl);
  return writer.copy();
}
