/**
 * Runtime metrics under `/register`: on unless the program or the environment says otherwise. They
 * start a moment later than the program: nobody needs the event loop's delay of a script that ends
 * at once, and its start should not wait for the metrics part to load.
 */
import { readList } from '../common/environment.js';
import type { Environment } from '../common/environment.js';
import { report } from '../common/diagnostics.js';
import { runningTelemetry, telemetry } from '../export/telemetry.js';

/** A server has started by then, and its first collection is far. */
const LATER_MILLIS = 1000;
/** A program that has not called `init` nor recorded by then measures all the same. */
const ROUNDS = 3;
/** What the official auto-instrumentations call it. */
const NAME = 'runtime-node';

/** Starts them later, where OTEL_NODE_ENABLED_INSTRUMENTATIONS and …_DISABLED_… leave them on. */
export function startRuntimeLater(environment: Environment): void {
  const enabled = readList(environment, 'OTEL_NODE_ENABLED_INSTRUMENTATIONS');
  const disabled = readList(environment, 'OTEL_NODE_DISABLED_INSTRUMENTATIONS') ?? [];
  if (enabled?.includes(NAME) === false || disabled.includes(NAME)) return;
  startLater(1);
}

function startLater(round: number): void {
  setTimeout(() => void start(round), LATER_MILLIS).unref();
}

async function start(round: number): Promise<void> {
  const started = round < ROUNDS ? runningTelemetry() : telemetry();
  if (started === undefined) {
    startLater(round + 1);
    return;
  }
  if (started.settings.destinations.metrics === undefined) return;
  // Asked as late as this: the program may have said it in code meanwhile.
  if (started.options.metrics?.runtime === false) return;
  try {
    const { startRuntimeMetrics } = await import('../metrics/provider-of.js');
    startRuntimeMetrics(started);
  } catch (error: unknown) {
    report('error', `cannot start runtime metrics: ${String(error)}`);
  }
}
