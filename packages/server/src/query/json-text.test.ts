import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { jsonText } from './json-text.js';
import { doubleValue } from './scalar-value.js';

describe('the JSON text of an answer', () => {
  it('writes an integral double as a number with a fraction', () => {
    const attributes = { one: doubleValue(1), zero: doubleValue(-0), half: 0.5, int: 7 };
    expect(jsonText({ attributes })).toBe(
      '{"attributes":{"one":1.0,"zero":-0.0,"half":0.5,"int":7}}',
    );
    expect(jsonText([doubleValue(1e21), doubleValue(-2.5e300)])).toBe('[1e+21,-2.5e+300]');
    expect(jsonText({ value: doubleValue(Number.NaN) })).toBe('{"value":{"$double":"NaN"}}');
  });

  it('leaves what a user named or wrote alone', () => {
    for (const untouched of [
      { attributes: { $double: '3' } },
      { attributes: { a: { $map: { $double: '3' } } } },
      { attributes: { a: '{"$double":"3"}' } },
    ]) {
      expect(jsonText(untouched)).toBe(JSON.stringify(untouched));
    }
  });

  it('keeps the value of every double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (number) => {
        const [read] = JSON.parse(jsonText([doubleValue(number)])) as [unknown];
        if (Number.isFinite(number)) expect(read).toBe(number);
        else expect(read).toEqual({ $double: String(number) });
      }),
    );
  });
});
