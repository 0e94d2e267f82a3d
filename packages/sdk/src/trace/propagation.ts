/** The package's functions that carry context over a boundary. */
import { ROOT_CONTEXT, propagation } from '@opentelemetry/api';
import type { Context, TextMapGetter, TextMapSetter } from '@opentelemetry/api';
import { activeContext, runInContext } from '../common/context.js';
import { packageTracer } from './start.js';

interface HeadersLike {
  get(name: string): string | null;
  set(name: string, value: string): unknown;
  keys(): Iterable<string>;
}

function isHeadersLike(carrier: unknown): carrier is HeadersLike {
  return (
    typeof carrier === 'object' &&
    carrier !== null &&
    'get' in carrier &&
    typeof carrier.get === 'function' &&
    'set' in carrier &&
    typeof carrier.set === 'function'
  );
}

const setter: TextMapSetter = {
  set(carrier: unknown, key: string, value: string): void {
    if (isHeadersLike(carrier)) carrier.set(key, value);
    else if (typeof carrier === 'object' && carrier !== null) {
      Object.defineProperty(carrier, key, {
        value,
        configurable: true,
        enumerable: true,
        writable: true,
      });
    }
  },
};

const getter: TextMapGetter = {
  keys(carrier: unknown): string[] {
    if (isHeadersLike(carrier)) return [...carrier.keys()];
    return typeof carrier === 'object' && carrier !== null ? Object.keys(carrier) : [];
  },
  get(carrier: unknown, key: string): string | string[] | undefined {
    if (isHeadersLike(carrier)) return carrier.get(key) ?? undefined;
    if (typeof carrier !== 'object' || carrier === null) return undefined;
    const values = carrier as Readonly<Record<string, string | string[] | undefined>>;
    if (Object.hasOwn(carrier, key)) return values[key];
    // Header names know no case; queues and mails keep the sender's.
    const other = Object.keys(carrier).find((name) => name.toLowerCase() === key);
    return other === undefined ? undefined : values[other];
  },
};

/**
 * Writes `traceparent`, `tracestate` and `baggage` into a string map or Headers and returns it; a
 * new object when none is given. `context` is the current one unless given. Never throws.
 */
export function injectContext<C = Record<string, string>>(carrier?: C, context?: Context): C {
  packageTracer();
  const target = carrier ?? ({} as C);
  propagation.inject(context ?? activeContext(), target, setter);
  return target;
}

/**
 * A context with the span and baggage that a string map or Headers names; an empty context when
 * it names none. Malformed values are as none. Never throws.
 */
export function extractContext(carrier: unknown): Context {
  packageTracer();
  return propagation.extract(ROOT_CONTEXT, carrier, getter);
}

/** Runs `fn` with `context` as the current one, in all that it starts too. */
export function withContext<T>(context: Context, fn: () => T): T {
  packageTracer();
  return runInContext(context, fn);
}

/**
 * A copy of `env` (default: this process's) with TRACEPARENT, TRACESTATE and BAGGAGE of the
 * current context, for a child process's `env` option. Older values of them are removed.
 */
export function childEnv(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const copy: Record<string, string> = {};
  for (const [key, value] of Object.entries(env)) {
    if (value !== undefined && !/^(traceparent|tracestate|baggage)$/i.test(key)) copy[key] = value;
  }
  for (const [key, value] of Object.entries(injectContext<Record<string, string>>({}))) {
    copy[key.toUpperCase()] = value;
  }
  return copy;
}
