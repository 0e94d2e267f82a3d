/**
 * Who is telemetering: attributes of this process, encoded once.
 *
 *     Resource  1 attributes KeyValue, repeated     (resource.proto)
 */
import { attributesObject, flattenAttributes, writeAttributes } from './attributes.js';
import type { AnyValue } from './attributes.js';
import { ChunkWriter } from './chunk-writer.js';
import { detectAttributes } from './detectors.js';
import { readPairs, readText } from './environment.js';
import type { Environment } from './environment.js';
import { ATTRIBUTE_COUNT } from './limits.js';
import { SDK_VERSION } from './version.js';

/** Field 1 of ResourceSpans, ResourceMetrics and ResourceLogs. */
const TAG_RESOURCE = 0x0a;
const TAG_ATTRIBUTE = 0x0a;

/** An immutable set of resource attributes and its bytes. */
export class Resource {
  /** The attributes, without prototype. */
  readonly attributes: Readonly<Record<string, AnyValue>>;
  /** `Resource` as field 1 of a Resource… message, tag and length included. */
  readonly bytes: Uint8Array;
  /** The schema that the attributes follow, as field 3 of a Resource… message; mostly empty. */
  readonly schemaUrl: string | undefined;

  /** Takes attributes as an object; invalid ones are left out. */
  constructor(attributes: Readonly<Record<string, unknown>>, schemaUrl?: string) {
    const { flat } = flattenAttributes(attributes, ATTRIBUTE_COUNT, Number.POSITIVE_INFINITY);
    this.attributes = attributesObject(flat);
    this.schemaUrl = schemaUrl;
    const writer = new ChunkWriter(512);
    writer.byte(TAG_RESOURCE);
    const start = writer.open(200);
    writeAttributes(writer, TAG_ATTRIBUTE, flat);
    writer.close(start, 200);
    this.bytes = writer.copy();
  }

  /** A new resource with `attributes` laid over this one's. */
  merge(attributes: Readonly<Record<string, unknown>>): Resource {
    return new Resource({ ...this.attributes, ...attributes }, this.schemaUrl);
  }
}

/** The resource of this process: SDK and detectors, then the environment's, then code's. */
export function detectResource(
  environment: Environment,
  fromCode: Readonly<Record<string, unknown>>,
): Resource {
  const named = readText(environment, 'OTEL_SERVICE_NAME');
  return new Resource({
    'service.name': 'unknown_service:node',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'codomyrmex',
    'telemetry.sdk.version': SDK_VERSION,
    ...detectAttributes(environment),
    ...Object.fromEntries(readPairs(environment, 'OTEL_RESOURCE_ATTRIBUTES')),
    ...(named === undefined ? {} : { 'service.name': named }),
    ...fromCode,
  });
}
