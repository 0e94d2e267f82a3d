/**
 * Our providers, processors and exporters under the official SDK's names and with its constructor
 * options: import these in place of @opentelemetry/sdk-*, exporter-* and core.
 */
/// <reference lib="esnext.disposable" preserve="true" />
export { TracerProvider } from './tracer-provider.js';
export {
  TracerProvider as BasicTracerProvider,
  TracerProvider as NodeTracerProvider,
} from './tracer-provider.js';
export type { RegistrationOptions, TracerProviderOptions } from './tracer-provider.js';
export { Tracer } from '../trace/tracer.js';
export { RandomIdGenerator } from '../trace/id-generator.js';
export type { IdGenerator } from '../trace/id-generator.js';
export type { ReadableSpan, SpanProcessor, TimedEvent } from '../common/readable-span.js';
export { BatchSpanProcessor, NoopSpanProcessor, SimpleSpanProcessor } from './span-processors.js';
export type { BatchSpanProcessorOptions, SpanExporter } from './span-processors.js';
export { ConsoleSpanExporter, InMemorySpanExporter } from './span-exporters.js';
export {
  AlwaysOffSampler,
  AlwaysOnSampler,
  createAlwaysRecordSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '../trace/samplers.js';
export type { ParentBasedSamplerOptions } from '../trace/samplers.js';
export { SamplingDecision } from '../common/sampler.js';
export type { Sampler, SamplingResult } from '../common/sampler.js';
export { AsyncLocalStorageContextManager } from './context-manager.js';
export { W3CTraceContextPropagator } from '../trace/trace-context-propagator.js';
export { W3CBaggagePropagator } from '../trace/baggage-propagator.js';
export { TraceState } from '../trace/trace-state.js';
export { CompositePropagator } from '../trace/propagators.js';
export { isTracingSuppressed, suppressTracing, unsuppressTracing } from './suppress-tracing.js';
export { defaultResource, emptyResource, resourceFromAttributes } from './resource.js';
export type { DetectedAttributes, MaybePromise, Resource } from './resource.js';
export { ExportResultCode } from './export-result.js';
export type { Exporting, ExportResult } from './export-result.js';
export type { BatchOptions } from './batch-queue.js';
export { OTLPLogExporter, OTLPTraceExporter } from './otlp-exporters.js';
export type { HeadersOption, OtlpExporterOptions } from './otlp-client.js';
export { LoggerProvider } from './logger-provider.js';
export type { LoggerProviderOptions } from './logger-provider.js';
export { BatchLogRecordProcessor, SimpleLogRecordProcessor } from './log-processors.js';
export type { BatchLogRecordProcessorOptions, LogRecordProcessor } from './log-processors.js';
export { ConsoleLogRecordExporter, InMemoryLogRecordExporter } from './log-exporters.js';
export type {
  LogRecordExporter,
  LogRecordLimits,
  LogScope,
  ReadableLogRecord,
  ReadWriteLogRecord,
} from './log-record.js';
export {
  createAllowListAttributesProcessor,
  createDenyListAttributesProcessor,
  MeterProvider,
} from './meter-provider.js';
export type { AttributesProcessor, MeterProviderOptions, ViewOptions } from './meter-provider.js';
export { MetricReader } from './metric-reader.js';
export type { MetricReaderOptions } from './metric-reader.js';
export { PeriodicExportingMetricReader } from './periodic-reader.js';
export type { PeriodicExportingMetricReaderOptions } from './periodic-reader.js';
export {
  ConsoleMetricExporter,
  InMemoryMetricExporter,
  OTLPMetricExporter,
} from './metric-exporters.js';
export type { OtlpMetricExporterOptions } from './metric-exporters.js';
export {
  AggregationTemporality,
  AggregationTemporalityPreference,
  AggregationType,
  DataPointType,
  InstrumentType,
} from './metric-types.js';
export type {
  AggregationOption,
  CollectionResult,
  DataPoint,
  ExponentialHistogram,
  ExponentialSide,
  Histogram,
  MetricReaderContract as IMetricReader,
  MetricData,
  MetricDescriptor,
  MetricProducer,
  PushMetricExporter,
  ResourceMetrics,
  ScopeMetrics,
} from './metric-types.js';
