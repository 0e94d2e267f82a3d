import type { Attributes, MeterOptions, MeterProvider as Contract } from '@opentelemetry/api';

import { ChunkWriter } from '../common/chunk-writer.js';
import { unixNow } from '../common/clock.js';
import { readChoice } from '../common/environment.js';
import { report, reportOnce } from '../common/diagnostics.js';
import type { Telemetry } from '../export/telemetry.js';
import { defaultAggregation, temporalityOf } from './aggregation.js';
import type { Temporality, TemporalityPreference } from './aggregation.js';
import { checkedLimit } from './check-metrics-options.js';
import { ExemplarSource } from './exemplar-source.js';
import type { ExemplarFilter } from './exemplar-source.js';
import type { InstrumentDescriptor, InstrumentKind } from './instrument-descriptor.js';
import { DEFAULT_CARDINALITY_LIMIT, MAX_METERS } from './limits.js';
import { Meter } from './meter.js';
import type { MeterScope, MeterSurroundings } from './meter.js';
import { MetricStream } from './metric-stream.js';
import { Refusals } from './refusals.js';
import { resolveViews } from './views.js';
import type { StreamShape, View } from './views.js';

/** What decides for an instrument in place of the options: metric readers under /otel. */
export interface MetricSelectors {
  temporalityOf(kind: InstrumentKind): Temporality;
  cardinalityLimitOf(kind: InstrumentKind): number;
  /** For instruments without a view; `undefined` drops them. */
  shapeOf(descriptor: InstrumentDescriptor): StreamShape | undefined;
}

/** Meters of one resource, and their collection into export requests. */
export class MeterProvider implements Contract, MeterSurroundings {
  readonly refusals: Refusals = new Refusals();
  readonly exemplars: ExemplarSource;
  readonly #telemetry: Telemetry;
  readonly #selectors: MetricSelectors | undefined;
  readonly #meters = new Map<string, Meter>();
  readonly #preference: TemporalityPreference;
  readonly #cardinalityLimit: number;
  readonly #views: readonly View[];
  readonly #isExponential: boolean;
  #size = 1024;
  #collecting: Promise<void> | undefined;

