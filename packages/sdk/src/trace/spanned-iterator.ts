/** An iterator, sync or async, whose every step runs in a span's context and whose end ends it. */
import { SpanStatusCode } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { runInContext } from '../common/context.js';
import { exceptionMessage } from './exception.js';
import type { Span } from './span.js';

type Step = (value?: unknown) => unknown;

interface AnyIterator {
  next: Step;
  return?: Step;
  throw?: Step;
}

/** True for iterators and generators; not for arrays and other collections. */
export function isIterator(value: object): value is AnyIterator {
  return (
    'next' in value &&
    typeof value.next === 'function' &&
    (Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}

/**
 * A stand-in for `iterator` with its prototype, so that iterator methods work on it. The span ends
 * with the iterator: at `done`, at a throw, and at `return`, which `break` calls.
 */
export function followIterator(context: Context, span: Span, iterator: object): object {
  const source = iterator as AnyIterator;
  const stand = Object.create(Object.getPrototypeOf(iterator) as object | null) as AnyIterator;
  const step =
    (method: Step): Step =>
    (value) =>
      settle(span, () => runInContext(context, () => method.call(source, value)));
  define(stand, 'next', step(source.next));
  if (typeof source.return === 'function') define(stand, 'return', step(source.return));
  if (typeof source.throw === 'function') define(stand, 'throw', step(source.throw));
  for (const symbol of [Symbol.iterator, Symbol.asyncIterator]) {
    if (symbol in iterator) define(stand, symbol, () => stand);
  }
  return stand;
}

function define(target: object, key: string | symbol, value: unknown): void {
  Object.defineProperty(target, key, { configurable: true, writable: true, value });
}

function settle(span: Span, run: () => unknown): unknown {
  let result: unknown;
  try {
    result = run();
  } catch (error: unknown) {
    fail(span, error);
    throw error;
  }
  if (result instanceof Promise) {
    return result.then(
      (value: unknown) => endWhenDone(span, value),
      (error: unknown) => {
        fail(span, error);
        throw error;
      },
    );
  }
  return endWhenDone(span, result);
}

function endWhenDone(span: Span, result: unknown): unknown {
  const isDone =
    typeof result === 'object' && result !== null && 'done' in result && result.done === true;
  if (isDone && span.isRecording()) span.end();
  return result;
}

function fail(span: Span, error: unknown): void {
  if (!span.isRecording()) return;
  span.recordException(error as Error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: exceptionMessage(error) });
  span.end();
}
