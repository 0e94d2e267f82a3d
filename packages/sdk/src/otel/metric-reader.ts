/** The reader that collects at an interval and hands metrics to an exporter. */
import { report } from '../common/diagnostics.js';
import { readCount } from '../common/environment.js';
import { CollectedMetrics } from './collected-metrics.js';
import { exportOrReject } from './export-result.js';
import { CARDINALITY, EXPORT_TIMEOUT_MILLIS, METRIC_INTERVAL_MILLIS } from './limits.js';
import { AggregationTemporality, AggregationType } from './metric-types.js';
import type {
  AggregationOption,
  CollectionResult,
  MetricReader,
  InstrumentType,
  MetricProducer,
  PushMetricExporter,
} from './metric-types.js';

/** Options of {@link PeriodicExportingMetricReader}, under the official names. */
export interface PeriodicExportingMetricReaderOptions {
  readonly exporter: PushMetricExporter;
  /** Default: OTEL_METRIC_EXPORT_INTERVAL, else 60,000 ms. */
  readonly exportIntervalMillis?: number;
  /** One collection and export; at most the interval. Default 30,000 ms. */
  readonly exportTimeoutMillis?: number;
  /** Attribute sets of an instrument; default 2,000. */
  readonly cardinalityLimit?: number;
}

/** Collects at an interval, which does not keep the program alive, and at each flush. */
export class PeriodicExportingMetricReader implements MetricReader {
  readonly #exporter: PushMetricExporter;
  readonly #intervalMillis: number;
  readonly #timeoutMillis: number;
  readonly #cardinalityLimit: number;
  #producer: MetricProducer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #ended: Promise<void> | undefined;

  /** Throws for an interval or timeout that is none, or a timeout over the interval. */
  constructor(options: PeriodicExportingMetricReaderOptions) {
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
    this.#exporter = options.exporter;
    this.#cardinalityLimit = options.cardinalityLimit ?? CARDINALITY;
  }

  /** Called by the meter provider, once. */
  setMetricProducer(producer: MetricProducer): void {
    if (this.#producer !== undefined) {
      throw new Error('cannot give a metric reader to a second meter provider');
    }
    this.#producer = producer;
    this.#timer = setInterval(() => void this.#runReported(), this.#intervalMillis);
    this.#timer.unref();
  }

  selectAggregation(instrumentType: InstrumentType): AggregationOption {
    return this.#exporter.selectAggregation?.(instrumentType) ?? { type: AggregationType.DEFAULT };
  }

  selectAggregationTemporality(instrumentType: InstrumentType): AggregationTemporality {
    return (
      this.#exporter.selectAggregationTemporality?.(instrumentType) ??
      AggregationTemporality.CUMULATIVE
    );
  }

  selectCardinalityLimit(): number {
    return this.#cardinalityLimit;
  }

  /** Collects without exporting. Rejects before setMetricProducer and after shutdown. */
  async collect(options?: { readonly timeoutMillis?: number }): Promise<CollectionResult> {
    if (this.#producer === undefined) throw new Error('the reader has no meter provider');
    if (this.#ended !== undefined) throw new Error('the reader is shut down');
    return this.#producer.collect(options);
  }

  /** Collects and exports; rejects when that fails. */
  async forceFlush(_options?: { readonly timeoutMillis?: number }): Promise<void> {
    if (this.#ended !== undefined) return;
    await this.#flush();
  }

  async #flush(): Promise<void> {
    // What is under way may have been collected before the last measurement.
    await Promise.allSettled([this.#running]);
    await this.#run();
    await this.#exporter.forceFlush();
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
    if (this.#producer === undefined) return;
    const { resourceMetrics, errors } = await this.#producer.collect({
      timeoutMillis: this.#timeoutMillis,
    });
    for (const error of errors) report('error', `while collecting metrics: ${String(error)}`);
    const isEmpty =
      resourceMetrics instanceof CollectedMetrics
        ? resourceMetrics.bytes.length === 0
        : resourceMetrics.scopeMetrics.length === 0;
    if (!isEmpty) await exportOrReject(this.#exporter, resourceMetrics, this.#timeoutMillis);
  }

  /** A last export, then the exporter's shutdown; a second call returns the first promise. */
  shutdown(_options?: { readonly timeoutMillis?: number }): Promise<void> {
    clearInterval(this.#timer);
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    try {
      await this.#flush();
    } finally {
      await this.#exporter.shutdown();
    }
  }
}
