/** Instrumentation for the process's own SDK. */
import { createRequire } from 'node:module';
import { metrics } from '@opentelemetry/api';
import type * as LogsApi from '@opentelemetry/api-logs';
import type {
  InstrumentationProviders,
  InstrumentationsOption,
} from '../common/instrumentation-options.js';
import { tracerProvider } from '../trace/start.js';
import { enableInstrumentations } from './enable.js';
import { resolveInstrumentations } from './settings.js';

/** Switches on what the option names, with the providers of the running SDK; see `init`. */
export function startInstrumentations(option: InstrumentationsOption): void {
  const provider = { tracerProvider: tracerProvider() };
  const hasOfficial = resolveInstrumentations(option, {}).official.length > 0;
  // Only official ones measure and log; the parts for that are not loaded for nothing.
  enableInstrumentations(option, hasOfficial ? { ...provider, ...otherProviders() } : provider);
}

/** The api hands out no proxies of these: instrumentations need the ones that are registered. */
function otherProviders(): Omit<InstrumentationProviders, 'tracerProvider'> {
  const require = createRequire(import.meta.url);
  const { logs } = require('@opentelemetry/api-logs') as typeof LogsApi;
  return { meterProvider: metrics.getMeterProvider(), loggerProvider: logs.getLoggerProvider() };
}

/** Throws when the option names what is not known, before anything has started. */
export function checkInstrumentations(option: InstrumentationsOption): void {
  resolveInstrumentations(option, {});
}
