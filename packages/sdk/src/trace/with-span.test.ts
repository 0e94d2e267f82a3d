/** The package's functions on the process's own SDK, against a real endpoint. */
import { EventEmitter } from 'node:events';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT_CONTEXT, context, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Backend } from '../export/fixtures/backend.js';
import type { ReceivedSpan } from '../export/fixtures/backend.js';
import { forceFlush, init, shutdown } from '../init.js';
import { getCurrentSpan, linkSpan, startSpan } from './start-span.js';
import { withSpan } from './with-span.js';

let backend: Backend;

beforeAll(async () => {
  backend = await Backend.start();
  init({ serviceName: 'tests', endpoint: backend.url, transport: 'main', diagnostics: 'none' });
});

afterAll(async () => {
  await shutdown();
  await backend.close();
});

beforeEach(async () => {
  await forceFlush();
  backend.spans.length = 0;
});

async function received(): Promise<Map<string, ReceivedSpan>> {
  await forceFlush();
  return new Map(backend.spans.map((span) => [span.name, span]));
}

async function parentsByName(): Promise<Record<string, string>> {
  const spans = await received();
  const names = new Map([...spans.values()].map((span) => [span.spanId, span.name]));
  return Object.fromEntries(
    [...spans.values()].map((span) => [span.name, names.get(span.parentSpanId) ?? '']),
  );
}

describe('withSpan', () => {
  it('runs sync work in a span and returns its value', async () => {
    const value = withSpan('sync', (span) => {
      expect(getCurrentSpan()).toBe(span);
      return withSpan('inner', () => 5);
    });
    expect(value).toBe(5);
    expect(getCurrentSpan()).toBeUndefined();
    expect(await parentsByName()).toEqual({ sync: '', inner: 'sync' });
  });

  it('follows promises over every kind of wait', async () => {
    await withSpan('root', async () => {
      await withSpan('a', async () => {
        await delay(1);
        withSpan('last', () => undefined);
      });
      await new Promise<void>((resolve) => {
        setImmediate(() =>
          process.nextTick(() => queueMicrotask(() => withSpan('b', () => resolve()))),
        );
      });
      await Promise.all([1, 2].map((index) => withSpan(`c${index}`, async () => delay(1))));
      withSpan('d', () => undefined);
    });
    const parents = await parentsByName();
    const ofRoot = { a: 'root', b: 'root', c1: 'root', c2: 'root', d: 'root' };
    expect(parents).toEqual({ root: '', last: 'a', ...ofRoot });
    // The span lasts until its promise is settled.
    const spans = await received();
    expect(spans.get('a')!.end >= spans.get('last')!.end).toBe(true);
  });

  it('records a throw and a rejection and passes them on unchanged', async () => {
    const error = new RangeError('boom');
    expect(() =>
      withSpan('throws', () => {
        throw error;
      }),
    ).toThrow(error);
    await expect(withSpan('rejects', () => Promise.reject(error))).rejects.toBe(error);
    await expect(
      withSpan('fine', async (span) => {
        span.setStatus({ code: 1 });
        throw error;
      }),
    ).rejects.toBe(error);
    const spans = await received();
    for (const name of ['throws', 'rejects']) {
      expect(spans.get(name)?.status).toEqual({ code: 2, message: 'boom' });
      expect(spans.get(name)?.events[0]?.attributes).toMatchObject({
        'exception.type': 'RangeError',
        'exception.message': 'boom',
      });
    }
    expect(spans.get('fine')?.status.code).toBe(1);
  });

  it('ends with a generator: done, break, throw', async () => {
    function* count(): Generator<number, string> {
      for (let index = 0; index < 3; index++) yield withSpan(`step ${index}`, () => index);
      return 'end';
    }
    expect([...withSpan('full', () => count())]).toEqual([0, 1, 2]);
    for (const value of withSpan('broken', () => count())) if (value === 0) break;
    const thrower = withSpan('thrown', () => count());
    thrower.next();
    expect(() => thrower.throw(new Error('stop'))).toThrow('stop');
    expect(withSpan('list', () => [1, 2])).toEqual([1, 2]);
    const spans = await received();
    expect(spans.get('full')?.status.code).toBe(0);
    expect(spans.get('broken')?.status.code).toBe(0);
    expect(spans.get('thrown')?.status).toEqual({ code: 2, message: 'stop' });
    expect(spans.has('list')).toBe(true);
    expect((await parentsByName())['step 2']).toBe('full');
  });

  it('ends with an async generator, also when it fails between steps', async () => {
    async function* count(fail: boolean): AsyncGenerator<number> {
      yield 1;
      await delay(1);
      yield withSpan('async step', () => 2);
      if (fail) throw new Error('late');
    }
    const values: number[] = [];
    for await (const value of withSpan('async full', () => count(false))) values.push(value);
    expect(values).toEqual([1, 2]);
    const failing = withSpan('async failed', () => count(true));
    await expect(
      (async () => {
        for await (const value of failing) values.push(value);
      })(),
    ).rejects.toThrow('late');
    const spans = await received();
    expect(spans.get('async full')?.status.code).toBe(0);
    expect(spans.get('async failed')?.status).toEqual({ code: 2, message: 'late' });
  });

  it('calls then of a lazy thenable once', async () => {
    let calls = 0;
    const lazy = {
      // oxlint-disable-next-line unicorn/no-thenable -- a query builder looks like this
      then: (resolve: (value: string) => void): void => {
        calls++;
        resolve('rows');
      },
    } as unknown as Promise<string>;
    void withSpan('lazy', () => lazy);
    expect(calls).toBe(1);
    expect((await received()).has('lazy')).toBe(true);
  });

  it('takes options and refuses to run nothing', async () => {
    const parent = startSpan('parent');
    const attributes = { a: 1 };
    withSpan('optioned', { parent, kind: 2, attributes }, () => undefined);
    withSpan('rooted', { root: true }, () => undefined);
    parent.end();
    expect(() => withSpan('none', {}, undefined as never)).toThrow('no function');
    const span = (await received()).get('optioned');
    expect(span).toMatchObject({ kind: 3, attributes, parentSpanId: parent.spanContext().spanId });
  });
});

