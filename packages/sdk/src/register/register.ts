/**
 * `node --import @codomyrmex/telemetry/register app.js`: the built-in instrumentations before the
 * program's first line, and the SDK from `OTEL_*` variables with the first record, unless the
 * program has called `init` by then.
 *
 * OTEL_NODE_ENABLED_INSTRUMENTATIONS and OTEL_NODE_DISABLED_INSTRUMENTATIONS choose among http,
 * undici, fastify, express, pino, child_process and runtime-node (metrics of the runtime), as
 * official auto-instrumentations read them.
 */
import { readBoolean } from '../common/environment.js';
import { report } from '../common/diagnostics.js';
import { resolveSettings } from '../export/settings.js';
import { prepare } from '../init.js';
import { namesFromEnvironment } from '../instrument/settings.js';
import { startInstrumentations } from '../instrument/start.js';
import { registerLazyProviders } from './lazy-providers.js';
import { registerLazyTracers } from './lazy-tracers.js';
import { startRuntimeLater } from './runtime-later.js';

try {
  // What cannot be understood is said now, and not by the program's first span.
  resolveSettings({}, process.env);
  // A server's usual end is SIGTERM: what it recorded last should not be lost with it.
  prepare({ flushOn: ['exit', 'signals'] });
  registerLazyTracers();
  registerLazyProviders();
  if (!readBoolean(process.env, 'OTEL_SDK_DISABLED')) {
    startInstrumentations(namesFromEnvironment(process.env));
  }
  startRuntimeLater(process.env);
} catch (error: unknown) {
  // A program that was started with telemetry must run without it rather than not at all.
  report('error', `cannot start: ${error instanceof Error ? error.message : String(error)}`);
}
