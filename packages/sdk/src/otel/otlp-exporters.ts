/** The OTLP exporters of spans and log records: `protocol` says which wire. */
import { ChunkWriter } from '../common/chunk-writer.js';
import { CHUNK_MINIMUM_BYTES } from '../common/limits.js';
import type { ReadableResource, ReadableSpan } from '../common/readable-span.js';
import { Scope } from '../common/scope.js';
import { encodeReadable, encodeView } from '../trace/encode-readable.js';
import { encodeSafely } from '../trace/encode-span.js';
import { ReadableView } from '../trace/readable-view.js';
import type { ExportResult } from './export-result.js';
import { encodeReadableLog } from './encode-log.js';
import type { LogRecordExporter, ReadableLogRecord } from './log-record.js';
import { OtlpClient } from './otlp-client.js';
import type { OtlpExporterOptions } from './otlp-client.js';
import { encodedResource } from './resource.js';
import type { SpanExporter } from './span-processors.js';

interface Recorded {
  readonly resource: ReadableResource;
  readonly instrumentationScope: ReadableScope;
}

interface ReadableScope {
  readonly name: string;
  readonly version?: string | undefined;
  readonly schemaUrl?: string | undefined;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
}

type Callback = (result: ExportResult) => void;

/** Sends spans by OTLP: ours, and any with the official ReadableSpan's properties. */
export class OTLPTraceExporter implements SpanExporter {
  readonly #client: OtlpClient;

  constructor(options: OtlpExporterOptions = {}) {
    this.#client = new OtlpClient('traces', options);
  }

  export(spans: ReadableSpan[], resultCallback: Callback): void {
    const encode = (): Uint8Array => encodeRequest(spans, writeSpan);
    this.#client.export(encode, resultCallback, () => spans.length);
  }

  /** Resolves when every export under way has been answered. */
  forceFlush(): Promise<void> {
    return this.#client.forceFlush();
  }

  /** Waits for what is under way, then refuses more. */
  shutdown(): Promise<void> {
    return this.#client.shutdown();
  }
}

/** Sends log records by OTLP: ours, and any with the official ReadableLogRecord's properties. */
export class OTLPLogExporter implements LogRecordExporter {
  readonly #client: OtlpClient;

  constructor(options: OtlpExporterOptions = {}) {
    this.#client = new OtlpClient('logs', options);
  }

  export(records: ReadableLogRecord[], resultCallback: Callback): void {
    const encode = (): Uint8Array => encodeRequest(records, encodeReadableLog);
    this.#client.export(encode, resultCallback, () => records.length);
  }

  /** Resolves when every export under way has been answered. */
  forceFlush(): Promise<void> {
    return this.#client.forceFlush();
  }

  /** Waits for what is under way, then refuses more. */
  shutdown(): Promise<void> {
    return this.#client.shutdown();
  }
}

function writeSpan(writer: ChunkWriter, span: ReadableSpan): void {
  if (!(span instanceof ReadableView)) encodeReadable(writer, span);
  else if (span.shown === undefined || !encodeView(writer, span)) {
    encodeSafely(writer, span.recorded);
  }
}

/**
 * Export…ServiceRequest: 1 Resource… { 1 resource · 3 schema_url · 2 Scope… { 1 scope ·
 * 3 schema_url · 2 records } }, one of each for every resource and scope that occurs.
 */
function encodeRequest<T extends Recorded>(
  records: readonly T[],
  write: (writer: ChunkWriter, record: T) => void,
): Uint8Array {
  const estimate = Math.max(CHUNK_MINIMUM_BYTES, records.length * 256);
  const writer = new ChunkWriter(estimate);
  for (const [resource, scopes] of grouped(records)) {
    const { bytes, schemaUrl } = encodedResource(resource);
    writer.byte(0x0a);
    const resourceStart = writer.open(estimate);
    writer.raw(bytes);
    if (schemaUrl !== undefined && schemaUrl !== '') {
      writer.byte(0x1a);
      writer.string(schemaUrl);
    }
    for (const [scope, members] of scopes) {
      writer.byte(0x12);
      const scopeStart = writer.open(estimate);
      writer.raw(scopeBytes(scope));
      for (const record of members) write(writer, record);
      writer.close(scopeStart, estimate);
    }
    writer.close(resourceStart, estimate);
  }
  return writer.copy();
}

function grouped<T extends Recorded>(
  records: readonly T[],
): Map<ReadableResource, Map<ReadableScope, T[]>> {
  const resources = new Map<ReadableResource, Map<ReadableScope, T[]>>();
  for (const record of records) {
    let scopes = resources.get(record.resource);
    if (scopes === undefined) {
      scopes = new Map();
      resources.set(record.resource, scopes);
    }
    const members = scopes.get(record.instrumentationScope);
    if (members === undefined) scopes.set(record.instrumentationScope, [record]);
    else members.push(record);
  }
  return resources;
}

const encodedScopes = new WeakMap<ReadableScope, Uint8Array>();

function scopeBytes(scope: ReadableScope): Uint8Array {
  let bytes = encodedScopes.get(scope);
  if (bytes === undefined) {
    const { name, version, schemaUrl, attributes } = scope;
    bytes = new Scope(String(name ?? ''), version, schemaUrl, attributes).bytes;
    encodedScopes.set(scope, bytes);
  }
  return bytes;
}
