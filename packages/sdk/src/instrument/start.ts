/** Instrumentation for the process's own SDK. */
import { createRequire } from 'node:module';
import { metrics } from '@opentelemetry/api';
import type { MeterProvider } from '@opentelemetry/api';
import type * as LogsApi from '@opentelemetry/api-logs';
import type { InstrumentationsOption } from '../common/instrumentation-options.js';
import { telemetry } from '../export/telemetry.js';
import { tracerProvider } from '../trace/start.js';
import { enableInstrumentations } from './enable.js';
import { resolveInstrumentations } from './settings.js';

/** Asks the api when it is asked: `/register` loads metrics when the first request has ended. */
const globalMeters: MeterProvider = {
  getMeter: (name, version, options) => metrics.getMeterProvider().getMeter(name, version, options),
};

/** Switches on what the option names, with the providers of the running SDK; see `init`. */
export function startInstrumentations(option: InstrumentationsOption): void {
  const provider = { tracerProvider: tracerProvider() };
  const hasOfficial = resolveInstrumentations(option, {}).official.length > 0;
  if (hasOfficial) {
    enableInstrumentations(option, {
      ...provider,
      // The api hands out no proxies: these need the provider that is registered.
      meterProvider: metrics.getMeterProvider(),
      loggerProvider: logsApi().getLoggerProvider(),
    });
    return;
  }
  const measures = telemetry().settings.destinations.metrics !== undefined;
  const meters = measures ? { meterProvider: globalMeters } : {};
  enableInstrumentations(option, { ...provider, ...meters });
}

/** Only official ones log; the parts for that are not loaded for nothing. */
function logsApi(): typeof LogsApi.logs {
  const require = createRequire(import.meta.url);
  return (require('@opentelemetry/api-logs') as typeof LogsApi).logs;
}

/** Throws when the option names what is not known, before anything has started. */
export function checkInstrumentations(option: InstrumentationsOption): void {
  resolveInstrumentations(option, {});
}
