import * as fc from 'fast-check';
import { decode } from '@codomyrmex/otlp';
import { describe, expect, it } from 'vitest';
import { flattenAttributes, sanitizeValue, writeAttributes } from './attributes.js';
import type { FlatAttributes } from './attributes.js';
import { ChunkWriter } from './chunk-writer.js';
import { writeCachedAttributes, writeCachedName } from './encoded-cache.js';
import { ATTRIBUTE_DEPTH, CACHED_LENGTH, CACHED_SLOTS } from './limits.js';
import { plain } from '../export/fixtures/backend.js';

type Write = (writer: ChunkWriter, tag: number, flat: FlatAttributes) => void;

/** A Resource is nothing but attributes in field 1. */
function roundTrip(flat: FlatAttributes, write: Write): Record<string, unknown> {
  const writer = new ChunkWriter(64);
  write(writer, 0x0a, flat);
  return plain(decode('Resource', writer.copy()).attributes);
}

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 90, maxLength: 400 }),
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }).filter((value) => !Object.is(value, -0)),
);
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value;

/** Lone surrogates come back as U+FFFD; nothing else changes. */
function expected(input: unknown): unknown {
  if (typeof input === 'string') return Buffer.from(input).toString();
  if (Array.isArray(input)) return input.map(expected);
  if (typeof input === 'object' && input !== null) {
    return Object.fromEntries(Object.entries(input).map(([key, item]) => [key, expected(item)]));
  }
  return input;
}

describe.each([
  ['writeAttributes', writeAttributes],
  ['writeCachedAttributes', writeCachedAttributes],
])('%s', (_name, write) => {
  it('round-trips every kind of value', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), value, (key, input) => {
        const kept = sanitizeValue(input, Number.POSITIVE_INFINITY);
        const back = roundTrip([key, kept], write);
        expect(Object.values(back)[0]).toEqual(expected(input));
        expect(Object.keys(back)[0]).toBe(key);
      }),
    );
  });

  it('keeps values of one key apart by kind', () => {
    const inputs = [1, '1', true, 'true', 1.5, '', 0, false, -1, 2 ** 40, 1e300, 5n, null];
    for (const input of [...inputs, ...inputs]) {
      if (input === null) continue;
      const back = roundTrip(['k', input], write)['k'];
      expect(back).toBe(typeof input === 'bigint' ? Number(input) : input);
    }
  });

  it('writes many different values of one key', () => {
    for (let index = 0; index < 100; index++) {
      expect(roundTrip(['varied', `value ${index}`], write)).toEqual({ varied: `value ${index}` });
    }
    expect(roundTrip(['varied', 7], write)).toEqual({ varied: 7 });
    expect(roundTrip(['varied', 'é'.repeat(50)], write)).toEqual({ varied: 'é'.repeat(50) });
  });
});

describe('the slots of a name', () => {
  const few = fc.constantFrom('a', 'b', 'http.route', 'é', 'k'.repeat(CACHED_LENGTH + 1));
  const mixed = fc.oneof(
    fc.constantFrom<unknown>(0, 1, '1', true, 'x', 1.5, Number.NaN, 5n, 'é'.repeat(20)),
    fc.string({ maxLength: 60 }),
    fc.integer(),
  );
  const record = fc.tuple(
    fc.constantFrom('GET /', 'POST /'),
    fc.array(fc.tuple(few, mixed), { maxLength: CACHED_SLOTS + 4 }),
  );

  it('change nothing of what is written, whatever was written before', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), (records) => {
        for (const [name, pairs] of records) {
          const flat = pairs.flat();
          const [cached, simple] = [new ChunkWriter(64), new ChunkWriter(64)];
          writeCachedAttributes(cached, 0x4a, flat, writeCachedName(cached, 0x2a, name));
          simple.byte(0x2a);
          simple.string(name);
          writeAttributes(simple, 0x4a, flat);
          expect(cached.copy()).toEqual(simple.copy());
        }
      }),
    );
  });
});

describe('sanitizeValue', () => {
  it('cuts strings, also in arrays, maps and bytes, but no surrogate pair', () => {
    expect(sanitizeValue('abcdef', 3)).toBe('abc');
    expect(sanitizeValue('ab\u{1f600}', 3)).toBe('ab');
    expect(sanitizeValue(['abcdef', 1, { k: 'abcdef' }], 2)).toEqual(['ab', 1, { k: 'ab' }]);
    expect(sanitizeValue(Uint8Array.of(1, 2, 3), 2)).toEqual(Uint8Array.of(1, 2));
  });

  it('copies what the caller may change', () => {
    const list = [1];
    const kept = sanitizeValue(list, 10);
    list.push(2);
    expect(kept).toEqual([1]);
  });

  it('cuts cycles and depth', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    let depth = 0;
    for (let at: unknown = sanitizeValue(cycle, 10); at !== undefined; depth++) {
      at = (at as Record<string, unknown>)['self'];
    }
    expect(depth).toBe(ATTRIBUTE_DEPTH);
  });

  it('takes no functions, symbols and invalid dates, and survives hostile objects', () => {
    const hostile = {
      get bad(): string {
        throw new Error('no');
      },
    };
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    );
    for (const input of [
      undefined,
      null,
      () => 1,
      Symbol('x'),
      new Date(Number.NaN),
      hostile,
      proxy,
    ]) {
      expect(sanitizeValue(input, 10)).toBeUndefined();
    }
    expect(sanitizeValue(new Date(0), 100)).toBe('1970-01-01T00:00:00.000Z');
    expect(sanitizeValue(new Map([['a', 1]]), 100)).toEqual({ a: 1 });
  });

  it('keeps holes of arrays and integers past 64 bits', () => {
    const flat = flattenAttributes({ a: [1, null, 2], b: 2n ** 64n }, 10, 100).flat;
    expect(roundTrip(flat, writeAttributes)).toEqual({
      a: [1, null, 2],
      b: '18446744073709551616',
    });
  });

  it('treats __proto__ as a key', () => {
    const input = JSON.parse('{"__proto__":{"x":1}}') as object;
    const { flat } = flattenAttributes(input, 10, 100);
    expect(flat[0]).toBe('__proto__');
    expect(Object.keys(sanitizeValue(input, 10) as object)).toEqual(['__proto__']);
  });
});

describe('flattenAttributes', () => {
  it('counts what is past the limit', () => {
    expect(flattenAttributes({ a: 1, b: 2, c: 3 }, 2, 10)).toEqual({
      flat: ['a', 1, 'b', 2],
      dropped: 1,
    });
    expect(flattenAttributes({ '': 1, u: undefined, ok: 'x' }, 9, 9).flat).toEqual(['ok', 'x']);
    expect(flattenAttributes(undefined, 9, 9)).toEqual({ flat: [], dropped: 0 });
  });
});
