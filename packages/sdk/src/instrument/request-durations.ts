/**
 * `http.server.request.duration` and `http.client.request.duration`: seconds, with the buckets and
 * the attributes of OpenTelemetry's stable HTTP conventions. Every request counts, sampled or not.
 */
import type { Attributes, Context, Histogram, MeterProvider } from '@opentelemetry/api';
import { SDK_VERSION } from '../common/version.js';

/** The buckets that the conventions advise, in seconds. */
const BOUNDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** One of the two, made at its first record: a program without requests loads no metrics. */
export class RequestDurations {
  readonly #provider: MeterProvider;
  readonly #side: 'server' | 'client';
  readonly #scope: string;
  #histogram: Histogram | undefined;

  /** `scope` is the part after `@codomyrmex/telemetry/` in the scope's name. */
  constructor(provider: MeterProvider, side: 'server' | 'client', scope: string) {
    this.#provider = provider;
    this.#side = side;
    this.#scope = scope;
  }

  /** Takes a request that ends now; `startMillis` is a reading of performance.now(). */
  record(startMillis: number, attributes: Attributes, context: Context): void {
    this.#histogram ??= this.#create();
    this.#histogram.record((performance.now() - startMillis) / 1000, attributes, context);
  }

  #create(): Histogram {
    const meter = this.#provider.getMeter(`@codomyrmex/telemetry/${this.#scope}`, SDK_VERSION);
    return meter.createHistogram(`http.${this.#side}.request.duration`, {
      description: `Duration of HTTP ${this.#side} requests.`,
      unit: 's',
      advice: { explicitBucketBoundaries: [...BOUNDS] },
    });
  }
}
