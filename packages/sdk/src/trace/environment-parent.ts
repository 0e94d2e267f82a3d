/**
 * The parent that a program hands to its child processes and workers: TRACEPARENT, TRACESTATE and
 * BAGGAGE in the environment. It becomes the parent of root spans only.
 */
import { ROOT_CONTEXT, trace as traceApi } from '@opentelemetry/api';
import type { Context, Span } from '@opentelemetry/api';
import { getEnvironmentData } from 'node:worker_threads';
import { extractBaggage } from './baggage-propagator.js';
import { extractTraceContext } from './trace-context-propagator.js';

/** The key under which TracedWorker leaves a carrier for the thread that it starts. */
export const WORKER_CARRIER_KEY = 'codomyrmex-telemetry.carrier';

let context: Context | undefined;

/** The context that this process or worker was started in; empty when it got none. */
export function environmentContext(): Context {
  context ??= readContext();
  return context;
}

/** The span that this process or worker was started in. */
export function environmentParent(): Span | undefined {
  return traceApi.getSpan(environmentContext());
}

/** Forgets what was read, for tests. */
export function resetEnvironmentContext(): void {
  context = undefined;
}

function readContext(): Context {
  const fromMaker = getEnvironmentData(WORKER_CARRIER_KEY) as unknown;
  const carrier =
    typeof fromMaker === 'object' && fromMaker !== null
      ? (fromMaker as Record<string, string | undefined>)
      : {
          traceparent: process.env['TRACEPARENT'],
          tracestate: process.env['TRACESTATE'],
          baggage: process.env['BAGGAGE'],
        };
  const traced = extractTraceContext(ROOT_CONTEXT, carrier['traceparent'], carrier['tracestate']);
  return extractBaggage(traced, carrier['baggage']);
}
