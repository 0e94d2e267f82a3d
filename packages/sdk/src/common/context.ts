/**
 * Our Context and the one AsyncLocalStorage behind it. The current span has a field of its own,
 * because it is asked for at each start of a span: a map would cost eight times as much.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { ROOT_CONTEXT, context as contextApi, createContextKey } from '@opentelemetry/api';
import type { Context, Span } from '@opentelemetry/api';

/** The keys that the api and the official packages use. */
export const SPAN_KEY: symbol = createContextKey('OpenTelemetry Context Key SPAN');
export const SUPPRESS_TRACING_KEY: symbol = createContextKey(
  'OpenTelemetry SDK Context Key SUPPRESS_TRACING',
);

interface Entry {
  readonly key: symbol;
  readonly value: unknown;
  readonly next: Entry | undefined;
}

/** An immutable context: a span, whether tracing is off, and other values as a list. */
export class SdkContext implements Context {
  declare readonly span: Span | undefined;
  declare readonly suppresses: boolean;
  declare readonly entries: Entry | undefined;
  /** A context of someone else's that is asked for what is not here. */
  declare readonly base: Context | undefined;

  constructor(
    span: Span | undefined,
    suppresses: boolean,
    entries: Entry | undefined,
    base: Context | undefined,
  ) {
    this.span = span;
    this.suppresses = suppresses;
    this.entries = entries;
    this.base = base;
  }

  getValue(key: symbol): unknown {
    if (key === SPAN_KEY) return this.span;
    if (key === SUPPRESS_TRACING_KEY) return this.suppresses ? true : undefined;
    for (let entry = this.entries; entry !== undefined; entry = entry.next) {
      if (entry.key === key) return entry.value;
    }
    return this.base?.getValue(key);
  }

  setValue(key: symbol, value: unknown): SdkContext {
    if (key === SPAN_KEY) return withSpanInContext(this, value as Span | undefined);
    if (key === SUPPRESS_TRACING_KEY) {
      return new SdkContext(this.span, value === true, this.entries, this.base);
    }
    const entries = { key, value, next: removeEntry(this.entries, key) };
    return new SdkContext(this.span, this.suppresses, entries, this.base);
  }

  deleteValue(key: symbol): SdkContext {
    return this.setValue(key, undefined);
  }
}

function removeEntry(entries: Entry | undefined, key: symbol): Entry | undefined {
  const kept: Entry[] = [];
  for (let entry = entries; entry !== undefined; entry = entry.next) {
    if (entry.key !== key) kept.push(entry);
  }
  let result: Entry | undefined;
  for (const entry of kept.toReversed()) result = { ...entry, next: result };
  return result;
}

/** The context `parent` with another current span. */
export function withSpanInContext(parent: Context, span: Span | undefined): SdkContext {
  if (parent instanceof SdkContext) {
    return new SdkContext(span, parent.suppresses, parent.entries, parent.base);
  }
  if (parent === ROOT_CONTEXT) return new SdkContext(span, false, undefined, undefined);
  const suppresses = parent.getValue(SUPPRESS_TRACING_KEY) === true;
  return new SdkContext(span, suppresses, undefined, parent);
}

/** The current span of any Context, ours or someone else's. */
export function spanOf(context: Context): Span | undefined {
  if (context instanceof SdkContext) return context.span;
  if (context === ROOT_CONTEXT) return undefined;
  return context.getValue(SPAN_KEY) as Span | undefined;
}

/** True where tracing is switched off. */
export function isSuppressed(context: Context): boolean {
  if (context instanceof SdkContext) return context.suppresses;
  return context !== ROOT_CONTEXT && context.getValue(SUPPRESS_TRACING_KEY) === true;
}

/** Where the current context lives. */
export const contextStorage: AsyncLocalStorage<Context> = new AsyncLocalStorage<Context>();

// Someone else's context manager may have been registered before ours: then theirs is the truth.
let isForeign = false;

/** Says whose context manager the api uses; called when ours is registered, or could not be. */
export function setForeignContextManager(value: boolean): void {
  isForeign = value;
}

/** The current context. */
export function activeContext(): Context {
  return isForeign ? contextApi.active() : (contextStorage.getStore() ?? ROOT_CONTEXT);
}

/** Runs `work` with `context` as the current one in all that it starts. */
export function runInContext<T>(context: Context, work: () => T): T {
  return isForeign ? contextApi.with(context, work) : contextStorage.run(context, work);
}

/** As {@link runInContext}, with one argument, so that hot callers need no closure. */
export function runInContextWith<A, T>(context: Context, work: (argument: A) => T, argument: A): T {
  return isForeign
    ? contextApi.with(context, work, undefined, argument)
    : contextStorage.run(context, work, argument);
}

/**
 * Makes `context` the current one for the rest of this callback and all that it starts. False, and
 * nothing done, when the context manager is someone else's: theirs has no such call.
 */
export function enterContext(context: Context): boolean {
  if (isForeign) return false;
  contextStorage.enterWith(context);
  return true;
}
