/** Keeps the SDK's own requests out of the traces. */
import { ROOT_CONTEXT, context } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { SUPPRESS_TRACING_KEY } from '../common/context.js';

const suppressed: Context = ROOT_CONTEXT.setValue(SUPPRESS_TRACING_KEY, true);

/** Runs `work` with tracing switched off in all that it starts. */
export function untraced<T>(work: () => T): T {
  return context.with(suppressed, work);
}
