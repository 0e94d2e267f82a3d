/**
 * `node --import @codomyrmex/telemetry/register app.js`: the SDK from `OTEL_*` variables, with the
 * built-in instrumentations, before the program's first line.
 *
 * OTEL_NODE_ENABLED_INSTRUMENTATIONS and OTEL_NODE_DISABLED_INSTRUMENTATIONS choose among http,
 * undici, fastify, express, pino, child_process and runtime-node (metrics of the runtime), as
 * official auto-instrumentations read them.
 */
import { readBoolean } from '../common/environment.js';
import { report } from '../common/diagnostics.js';
import { init } from '../init.js';
import { namesFromEnvironment } from '../instrument/settings.js';
import { registerLazyProviders } from './lazy-providers.js';
import { startRuntimeLater } from './runtime-later.js';

// A server's usual end is SIGTERM: what it recorded last should not be lost with it.
try {
  init({
    flushOn: ['exit', 'signals'],
    instrumentations: readBoolean(process.env, 'OTEL_SDK_DISABLED')
      ? false
      : namesFromEnvironment(process.env),
  });
  registerLazyProviders();
  startRuntimeLater(process.env);
} catch (error: unknown) {
  // A program that was started with telemetry must run without it rather than not at all.
  report('error', `cannot start: ${error instanceof Error ? error.message : String(error)}`);
}
