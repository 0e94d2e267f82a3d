import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MAX_QUERY_DEPTH, MAX_QUERY_LENGTH, MAX_QUERY_TERMS } from './limits.js';
import { parse } from './parse.js';
import { print } from './print.js';
import { QueryError } from './query-error.js';
import { tokenize } from './tokenize.js';
import type { QueryNode, QueryOperator } from './tree.js';
import { and, or, terms } from './tree.js';

const PLACE = { column: 0, length: 0 };

function withoutPlaces(node: QueryNode): QueryNode {
  switch (node.type) {
    case 'and':
    case 'or':
      return { type: node.type, nodes: node.nodes.map(withoutPlaces) };
    case 'not':
      return { type: 'not', node: withoutPlaces(node.node) };
    default:
      return { ...node, ...PLACE };
  }
}

function treeOf(text: string): QueryNode {
  const result = parse(text);
  if (!result.ok) throw result.error;
  return withoutPlaces(result.tree);
}

function errorOf(text: string): QueryError {
  const result = parse(text);
  if (result.ok) throw new Error(`${text} was read as ${print(result.tree)}`);
  return result.error;
}

function compare(key: string, operator: QueryOperator, text: string): QueryNode {
  return { type: 'compare', key, operator, value: { kind: 'text', text }, ...PLACE };
}

function word(text: string): QueryNode {
  return { type: 'text', text, quoted: false, ...PLACE };
}

