/** Serverless functions: what a call recorded leaves before the process is frozen. */
import { forceFlush } from '../init.js';

/**
 * Gives `handler` a flush at the end of each call, whether it returns or throws: for functions on
 * AWS Lambda and the like, which are frozen as soon as they have answered. Takes at most the 4 s of
 * {@link forceFlush}. Arguments, `this`, result and error stay.
 */
export function flushAfter<This, A extends unknown[], R>(
  handler: (this: This, ...args: A) => R | Promise<R>,
): (this: This, ...args: A) => Promise<R> {
  return async function flushed(this: This, ...args: A): Promise<R> {
    try {
      return await handler.apply(this, args);
    } finally {
      await forceFlush();
    }
  };
}