  constructor(telemetry: Telemetry, selectors?: MetricSelectors) {
    const { options, environment } = telemetry;
    this.#telemetry = telemetry;
    this.#selectors = selectors;
    telemetry.onReset(() => {
      for (const meter of this.#meters.values()) meter.reset();
    });
    this.#preference =
      options.metrics?.temporality ??
      readChoice(environment, 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', PREFERENCES) ??
      'cumulative';
    this.#cardinalityLimit =
      checkedLimit(options.metrics?.cardinalityLimit) ?? DEFAULT_CARDINALITY_LIMIT;
    this.#views = resolveViews(options.metrics?.views ?? []);
    const name = 'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION';
    const histogram = readChoice(environment, name, HISTOGRAMS);
    this.#isExponential = histogram === 'base2_exponential_bucket_histogram';
    this.exemplars = new ExemplarSource(
      options.metrics?.exemplarFilter ??
        readChoice(environment, 'OTEL_METRICS_EXEMPLAR_FILTER', FILTERS) ??
        'trace_based',
    );
  }

  /** The meter of a scope; the same scope again gives the same meter. */
  getMeter(name: string, version?: string, options?: ScopeOptions): Meter {
    const schemaUrl = options?.schemaUrl ?? '';
    const attributes = options?.attributes;
    const key = JSON.stringify([name, version, schemaUrl, attributes]);
    let meter = this.#meters.get(key);
    if (meter === undefined) {
      const scope = { name: String(name ?? ''), version: version ?? '', schemaUrl };
      meter = new Meter(attributes === undefined ? scope : { ...scope, attributes }, this);
      // Beyond the limit it works, but nothing collects it: better than memory without end.
      if (this.#meters.size < MAX_METERS) this.#meters.set(key, meter);
      else reportOnce('warn', 'meters', `over ${MAX_METERS} meters: are names made from data?`);
    }
    return meter;
  }

  streamsOf(descriptor: InstrumentDescriptor, scope: MeterScope): readonly MetricStream[] {
    // Nobody will collect: an instrument without streams costs a call.
    if (!this.#isCollected()) return [];
    const matching = this.#views.filter((view) => view.matches(descriptor, scope));
    const shapes = matching.map((view) => view.shape(descriptor));
    if (matching.length === 0) shapes.push(this.#usualShape(descriptor));
    const { kind } = descriptor;
    const temporality =
      this.#selectors?.temporalityOf(kind) ?? temporalityOf(this.#preference, kind);
    const cardinalityLimit = this.#selectors?.cardinalityLimitOf(kind) ?? this.#cardinalityLimit;
    return shapes
      .filter((shape) => shape !== undefined)
      .map(
        (shape) =>
          new MetricStream(descriptor, {
            cardinalityLimit,
            ...shape,
            temporality,
          }),
      );
  }

  /** False with OTEL_METRICS_EXPORTER=none; readers under /otel collect whatever that says. */
  #isCollected(): boolean {
    return (
      this.#selectors !== undefined || this.#telemetry.settings.destinations.metrics !== undefined
    );
  }

  #usualShape(descriptor: InstrumentDescriptor): StreamShape | undefined {
    if (this.#selectors !== undefined) return this.#selectors.shapeOf(descriptor);
    const aggregation = defaultAggregation(descriptor.kind);
    return aggregation === 'explicitHistogram' && this.#isExponential && !descriptor.bounds
      ? { aggregation: 'exponentialHistogram' }
      : { aggregation };
  }

  /** True when something was recorded since the last collection. */
  hasNews(): boolean {
    return [...this.#meters.values()].some((meter) => meter.hasNews());
  }

  /** True when a collection would ask callbacks. */
  hasObservables(): boolean {
    return [...this.#meters.values()].some((meter) => meter.hasObservables());
  }

  /**
   * Asks the callbacks and hands every metric to the exporter. Without asynchronous callbacks all
   * of it happens before this returns, so that it also works while the process exits; those that
   * are asynchronous follow, at most `timeoutMillis` later. A second call waits for the first.
   */
  collect(timeoutMillis: number): Promise<void> {
    if (this.#collecting !== undefined) {
      return this.#collecting.then(() => this.collect(timeoutMillis));
    }
    const pending = [...this.#meters.values()].flatMap((meter) => meter.askObservables());
    if (pending.length === 0) {
      this.#emit('all');
      return Promise.resolve();
    }
    this.#emit('sync');
    const work = this.#emitLater(pending, timeoutMillis).finally(() => {
      this.#collecting = undefined;
    });
    this.#collecting = work;
    return work;
  }

  async #emitLater(pending: readonly Promise<void>[], timeoutMillis: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMillis);
      timer.unref();
    });
    const outcome = await Promise.race([Promise.all(pending), limit]);
    clearTimeout(timer);
    if (outcome === 'late') {
      report('warn', `callbacks of observable instruments took over ${timeoutMillis} ms`);
    }
    this.#emit('observable');
  }

  /**
   * One ExportMetricsServiceRequest: 1 resource_metrics { 1 resource, 2 scope_metrics,
   * 3 schema_url }.
   */
  #emit(which: 'all' | 'sync' | 'observable'): void {
    const { resource, exporter } = this.#telemetry;
    // What the last one took, and a quarter: cells come one by one.
    const out = new ChunkWriter(this.#size + (this.#size >> 2));
    const time = unixNow();
    out.byte(0x0a);
    const start = out.open(this.#size);
    out.raw(resource.bytes);
    let points = 0;
    for (const meter of this.#meters.values()) points += meter.collect(out, time, which);
    if (points === 0) return;
    if (resource.schemaUrl !== undefined) {
      out.byte(0x1a);
      out.string(resource.schemaUrl);
    }
    const estimate = this.#size;
    this.#size = Math.max(1024, out.position);
    out.close(start, estimate);
    exporter.enqueue('metrics', out.bytes.subarray(0, out.position), points);
  }
}

interface ScopeOptions extends MeterOptions {
  readonly attributes?: Attributes;
}

const PREFERENCES: readonly TemporalityPreference[] = ['cumulative', 'delta', 'lowmemory'];
const HISTOGRAMS = ['explicit_bucket_histogram', 'base2_exponential_bucket_histogram'] as const;
const FILTERS: readonly ExemplarFilter[] = ['always_on', 'always_off', 'trace_based'];
