// The context API's promises (context specification; async-hooks package of the official SDK).
import { EventEmitter } from 'node:events';
import { ROOT_CONTEXT, createContextKey } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AsyncLocalStorageContextManager } from './context-manager.js';

const KEY = createContextKey('test');
const FIRST = ROOT_CONTEXT.setValue(KEY, 1);
const SECOND = ROOT_CONTEXT.setValue(KEY, 2);

let manager: AsyncLocalStorageContextManager;
let other: AsyncLocalStorageContextManager;
beforeEach(() => {
  manager = new AsyncLocalStorageContextManager().enable();
  other = new AsyncLocalStorageContextManager().enable();
});
afterEach(() => {
  manager.disable();
  other.disable();
});

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('with', () => {
  it('runs in the context and restores the old one, errors included', () => {
    expect(manager.active()).toBe(ROOT_CONTEXT);
    const result = manager.with(FIRST, () => {
      expect(manager.active()).toBe(FIRST);
      expect(() =>
        manager.with(SECOND, () => {
          throw new Error('inside');
        }),
      ).toThrow('inside');
      expect(manager.active()).toBe(FIRST);
      return 'result';
    });
    expect(result).toBe('result');
    expect(manager.active()).toBe(ROOT_CONTEXT);
  });

  it('passes this, arguments and the result', () => {
    const target = { name: 'target' };
    function work(this: typeof target, a: number, b: number): [string, number] {
      return [this.name, a + b];
    }
    expect(manager.with(FIRST, work, target, 3, 4)).toEqual(['target', 7]);
  });

  it('follows await, nested calls and timers of equal length', async () => {
    const seen: (Context | undefined)[] = [];
    const wait = (): Promise<void> =>
      new Promise((resolve) => {
        setTimeout(() => {
          seen.push(manager.active());
          resolve();
        }, 1);
      });
    await Promise.all([
      manager.with(FIRST, async () => {
        await manager.with(SECOND, async () => {
          await turn();
          expect(manager.active()).toBe(SECOND);
        });
        expect(manager.active()).toBe(FIRST);
        await wait();
      }),
      manager.with(SECOND, wait),
      wait(),
    ]);
    expect(new Set(seen)).toEqual(new Set([FIRST, SECOND, ROOT_CONTEXT]));
    expect(seen).toHaveLength(3);
  });

  it('keeps concurrent chains apart, and two managers too', async () => {
    const chain = async (context: Context): Promise<void> => {
      for (let step = 0; step < 5; step++) {
        expect(manager.active()).toBe(context);
        await turn();
      }
    };
    await Promise.all([
      manager.with(FIRST, () => chain(FIRST)),
      manager.with(SECOND, () => chain(SECOND)),
    ]);
    manager.with(FIRST, () => {
      expect(other.active()).toBe(ROOT_CONTEXT);
      other.with(SECOND, () => {
        expect([manager.active(), other.active()]).toEqual([FIRST, SECOND]);
      });
    });
  });

  it('ends with disable and works again after it', () => {
    manager.with(FIRST, () => {
      manager.disable();
      expect(manager.active()).toBe(ROOT_CONTEXT);
    });
    expect(manager.with(SECOND, () => manager.active())).toBe(SECOND);
  });
});

describe('bind', () => {
  it('returns what is neither function nor emitter', () => {
    const target = { a: 1 };
    expect(manager.bind(FIRST, target)).toBe(target);
    expect(manager.bind(FIRST, undefined)).toBeUndefined();
  });

  it('has a function run in its context from anywhere, with this and length', async () => {
    const target = {
      get: function (this: unknown, a: number, b: number): unknown[] {
        return [this, manager.active(), a, b];
      },
    };
    target.get = manager.bind(FIRST, target.get);
    expect(target.get).toHaveLength(2);
    expect(manager.with(SECOND, () => target.get(1, 2))).toEqual([target, FIRST, 1, 2]);
    await turn();
    expect(target.get(3, 4)).toEqual([target, FIRST, 3, 4]);
  });

  it('hands a callback exactly what it was called with, whatever its length', () => {
    const seen = function (this: unknown, ...values: unknown[]): unknown[] {
      return [this, manager.active(), ...values];
    };
    for (const length of [0, 1, 2, 5]) {
      const named = Object.defineProperty(seen.bind(undefined), 'length', { value: length });
      const bound = manager.bind(FIRST, named);
      expect(bound).toHaveLength(length);
      for (const values of [[], [1], [1, 2], [undefined], [1, 2, 3, 4, 5, 6]]) {
        expect(bound(...values)).toEqual([undefined, FIRST, ...values]);
      }
    }
    const next = function (this: unknown, error: unknown): unknown[] {
      return [this, manager.active(), error];
    };
    const owner = { next: manager.bind(FIRST, next) };
    expect(owner.next).toHaveLength(1);
    expect(owner.next('e')).toEqual([owner, FIRST, 'e']);
  });

  it("has an emitter's listeners run in its context, however they were added", () => {
    const emitter = manager.bind(FIRST, new EventEmitter());
    const seen: Context[] = [];
    const listener = (): void => {
      seen.push(manager.active());
    };
    for (const add of ['on', 'once', 'addListener', 'prependListener'] as const) {
      emitter[add]('event', listener);
    }
    manager.with(SECOND, () => emitter.emit('event'));
    expect(seen).toEqual([FIRST, FIRST, FIRST, FIRST]);
    expect(emitter.listeners('event')).toEqual([listener, listener, listener]);
    emitter.off('event', listener).removeListener('event', listener);
    expect(emitter.listenerCount('event')).toBe(1);
    emitter.removeAllListeners('event');
    expect(emitter.emit('event')).toBe(false);
  });

  it('lets listeners remove themselves, and two managers bind one emitter', () => {
    const emitter = new EventEmitter();
    expect(manager.bind(FIRST, emitter)).toBe(emitter);
    expect(other.bind(SECOND, emitter)).toBe(emitter);
    let count = 0;
    const listener = (): void => {
      count++;
      expect([manager.active(), other.active()]).toEqual([FIRST, SECOND]);
      emitter.removeListener('event', listener);
    };
    emitter.on('event', listener);
    emitter.emit('event');
    emitter.emit('event');
    expect(count).toBe(1);
  });
});

// Experimental in the api: what experimental instrumentations call where they cannot wrap.
describe('attach', () => {
  it('holds until its token is disposed, once, and keeps to its own chain', async () => {
    const outer = manager.attach(FIRST);
    const inner = manager.attach(SECOND);
    expect(manager.active()).toBe(SECOND);
    await turn();
    expect(manager.active()).toBe(SECOND);
    inner.dispose();
    expect(manager.active()).toBe(FIRST);
    outer.dispose();
    inner.dispose();
    expect(manager.active()).toBe(ROOT_CONTEXT);
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        manager.attach(SECOND);
        resolve();
      });
    });
    await turn();
    expect(manager.active()).toBe(ROOT_CONTEXT);
  });
});
