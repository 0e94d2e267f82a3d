/**
 * Runtime metrics under `/register`: on unless the program or the environment says otherwise. They
 * start a moment later than the program: nobody needs the event loop's delay of a script that ends
 * at once, and its start should not wait for the metrics part to load.
 */
import { readList } from '../common/environment.js';
import type { Environment } from '../common/environment.js';
import { report } from '../common/diagnostics.js';
import { runningTelemetry } from '../export/telemetry.js';

/** A server has started by then, and its first collection is far. */
const LATER_MILLIS = 1000;
/** What the official auto-instrumentations call it. */
const NAME = 'runtime-node';

/** Starts them later, where OTEL_NODE_ENABLED_INSTRUMENTATIONS and …_DISABLED_… leave them on. */
export function startRuntimeLater(environment: Environment): void {
  const enabled = readList(environment, 'OTEL_NODE_ENABLED_INSTRUMENTATIONS');
  const disabled = readList(environment, 'OTEL_NODE_DISABLED_INSTRUMENTATIONS') ?? [];
  if (enabled?.includes(NAME) === false || disabled.includes(NAME)) return;
  setTimeout(() => void start(), LATER_MILLIS).unref();
}

async function start(): Promise<void> {
  const started = runningTelemetry();
  if (started === undefined || started.settings.destinations.metrics === undefined) return;
  // Asked as late as this: the program may have said it in code meanwhile.
  if (started.options.metrics?.runtime === false) return;
  try {
    const { startRuntimeMetrics } = await import('../metrics/provider-of.js');
    startRuntimeMetrics(started);
  } catch (error: unknown) {
    report('error', `cannot start runtime metrics: ${String(error)}`);
  }
}
