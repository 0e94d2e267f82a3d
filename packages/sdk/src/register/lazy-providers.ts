/**
 * Stand-ins for a program that may never measure or log: those parts of the SDK, a third of its
 * files, are loaded when the api first asks for a meter or a logger. Synchronously, as the api is:
 * `require` takes ES modules on every Node that we run on.
 */
import { createRequire } from 'node:module';
import { metrics } from '@opentelemetry/api';
import type { Meter, MeterOptions, MeterProvider } from '@opentelemetry/api';
import type { LoggerProvider } from '@opentelemetry/api-logs';
import { setStandIn } from '../common/stand-in.js';
import { telemetry } from '../export/telemetry.js';
import type * as GetLogger from '../logs/get-logger.js';
import type * as ProviderOf from '../metrics/provider-of.js';

const require: NodeJS.Require = createRequire(import.meta.url);

/** Loads the real one at the first call; loading registers that one under the api as well. */
class LazyMeterProvider implements MeterProvider {
  getMeter(name: string, version?: string, options?: MeterOptions): Meter {
    const { meterProviderOf } = require('../metrics/provider-of.js') as typeof ProviderOf;
    return meterProviderOf(telemetry()).getMeter(name, version, options);
  }
}

/** Where every copy of `@opentelemetry/api-logs` looks for the provider, and by which version. */
const LOGS_KEY: symbol = Symbol.for('io.opentelemetry.js.api.logs');
const LOGS_VERSION = 1;

/** Puts the stand-ins under the api, for signals that nobody has registered yet. */
export function registerLazyProviders(): void {
  if (metrics.setGlobalMeterProvider(new LazyMeterProvider())) {
    setStandIn('metrics', () => metrics.disable());
  }
  const shared = globalThis as unknown as Record<symbol, unknown>;
  if (shared[LOGS_KEY] !== undefined) return;
  // The logs api itself takes 6 ms to load: it is not asked, its agreement is kept.
  shared[LOGS_KEY] = (version: number): LoggerProvider | undefined =>
    version === LOGS_VERSION ? loggerProvider() : undefined;
  setStandIn('logs', () => {
    delete shared[LOGS_KEY];
  });
}

function loggerProvider(): LoggerProvider {
  const { loggerProviderOf } = require('../logs/get-logger.js') as typeof GetLogger;
  return loggerProviderOf(telemetry());
}
