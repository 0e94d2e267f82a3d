/** Runs work in a span that ends by itself, whatever kind of result the work has. */
import { SpanStatusCode } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { activeContext, runInContextWith, withSpanInContext } from '../common/context.js';
import { exceptionMessage } from './exception.js';
import { contextOfOptions } from './start-span.js';
import type { StartSpanOptions } from './start-span.js';
import type { Span } from './span.js';
import { packageTracer } from './start.js';
import { followIterator, isIterator } from './spanned-iterator.js';

/**
 * Runs `fn` with a new current span, which ends when `fn` returns, when the promise that it
 * returned settles, or when the iterator that it returned is finished. A throw or rejection is
 * recorded, sets the status to ERROR, and goes on to the caller unchanged.
 */
export function withSpan<T>(name: string, fn: (span: Span) => T): T;
export function withSpan<T>(name: string, options: StartSpanOptions, fn: (span: Span) => T): T;
export function withSpan<T>(
  name: string,
  optionsOrFn: StartSpanOptions | ((span: Span) => T),
  fn?: (span: Span) => T,
): T {
  if (typeof optionsOrFn === 'function') {
    const context = activeContext();
    return runInSpan(context, packageTracer().startSpan(name, undefined, context), optionsOrFn);
  }
  if (typeof fn !== 'function') throw new TypeError('cannot run withSpan: no function was given');
  const context = contextOfOptions(optionsOrFn);
  return runInSpan(context, packageTracer().startSpan(name, optionsOrFn, context), fn);
}

/** Runs `work` with `span` as the current one in `context`, and ends it when the work is over. */
export function runInSpan<T>(context: Context, span: Span, work: (span: Span) => T): T {
  const inside = withSpanInContext(context, span);
  let result: T;
  try {
    result = runInContextWith(inside, work, span);
  } catch (error: unknown) {
    failSpan(span, error);
    throw error;
  }
  if (typeof result !== 'object' || result === null) {
    span.end();
    return result;
  }
  return follow(inside, span, result);
}

function follow<T extends object>(context: Context, span: Span, result: T): T {
  if (isThenable(result)) {
    // One call of `then`, on behalf of the caller: a lazy thenable must not run twice, and an
    // unhandled rejection must stay one.
    return result.then(
      (value) => {
        span.end();
        return value;
      },
      (error: unknown) => {
        failSpan(span, error);
        throw error;
      },
    ) as T;
  }
  if (isIterator(result)) return followIterator(context, span, result) as T;
  span.end();
  return result;
}

function isThenable(value: object): value is PromiseLike<unknown> {
  return 'then' in value && typeof value.then === 'function';
}

/** Records what was thrown, sets ERROR unless the status is OK, and ends the span. */
export function failSpan(span: Span, error: unknown): void {
  span.recordException(error as Error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: exceptionMessage(error) });
  span.end();
}
