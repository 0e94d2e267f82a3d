/** A generator's stand-in that starts its span with the first step. */
import type { Context } from '@opentelemetry/api';
import { withSpanInContext } from '../common/context.js';
import { followIterator } from './spanned-iterator.js';
import type { Span } from './span.js';

type Step = (value?: unknown) => unknown;

/** As `followIterator`, with a span that `start` makes at the first `next`. */
export function lazyIterator(context: Context, source: object, start: () => Span): object {
  let followed: Record<string, Step | undefined> | undefined;
  const open = (): Record<string, Step | undefined> => {
    if (followed === undefined) {
      const span = start();
      const inside = withSpanInContext(context, span);
      followed = followIterator(inside, span, source) as Record<string, Step | undefined>;
    }
    return followed;
  };
  const plain = source as Record<string, Step | undefined>;
  const stand = Object.create(Object.getPrototypeOf(source) as object | null) as object;
  const define = (key: string | symbol, value: Step): void => {
    Object.defineProperty(stand, key, { configurable: true, writable: true, value });
  };
  define('next', (value) => open()['next']?.(value));
  // Before the first step, return and throw end a generator that has not run: no span.
  for (const key of ['return', 'throw']) {
    define(key, (value) => (followed === undefined ? plain[key]?.(value) : followed[key]?.(value)));
  }
  for (const symbol of [Symbol.iterator, Symbol.asyncIterator]) {
    if (symbol in source) define(symbol, () => stand);
  }
  return stand;
}
