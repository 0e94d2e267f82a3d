import type { Attributes } from '@opentelemetry/api';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CellTable, sortedValid } from './cell-table.js';
import { Cell } from './cell.js';

function table(limit = 2000): CellTable {
  return new CellTable(limit, (attributes) => new Cell(attributes, { seconds: 1, nanos: 0 }));
}

const anyAttributes = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'é'),
  fc.oneof(
    fc.constantFrom<unknown>(0, 1, '1', true, 'true', NaN, undefined, null, ''),
    fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }),
  ),
  { maxKeys: 4 },
) as fc.Arbitrary<Attributes>;

describe('CellTable', () => {
  it('gives one cell to each attribute set, whatever the order of its keys', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyAttributes, fc.boolean()), { maxLength: 40 }), (calls) => {
        const cells = table();
        const model = new Map<string, Cell>();
        for (const [attributes, reversed] of calls) {
          const entries = Object.entries(attributes);
          const given = Object.fromEntries(reversed ? entries.toReversed() : entries);
          const text = JSON.stringify(
            sortedValid(given).map((part) => (Number.isNaN(part) ? 'NaN!' : part)),
          );
          const cell = cells.find(given);
          expect(model.get(text) ?? cell).toBe(cell);
          model.set(text, cell);
        }
        expect(cells.cells.length).toBe(model.size);
      }),
    );
  });

  it('sees a changed object as what it now holds', () => {
    const cells = table();
    const reused: Attributes = { route: '/a' };
    const first = cells.find(reused);
    reused['route'] = '/b';
    const second = cells.find(reused);
    expect(second).not.toBe(first);
    const list = ['x'];
    const third = cells.find({ list });
    list.push('y');
    expect(cells.find({ list })).not.toBe(third);
  });

  it('keeps types apart and treats a missing value as no attribute', () => {
    const cells = table();
    const sets: Attributes[] = [{ a: 1 }, { a: '1' }, { a: true }, { a: 'true' }, { a: ['1'] }];
    expect(new Set(sets.map((set) => cells.find(set))).size).toBe(5);
    expect(cells.find({ a: undefined })).toBe(cells.findEmpty());
    expect(cells.find({ a: undefined })).toBe(cells.find({}));
    expect(cells.find({ '': 'no key' })).toBe(cells.findEmpty());
  });

  it('sends what is beyond the limit to one cell that says so', () => {
    const cells = table(4);
    const known = [1, 2, 3].map((id) => cells.find({ id }));
    const over = cells.find({ id: 4 });
    expect(over.attributes).toEqual(['otel.metric.overflow', true]);
    expect(cells.find({ id: 5 })).toBe(over);
    expect(cells.find({ id: [1, 2] })).toBe(over);
    expect(cells.cells.length).toBe(4);
    expect(cells.find({ id: 1 })).toBe(known[0]);
    expect(cells.find({ 'otel.metric.overflow': true })).toBe(over);
  });

  it('makes room again when cells are let go', () => {
    const cells = table(4);
    const kept = cells.find({ id: 1 });
    cells.find({ id: 2 });
    cells.find({ id: 3 });
    cells.find({ id: 4 });
    cells.retain((cell) => cell === kept);
    expect(cells.cells).toEqual([kept]);
    expect(cells.find({ id: 1 })).toBe(kept);
    expect(cells.find({ id: 9 }).attributes).toEqual(['id', 9]);
    cells.retain(() => true);
    expect(cells.cells.length).toBe(2);
  });

  it('finds maps and bytes by content', () => {
    const cells = table();
    const odd = (value: unknown): Cell => cells.find({ value } as Attributes);
    expect(odd({ b: 1n, c: [true] })).toBe(odd({ b: 1n, c: [true] }));
    expect(odd({ b: 1n })).not.toBe(odd({ b: 1 }));
    expect(odd(Uint8Array.of(1, 2))).toBe(odd(Uint8Array.of(1, 2)));
    expect(odd(Uint8Array.of(1, 2))).not.toBe(odd('x0102'));
    expect(odd(null)).toBe(cells.findEmpty());
  });
});
