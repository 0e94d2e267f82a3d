import type { BatchObservableResult } from '@opentelemetry/api';

import type { Signal } from '../export/exporter.js';
import type { Telemetry } from '../export/telemetry.js';
import type { MeterProvider } from './meter-provider.js';

/** Signal → what the semantic conventions call its records ("OpenTelemetry SDK metrics"). */
const RECORDS: readonly (readonly [Signal, string])[] = [
  ['traces', 'span'],
  ['metrics', 'metric_data_point'],
  ['logs', 'log'],
];

/**
 * Metrics of the SDK about itself: records that were exported and that were not, by signal and by
 * reason, and measurements that were refused. Read from counters that are kept anyway, at each
 * collection: nothing is added to any recording call. Returns what switches them off.
 */
export function observeSelf(telemetry: Telemetry, provider: MeterProvider): () => void {
  const meter = provider.getMeter('@codomyrmex/telemetry/self');
  const exported = RECORDS.map(([signal, record]) => ({
    signal,
    counter: meter.createObservableCounter(`otel.sdk.exporter.${record}.exported`, {
      unit: `{${record}}`,
      description: 'Records whose export ended; with error.type those that were lost',
    }),
  }));
  const dropped = meter.createObservableCounter('codomyrmex.sdk.dropped', {
    unit: '{record}',
    description: 'Records of all signals that were lost, by reason',
  });
  const refused = meter.createObservableCounter('codomyrmex.sdk.measurement.refused', {
    unit: '{measurement}',
    description: 'Measurements that no instrument takes, by reason',
  });
  const callback = (result: BatchObservableResult): void => {
    const stats = telemetry.exporter.stats();
    for (const { signal, counter } of exported) {
      result.observe(counter, stats.sent[signal]);
      if (stats.dropped[signal] > 0) {
        result.observe(counter, stats.dropped[signal], { 'error.type': '_OTHER' });
      }
    }
    for (const [reason, count] of Object.entries(stats.droppedBy)) {
      result.observe(dropped, count, { reason });
    }
    for (const [reason, count] of provider.refusals.byReason()) {
      result.observe(refused, count, { reason });
    }
  };
  const observables = [...exported.map(({ counter }) => counter), dropped, refused];
  meter.addBatchObservableCallback(callback, observables);
  return () => meter.removeBatchObservableCallback(callback, observables);
}
