import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readAttributes, readValue } from './attribute-value.js';
import { readTypedJson } from './typed-json.js';

describe('stored values', () => {
  it.each([
    ['text', 1, 'text'],
    ['', 0, null],
    ['true', 2, true],
    ['false', 2, false],
    ['maybe', 2, 'maybe'],
    ['-42', 3, -42],
    ['9007199254740992', 3, { $int: '9007199254740992' }],
    ['-9223372036854775808', 3, { $int: '-9223372036854775808' }],
    ['x', 3, 'x'],
    ['1.5', 4, 1.5],
    ['1', 4, { $double: '1' }],
    ['-0', 4, { $double: '-0' }],
    ['1e+21', 4, { $double: '1e+21' }],
    ['NaN', 4, { $double: 'NaN' }],
    ['+Inf', 4, { $double: 'Infinity' }],
    ['-Infinity', 4, { $double: '-Infinity' }],
    ['', 4, ''],
    ['[1,1.0,"a",null,true,false]', 5, [1, { $double: '1' }, 'a', null, true, false]],
    ['[]', 5, []],
    ['["a"]', 5, ['a']],
    ['{}', 6, {}],
    ['{"a":{"b":[9223372036854775807]}}', 6, { a: { b: [{ $int: '9223372036854775807' }] } }],
    ['{"$bytes":"AQID"}', 6, { $bytes: 'AQID' }],
    ['{not json', 6, '{not json'],
    ['AQID', 7, { $bytes: 'AQID' }],
  ])('%s of type %i', (text, type, value) => {
    expect(readValue(text, type)).toEqual(value);
  });

  it('keeps the order and every key of a map', () => {
    const attributes = readAttributes(['10', '2', '__proto__'], ['a', 'b', 'c'], []);
    expect(JSON.stringify(attributes)).toBe('{"2":"b","10":"a","__proto__":"c"}');
    expect(readAttributes(['a', 'b'], ['1', '1'], [3])).toEqual({ a: 1, b: '1' });
  });
});

describe('readTypedJson', () => {
  it('reads what JSON.parse reads, apart from doubles without a fraction', () => {
    const json = fc.jsonValue({ noUnicodeString: false, depthSize: 'medium' });
    fc.assert(
      fc.property(json, (value) => {
        const text = JSON.stringify(value);
        fc.pre(!/\d[eE]/.test(text));
        expect(JSON.stringify(readTypedJson(text))).toBe(
          JSON.stringify(JSON.parse(text), (_key, one: unknown) =>
            typeof one === 'number' && Number.isInteger(one) && !Number.isSafeInteger(one)
              ? { $int: String(one) }
              : one,
          ),
        );
      }),
    );
  });

  it('refuses whatever is not JSON, without throwing', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[[\]{}":,0-9.eE\-tfn a\\]{1,12}$/), (text) => {
        const isJson = ((): boolean => {
          try {
            JSON.parse(text);
            return true;
          } catch {
            return false;
          }
        })();
        const read = readTypedJson(text);
        if (isJson) expect(read).not.toBeUndefined();
        else if (!/\d/.test(text)) expect(read).toBeUndefined();
      }),
    );
    expect(readTypedJson('[1,2')).toBeUndefined();
    expect(readTypedJson('[1 2]')).toBeUndefined();
    expect(readTypedJson('{"a" 1}')).toBeUndefined();
    expect(readTypedJson('{"a":1')).toBeUndefined();
    expect(readTypedJson('1 x')).toBeUndefined();
    expect(readTypedJson('[1,tru]')).toBeUndefined();
    expect(readTypedJson('['.repeat(300) + '1' + ']'.repeat(300))).toBeUndefined();
  });
});
