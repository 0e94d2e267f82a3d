/** Keeps the SDK's own requests out of the traces. */
import { ROOT_CONTEXT, context, createContextKey } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';

/** The key that the official packages use too, so that their instrumentations see it. */
export const SUPPRESS_TRACING_KEY: symbol = createContextKey(
  'OpenTelemetry SDK Context Key SUPPRESS_TRACING',
);

const suppressed: Context = ROOT_CONTEXT.setValue(SUPPRESS_TRACING_KEY, true);

/** Runs `work` with tracing switched off in all that it starts. */
export function untraced<T>(work: () => T): T {
  return context.with(suppressed, work);
}
