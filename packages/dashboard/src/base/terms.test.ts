import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from '@codomyrmex/telemetry-query';
import { hasTerm, quoteValue, splitTerms, traceIdOf, withoutTerm, withTerm } from './terms.js';

describe('splitTerms', () => {
  it('shows keys, operators and values', () => {
    const [service, name, not, path, free, group] = splitTerms(
      'service=gateway name="POST /api" -status=error http.route!="/x y" timeout (a=1 OR b=2)',
    );
    expect(service).toMatchObject({ key: 'service', operator: '=', value: 'gateway' });
    expect(name).toMatchObject({ key: 'name', value: 'POST /api' });
    expect(not).toMatchObject({ key: 'status', operator: '≠', value: 'error', negated: true });
    expect(path).toMatchObject({ key: 'http.route', operator: '≠', value: '/x y' });
    expect(free).toMatchObject({ key: '', value: 'timeout' });
    expect(group).toMatchObject({ key: '', value: '(a=1 OR b=2)' });
  });

  it('loses nothing but blanks', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (query) => {
        const joined = splitTerms(query)
          .map((term) => term.text)
          .join('');
        // Inside quotes blanks stay, outside they go: without any, both must be the same.
        expect(joined.replace(/\s/g, '')).toBe(query.replace(/\s/g, ''));
      }),
    );
  });
});

describe('quoteValue', () => {
  it('makes a value that the query language reads back as it is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 40 }), (value) => {
        const { tree } = { tree: parse(`service=${quoteValue(value)}`) };
        expect(JSON.stringify(tree)).toContain(JSON.stringify(value));
      }),
    );
  });
  it('makes one term', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 40 }), (value) => {
        const terms = splitTerms(`service=${quoteValue(value)}`);
        expect(terms).toHaveLength(1);
        expect(terms[0]).toMatchObject({ key: 'service', value });
      }),
    );
  });
});

describe('changing a query', () => {
  it('adds a term once and takes its opposite out', () => {
    expect(withTerm('a=1', 'b=2')).toBe('a=1 b=2');
    expect(withTerm('a=1 b=2', 'a=1')).toBe('b=2 a=1');
    expect(withTerm('-a=1 b=2', 'a=1')).toBe('b=2 a=1');
    expect(withTerm('a=1', '-a=1')).toBe('-a=1');
  });
  it('takes a term out', () => {
    expect(withoutTerm('a=1 b="x y" c', 'b="x y"')).toBe('a=1 c');
    expect(hasTerm('a=1 b=2', 'b=2')).toBe(true);
    expect(hasTerm('a=1 b=22', 'b=2')).toBe(false);
  });
});

describe('traceIdOf', () => {
  it('knows ids, with dashes and in upper case', () => {
    expect(traceIdOf(' 4BF92F3577B34DA6A3CE929D0E0E4736 ')).toBe(
      '4bf92f3577b34da6a3ce929d0e0e4736',
    );
    expect(traceIdOf('4bf92f35-77b3-4da6-a3ce-929d0e0e4736')).toBe(
      '4bf92f3577b34da6a3ce929d0e0e4736',
    );
    expect(traceIdOf('4bf92f3577b34da6')).toBeUndefined();
    expect(traceIdOf('service=4bf92f3577b34da6a3ce929d0e0e4736')).toBeUndefined();
  });
});
