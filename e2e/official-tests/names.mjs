// What the official tests import from «../src» and from the official packages: our /otel, and for
// the few names that are no public API there, the same thing made from our public parts.
import { createRequire } from 'node:module';
import { trace } from '@opentelemetry/api';
import * as ours from '@codomyrmex/telemetry/otel';

export * from '@codomyrmex/telemetry/otel';

const core = createRequire(import.meta.url)('@opentelemetry/core');
export const { TRACE_PARENT_HEADER, TRACE_STATE_HEADER, parseKeyPairsIntoRecord } = core;
export const BAGGAGE_HEADER = 'baggage';
export const AsyncHooksContextManager = ours.AsyncLocalStorageContextManager;
export const buildSamplerFromEnv = () => new ours.TracerProvider().sampler;

/** The official constructor takes the header; ours is `parse`. */
export function TraceState(header) {
  return ours.TraceState.parse(header ?? '') ?? ours.TraceState.EMPTY;
}

/** Tests make spans by hand: one of a provider that gives it the wanted identity. */
export class SpanImpl {
  constructor(wanted) {
    const { spanContext, spanProcessor, spanLimits, resource } = wanted;
    const provider = new ours.TracerProvider({
      sampler: new ours.AlwaysOnSampler(),
      spanProcessors: [spanProcessor ?? new ours.NoopSpanProcessor()],
      spanLimits: spanLimits ?? {},
      resource,
      idGenerator: {
        generateTraceId: () => spanContext.traceId,
        generateSpanId: () => spanContext.spanId,
      },
    });
    const parent = wanted.parentSpanContext;
    const context = parent ? trace.setSpanContext(wanted.context, parent) : wanted.context;
    const { name, kind, attributes, links, startTime } = wanted;
    const { name: scope, version } = wanted.scope ?? { name: 'test' };
    const options = { kind, attributes, links, startTime };
    return provider.getTracer(scope, version).startSpan(name, options, context);
  }

  static [Symbol.hasInstance](value) {
    return typeof value?.spanContext === 'function';
  }
}

/** Several processors as one: what our provider does with its list. */
export class MultiSpanProcessor {
  #processors;
  #provider;

  constructor(processors) {
    this.#processors = processors;
    this.#provider = new ours.TracerProvider({ spanProcessors: processors });
  }

  onStart(span, context) {
    for (const processor of this.#processors) processor.onStart(span, context);
  }

  onEnd(span) {
    for (const processor of this.#processors) processor.onEnd(span);
  }

  forceFlush() {
    return this.#provider.forceFlush();
  }

  shutdown() {
    return this.#provider.shutdown();
  }
}

// Private fields of the official classes that the tests look at, in our terms.
const providers = new WeakMap();
const { getTracer } = ours.TracerProvider.prototype;
ours.TracerProvider.prototype.getTracer = function (...names) {
  const tracer = getTracer.apply(this, names);
  providers.set(tracer, this);
  return tracer;
};
const field = (proto, name, get) => Object.defineProperty(proto, name, { get, configurable: true });
const spanLimits = ({ limits }) => ({
  attributeValueLengthLimit: limits.valueLength,
  attributeCountLimit: limits.attributeCount,
  eventCountLimit: limits.eventCount,
  linkCountLimit: limits.linkCount,
  attributePerEventCountLimit: limits.eventAttributeCount,
  attributePerLinkCountLimit: limits.linkAttributeCount,
});
const providerProto = ours.TracerProvider.prototype;
field(providerProto, '_resource', function () {
  return this.resource;
});
field(providerProto, '_activeSpanProcessor', function () {
  return { _spanProcessors: this.processors };
});
const tracerProto = ours.Tracer.prototype;
field(tracerProto, '_spanLimits', function () {
  return spanLimits(providers.get(this));
});
field(tracerProto, '_resource', function () {
  return providers.get(this).resource;
});
field(tracerProto, '_sampler', function () {
  return providers.get(this).sampler;
});
field(tracerProto, '_spanProcessor', function () {
  return providers.get(this).processors[0];
});
