/** The public surface of @codomyrmex/telemetry: a change here is a change of the API. */
/// <reference lib="esnext.disposable" preserve="true" />
export { init, forceFlush, shutdown } from './init.js';
export { Telemetry } from './export/telemetry.js';
export type { TelemetryOptions } from './export/options.js';
export type {
  BuiltinName,
  BuiltinOptions,
  CapturedHeaders,
  FastifyOptions,
  HttpOptions,
  IgnoreRule,
  InstrumentationsOption,
  OfficialInstrumentation,
} from './common/instrumentation-options.js';
export type { Exporter, ExportStats } from './export/exporter.js';
export { startSpan, getCurrentSpan, linkSpan } from './trace/start-span.js';
export type { StartSpanOptions } from './trace/start-span.js';
export type { Span } from './trace/span.js';
export { withSpan } from './trace/with-span.js';
export { traced } from './trace/traced.js';
export type { Traced, TracedAttributes } from './trace/traced.js';
export { injectContext, extractContext, withContext, childEnv } from './trace/propagation.js';
export { flushAfter } from './node/flush-after.js';
export { TracedWorker } from './node/traced-worker.js';
export { onMessage, sendMessage } from './node/messages.js';
export type { ListeningPort, PostingPort, SendingProcess } from './node/messages.js';
export { Tracer } from './trace/tracer.js';
export { TracerProvider } from './trace/tracer-provider.js';
export {
  createCounter,
  createGauge,
  createHistogram,
  createObservableCounter,
  createObservableGauge,
  createObservableUpDownCounter,
  createUpDownCounter,
  recordMetric,
} from './metrics/create-instrument.js';
export type {
  BindableCounter,
  BindableGauge,
  BindableHistogram,
  BindableUpDownCounter,
  BoundAdder,
  BoundRecorder,
} from './metrics/instruments.js';
export { meterProviderOf } from './metrics/provider-of.js';
export { MeterProvider } from './metrics/meter-provider.js';
export { getLogger, loggerProviderOf, namedLogger } from './logs/get-logger.js';
export type { LogDetails, LogFunction, NamedLogger } from './logs/get-logger.js';
export { LoggerProvider } from './logs/logger-provider.js';
export { startDashboardServer } from './dashboard/start-dashboard-server.js';
export type { DashboardOptions, DashboardServer } from './dashboard/start-dashboard-server.js';
export { registerView } from './dashboard/register-view.js';
export type { View } from './dashboard/register-view.js';
export type { ViewOptions } from './dashboard/view-definition.js';
export { updateDisplay } from './dashboard/update-display.js';
export type { DisplayUpdate } from './dashboard/update-display.js';
export type { ExemplarReservoir, KeptExemplar } from './common/exemplar-reservoir.js';
export type { MetricViewOptions, ViewAggregation } from './common/metric-view-options.js';
export { captureConsole } from './logs/capture-console.js';
