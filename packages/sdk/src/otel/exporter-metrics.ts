/** `otel.sdk.exporter.*` of an OTLP exporter that was made by hand. */
import type {
  Attributes,
  Counter,
  Histogram,
  MeterProvider,
  UpDownCounter,
} from '@opentelemetry/api';
import { SDK_VERSION } from '../common/version.js';
import type { Destination } from '../export/settings.js';
import type { Signal } from '../export/signal.js';
import { exporterAttributes, withError } from '../metrics/component-attributes.js';

const WORDS = { traces: 'span', metrics: 'metric_data_point', logs: 'log' } as const;
const UNITS = { traces: '{span}', metrics: '{data_point}', logs: '{log_record}' } as const;
const instances: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };

/** Counts and times the exports of one exporter. */
export class ExporterMetrics {
  readonly #attributes: Attributes;
  readonly #inflight: UpDownCounter;
  readonly #exported: Counter;
  readonly #duration: Histogram;

  constructor(provider: MeterProvider, signal: Signal, destination: Destination) {
    const meter = provider.getMeter('@codomyrmex/telemetry/otel', SDK_VERSION);
    const name = `otel.sdk.exporter.${WORDS[signal]}`;
    const unit = UNITS[signal];
    this.#attributes = exporterAttributes(WORDS[signal], destination, instances[signal]++);
    this.#inflight = meter.createUpDownCounter(`${name}.inflight`, { unit });
    this.#exported = meter.createCounter(`${name}.exported`, { unit });
    this.#duration = meter.createHistogram('otel.sdk.exporter.operation.duration', {
      unit: 's',
      advice: { explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
    });
  }

  /** An export of `count` records begins; what it returns is to be called at its end. */
  begin(count: number): (rejected: number, errorType: string | undefined) => void {
    const beganMillis = performance.now();
    const attributes = this.#attributes;
    this.#inflight.add(count, attributes);
    return (rejected, errorType) => {
      this.#inflight.add(-count, attributes);
      const failed = errorType === undefined ? Math.min(rejected, count) : count;
      const type = errorType ?? (rejected > 0 ? 'rejected' : undefined);
      if (count > failed) this.#exported.add(count - failed, attributes);
      if (failed > 0) this.#exported.add(failed, withError(attributes, type));
      const seconds = (performance.now() - beganMillis) / 1000;
      this.#duration.record(seconds, withError(attributes, type));
    };
  }
}
