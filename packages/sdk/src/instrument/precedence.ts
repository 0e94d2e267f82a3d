/**
 * Whether someone else instruments a module already. Official instrumentations may be registered
 * before us, after us or never, by code that we do not see: so each request looks at the marks
 * that they leave. Theirs take precedence, request by request.
 */
import { type Channel, channel } from 'node:diagnostics_channel';
import http from 'node:http';
import type { BuiltinName, OfficialInstrumentation } from '../common/instrumentation-options.js';

/** What `@opentelemetry/instrumentation` and shimmer put on functions that they wrap. */
interface Marked {
  readonly __wrapped?: boolean;
}

/** True when the official instrumentation makes the span of this server's requests. */
export function isServerTaken(emit: unknown): boolean {
  return (emit as Marked)['__wrapped'] === true;
}

/** True when the official instrumentation makes the spans of node:http's client requests. */
export function isClientTaken(): boolean {
  return (http.request as Marked)['__wrapped'] === true;
}

const undiciCreate: Channel = channel('undici:request:create');
let countSeen = -1;
let isTaken = false;

/**
 * True when another tracer listens to undici's requests. Subscribers have no mark; the official
 * instrumentation, and those that it was made from, bind a method of this name.
 */
export function isUndiciTaken(): boolean {
  const subscribers = (undiciCreate as { readonly _subscribers?: unknown })['_subscribers'];
  if (!Array.isArray(subscribers)) return false;
  if (subscribers.length !== countSeen) {
    countSeen = subscribers.length;
    isTaken = subscribers.some((one) => (one as { name?: string }).name === BOUND_LISTENER);
  }
  return isTaken;
}

const BOUND_LISTENER = 'bound onRequestCreated';

const REPLACED: Readonly<Record<string, BuiltinName>> = {
  '@opentelemetry/instrumentation-http': 'http',
  '@opentelemetry/instrumentation-undici': 'undici',
  '@opentelemetry/instrumentation-pino': 'pino',
};

/** The built-in instrumentations that stay off because of these. Routes are set all the same. */
export function replacedBy(official: readonly OfficialInstrumentation[]): Set<BuiltinName> {
  const replaced = new Set<BuiltinName>();
  for (const { instrumentationName } of official) {
    const name = REPLACED[instrumentationName];
    if (name !== undefined) replaced.add(name);
  }
  return replaced;
}
