/** Instrumentation for the process's own SDK. */
import { metrics } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import type { InstrumentationsOption } from '../common/instrumentation-options.js';
import { tracerProvider } from '../trace/start.js';
import { enableInstrumentations } from './enable.js';
import { resolveInstrumentations } from './settings.js';

/** Switches on what the option names, with the providers of the running SDK; see `init`. */
export function startInstrumentations(option: InstrumentationsOption): void {
  enableInstrumentations(option, {
    tracerProvider: tracerProvider(),
    // The api hands out no proxies of these: instrumentations need the ones that are registered.
    meterProvider: metrics.getMeterProvider(),
    loggerProvider: logs.getLoggerProvider(),
  });
}

/** Throws when the option names what is not known, before anything has started. */
export function checkInstrumentations(option: InstrumentationsOption): void {
  resolveInstrumentations(option, {});
}
