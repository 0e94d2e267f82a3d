/** The public surface of @codomyrmex/telemetry: a change here is a change of the API. */
/// <reference lib="esnext.disposable" preserve="true" />
export { init, forceFlush, shutdown } from './init.js';
export { Telemetry } from './export/telemetry.js';
export type { TelemetryOptions } from './export/options.js';
export { startSpan, getCurrentSpan, linkSpan } from './trace/start-span.js';
export type { StartSpanOptions } from './trace/start-span.js';
export type { Span } from './trace/span.js';
export { withSpan } from './trace/with-span.js';
export { traced } from './trace/traced.js';
export type { Traced, TracedAttributes } from './trace/traced.js';
export { injectContext, extractContext, withContext, childEnv } from './trace/propagation.js';
export { TracerProvider, Tracer } from './trace/tracer.js';
