import { metrics } from '@opentelemetry/api';

import { report } from '../common/diagnostics.js';
import { removeStandIn } from '../common/stand-in.js';
import { atStart, telemetry } from '../export/telemetry.js';
import type { Telemetry } from '../export/telemetry.js';
import { SDK_VERSION } from '../common/version.js';
import type { Meter } from './meter.js';
import { MeterProvider } from './meter-provider.js';
import { PeriodicReader } from './periodic-reader.js';
import { observeRuntime } from './runtime-metrics.js';
import { observeSelf } from './self-metrics.js';

const providers = new WeakMap<Telemetry, MeterProvider>();

/**
 * The meter provider of a running SDK; the first call makes it, with the reader that collects it at
 * the interval, at flushes and at shutdown.
 */
export function meterProviderOf(started: Telemetry): MeterProvider {
  let provider = providers.get(started);
  if (provider === undefined) {
    provider = new MeterProvider(started);
    providers.set(started, provider);
    new PeriodicReader(provider, started).start();
  }
  return provider;
}

/** Name of the scope that the package's own functions measure and log under. */
export const OWN_SCOPE = '@codomyrmex/telemetry';

/** The meter behind `createCounter` and the others; starts the SDK. */
export function ownMeter(): Meter {
  return meterProviderOf(telemetry()).getMeter(OWN_SCOPE, SDK_VERSION);
}

// Whoever asks the api for a meter gets ours from the SDK's start on.
atStart((started) => {
  const provider = meterProviderOf(started);
  removeStandIn('metrics');
  if (!metrics.setGlobalMeterProvider(provider)) {
    report('warn', 'another meter provider is registered already; api calls go to that one');
  }
  if (started.settings.destinations.metrics === undefined) return;
  if (started.options.metrics?.self === true) started.onShutdown(observeSelf(started, provider));
  if (started.options.metrics?.runtime === true) startRuntimeMetrics(started);
});

const observed = new WeakSet<Telemetry>();

/** Has the runtime of this process observed until shutdown; a second call does nothing. */
export function startRuntimeMetrics(started: Telemetry): void {
  if (observed.has(started) || started.isShutDown) return;
  observed.add(started);
  const provider = meterProviderOf(started);
  started.onShutdown(
    observeRuntime(provider.getMeter('@codomyrmex/telemetry/runtime', SDK_VERSION)),
  );
}
