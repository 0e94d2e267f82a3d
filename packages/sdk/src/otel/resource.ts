/** Resources with the official interface, and their bytes. */
import type { Attributes } from '@opentelemetry/api';
import { report } from '../common/diagnostics.js';
import type { ReadableResource } from '../common/readable-span.js';
import { Resource as EncodedResource } from '../common/resource.js';
import { SDK_VERSION } from '../common/version.js';

/** An attribute that may still have to be found out. */
export type MaybePromise<T> = T | Promise<T>;
/** Resource attributes; a value that is a promise counts when it resolves. */
export type DetectedAttributes = Readonly<
  Record<string, MaybePromise<Attributes[string] | undefined>>
>;

/** An immutable resource with the official SDK's interface. */
export interface Resource extends ReadableResource {
  readonly attributes: Attributes;
  readonly schemaUrl?: string;
  readonly asyncAttributesPending?: boolean;
  /** This resource with `other` laid over it. */
  merge(other: ReadableResource | null): Resource;
  /** Keys and values as given, promises included. */
  getRawAttributes(): [string, MaybePromise<Attributes[string] | undefined>][];
}

class DetectedResource implements Resource {
  declare readonly schemaUrl?: string;
  readonly #raw: DetectedAttributes;
  readonly #settled: Attributes = {};
  #waiting: Promise<void> | undefined;

  constructor(raw: DetectedAttributes, schemaUrl: string | undefined) {
    this.#raw = raw;
    if (schemaUrl !== undefined) this.schemaUrl = schemaUrl;
    const pending: Promise<void>[] = [];
    for (const [key, value] of Object.entries(raw)) {
      if (value instanceof Promise) pending.push(this.#settle(key, value));
      else if (value !== undefined && value !== null) this.#settled[key] = value;
    }
    if (pending.length > 0) this.#waiting = this.#wait(pending);
  }

  async #wait(pending: readonly Promise<void>[]): Promise<void> {
    await Promise.all(pending);
    this.#waiting = undefined;
  }

  async #settle(key: string, promise: Promise<Attributes[string] | undefined>): Promise<void> {
    try {
      const value = await promise;
      if (value !== undefined && value !== null) this.#settled[key] = value;
    } catch (error: unknown) {
      report('warn', `cannot find out the resource attribute ${key}: ${String(error)}`);
    }
  }

  get attributes(): Attributes {
    if (this.#waiting !== undefined) {
      report('warn', 'reading resource attributes before all of them are known');
    }
    return this.#settled;
  }

  get asyncAttributesPending(): boolean {
    return this.#waiting !== undefined;
  }

  async waitForAsyncAttributes(): Promise<void> {
    await this.#waiting;
  }

  merge(other: ReadableResource | null): Resource {
    if (other === null || other === undefined) return this;
    const raw = 'getRawAttributes' in other ? (other as Resource).getRawAttributes() : undefined;
    const over = raw === undefined ? other.attributes : firstWins(raw);
    const both = { ...this.#raw, ...over };
    return new DetectedResource(both, mergedSchema(this.schemaUrl, other.schemaUrl));
  }

  getRawAttributes(): [string, MaybePromise<Attributes[string] | undefined>][] {
    return Object.entries(this.#raw);
  }
}

/** The official SDK's raw attributes list what was merged later first. */
function firstWins(
  raw: readonly [string, MaybePromise<Attributes[string] | undefined>][],
): DetectedAttributes {
  return Object.fromEntries([...raw].toReversed());
}

/** Resource SDK, "Merge": an empty schema URL gives way; two different ones leave none. */
function mergedSchema(own: string | undefined, other: string | undefined): string | undefined {
  if (own === undefined || own === '') return other;
  if (other === undefined || other === '' || other === own) return own;
  report('warn', `merging resources with different schemas, ${own} and ${other}: none is kept`);
  return undefined;
}

/** A resource with these attributes; promises among the values are waited for before exports. */
export function resourceFromAttributes(
  attributes: DetectedAttributes,
  options?: { readonly schemaUrl?: string },
): Resource {
  return new DetectedResource(attributes, options?.schemaUrl);
}

/** A resource without attributes. */
export function emptyResource(): Resource {
  return new DetectedResource({}, undefined);
}

/** What a provider without a resource has: `unknown_service:node` and the SDK's name. */
export function defaultResource(): Resource {
  return resourceFromAttributes({
    'service.name': 'unknown_service:node',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'codomyrmex',
    'telemetry.sdk.version': SDK_VERSION,
  });
}

const encoded = new WeakMap<ReadableResource, EncodedResource>();

/** The resource with its bytes; kept, except while attributes are still being found out. */
export function encodedResource(resource: ReadableResource): EncodedResource {
  const known = encoded.get(resource);
  if (known !== undefined) return known;
  const fresh = new EncodedResource(resource.attributes, resource.schemaUrl);
  if (resource.asyncAttributesPending !== true) encoded.set(resource, fresh);
  return fresh;
}

/** Resolves when every resource of these records has all its attributes; never rejects. */
export async function resourcesKnown(
  records: readonly { readonly resource: ReadableResource }[],
): Promise<void> {
  const pending = new Set<ReadableResource>();
  for (const { resource } of records) {
    if (resource.asyncAttributesPending === true) pending.add(resource);
  }
  try {
    await Promise.all([...pending].map(async (resource) => resource.waitForAsyncAttributes?.()));
  } catch (error: unknown) {
    report('warn', `cannot find out all resource attributes: ${String(error)}`);
  }
}

/** True when {@link resourcesKnown} would have something to wait for. */
export function hasPendingResource(
  records: readonly { readonly resource: ReadableResource }[],
): boolean {
  return records.some((record) => record.resource.asyncAttributesPending === true);
}
