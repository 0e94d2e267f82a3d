import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { Backend } from '../export/fixtures/backend.js';
import type { ReceivedSpan } from '../export/fixtures/backend.js';
import { forceFlush, init, shutdown } from '../init.js';
import { getCurrentSpan } from './start-span.js';
import { traced } from './traced.js';
import { withSpan } from './with-span.js';

let backend: Backend;
beforeAll(async () => {
  backend = await Backend.start();
  init({ endpoint: backend.url, transport: 'main', diagnostics: 'none' });
});
afterAll(async () => {
  await shutdown();
  await backend.close();
});
beforeEach(async () => {
  await forceFlush();
  backend.spans.length = 0;
});

async function received(): Promise<ReceivedSpan[]> {
  await forceFlush();
  return backend.spans;
}

class Shop {
  #stock = 5;

  @traced()
  sell(count: number): number {
    this.#stock -= count;
    return this.#stock;
  }

  @traced('shop.restock', (count: number) => ({ count }))
  async restock(count: number): Promise<Shop> {
    await delay(1);
    this.#stock += count;
    return this;
  }

  @traced()
  get stock(): number {
    return this.#stock;
  }

  @traced('level', { fixed: true })
  accessor level = 1;

  @traced()
  field = (by: number): number => this.#stock * by;

  @traced()
  static open(name: string): string {
    return `${this.name} ${name}`;
  }

  @traced()
  #secret(): string {
    return 'hidden';
  }

  reveal(): string {
    return this.#secret();
  }

  @traced()
  *items(): Generator<number, void> {
    for (let index = 0; index < this.#stock; index++) yield index;
  }

  @traced()
  async *later(): AsyncGenerator<string, void> {
    yield 'one';
    await delay(1);
    yield 'two';
  }
}

describe('traced as a standard decorator', () => {
  it('traces methods, getters, accessors, fields, static and private ones', async () => {
    const shop = new Shop();
    expect(shop.sell(2)).toBe(3);
    expect(await shop.restock(4)).toBe(shop);
    expect(shop.stock).toBe(7);
    shop.level = 3;
    expect(shop.level).toBe(3);
    expect(shop.field(2)).toBe(14);
    expect(Shop.open('x')).toBe('Shop x');
    expect(shop.reveal()).toBe('hidden');
    const spans = await received();
    expect(spans.map((span) => span.name)).toEqual([
      'sell',
      'shop.restock',
      'stock',
      'level',
      'level',
      'field',
      'open',
      '#secret',
    ]);
    expect(spans[1]?.attributes).toEqual({ count: 4 });
    expect(spans[3]?.attributes).toEqual({ fixed: true });
    expectTypeOf(shop.restock).toEqualTypeOf<(count: number) => Promise<Shop>>();
    expectTypeOf(shop.sell).toEqualTypeOf<(count: number) => number>();
    expectTypeOf(shop.stock).toEqualTypeOf<number>();
  });

  it('traces generators from their first step to their end', async () => {
    const shop = new Shop();
    shop.items();
    expect(await received()).toEqual([]);
    expect([...shop.items()]).toEqual([0, 1, 2, 3, 4]);
    const values: string[] = [];
    for await (const value of shop.later()) values.push(value);
    expect(values).toEqual(['one', 'two']);
    expect((await received()).map((span) => span.name)).toEqual(['items', 'later']);
  });

  it('refuses a class', () => {
    const context = { kind: 'class', name: 'X' } as ClassDecoratorContext;
    expect(() => (traced() as (...values: unknown[]) => unknown)(Shop, context)).toThrow(
      'decorate its methods',
    );
  });
});

describe('traced as a legacy decorator', () => {
  it('wraps methods and getters by descriptor', async () => {
    class Old {
      value = 2;
      double(by: number): number {
        return this.value * by;
      }
      get half(): number {
        return this.value / 2;
      }
      set half(value: number) {
        this.value = value * 2;
      }
    }
    for (const key of ['double', 'half']) {
      const descriptor = Object.getOwnPropertyDescriptor(Old.prototype, key)!;
      Object.defineProperty(Old.prototype, key, traced()(Old.prototype, key, descriptor));
    }
    const old = new Old();
    expect([old.double(3), old.half]).toEqual([6, 1]);
    old.half = 4;
    expect(old.value).toBe(8);
    expect((await received()).map((span) => span.name)).toEqual(['double', 'half', 'half']);
    const decorate = traced() as (...values: unknown[]) => unknown;
    expect(() => decorate(Old.prototype, 'field', undefined)).toThrow('wrap its function');
  });
});

describe('traced as a wrapper', () => {
  it('keeps name, length, properties, this, arguments, types', async () => {
    function add(this: { base: number }, a: number, b: number): number {
      expect(getCurrentSpan()).toBeDefined();
      return this.base + a + b;
    }
    add.note = 'kept';
    const wrapped = traced()(add);
    expectTypeOf(wrapped).toEqualTypeOf<typeof add>();
    expect([wrapped.name, wrapped.length, wrapped.note]).toEqual(['add', 2, 'kept']);
    expect(wrapped.call({ base: 1 }, 2, 3)).toBe(6);
    expect(traced()(() => 1)()).toBe(1);
    expect((await received()).map((span) => span.name)).toEqual(['add', '(anonymous)']);
  });

  it('wraps async functions and their errors', async () => {
    const fail = traced('failing', { a: 1 })(async () => {
      await delay(1);
      throw new Error('no');
    });
    await expect(fail()).rejects.toThrow('no');
    const [span] = await received();
    expect(span).toMatchObject({
      name: 'failing',
      status: { code: 2, message: 'no' },
      attributes: { a: 1 },
    });
  });

  it('makes a generator a child of its caller, even when steps come from elsewhere', async () => {
    const numbers = traced('numbers')(function* (limit: number): Generator<number, string, string> {
      let said = '';
      for (let index = 0; index < limit; index++) said = yield index;
      return said;
    });
    const iterator = withSpan('caller', () => numbers(2));
    expect(iterator.next()).toEqual({ value: 0, done: false });
    expect(iterator.next('a')).toEqual({ value: 1, done: false });
    expect(iterator.next('b')).toEqual({ value: 'b', done: true });
    expect(numbers(1).return('early')).toEqual({ value: 'early', done: true });
    expect(() => numbers(1).throw(new Error('unstarted'))).toThrow('unstarted');
    const spans = await received();
    expect(spans.map((span) => span.name)).toEqual(['numbers', 'caller']);
    expect(spans[0]?.parentSpanId).toBe(spans[1]?.spanId);
  });

  it('constructs classes', async () => {
    class Point {
      readonly x: number;
      constructor(x: number) {
        this.x = x;
      }
    }
    const Wrapped = traced()(Point as unknown as (x: number) => Point) as unknown as typeof Point;
    const point = new Wrapped(3);
    expect(point).toBeInstanceOf(Point);
    expect(point.x).toBe(3);
  });

  it('survives attributes that throw, refuses what is no function', async () => {
    const careless = traced('careless', () => {
      throw new Error('attributes');
    })(() => 'done');
    expect(careless()).toBe('done');
    expect((await received())[0]?.name).toBe('careless');
    expect(() => traced()(5 as never)).toThrow('cannot trace this');
  });
});
