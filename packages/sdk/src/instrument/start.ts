/** Instrumentation for the process's own SDK. */
import { createRequire } from 'node:module';
import { createNoopMeter, metrics } from '@opentelemetry/api';
import type { MeterProvider } from '@opentelemetry/api';
import type * as LogsApi from '@opentelemetry/api-logs';
import type { InstrumentationsOption } from '../common/instrumentation-options.js';
import { telemetry } from '../export/telemetry.js';
import { tracerProvider } from '../trace/start.js';
import { enableInstrumentations } from './enable.js';
import { resolveInstrumentations } from './settings.js';

const NO_METERS: MeterProvider = { getMeter: () => createNoopMeter() };

/** Asks the api when it is asked: `/register` loads metrics when the first request has ended. */
const globalMeters: MeterProvider = {
  getMeter(name, version, options) {
    const measures = telemetry().settings.destinations.metrics !== undefined;
    const provider = measures ? metrics.getMeterProvider() : NO_METERS;
    return provider.getMeter(name, version, options);
  },
};

/** Switches on what the option names, with the providers of the running SDK; see `init`. */
export function startInstrumentations(option: InstrumentationsOption): void {
  const hasOfficial = resolveInstrumentations(option, {}).official.length > 0;
  if (hasOfficial) {
    enableInstrumentations(option, {
      tracerProvider: tracerProvider(),
      // The api hands out no proxies: these need the provider that is registered.
      meterProvider: metrics.getMeterProvider(),
      loggerProvider: logsApi().getLoggerProvider(),
    });
    return;
  }
  // Names alone need no SDK that runs: `/register` leaves its start to the first record, or `init`.
  enableInstrumentations(option, { tracerProvider, meterProvider: globalMeters });
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
