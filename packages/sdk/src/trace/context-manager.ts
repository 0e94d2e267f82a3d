/** The context manager: one AsyncLocalStorage, whatever the number of providers. */
import type { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import type { Context, ContextManager } from '@opentelemetry/api';
import { contextStorage } from '../common/context.js';

type AnyFunction = (this: unknown, ...values: unknown[]) => unknown;

/** Carries the context across promises, timers and callbacks. */
export class AsyncLocalStorageContextManager implements ContextManager {
  /** Where the current context lives. Default: where our own functions look for it. */
  readonly storage: AsyncLocalStorage<Context>;

  constructor(storage: AsyncLocalStorage<Context> = contextStorage) {
    this.storage = storage;
  }

  active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...values: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...values: A
  ): ReturnType<F> {
    const work = thisArg === undefined || thisArg === null ? fn : fn.bind(thisArg);
    return this.storage.run(context, work as F, ...values);
  }

  /**
   * A function runs in `context` whenever it is called. An emitter's listeners run in it too: only
   * its `emit` is replaced, which costs a tenth of wrapping each listener.
   */
  bind<T>(context: Context, target: T): T {
    if (target instanceof EventEmitter) return bindEmitter(this.storage, context, target);
    if (typeof target !== 'function') return target;
    return bindFunction(this.storage, context, target as never);
  }

  /**
   * Makes `context` current for the rest of this asynchronous chain, until the token's `dispose`
   * (experimental in the api). In an async function it leaks to the caller before the first await.
   */
  attach(context: Context): { dispose(): void } {
    const previous = this.active();
    let isAttached = true;
    this.storage.enterWith(context);
    return {
      dispose: () => {
        if (isAttached) this.storage.enterWith(previous);
        isAttached = false;
      },
    };
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.storage.disable();
    return this;
  }
}

/** Keeps `length`, which frameworks look at; defining it would cost eight times the rest. */
function bindFunction<T>(
  storage: AsyncLocalStorage<Context>,
  context: Context,
  fn: AnyFunction,
): T {
  let bound: AnyFunction = function (this: unknown, ...values): unknown {
    return callBound(storage, context, fn, this, values);
  };
  if (fn.length === 1) {
    // How many were given counts as well: a parameter and the rest could not tell.
    bound = function (this: unknown, _first): unknown {
      // oxlint-disable-next-line prefer-rest-params -- a rest parameter would make the length 0
      return callBound(storage, context, fn, this, arguments);
    };
  } else if (fn.length > 1) {
    Object.defineProperty(bound, 'length', { configurable: true, value: fn.length });
  }
  return bound as T;
}

/** Most are called as plain functions with at most one value, `next(error)`: without a closure. */
function callBound(
  storage: AsyncLocalStorage<Context>,
  context: Context,
  fn: AnyFunction,
  self: unknown,
  values: ArrayLike<unknown>,
): unknown {
  if (self === undefined && values.length <= 1) {
    return values.length === 0 ? storage.run(context, fn) : storage.run(context, fn, values[0]);
  }
  return storage.run(context, () => Reflect.apply(fn, self, values));
}

function bindEmitter<T extends EventEmitter>(
  storage: AsyncLocalStorage<Context>,
  context: Context,
  emitter: T,
): T {
  const emit = emitter.emit as AnyFunction;
  // Made once for the emitter, not once for each of its events.
  const own = emit.bind(emitter);
  const bound = function (this: unknown, ...values: unknown[]): boolean {
    if (this === emitter) return storage.run(context, own as never, ...values);
    return storage.run(context, () => emit.apply(this, values)) as boolean;
  };
  // Assigned: to define it as hidden takes longer than all else here.
  (emitter as { emit: unknown }).emit = bound;
  return emitter;
}
