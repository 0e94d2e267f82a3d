/**
 * The meter provider of a program that may never measure: the metrics part, a quarter of the SDK's
 * files, is loaded when the first meter is asked for.
 */
import { createRequire } from 'node:module';
import type { Meter, MeterOptions, MeterProvider } from '@opentelemetry/api';
import { telemetry } from '../export/telemetry.js';
import type * as ProviderOf from '../metrics/provider-of.js';

/** Loads the real one at the first call; loading registers that one under the api as well. */
export class LazyMeterProvider implements MeterProvider {
  getMeter(name: string, version?: string, options?: MeterOptions): Meter {
    // Synchronous, as the api is: require takes ES modules on every Node that we run on.
    const require = createRequire(import.meta.url);
    const { meterProviderOf } = require('../metrics/provider-of.js') as typeof ProviderOf;
    return meterProviderOf(telemetry()).getMeter(name, version, options);
  }
}
