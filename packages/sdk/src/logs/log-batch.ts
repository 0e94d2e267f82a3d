import { flattenAttributes, writeAttributes } from '../common/attributes.js';
import { ChunkWriter } from '../common/chunk-writer.js';
import { CHUNK_BYTES, CHUNK_MINIMUM_BYTES } from '../common/limits.js';
import type { Telemetry } from '../export/telemetry.js';
import { isLoopback } from '../export/settings.js';
import { writeLogRecord } from './log-encoding.js';
import type { EncodableLogRecord } from './log-encoding.js';

/** Name, version, schema and attributes of who logs. */
export interface LoggerScope {
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
  readonly attributes: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Records of one scope on their way to the exporter, encoded when they are emitted. On loopback the
 * first record after an idle moment leaves in the same turn of the event loop; otherwise a batch
 * waits until its oldest record has the delay's age or the chunk is full.
 */
export class LogBatch {
  readonly #telemetry: Telemetry;
  readonly #scope: LoggerScope;
  readonly #scopeBytes: Uint8Array;
  readonly #headerRoom: number;
  #chunk: ChunkWriter | undefined;
  #size: number = CHUNK_MINIMUM_BYTES;
  #count = 0;
  #sentMillis = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(telemetry: Telemetry, scope: LoggerScope) {
    this.#telemetry = telemetry;
    this.#scope = scope;
    this.#scopeBytes = encodeScope(scope);
    // Two tags and two lengths of at most 5 bytes beside resource and scope.
    this.#headerRoom = telemetry.resource.bytes.length + this.#scopeBytes.length + 12;
  }

  add(record: EncodableLogRecord): void {
    this.#chunk ??= new ChunkWriter(this.#headerRoom + this.#size, this.#headerRoom);
    writeLogRecord(this.#chunk, record);
    this.#count++;
    if (this.#chunk.position >= CHUNK_BYTES) this.flush();
    else if (this.#count === 1) this.#schedule();
  }

  /** Hands what is there to the exporter. */
  flush(): void {
    const chunk = this.#chunk;
    this.#clearTimers();
    if (chunk === undefined) return;
    this.#chunk = undefined;
    this.#sentMillis = performance.now();
    // The next chunk starts with what this one took, in powers of two.
    this.#size = Math.min(CHUNK_BYTES, 2 ** Math.ceil(Math.log2(chunk.position + 1)));
    const count = this.#count;
    this.#count = 0;
    this.#telemetry.exporter.enqueue('logs', this.#finish(chunk), count);
  }

  #schedule(): void {
    const { settings } = this.#telemetry;
    const delay = settings.delayMillis.logs;
    const url = settings.destinations.logs?.url;
    const waited = performance.now() - this.#sentMillis;
    if (delay === 0 || (waited >= delay && url !== undefined && isLoopback(url))) {
      this.#immediate = setImmediate(() => this.flush());
      this.#immediate.unref();
    } else {
      this.#timer = setTimeout(() => this.flush(), delay);
      this.#timer.unref();
    }
  }

  #clearTimers(): void {
    clearTimeout(this.#timer);
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#immediate = undefined;
  }

  /**
   * Puts the head in front of the records. ExportLogsServiceRequest: 1 resource_logs { 1 resource,
   * 2 scope_logs { 1 scope, 2 log_records, 3 schema_url }, 3 schema_url }.
   */
  #finish(chunk: ChunkWriter): Uint8Array {
    const { resource } = this.#telemetry;
    if (this.#scope.schemaUrl !== '') {
      chunk.byte(0x1a);
      chunk.string(this.#scope.schemaUrl);
    }
    const scopeSize = this.#scopeBytes.length + chunk.position - this.#headerRoom;
    const scopeHead = new ChunkWriter(16);
    scopeHead.byte(0x12);
    scopeHead.varint(scopeSize);
    if (resource.schemaUrl !== undefined) {
      chunk.byte(0x1a);
      chunk.string(resource.schemaUrl);
    }
    const recordsSize = chunk.position - this.#headerRoom;
    const head = new ChunkWriter(this.#headerRoom + 16);
    head.byte(0x0a);
    head.varint(resource.bytes.length + scopeHead.position + this.#scopeBytes.length + recordsSize);
    head.raw(resource.bytes);
    head.raw(scopeHead.copy());
    head.raw(this.#scopeBytes);
    const start = this.#headerRoom - head.position;
    chunk.bytes.set(head.bytes.subarray(0, head.position), start);
    return chunk.bytes.subarray(start, chunk.position);
  }
}

/** InstrumentationScope as field 1 of ScopeLogs: 1 name, 2 version, 3 attributes. */
function encodeScope(scope: LoggerScope): Uint8Array {
  const out = new ChunkWriter(128);
  out.byte(0x0a);
  const start = out.open(64);
  out.byte(0x0a);
  out.string(scope.name);
  if (scope.version !== '') {
    out.byte(0x12);
    out.string(scope.version);
  }
  writeAttributes(out, 0x1a, flattenAttributes(scope.attributes, 128, Infinity).flat);
  out.close(start, 64);
  return out.copy();
}
