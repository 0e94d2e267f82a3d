/** Registers tracing under the api's globals when the SDK starts. */
import { context as contextApi, propagation, trace as traceApi } from '@opentelemetry/api';
import { contextStorage, setForeignContextManager } from '../common/context.js';
import { report } from '../common/diagnostics.js';
import { hasStandIn, removeStandIn } from '../common/stand-in.js';
import { SDK_VERSION } from '../common/version.js';
import { atStart, telemetry } from '../export/telemetry.js';
import type { TelemetryOptions } from '../export/options.js';
import type { Telemetry } from '../export/telemetry.js';
import { AsyncLocalStorageContextManager } from './context-manager.js';
import { resolvePropagator } from './propagators.js';
import { TracerProvider } from './tracer-provider.js';
import type { Tracer } from './tracer.js';

let provider: TracerProvider | undefined;
let ownTracer: Tracer | undefined;

function register(started: Telemetry): void {
  const { options, environment } = started;
  // The one that stands in is ours: put away, it would take the current context with it.
  if (options.contextManager !== undefined || !hasStandIn('context')) registerContexts(options);
  removeStandIn('propagation');
  removeStandIn('traces');
  propagation.setGlobalPropagator(resolvePropagator(options.propagators, environment));
  provider = new TracerProvider(started);
  ownTracer = provider.getTracer('@codomyrmex/telemetry', SDK_VERSION);
  if (!traceApi.setGlobalTracerProvider(provider)) {
    report('warn', 'another tracer provider is registered already; api calls go to that one');
  }
}

function registerContexts(options: TelemetryOptions): void {
  removeStandIn('context');
  const manager = options.contextManager ?? new AsyncLocalStorageContextManager().enable();
  const isRegistered = contextApi.setGlobalContextManager(manager);
  const isOurs = 'storage' in manager && manager.storage === contextStorage;
  setForeignContextManager(!(isRegistered && isOurs));
}

atStart(register);

/** The tracer behind the package's own functions; starts the SDK. */
export function packageTracer(): Tracer {
  if (ownTracer === undefined) telemetry();
  return ownTracer!;
}

/** The process's tracer provider; starts the SDK. */
export function tracerProvider(): TracerProvider {
  packageTracer();
  return provider!;
}
