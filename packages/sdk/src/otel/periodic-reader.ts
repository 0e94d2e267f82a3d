/** The reader that collects at an interval and hands metrics to an exporter. */
import { report } from '../common/diagnostics.js';
import { readCount } from '../common/environment.js';
import { CollectedMetrics } from './collected-metrics.js';
import { exportOrReject } from './export-result.js';
import { EXPORT_TIMEOUT_MILLIS, METRIC_INTERVAL_MILLIS } from './limits.js';
import { MetricReader } from './metric-reader.js';
import type { MetricReaderOptions } from './metric-reader.js';
import type { PushMetricExporter } from './metric-types.js';

/** Options of {@link PeriodicExportingMetricReader}, under the official names. */
export interface PeriodicExportingMetricReaderOptions extends Pick<
  MetricReaderOptions,
  'cardinalitySelector' | 'metricProducers'
> {
  /** Also chooses aggregation and temporality, where it has the methods for it. */
  readonly exporter: PushMetricExporter;
  /** Default: OTEL_METRIC_EXPORT_INTERVAL, else 60,000 ms. */
  readonly exportIntervalMillis?: number;
  /** One collection and export; at most the interval. Default 30,000 ms. */
  readonly exportTimeoutMillis?: number;
  /** Attribute sets of each instrument; default 2,000. */
  readonly cardinalityLimit?: number;
}

/** Collects at an interval, which does not keep the program alive, and at each flush. */
export class PeriodicExportingMetricReader extends MetricReader {
  readonly #exporter: PushMetricExporter;
  readonly #intervalMillis: number;
  readonly #timeoutMillis: number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  /** Throws for an interval or timeout that is none, or a timeout over the interval. */
  constructor(options: PeriodicExportingMetricReaderOptions) {
    const { exporter, cardinalityLimit, cardinalitySelector, metricProducers } = options;
    const cardinality =
      cardinalitySelector ?? (cardinalityLimit === undefined ? undefined : () => cardinalityLimit);
    super({
      ...(exporter.selectAggregation === undefined
        ? {}
        : { aggregationSelector: exporter.selectAggregation.bind(exporter) }),
      ...(exporter.selectAggregationTemporality === undefined
        ? {}
        : { aggregationTemporalitySelector: exporter.selectAggregationTemporality.bind(exporter) }),
      ...(cardinality === undefined ? {} : { cardinalitySelector: cardinality }),
      ...(metricProducers === undefined ? {} : { metricProducers }),
    });
    const given = options.exportTimeoutMillis;
    this.#intervalMillis =
      options.exportIntervalMillis ??
      readCount(process.env, 'OTEL_METRIC_EXPORT_INTERVAL', 1) ??
      METRIC_INTERVAL_MILLIS;
    const timeout =
      given ??
      readCount(process.env, 'OTEL_METRIC_EXPORT_TIMEOUT', 1) ??
      Math.min(EXPORT_TIMEOUT_MILLIS, this.#intervalMillis);
    if (!(this.#intervalMillis > 0)) throw new Error('exportIntervalMillis must be over 0');
    if (!(timeout > 0)) throw new Error('exportTimeoutMillis must be over 0');
    if (given !== undefined && given > this.#intervalMillis) {
      throw new Error('exportTimeoutMillis must not be over exportIntervalMillis');
    }
    this.#timeoutMillis = Math.min(timeout, this.#intervalMillis);
    this.#exporter = exporter;
  }

  protected override onInitialized(): void {
    this.#timer = setInterval(() => void this.#runReported(), this.#intervalMillis);
    this.#timer.unref();
  }

  protected override async onForceFlush(): Promise<void> {
    // What is under way may have been collected before the last measurement.
    await Promise.allSettled([this.#running]);
    await this.#run();
    await this.#exporter.forceFlush();
  }

  /** A last export, then the exporter's shutdown, whatever came of it. */
  protected override async onShutdown(): Promise<void> {
    clearInterval(this.#timer);
    try {
      await this.onForceFlush();
    } finally {
      await this.#exporter.shutdown();
    }
  }

  async #runReported(): Promise<void> {
    if (this.#running !== undefined) return;
    try {
      await this.#run();
    } catch (error: unknown) {
      report('error', `cannot export metrics: ${String(error)}`);
    }
  }

  #run(): Promise<void> {
    this.#running ??= this.#collectAndExport().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #collectAndExport(): Promise<void> {
    const { resourceMetrics, errors } = await this.collect({
      timeoutMillis: this.#timeoutMillis,
    });
    for (const error of errors) report('error', `while collecting metrics: ${String(error)}`);
    const isEmpty =
      resourceMetrics instanceof CollectedMetrics
        ? resourceMetrics.bytes.length === 0
        : resourceMetrics.scopeMetrics.length === 0;
    if (!isEmpty) await exportOrReject(this.#exporter, resourceMetrics, this.#timeoutMillis);
  }
}
