/** Metric exporters: OTLP, memory and console. */
import { readChoice } from '../common/environment.js';
import { temporalityOf } from '../metrics/aggregation.js';
import type { TemporalityPreference } from '../metrics/aggregation.js';
import type { InstrumentKind } from '../metrics/instrument-descriptor.js';
import { CollectedMetrics } from './collected-metrics.js';
import { encodeResourceMetrics } from './encode-metrics.js';
import { ExportResultCode } from './export-result.js';
import type { ExportResult } from './export-result.js';
import { AggregationTemporality, AggregationType, INSTRUMENT_TYPES } from './metric-types.js';
import type {
  AggregationOption,
  AggregationTemporalityPreference,
  InstrumentType,
  PushMetricExporter,
  ResourceMetrics,
} from './metric-types.js';
import { OtlpClient } from './otlp-client.js';
import type { OtlpExporterOptions } from './otlp-client.js';

type Callback = (result: ExportResult) => void;

/** Options of {@link OTLPMetricExporter}. */
export interface OtlpMetricExporterOptions extends OtlpExporterOptions {
  /** Default: OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE, else cumulative. */
  readonly temporalityPreference?: AggregationTemporalityPreference | AggregationTemporality;
  /** Default: by the instrument's kind. */
  readonly aggregationPreference?: (instrumentType: InstrumentType) => AggregationOption;
}

/** By the official numbers. */
const PREFERENCES: readonly TemporalityPreference[] = ['delta', 'cumulative', 'lowmemory'];

/** Sends metrics by OTLP: ours, and any with the official ResourceMetrics' properties. */
export class OTLPMetricExporter implements PushMetricExporter {
  readonly #client: OtlpClient;
  readonly #preference: TemporalityPreference;
  readonly #aggregation: ((instrumentType: InstrumentType) => AggregationOption) | undefined;

  constructor(options: OtlpMetricExporterOptions = {}) {
    const { temporalityPreference, aggregationPreference, ...rest } = options;
    const name = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';
    this.#client = new OtlpClient('metrics', rest);
    this.#preference =
      PREFERENCES[temporalityPreference ?? -1] ??
      readChoice(process.env, name, PREFERENCES) ??
      'cumulative';
    this.#aggregation = aggregationPreference;
  }

  export(metrics: ResourceMetrics, resultCallback: Callback): void {
    const encode = (): Uint8Array =>
      metrics instanceof CollectedMetrics && !metrics.isDecoded
        ? metrics.bytes
        : encodeResourceMetrics(metrics);
    const count = (): number =>
      metrics.scopeMetrics
        .flatMap((scope) => scope.metrics)
        .reduce((sum, { dataPoints }) => sum + dataPoints.length, 0);
    this.#client.export(encode, resultCallback, count);
  }

  selectAggregationTemporality(instrumentType: InstrumentType): AggregationTemporality {
    const kinds = Object.keys(INSTRUMENT_TYPES) as InstrumentKind[];
    const kind = kinds.find((each) => INSTRUMENT_TYPES[each] === instrumentType) ?? 'gauge';
    return temporalityOf(this.#preference, kind) === 'delta'
      ? AggregationTemporality.DELTA
      : AggregationTemporality.CUMULATIVE;
  }

  selectAggregation(instrumentType: InstrumentType): AggregationOption {
    return this.#aggregation?.(instrumentType) ?? { type: AggregationType.DEFAULT };
  }

  /** Resolves when every export under way has been answered. */
  forceFlush(): Promise<void> {
    return this.#client.forceFlush();
  }

  /** Waits for what is under way, then refuses more. */
  shutdown(): Promise<void> {
    return this.#client.shutdown();
  }
}

/** Keeps collections in memory, without a limit: for tests. */
export class InMemoryMetricExporter implements PushMetricExporter {
  readonly #temporality: AggregationTemporality;
  #metrics: ResourceMetrics[] = [];
  #isStopped = false;

  constructor(aggregationTemporality: AggregationTemporality) {
    this.#temporality = aggregationTemporality;
  }

  export(metrics: ResourceMetrics, resultCallback: Callback): void {
    const code = this.#isStopped ? ExportResultCode.FAILED : ExportResultCode.SUCCESS;
    if (!this.#isStopped) this.#metrics.push(metrics);
    setTimeout(() => resultCallback({ code }), 0);
  }

  /** The collections so far. */
  getMetrics(): ResourceMetrics[] {
    return this.#metrics;
  }

  /** Forgets the collections so far. */
  reset(): void {
    this.#metrics = [];
  }

  selectAggregationTemporality(): AggregationTemporality {
    return this.#temporality;
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  /** Refuses more. */
  shutdown(): Promise<void> {
    this.#isStopped = true;
    return Promise.resolve();
  }
}

/** Prints metrics with console.dir. */
export class ConsoleMetricExporter implements PushMetricExporter {
  export(metrics: ResourceMetrics, resultCallback: Callback): void {
    for (const { metrics: own } of metrics.scopeMetrics) {
      for (const { descriptor, dataPointType, dataPoints } of own) {
        // oxlint-disable-next-line no-console -- printing is what it is for
        console.dir({ descriptor, dataPointType, dataPoints }, { depth: 6 });
      }
    }
    resultCallback({ code: ExportResultCode.SUCCESS });
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}
