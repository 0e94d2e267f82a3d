/**
 * Which library or part of the program records: encoded once.
 *
 *     InstrumentationScope  1 name string · 2 version string · 3 attributes KeyValue, repeated
 */
import { flattenAttributes, writeAttributes } from './attributes.js';
import { ChunkWriter } from './chunk-writer.js';
import { ATTRIBUTE_COUNT } from './limits.js';

const TAG_SCOPE = 0x0a;
const TAG_NAME = 0x0a;
const TAG_VERSION = 0x12;
const TAG_ATTRIBUTE = 0x1a;
const TAG_SCHEMA_URL = 0x1a;
const UNLIMITED: number = Number.POSITIVE_INFINITY;

/** An instrumentation scope and its bytes. */
export class Scope {
  readonly name: string;
  readonly version: string | undefined;
  readonly schemaUrl: string | undefined;
  /** Fields 1 (scope) and 3 (schema_url) of ScopeSpans, ScopeMetrics and ScopeLogs, with tags. */
  readonly bytes: Uint8Array;

  /** An empty name is allowed, as the specification says. */
  constructor(
    name: string,
    version?: string,
    schemaUrl?: string,
    attributes?: Readonly<Record<string, unknown>>,
  ) {
    this.name = name;
    this.version = version;
    this.schemaUrl = schemaUrl;
    const writer = new ChunkWriter(256);
    writer.byte(TAG_SCOPE);
    const start = writer.open();
    writer.byte(TAG_NAME);
    writer.string(name);
    if (version !== undefined && version !== '') {
      writer.byte(TAG_VERSION);
      writer.string(version);
    }
    writeAttributes(
      writer,
      TAG_ATTRIBUTE,
      flattenAttributes(attributes, ATTRIBUTE_COUNT, UNLIMITED).flat,
    );
    writer.close(start);
    if (schemaUrl !== undefined && schemaUrl !== '') {
      writer.byte(TAG_SCHEMA_URL);
      writer.string(schemaUrl);
    }
    this.bytes = writer.copy();
  }
}
