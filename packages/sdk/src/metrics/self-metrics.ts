import type { BatchObservableResult, Histogram, Observable } from '@opentelemetry/api';

import type { ExportProgress, ExportStats, Signal } from '../export/exporter.js';
import type { Destination } from '../export/settings.js';
import type { Telemetry } from '../export/telemetry.js';
import { component, exporterAttributes, withError } from './component-attributes.js';
import type { Meter } from './meter.js';
import type { MeterProvider } from './meter-provider.js';
import { observeSpans } from './span-metrics.js';

/** Signal, the word for it in names, and its records' unit ("OpenTelemetry SDK metrics"). */
const RECORDS = [
  { signal: 'traces', word: 'span', unit: '{span}' },
  { signal: 'metrics', word: 'metric_data_point', unit: '{data_point}' },
  { signal: 'logs', word: 'log', unit: '{log_record}' },
] as const;

/** Failures before the exporter took a record: they are the processor's. */
const BEFORE_EXPORT: ReadonlySet<string> = new Set(['queue_full', 'already_shutdown']);
/** An operation takes from a millisecond on loopback to a minute of retries. */
const OPERATION_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60];
const COLLECTION_BOUNDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 1, 10];

/**
 * Metrics of the SDK about itself, under the names of the semantic conventions 1.44 (`otel.sdk.*`).
 * Read from counts that are kept anyway, at each collection; of recording calls none goes through
 * the public API. Returns what switches them off.
 */
export function observeSelf(telemetry: Telemetry, provider: MeterProvider): () => void {
  const meter = provider.getMeter('@codomyrmex/telemetry/self');
  const undo = [
    observeSpans(meter, telemetry.counts.spans),
    observePipeline(meter, telemetry),
    observeOwn(meter, telemetry, provider),
    timeOperations(meter, telemetry),
  ];
  return () => {
    for (const off of undo) off();
  };
}

/** Processor and exporter of each signal. What a metric has no processor for is left out. */
function observePipeline(meter: Meter, telemetry: Telemetry): () => void {
  const series = RECORDS.map((record) => pipelineOf(meter, record));
  const created = meter.createObservableCounter('otel.sdk.log.created', {
    unit: '{log_record}',
    description: 'The number of log records submitted to enabled loggers.',
  });
  const observables = [created, ...series.flatMap((one) => one.observables)];
  const callback = (result: BatchObservableResult): void => {
    const { counts, settings } = telemetry;
    const stats = { ...telemetry.exporter.stats(), ...telemetry.exporter.progress?.() };
    if (counts.logsCreated > 0) result.observe(created, counts.logsCreated);
    for (const one of series) {
      const destination = settings.destinations[one.signal];
      if (destination !== undefined) one.observe(result, stats, telemetry, destination);
    }
  };
  meter.addBatchObservableCallback(callback, observables);
  return () => meter.removeBatchObservableCallback(callback, observables);
}

interface Pipeline {
  readonly signal: Signal;
  readonly observables: Observable[];
  observe(
    result: BatchObservableResult,
    stats: ExportStats & Partial<ExportProgress>,
    telemetry: Telemetry,
    destination: Destination,
  ): void;
}

function pipelineOf(meter: Meter, { signal, word, unit }: (typeof RECORDS)[number]): Pipeline {
  const exporterName = `otel.sdk.exporter.${word}`;
  const inflight = meter.createObservableUpDownCounter(`${exporterName}.inflight`, {
    unit,
    description: 'Passed to the exporter and neither exported nor failed yet.',
  });
  const exported = meter.createObservableCounter(`${exporterName}.exported`, {
    unit,
    description: 'Records whose export has finished; with error.type those that failed.',
  });
  const processor = word === 'metric_data_point' ? undefined : processorOf(meter, word, unit);
  return {
    signal,
    observables: [inflight, exported, ...(processor?.observables ?? [])],
    observe: (result, stats, telemetry, destination) => {
      const attributes = exporterAttributes(word, destination);
      const waiting = stats.waiting?.[signal] ?? 0;
      result.observe(inflight, waiting + (stats.spilled?.[signal] ?? 0), attributes);
      result.observe(exported, stats.sent[signal], attributes);
      for (const [type, count] of Object.entries(stats.failed?.[signal] ?? {})) {
        if (BEFORE_EXPORT.has(type)) continue;
        result.observe(exported, count, { ...attributes, 'error.type': type });
      }
      processor?.observe(result, stats, telemetry, destination);
    },
  };
}

