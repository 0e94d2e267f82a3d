/**
 * What stands under the api until the SDK starts: with the first span, or when the program calls
 * `init`, whichever comes first. Context and propagation work at once, so that a message's parent
 * is known before its span starts the SDK.
 */
import { context, propagation, trace } from '@opentelemetry/api';
import type { Span, Tracer, TracerOptions, TracerProvider } from '@opentelemetry/api';
import { setStandIn } from '../common/stand-in.js';
import { runningTelemetry } from '../export/telemetry.js';
import { AsyncLocalStorageContextManager } from '../trace/context-manager.js';
import { resolvePropagator } from '../trace/propagators.js';
import { tracerProvider } from '../trace/start.js';

/** A tracer that finds the real one with its first span. */
class LazyTracer implements Tracer {
  readonly #find: () => Tracer;
  #found: Tracer | undefined;

  constructor(find: () => Tracer) {
    this.#find = find;
  }

  startSpan(...values: Parameters<Tracer['startSpan']>): Span {
    this.#found ??= this.#find();
    return this.#found.startSpan(...values);
  }

  startActiveSpan<F extends (span: Span) => unknown>(...values: unknown[]): ReturnType<F> {
    this.#found ??= this.#find();
    const start = this.#found.startActiveSpan as (...values: unknown[]) => ReturnType<F>;
    return start.apply(this.#found, values);
  }
}

class LazyTracerProvider implements TracerProvider {
  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    const find = (): Tracer => tracerProvider().getTracer(name, version, options);
    return runningTelemetry() === undefined ? new LazyTracer(find) : find();
  }
}

/** Puts the stand-ins under the api, for what nobody has registered yet. */
export function registerLazyTracers(): void {
  if (context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())) {
    setStandIn('context', () => context.disable());
  }
  if (propagation.setGlobalPropagator(resolvePropagator(undefined, process.env))) {
    setStandIn('propagation', () => propagation.disable());
  }
  if (trace.setGlobalTracerProvider(new LazyTracerProvider())) {
    setStandIn('traces', () => trace.disable());
  }
}