describe('parse', () => {
  it('reads the example of the contracts', () => {
    const text =
      'service=gateway name="POST /api/checkout" duration>200ms status=error ' +
      'http.route~"^/api/" -url.path=/healthz timeout';
    expect(treeOf(text)).toEqual({
      type: 'and',
      nodes: [
        compare('service', '=', 'gateway'),
        compare('name', '=', 'POST /api/checkout'),
        {
          type: 'compare',
          key: 'duration',
          operator: '>',
          value: { kind: 'duration', text: '200ms', nanos: 200_000_000n },
          ...PLACE,
        },
        compare('status', '=', 'error'),
        compare('http.route', '~', '^/api/'),
        { type: 'not', node: compare('url.path', '=', '/healthz') },
        word('timeout'),
      ],
    });
    expect(print(treeOf(text))).toBe(text.replace('"^/api/"', '^/api/'));
  });

  it('binds AND tighter than OR, and parentheses tightest', () => {
    expect(treeOf('a b OR c')).toEqual(or([and([word('a'), word('b')]), word('c')]));
    expect(treeOf('a (b OR c)')).toEqual(and([word('a'), or([word('b'), word('c')])]));
    expect(treeOf('-(a b)')).toEqual({ type: 'not', node: and([word('a'), word('b')]) });
    expect(treeOf('NOT a AND b')).toEqual(and([{ type: 'not', node: word('a') }, word('b')]));
    expect(treeOf('a (b (c))')).toEqual(and([word('a'), word('b'), word('c')]));
  });

  it('reads an empty text as everything', () => {
    expect(treeOf('  ')).toEqual(and([]));
    expect(print(and([]))).toBe('');
  });

  it('reads existence, and quoted * as a value', () => {
    const node: QueryNode = { type: 'exists', key: 'http.route', ...PLACE };
    expect(treeOf('http.route=*')).toEqual(node);
    expect(treeOf('http.route!=*')).toEqual({ type: 'not', node });
    expect(treeOf('http.route="*"')).toEqual(compare('http.route', '=', '*'));
    expect(errorOf('http.route>*').column).toBe(10);
  });

  it('reads numbers, durations and sizes, but quoted values as text', () => {
    const number = { type: 'compare', key: 'size', operator: '>=', ...PLACE };
    expect(treeOf('size>=64kB')).toEqual({
      ...number,
      value: { kind: 'number', text: '64kB', number: 64_000 },
    });
    expect(treeOf('size>="64"')).toEqual({ ...number, value: { kind: 'text', text: '64' } });
    expect(treeOf('size>=-1.5e3')).toEqual({
      ...number,
      value: { kind: 'number', text: '-1.5e3', number: -1500 },
    });
  });

  it('keeps operators, parentheses and spaces inside values', () => {
    expect(treeOf('url.query=a=b&c<d')).toEqual(compare('url.query', '=', 'a=b&c<d'));
    expect(treeOf('(name=f(x))')).toEqual(compare('name', '=', 'f(x)'));
    expect(treeOf('service = gateway')).toEqual(compare('service', '=', 'gateway'));
    expect(treeOf('"my key"=v')).toEqual(compare('my key', '=', 'v'));
    expect(treeOf(String.raw`body~"\d+\"\u0041"`)).toEqual(compare('body', '~', String.raw`\d+"A`));
  });

  it.each([
    ['duration>200', 9, 3, 'did you mean 200ms?'],
    ['duration>fast', 9, 4, 'for instance duration>200ms'],
    ['duration~5', 8, 1, undefined],
    ['service=a status=eror', 17, 4, 'did you mean error?'],
    ['kind=sever', 5, 5, 'did you mean server?'],
    ['status>error', 6, 1, undefined],
    ['severity=loud', 9, 4, 'it is one of trace, debug, info, warn, error, fatal'],
    ['severity~warn', 8, 1, undefined],
    ['running=maybe', 8, 5, 'it is one of true, false'],
    ['trace=xyz', 6, 3, 'trace~^abc finds a beginning'],
    ['span>0123456789abcdef', 4, 1, undefined],
    ['a (b', 2, 1, undefined],
    ['a (', 2, 1, undefined],
    ['a)', 1, 1, 'remove it, or quote it to search for it'],
    ['()', 1, 1, undefined],
    ['OR a', 0, 2, 'quote it to search for it'],
    ['a OR', 4, 0, undefined],
    ['a AND', 5, 0, undefined],
    ['service=', 8, 0, 'write service=* to ask whether it is there, service="" for an empty value'],
    ['(service=)', 9, 1, undefined],
    ['=x', 0, 1, 'write key op value, for instance duration>200ms'],
    ['a==b', 2, 1, 'the operators are = != > >= < <= ~ !~; quote a value that begins like one'],
    ['a="b', 2, 2, 'end the phrase with "'],
    ['"b', 0, 2, 'end the phrase with "'],
    ['""', 0, 2, 'write something between the quotes'],
    ['""=a', 0, 2, undefined],
    ['a - b', 2, 1, undefined],
  ])('points at what is wrong in %s', (text, column, length, hint) => {
    const error = errorOf(text);
    expect(error).toBeInstanceOf(QueryError);
    expect([error.column, error.length]).toEqual([column, length]);
    if (hint !== undefined) expect(error.hint).toBe(hint);
  });

  it('warns of a slip in a built-in key', () => {
    const result = parse('sevrice=gateway http.route=/');
    expect(result.ok && result.warnings).toEqual([
      {
        message: 'sevrice is read as an attribute',
        hint: 'did you mean service?',
        column: 0,
        length: 7,
      },
    ]);
    expect(parse('service=gateway')).toMatchObject({ warnings: [] });
  });

  it('bounds length, terms and depth', () => {
    expect(errorOf('a'.repeat(MAX_QUERY_LENGTH + 1)).column).toBe(MAX_QUERY_LENGTH);
    expect(errorOf('a '.repeat(MAX_QUERY_TERMS + 1)).column).toBe(MAX_QUERY_TERMS * 2);
    expect(treeOf('a '.repeat(MAX_QUERY_TERMS))).toMatchObject({ type: 'and' });
    expect(errorOf(`${'('.repeat(MAX_QUERY_DEPTH + 2)}a`).message).toContain('nested');
    expect(errorOf(`${'-'.repeat(MAX_QUERY_DEPTH + 2)}a`).message).toContain('nested');
    expect(errorOf('('.repeat(8000)).message).toContain('nested');
  });

  it('lists the terms of a tree in order', () => {
    const found = [...terms(treeOf('a (b=1 OR -c=*) d'))];
    expect(found.map((term) => (term.type === 'text' ? term.text : term.key))).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
  });
});

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.stringMatching(/^[a-z0-9.\-"\\()=<>!~ *]{1,8}$/),
  fc.constantFrom('OR', 'AND', 'NOT', '*', '-', '5', '5ms', '64kB', '1e3', '\n', '\\d', '"'),
);
// A prefix keeps keys apart from the built-in ones, whose values are checked.
const key = anyText.map((text) => `${text}#`);
const value = fc.oneof(
  anyText.map((text) => ({ kind: 'text' as const, text })),
  fc.constant({ kind: 'text' as const, text: '' }),
  fc.constantFrom(
    { kind: 'number' as const, text: '-2.50', number: -2.5 },
    { kind: 'number' as const, text: '64KiB', number: 65_536 },
    { kind: 'duration' as const, text: '1m30s', nanos: 90_000_000_000n },
  ),
);
const operator = fc.constantFrom<QueryOperator>('=', '!=', '>', '>=', '<', '<=', '~', '!~');
const leaf: fc.Arbitrary<QueryNode> = fc.oneof(
  fc.record({ type: fc.constant('text' as const), text: anyText }).map((node) => ({
    ...node,
    quoted: !/^[\w.]+$/.test(node.text) || ['OR', 'AND', 'NOT'].includes(node.text),
    ...PLACE,
  })),
  key.map((name) => ({ type: 'exists' as const, key: name, ...PLACE })),
  fc.record({ key, operator, value }).map((node) => ({
    type: 'compare' as const,
    ...node,
    ...PLACE,
  })),
  fc.constantFrom<QueryNode>(
    compare('service', '=', 'x'),
    compare('status', '!=', 'ERROR'),
    compare('severity', '>=', 'warn'),
  ),
);
const tree: fc.Arbitrary<QueryNode> = fc.letrec<{ node: QueryNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map(and),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map(or),
    tie('node').map((node) => ({ type: 'not' as const, node })),
  ),
})).node;

describe('parse and print', () => {
  it('print of a tree is read as the same tree', () => {
    fc.assert(
      fc.property(tree, (node) => {
        fc.pre([...terms(node)].length <= MAX_QUERY_TERMS);
        fc.pre(print(node).length <= MAX_QUERY_LENGTH);
        expect(treeOf(print(node))).toEqual(node);
      }),
      { numRuns: 500 },
    );
  });

  it('any text gives a tree or an error inside the text, and its print reads the same', () => {
    const soup = fc
      .array(
        fc.oneof(
          anyText,
          fc.constantFrom('(', ')', ' ', '"', '=', '!=', '~', '-', 'status=error', 'OR', 'a'),
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(soup, fc.string({ unit: 'binary' })), (text) => {
        const result = parse(text);
        if (result.ok) {
          expect(treeOf(print(result.tree))).toEqual(withoutPlaces(result.tree));
        } else {
          expect(result.error.column).toBeGreaterThanOrEqual(0);
          expect(result.error.column + result.error.length).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('tokens lie in order inside the text, with only white space between them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        let end = 0;
        for (const token of tokenize(text)) {
          expect(text.slice(end, token.column).trim()).toBe('');
          expect(token.length).toBeGreaterThan(0);
          end = token.column + (token.type === 'invalid' ? 0 : token.length);
        }
        expect(end).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 1000 },
    );
  });
});
