/**
 * Starts the spans of instrumentation. With our own tracer and a sampler that needs no attributes
 * the flat list becomes the span's as it is: no object, no copy, no check of what is known to fit.
 */
import type { Context, Span, SpanOptions, Tracer, TracerProvider } from '@opentelemetry/api';
import type { FlatAttributes } from '../common/attributes.js';
import { SDK_VERSION } from '../common/version.js';
import { planOf } from '../trace/samplers.js';
import { RecordedSpan } from '../trace/span.js';
import { TracerProvider as OwnTracerProvider } from '../trace/tracer-provider.js';

/** No instrumentation of ours sets more at the start, headers captured by option aside. */
const ATTRIBUTES_AT_START = 64;

/** Where spans go, or how to find that out with the first one. */
export type ProviderOrFind = TracerProvider | (() => TracerProvider);

/** Makes spans of one scope, with either kind of provider. */
export class SpanMaker {
  readonly #provider: ProviderOrFind;
  readonly #scope: string;
  #tracer: Tracer | undefined;
  #isDirect = false;

  /** `name` is the part after `@codomyrmex/telemetry/` in the scope's name. */
  constructor(provider: ProviderOrFind, name: string) {
    this.#provider = provider;
    this.#scope = `@codomyrmex/telemetry/${name}`;
  }

  #find(): Tracer {
    const provider = typeof this.#provider === 'function' ? this.#provider() : this.#provider;
    this.#isDirect = takesFlatAttributes(provider);
    this.#tracer = provider.getTracer(this.#scope, SDK_VERSION);
    return this.#tracer;
  }

  /**
   * Starts a span. `attributes` makes `[key, value, …]` without repeated keys, which becomes the
   * span's; where the sampler needs none it is asked only for a span that is recorded.
   */
  start(name: string, kind: SpanOptions, context: Context, attributes: () => FlatAttributes): Span {
    const tracer = this.#tracer ?? this.#find();
    if (this.#isDirect) {
      const span = tracer.startSpan(name, kind, context);
      if (span instanceof RecordedSpan) fill(span, attributes());
      return span;
    }
    const options = { ...kind, attributes: asObject(attributes()) };
    return tracer.startSpan(name, options, context);
  }
}

function fill(span: RecordedSpan, flat: FlatAttributes): void {
  if (flat.length <= ATTRIBUTES_AT_START * 2) span.attributes = flat;
  else span.setAttributes(asObject(flat));
}

function takesFlatAttributes(provider: TracerProvider): boolean {
  if (!(provider instanceof OwnTracerProvider)) return false;
  const { limits, processors, sampler } = provider;
  const isUnlimited =
    limits.valueLength === Number.POSITIVE_INFINITY && limits.attributeCount >= ATTRIBUTES_AT_START;
  return isUnlimited && processors.length === 0 && planOf(sampler).root !== 'ask';
}

function asObject(flat: FlatAttributes): Record<string, string | number | string[]> {
  const attributes: Record<string, string | number | string[]> = {};
  for (let index = 0; index < flat.length; index += 2) {
    attributes[flat[index] as string] = flat[index + 1] as string | number | string[];
  }
  return attributes;
}
