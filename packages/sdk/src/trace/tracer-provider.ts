/** The provider: what all tracers share, and one tracer a scope. */
import type { TracerOptions, TracerProvider as ApiTracerProvider } from '@opentelemetry/api';
import { reportOnce } from '../common/diagnostics.js';
import { readBoolean } from '../common/environment.js';
import type { ReadableResource, SpanProcessor } from '../common/readable-span.js';
import type { Sampler } from '../common/sampler.js';
import { Scope } from '../common/scope.js';
import type { SpanCounts } from '../common/span-counts.js';
import { Batcher } from '../export/batcher.js';
import type { Telemetry } from '../export/telemetry.js';
import { LiveSpans } from './live-spans.js';
import { AlwaysOffSampler, samplerFromEnvironment } from './samplers.js';
import { resolveSpanLimits } from './span-limits.js';
import type { SpanLimits } from './span-limits.js';
import { Tracer } from './tracer.js';
import type { TracerSurroundings } from './tracer.js';

/** A program that makes scope names from data gets tracers, but they are not kept. */
const MAXIMUM_TRACERS = 1000;

function liveSpansOf(telemetry: Telemetry): LiveSpans | undefined {
  const wanted = telemetry.options.liveSpans ?? 'auto';
  const { destinations, isServerless } = telemetry.settings;
  const isOn = destinations.traces !== undefined && (wanted === true || !isServerless);
  if (wanted === false || !isOn) return undefined;
  return new LiveSpans(telemetry, wanted === 'auto' ? undefined : true);
}

/** Makes tracers that share sampler, limits, processors, resource and exporter. */
export class TracerProvider implements ApiTracerProvider, TracerSurroundings {
  readonly telemetry: Telemetry;
  readonly resource: ReadableResource;
  readonly limits: SpanLimits;
  readonly sampler: Sampler;
  readonly processors: readonly SpanProcessor[];
  readonly spanCounts: SpanCounts;
  readonly liveSpans: LiveSpans | undefined;
  readonly #tracers = new Map<string, Tracer>();

  /** Takes options and environment of the telemetry. */
  constructor(telemetry: Telemetry) {
    const { options, environment } = telemetry;
    this.telemetry = telemetry;
    this.resource = telemetry.resource as ReadableResource;
    this.spanCounts = telemetry.counts.spans;
    this.limits = resolveSpanLimits(options, environment);
    this.sampler = readBoolean(environment, 'OTEL_SDK_DISABLED')
      ? new AlwaysOffSampler()
      : (options.sampler ?? samplerFromEnvironment(environment));
    this.processors = options.spanProcessors ?? [];
    this.liveSpans = liveSpansOf(telemetry);
    for (const processor of this.processors) {
      telemetry.onFlush(() => processor.forceFlush());
      telemetry.onShutdown(() => processor.shutdown());
    }
  }

  batcherOf(scope: Scope): Batcher | undefined {
    const isOn = this.telemetry.settings.destinations.traces !== undefined;
    return isOn ? new Batcher(this.telemetry, 'traces', scope) : undefined;
  }

  /** The tracer of a scope; the same one for the same name, version and schema URL. */
  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    const scopeName = typeof name === 'string' ? name : '';
    const key = `${scopeName}\n${version ?? ''}\n${options?.schemaUrl ?? ''}`;
    const known = this.#tracers.get(key);
    if (known !== undefined) return known;
    const tracer = new Tracer(this, new Scope(scopeName, version, options?.schemaUrl));
    if (this.#tracers.size < MAXIMUM_TRACERS) this.#tracers.set(key, tracer);
    else reportOnce('warn', 'tracers', `over ${MAXIMUM_TRACERS} tracers: names made from data?`);
    return tracer;
  }
}
