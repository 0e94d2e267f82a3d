/** Switching tracing off in a context, by the key that the official packages use. */
import type { Context } from '@opentelemetry/api';
import { SUPPRESS_TRACING_KEY, isSuppressed } from '../common/context.js';

/** A context in which no span is recorded and nothing is injected. */
export function suppressTracing(context: Context): Context {
  return context.setValue(SUPPRESS_TRACING_KEY, true);
}

/** A context in which spans are recorded again. */
export function unsuppressTracing(context: Context): Context {
  return context.deleteValue(SUPPRESS_TRACING_KEY);
}

/** True where tracing is switched off. */
export function isTracingSuppressed(context: Context): boolean {
  return isSuppressed(context);
}