function processorOf(meter: Meter, word: 'span' | 'log', unit: string): Pipeline {
  const signal = word === 'span' ? 'traces' : 'logs';
  const name = `otel.sdk.processor.${word}`;
  const size = meter.createObservableUpDownCounter(`${name}.queue.size`, {
    unit,
    description: 'Records that are being gathered for an export.',
  });
  const capacity = meter.createObservableUpDownCounter(`${name}.queue.capacity`, {
    unit,
    description: 'How many records may wait, where that is limited by number.',
  });
  const processed = meter.createObservableCounter(`${name}.processed`, {
    unit,
    description: 'Records given to the exporter; with error.type those that it did not get.',
  });
  const attributes = component(`batching_${word}_processor`);
  return {
    signal,
    observables: [size, capacity, processed],
    observe: (result, stats, telemetry) => {
      let gathered = 0;
      for (const ask of telemetry.counts.queued[signal]) gathered += ask();
      result.observe(size, gathered, attributes);
      const most = telemetry.settings.maxQueueRecords[signal];
      if (most !== undefined) result.observe(capacity, most, attributes);
      result.observe(processed, stats.accepted?.[signal] ?? 0, attributes);
      for (const type of BEFORE_EXPORT) {
        const count = stats.failed?.[signal][type] ?? 0;
        if (count > 0) result.observe(processed, count, { ...attributes, 'error.type': type });
      }
    },
  };
}

/** What the conventions have no name for: losses by our reasons, bytes that wait, refusals. */
function observeOwn(meter: Meter, telemetry: Telemetry, provider: MeterProvider): () => void {
  const dropped = meter.createObservableCounter('codomyrmex.sdk.dropped', {
    unit: '{record}',
    description: 'Records of all signals that were lost, by reason',
  });
  const refused = meter.createObservableCounter('codomyrmex.sdk.measurement.refused', {
    unit: '{measurement}',
    description: 'Measurements that no instrument takes, by reason',
  });
  const callback = (result: BatchObservableResult): void => {
    for (const [reason, count] of Object.entries(telemetry.exporter.stats().droppedBy)) {
      result.observe(dropped, count, { reason });
    }
    for (const [reason, count] of provider.refusals.byReason()) {
      result.observe(refused, count, { reason });
    }
  };
  meter.addBatchObservableCallback(callback, [dropped, refused]);
  return () => meter.removeBatchObservableCallback(callback, [dropped, refused]);
}

/** The two histograms: of exports with their retries, and of collections. */
function timeOperations(meter: Meter, telemetry: Telemetry): () => void {
  const { counts } = telemetry;
  const operation = histogram(meter, 'exporter.operation', OPERATION_BOUNDS);
  const collection = histogram(meter, 'metric_reader.collection', COLLECTION_BOUNDS);
  counts.exported = ({ signal, seconds, errorType }) => {
    const word = RECORDS.find((record) => record.signal === signal)?.word ?? signal;
    const destination = telemetry.settings.destinations[signal];
    const attributes = destination === undefined ? {} : exporterAttributes(word, destination);
    operation.record(seconds, withError(attributes, errorType));
  };
  counts.collected = (seconds, errorType) => {
    collection.record(seconds, withError(component('periodic_metric_reader'), errorType));
  };
  return () => {
    counts.exported = undefined;
    counts.collected = undefined;
  };
}

function histogram(meter: Meter, name: string, bounds: number[]): Histogram {
  return meter.createHistogram(`otel.sdk.${name}.duration`, {
    unit: 's',
    description: 'How long it took, retries included.',
    advice: { explicitBucketBoundaries: bounds },
  });
}