describe('startSpan', () => {
  it('takes a span, a span context, a context or options', async () => {
    const parent = startSpan('p');
    const { spanId } = parent.spanContext();
    const active = trace.setSpan(ROOT_CONTEXT, parent);
    const spans = [
      startSpan('span', parent),
      startSpan('span context', parent.spanContext()),
      startSpan('context', active),
      startSpan('options', { parent, attributes: { x: 1 } }),
      startSpan('parent context', { parent: active }),
      startSpan('no parent', {}),
    ];
    for (const span of spans) span.end();
    const all = await received();
    for (const name of ['span', 'span context', 'context', 'options', 'parent context']) {
      expect(all.get(name)?.parentSpanId, name).toBe(spanId);
    }
    expect(all.get('no parent')?.parentSpanId).toBe('');
    expect(all.get('options')?.attributes).toEqual({ x: 1 });
  });

  it('links to spans and span contexts', async () => {
    const [one, two] = [startSpan('one'), startSpan('two')];
    linkSpan(one, two, { why: 'batch' });
    linkSpan(one, two.spanContext());
    one.end();
    const { traceId, spanId } = two.spanContext();
    expect((await received()).get('one')?.links).toEqual([
      { traceId, spanId, attributes: { why: 'batch' } },
      { traceId, spanId, attributes: {} },
    ]);
  });

  it('is one with the api', async () => {
    const tracer = trace.getTracer('library', '2');
    tracer.startActiveSpan('from api', (span) => {
      expect(getCurrentSpan()).toBe(span);
      expect(trace.getActiveSpan()).toBe(span);
      startSpan('ours below').end();
      span.end();
    });
    withSpan('ours', () => tracer.startSpan('api below').end());
    tracer.startActiveSpan('with options', { kind: 1 }, (span) => span.end());
    tracer.startActiveSpan('with context', {}, ROOT_CONTEXT, (span) => span.end());
    const parents = await parentsByName();
    expect(parents).toMatchObject({ 'ours below': 'from api', 'api below': 'ours' });
    expect((await received()).get('with options')?.kind).toBe(2);
    expect((await received()).get('from api')?.scope).toBe('library');
  });
});

describe('context', () => {
  it('follows emitters that are bound, and functions', async () => {
    const emitter = new EventEmitter();
    withSpan('owner', () => context.bind(context.active(), emitter));
    emitter.on('event', () => startSpan('in listener').end());
    emitter.emit('event');
    const bound = withSpan('function owner', () =>
      context.bind(context.active(), function named(this: object, a: number, b: number) {
        startSpan('in function').end();
        return [this, a + b];
      }),
    );
    const self = {};
    expect(bound.call(self, 1, 2)).toEqual([self, 3]);
    expect(bound.length).toBe(2);
    expect(context.bind(context.active(), 5)).toBe(5);
    const parents = await parentsByName();
    expect(parents).toMatchObject({ 'in listener': 'owner', 'in function': 'function owner' });
  });

  it('follows streams', async () => {
    await withSpan('pump', async () => {
      const upper = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          withSpan(`chunk ${String(chunk)}`, () => done(null, String(chunk).toUpperCase()));
        },
      });
      const out: string[] = [];
      await pipeline(Readable.from(['a', 'b']), upper, async (source) => {
        for await (const piece of source) out.push(String(piece));
      });
      expect(out.join('')).toBe('AB');
    });
    const parents = await parentsByName();
    expect(parents).toEqual({ pump: '', 'chunk a': 'pump', 'chunk b': 'pump' });
  });

  it('calls with this and arguments', () => {
    const self = { id: 1 };
    const result = context.with(
      ROOT_CONTEXT,
      function (this: typeof self, value: number) {
        return this.id + value;
      },
      self,
      2,
    );
    expect(result).toBe(3);
  });

  it('keeps a hundred concurrent tasks apart', async () => {
    const task = async (index: number): Promise<void> => {
      await withSpan(`task ${index}`, async () => {
        await delay(index % 5);
        await withSpan(`child ${index}`, () => delay(index % 3));
      });
    };
    await Promise.all(Array.from({ length: 100 }, (_, index) => task(index)));
    const parents = await parentsByName();
    for (let index = 0; index < 100; index++) {
      expect(parents[`child ${index}`]).toBe(`task ${index}`);
    }
  });

  it('recurses ten thousand deep without a stack of its own', async () => {
    const deep = async (level: number): Promise<number> =>
      level === 0
        ? 0
        : withSpan('level', async () => 1 + (await Promise.resolve().then(() => deep(level - 1))));
    expect(await deep(10_000)).toBe(10_000);
    await forceFlush();
    expect(backend.spans).toHaveLength(10_000);
    expect(backend.spans.filter((span) => span.parentSpanId === '')).toHaveLength(1);
  });
});
