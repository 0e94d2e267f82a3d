/** The start of the SDK in code. Importing this file wires its parts; a call starts them. */
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import { report, setDiagnostics } from './common/diagnostics.js';
import { installExitHooks } from './node/exit.js';
import type { TelemetryOptions } from './export/options.js';
import {
  atStart,
  isPreset,
  presetOptions,
  runningTelemetry,
  startTelemetry,
} from './export/telemetry.js';
import type { Telemetry } from './export/telemetry.js';
import { checkOptions } from './export/check-options.js';
import { checkLogsOptions } from './logs/check-logs-options.js';
import { checkMetricsOptions } from './metrics/check-metrics-options.js';
import type * as Instrument from './instrument/start.js';

// Tracing registers itself where it is loaded; a program may load this file alone.

atStart(installExitHooks);

let initOptions: TelemetryOptions | undefined;

/** What can change after the first record; everything else is part of what was made with it. */
const CHANGEABLE: readonly (keyof TelemetryOptions)[] = [
  'endpoint',
  'protocol',
  'headers',
  'compression',
  'tls',
  'timeoutMillis',
  'diagnostics',
  'instrumentations',
];

/**
 * Starts the SDK with `options` over `OTEL_*` variables. Calling it again with equal options
 * returns the same; with others, or after the SDK started by itself, it throws. Unknown or
 * invalid options throw.
 *
 * Under `/register` the program's first call comes before the SDK's start too, unless something was
 * recorded before: then it does not throw, but says which of its options have no effect any more.
 */
export function init(options: TelemetryOptions = {}): Telemetry {
  checkOptions(options);
  checkMetricsOptions(options.metrics);
  checkLogsOptions(options.logs);
  const { instrumentations } = options;
  const instrument = instrumentations === undefined ? undefined : loadInstrument();
  instrument?.checkInstrumentations(instrumentations!);
  const running = runningTelemetry();
  if (running !== undefined) {
    if (isDeepStrictEqual(options, initOptions ?? {})) return running;
    if (initOptions !== undefined || !isPreset()) throw tooLate();
    change(running, options);
  }
  initOptions = options;
  const started = running ?? startTelemetry(options);
  instrument?.startInstrumentations(instrumentations!);
  return started;
}

/** For `/register`: leaves the start to the first record or to `init`, over these options. */
export function prepare(options: TelemetryOptions): void {
  presetOptions(options);
}

function tooLate(): Error {
  return new Error(
    initOptions === undefined
      ? 'cannot init: the SDK has started by itself; call init before the first recording call'
      : 'cannot init: the SDK runs already with other options',
  );
}

/** Applies what can be applied to an SDK that has records already, and says what cannot. */
function change(running: Telemetry, options: TelemetryOptions): void {
  const given = Object.keys(options) as (keyof TelemetryOptions)[];
  const late = given.filter((name) => options[name] !== undefined && !CHANGEABLE.includes(name));
  if (options.diagnostics !== undefined) setDiagnostics(options.diagnostics);
  running.configure(pick(options, CHANGEABLE));
  if (late.length === 0) return;
  const names = late.join(', ');
  report('error', `init came after the first record, without effect on ${names}: call it earlier`);
}

function pick(options: TelemetryOptions, names: readonly string[]): TelemetryOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)));
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
