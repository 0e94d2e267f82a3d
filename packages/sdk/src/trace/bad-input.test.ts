/** Nothing that a program passes makes a recording call throw, or spoils the spans beside it. */
import { trace } from '@opentelemetry/api';
import type { Context, SpanOptions } from '@opentelemetry/api';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import { capture } from './fixtures/captured.js';
import { linkSpan, startSpan } from './start-span.js';
import { withSpan } from './with-span.js';

beforeEach(() => setDiagnostics('none'));
afterEach(() => setDiagnostics('warn'));

function fail(): never {
  throw new Error('hostile');
}

const cycle: Record<string, unknown> = { list: [] };
cycle['self'] = cycle;
(cycle['list'] as unknown[]).push(cycle);

const ID = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

const HOSTILE: readonly unknown[] = [
  undefined,
  null,
  true,
  -1,
  1e21,
  127,
  255,
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  2n ** 70n,
  '',
  'x',
  '\ud800 lone',
  'long '.repeat(10_000),
  Symbol('s'),
  fail,
  [],
  [undefined, null, { context: null }, { context: { traceId: 1 } }],
  [{ context: { ...ID, traceState: 'a=1' }, droppedAttributesCount: 'many' }],
  [{ context: { ...ID, traceFlags: 'x', traceState: { serialize: fail } } }],
  new Date(Number.NaN),
  [1, 2e9],
  {},
  cycle,
  Object.create(null),
  { toString: fail, valueOf: fail },
  {
    get a(): never {
      return fail();
    },
    b: 1,
  },
  new Proxy({}, { ownKeys: fail, get: fail, has: fail, getPrototypeOf: fail }),
  new Map([['k', 'v']]),
  Object.defineProperty(() => 1, 'name', { get: fail }),
  { constructor: Object.defineProperty(() => 1, 'name', { get: fail }) },
  { constructor: Object.defineProperty(() => 1, 'name', { value: 5 }) },
  { traceId: 'nonsense', spanId: 7 },
  { ...ID, traceFlags: Symbol('flags') },
  { ...ID, traceFlags: 1, traceState: 'a=1' },
  { spanContext: fail },
  { spanContext: () => undefined },
  { spanContext: () => ({ ...ID, traceFlags: 1, traceState: { serialize: fail } }) },
];

// Places in the list, not the values: fast-check would look at them, and they do not like that.
const bad = fc.nat({ max: HOSTILE.length - 1 });
const badOptions = fc.record(
  { kind: bad, attributes: bad, links: bad, startTime: bad, parent: bad },
  { requiredKeys: [] },
);
const at = (place: number): never => HOSTILE[place] as never;

function optionsOf(places: Readonly<Record<string, number>>): SpanOptions {
  const entries = Object.entries(places).map(([key, place]): [string, unknown] => [key, at(place)]);
  return Object.fromEntries(entries);
}

describe('bad input', () => {
  it('to spans of a tracer throws nowhere and leaves its neighbours whole', async () => {
    await fc.assert(
      fc.asyncProperty(bad, badOptions, fc.array(bad, { maxLength: 9 }), bad, async (...given) => {
        const [name, options, places, parent] = given;
        const { tracer, spans } = capture();
        tracer.startSpan('before', { attributes: { kept: true } }).end();
        const root = { getValue: (): unknown => at(parent) } as never as Context;
        const span = tracer.startSpan(at(name), optionsOf(options), root);
        for (const value of places.map(at)) {
          span.setAttribute(value, value).setAttribute('k', value).setAttributes(value);
          span.addEvent(value, value, value).addLink(value).addLinks(value).setStatus(value);
          span.addLink({ context: value, attributes: value }).updateName(value);
          span.recordException(value, value);
        }
        span.end(at(places[0] ?? 0));
        tracer.startSpan('after', { attributes: { kept: true } }).end();
        const all = await spans();
        const neighbours = all.filter((one) => one.attributes['kept'] === true);
        expect(neighbours.map((one) => one.name)).toEqual(['before', 'after']);
        for (const one of all) expect(one.kind >= 1 && one.kind <= 5).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it("to the package's functions throws nowhere", () => {
    fc.assert(
      fc.property(bad, bad, badOptions, (name, place, places) => {
        const value = at(place);
        startSpan(at(name), value).end();
        startSpan(at(name), optionsOf(places)).end(value);
        expect(withSpan(at(name), optionsOf(places), () => 7)).toBe(7);
        if (typeof value !== 'function') expect(withSpan(at(name), value, () => 7)).toBe(7);
        linkSpan(startSpan('s'), value, value);
        linkSpan(value, trace.wrapSpanContext({ ...ID, traceFlags: 1 }));
      }),
      { numRuns: 200 },
    );
  });
});
