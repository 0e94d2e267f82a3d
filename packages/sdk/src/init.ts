/** The start of the SDK in code. Importing this file wires its parts; a call starts them. */
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import { installExitHooks } from './node/exit.js';
import type { TelemetryOptions } from './export/options.js';
import { atStart, runningTelemetry, startTelemetry } from './export/telemetry.js';
import type { Telemetry } from './export/telemetry.js';
import { checkOptions } from './export/check-options.js';
import { checkLogsOptions } from './logs/check-logs-options.js';
import { checkMetricsOptions } from './metrics/check-metrics-options.js';
import type * as Instrument from './instrument/start.js';

// Tracing registers itself where it is loaded; a program may load this file alone.

atStart(installExitHooks);

let initOptions: TelemetryOptions | undefined;

/**
 * Starts the SDK with `options` over `OTEL_*` variables. Calling it again with equal options
 * returns the same; with others, or after the SDK started by itself, it throws. Unknown or
 * invalid options throw.
 */
export function init(options: TelemetryOptions = {}): Telemetry {
  checkOptions(options);
  checkMetricsOptions(options.metrics);
  checkLogsOptions(options.logs);
  const running = runningTelemetry();
  if (running === undefined) {
    const { instrumentations } = options;
    const instrument = instrumentations === undefined ? undefined : loadInstrument();
    instrument?.checkInstrumentations(instrumentations!);
    initOptions = options;
    const started = startTelemetry(options);
    instrument?.startInstrumentations(instrumentations!);
    return started;
  }
  if (isDeepStrictEqual(options, initOptions ?? {})) return running;
  throw new Error(
    initOptions === undefined
      ? 'cannot init: the SDK has started by itself; call init before the first recording call'
      : 'cannot init: the SDK runs already with other options',
  );
}

/** With node:http and what else it needs, 7 ms of start-up that a program without goes without. */
function loadInstrument(): typeof Instrument {
  return createRequire(import.meta.url)('./instrument/start.js') as typeof Instrument;
}

/** Sends all that was recorded; resolves when answered or given up, at most after 4 s. */
export async function forceFlush(): Promise<void> {
  await runningTelemetry()?.forceFlush();
}

/** Flushes and stops the SDK for good; later records are dropped and counted. */
export async function shutdown(): Promise<void> {
  await runningTelemetry()?.shutdown();
}
