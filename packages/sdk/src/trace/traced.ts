/** `traced`: a decorator for methods, getters, accessors, fields, and a wrapper for functions. */
import type { Attributes, Context } from '@opentelemetry/api';
import { activeContext } from '../common/context.js';
import { reportOnce } from '../common/diagnostics.js';
import type { Span } from './span.js';
import { packageTracer } from './start.js';
import { lazyIterator } from './lazy-iterator.js';
import { runInSpan } from './with-span.js';

// The api's own signatures: parameters are contravariant, so `never[]` takes every function.
type AnyFunction = (...values: never[]) => unknown;
type Callable = (this: unknown, ...values: unknown[]) => unknown;

/** What {@link traced} returns: it takes what a decorator or a wrapper is given. */
export interface Traced {
  /** Standard decorator on a method. */
  <This, A extends unknown[], R>(
    method: (this: This, ...values: A) => R,
    context: ClassMethodDecoratorContext<This, (this: This, ...values: A) => R>,
  ): (this: This, ...values: A) => R;
  /** Standard decorator on a getter. */
  <This, V>(
    getter: (this: This) => V,
    context: ClassGetterDecoratorContext<This, V>,
  ): (this: This) => V;
  /** Standard decorator on an accessor. */
  <This, V>(
    accessor: ClassAccessorDecoratorTarget<This, V>,
    context: ClassAccessorDecoratorContext<This, V>,
  ): ClassAccessorDecoratorResult<This, V>;
  /** Standard decorator on a field that holds a function. */
  <This, V>(
    field: undefined,
    context: ClassFieldDecoratorContext<This, V>,
  ): (this: This, value: V) => V;
  /** Legacy decorator (experimentalDecorators) on a method or getter. */
  <T>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): TypedPropertyDescriptor<T>;
  /** Wrapper for any function: sync, async, generator, async generator. */
  <F extends AnyFunction>(fn: F): F;
}

/** Attributes of each span: fixed, or computed from the call's arguments. */
export type TracedAttributes = Attributes | ((...values: never[]) => Attributes);

/**
 * Makes a decorator or wrapper that gives each call a span of its own, current while the call
 * runs, ended as {@link withSpan} ends it. `name` defaults to the function's. Arguments, `this`,
 * result and thrown errors pass unchanged.
 */
export function traced(name?: string, attributes?: TracedAttributes): Traced {
  const decorate = (target: unknown, second?: unknown, descriptor?: unknown): unknown => {
    if (isDecoratorContext(second)) return decorateStandard(target, second, name, attributes);
    if (typeof second === 'string' || typeof second === 'symbol') {
      return decorateLegacy(second, descriptor, name, attributes);
    }
    if (typeof target === 'function') {
      return wrap(target as Callable, name ?? target.name, attributes);
    }
    throw new TypeError('cannot trace this: expected a function, method, getter or accessor');
  };
  return decorate as Traced;
}

function isDecoratorContext(value: unknown): value is DecoratorContext {
  return typeof value === 'object' && value !== null && 'kind' in value && 'name' in value;
}

function decorateStandard(
  target: unknown,
  context: DecoratorContext,
  name: string | undefined,
  attributes: TracedAttributes | undefined,
): unknown {
  const shown = name ?? keyText(context.name ?? '');
  switch (context.kind) {
    case 'method':
    case 'getter':
    case 'setter':
      return wrap(target as Callable, shown, attributes);
    case 'accessor': {
      const { get, set } = target as ClassAccessorDecoratorTarget<unknown, unknown>;
      return {
        get: wrap(get, shown, attributes),
        set: wrap(set, shown, attributes),
      };
    }
    case 'field':
      return (value: unknown): unknown =>
        typeof value === 'function' ? wrap(value as Callable, shown, attributes) : value;
    case 'class':
      throw new TypeError('cannot trace a class: decorate its methods');
  }
}

function decorateLegacy(
  key: string | symbol,
  descriptor: unknown,
  name: string | undefined,
  attributes: TracedAttributes | undefined,
): PropertyDescriptor {
  if (typeof descriptor !== 'object' || descriptor === null) {
    throw new TypeError(`cannot trace field ${keyText(key)}: wrap its function with traced()`);
  }
  const shown = name ?? keyText(key);
  const old = descriptor as PropertyDescriptor;
  if (typeof old.value === 'function') {
    return { ...old, value: wrap(old.value as Callable, shown, attributes) };
  }
  const get = old.get as Callable | undefined;
  const set = old.set as Callable | undefined;
  return {
    ...old,
    ...(get === undefined ? {} : { get: wrap(get, shown, attributes) }),
    ...(set === undefined ? {} : { set: wrap(set, shown, attributes) }),
  };
}

function keyText(key: string | symbol): string {
  return typeof key === 'symbol' ? `[${key.description ?? 'symbol'}]` : key;
}

function wrap(fn: Callable, name: string, attributes: TracedAttributes | undefined): Callable {
  const spanName = name === '' ? '(anonymous)' : name;
  const wrapped = isGeneratorFunction(fn)
    ? wrapGenerator(fn, spanName, attributes)
    : wrapPlain(fn, spanName, attributes);
  return dressAs(wrapped, fn);
}

function isGeneratorFunction(fn: Callable): boolean {
  const kind = Object.prototype.toString.call(fn);
  return kind === '[object GeneratorFunction]' || kind === '[object AsyncGeneratorFunction]';
}

function wrapPlain(fn: Callable, name: string, attributes: TracedAttributes | undefined): Callable {
  return function (this: unknown, ...values: unknown[]): unknown {
    if (new.target !== undefined) return Reflect.construct(fn, values, new.target);
    const context = activeContext();
    const span = startWith(name, attributes, values, context);
    return runInSpan(context, span, () => Reflect.apply(fn, this, values));
  };
}

/** The span of a generator starts with its first step: one that never runs has none. */
function wrapGenerator(
  fn: Callable,
  name: string,
  attributes: TracedAttributes | undefined,
): Callable {
  return function (this: unknown, ...values: unknown[]): unknown {
    const context = activeContext();
    const source = Reflect.apply(fn, this, values) as object;
    return lazyIterator(context, source, () => startWith(name, attributes, values, context));
  };
}

function startWith(
  name: string,
  attributes: TracedAttributes | undefined,
  values: unknown[],
  context: Context,
): Span {
  if (attributes === undefined) return packageTracer().startSpan(name, undefined, context);
  const own = typeof attributes === 'function' ? compute(attributes, values) : attributes;
  return packageTracer().startSpan(name, { attributes: own }, context);
}

function compute(attributes: (...values: never[]) => Attributes, values: unknown[]): Attributes {
  try {
    return attributes(...(values as never[]));
  } catch (error: unknown) {
    reportOnce('warn', 'traced', `computing attributes for traced() threw: ${String(error)}`);
    return {};
  }
}

/** Gives the wrapper the name, length and own properties of what it wraps. */
function dressAs(wrapped: Callable, fn: Callable): Callable {
  for (const key of Reflect.ownKeys(fn)) {
    if (key === 'arguments' || key === 'caller') continue;
    const descriptor = Object.getOwnPropertyDescriptor(fn, key);
    const old = Object.getOwnPropertyDescriptor(wrapped, key);
    if (descriptor === undefined || old?.configurable === false) continue;
    Object.defineProperty(wrapped, key, descriptor);
  }
  if (typeof fn.prototype === 'object' && fn.prototype !== null) wrapped.prototype = fn.prototype;
  return wrapped;
}
