import { builtInKey, BUILT_IN_KEYS, closest, parseSeverity } from './keys.js';
import type { BuiltInKey } from './keys.js';
import { MAX_QUERY_DEPTH, MAX_QUERY_LENGTH, MAX_QUERY_TERMS } from './limits.js';
import { QueryError } from './query-error.js';
import type { QueryFault } from './query-error.js';
import type { Token } from './tokenize.js';
import { tokenize } from './tokenize.js';
import { and, or } from './tree.js';
import type { CompareNode, ExistsNode, QueryNode, QueryOperator, QueryValue } from './tree.js';
import { parseDuration, parseNumber } from './units.js';

/**
 * A tree, or the error that points at what cannot be read. `warnings` tell about what can be read
 * but probably means something else: a slip in a built-in key makes it an attribute's.
 */
export type ParseResult =
  | { readonly ok: true; readonly tree: QueryNode; readonly warnings: readonly QueryFault[] }
  | { readonly ok: false; readonly error: QueryError };

/**
 * Reads a query:
 *
 *   query  = and { "OR" and }              terms side by side are AND; AND binds tighter than OR
 *   and    = not { [ "AND" ] not }
 *   not    = [ "-" | "NOT" ] term
 *   term   = "(" query ")" | key op value | key "=*" | word | '"phrase"'
 *
 * An empty text matches everything. `key=*` asks whether the key is there; a bare word is full
 * text and also finds records with an attribute of exactly that key.
 */
export function parse(text: string): ParseResult {
  try {
    const parser = new Parser(text);
    const tree = parser.query();
    return { ok: true, tree, warnings: parser.warnings };
  } catch (error: unknown) {
    if (error instanceof QueryError) return { ok: false, error };
    throw error;
  }
}

/** The value as written, unquoted: a duration, a number, or text. */
export function readValue(text: string): QueryValue {
  const number = parseNumber(text);
  if (number !== undefined) return { kind: 'number', text, number };
  const nanos = parseDuration(text);
  if (nanos !== undefined) return { kind: 'duration', text, nanos };
  return { kind: 'text', text };
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly warnings: QueryFault[] = [];
  #at = 0;
  #terms = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.length > MAX_QUERY_LENGTH) {
      throw new QueryError({
        message: `the query is longer than ${MAX_QUERY_LENGTH} characters`,
        column: MAX_QUERY_LENGTH,
        length: text.length - MAX_QUERY_LENGTH,
      });
    }
    this.#tokens = tokenize(text);
  }

  query(): QueryNode {
    if (this.#tokens.length === 0) return and([]);
    const tree = this.#or(0);
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) {
      throw fault(rest, 'there is no ( for this )', 'remove it, or quote it to search for it');
    }
    return tree;
  }

  #or(depth: number): QueryNode {
    const nodes = [this.#and(depth)];
    while (this.#tokens[this.#at]?.type === 'or') {
      this.#at += 1;
      nodes.push(this.#and(depth));
    }
    return or(nodes);
  }

  #and(depth: number): QueryNode {
    const nodes = [this.#not(depth)];
    for (;;) {
      const next = this.#tokens[this.#at];
      if (next === undefined || next.type === 'or' || next.type === 'close') return and(nodes);
      if (next.type === 'and') this.#at += 1;
      nodes.push(this.#not(depth));
    }
  }

  #not(depth: number): QueryNode {
    const next = this.#tokens[this.#at];
    if (depth > MAX_QUERY_DEPTH && next !== undefined) {
      throw fault(next, `the query is nested deeper than ${MAX_QUERY_DEPTH}`);
    }
    if (next?.type !== 'not') return this.#term(depth);
    this.#at += 1;
    return { type: 'not', node: this.#not(depth + 1) };
  }

  #term(depth: number): QueryNode {
    const first = this.#next('a term is missing');
    this.#terms += 1;
    if (this.#terms > MAX_QUERY_TERMS) {
      throw fault(first, `the query has more than ${MAX_QUERY_TERMS} terms`);
    }
    switch (first.type) {
      case 'open':
        return this.#group(first, depth);
      case 'text':
        return this.#textOf(first);
      case 'key':
        return this.#comparison(first);
      case 'close':
        throw fault(first, 'a term is missing before )');
      case 'or':
      case 'and':
        throw fault(first, `a term is missing before ${first.text}`, `quote it to search for it`);
      default:
        throw fault(first, first.fault ?? 'this cannot stand here', first.hint);
    }
  }

  #group(open: Token, depth: number): QueryNode {
    this.#terms -= 1;
    if (this.#tokens[this.#at] === undefined) throw fault(open, 'this ( is not closed');
    const node = this.#or(depth + 1);
    if (this.#tokens[this.#at]?.type !== 'close') throw fault(open, 'this ( is not closed');
    this.#at += 1;
    return node;
  }

  #textOf(word: Token): QueryNode {
    if (word.text === '') {
      throw fault(word, 'the phrase is empty', 'write something between the quotes');
    }
    const { text, quoted, column, length } = word;
    return { type: 'text', text, quoted, column, length };
  }

  #comparison(key: Token): QueryNode {
    if (key.text === '') throw fault(key, 'the key is empty');
    const operator = this.#next('an operator is missing');
    const value = this.#tokens[this.#at];
    if (value === undefined || value.type === 'close') {
      throw new QueryError({
        message: `a value is missing after ${key.text}${operator.text}`,
        column: operator.column + operator.length,
        length: value === undefined ? 0 : 1,
        hint: `write ${key.text}=* to ask whether it is there, ${key.text}="" for an empty value`,
      });
    }
    if (value.type === 'invalid') throw fault(value, value.fault ?? 'bad value', value.hint);
    this.#at += 1;
    const place = { column: key.column, length: value.column + value.length - key.column };
    const builtIn = builtInKey(key.text);
    if (builtIn === undefined && !key.quoted) this.#warnOfSlip(key);
    if (value.text === '*' && !value.quoted) return existence(key, operator, place);
    const node: CompareNode = {
      type: 'compare',
      key: key.text,
      operator: operator.text as QueryOperator,
      value: value.quoted ? { kind: 'text', text: value.text } : readValue(value.text),
      ...place,
    };
    if (builtIn !== undefined) checkBuiltIn(builtIn, node, operator, value);
    return node;
  }

  #warnOfSlip(key: Token): void {
    const near = closest(
      key.text,
      BUILT_IN_KEYS.map((known) => known.name),
    );
    if (near === undefined) return;
    const { column, length } = key;
    const message = `${key.text} is read as an attribute`;
    this.warnings.push({ message, column, length, hint: `did you mean ${near}?` });
  }

  #next(missing: string): Token {
    const next = this.#tokens[this.#at];
    if (next === undefined) {
      throw new QueryError({ message: missing, column: this.#text.length, length: 0 });
    }
    this.#at += 1;
    return next;
  }
}

function existence(
  key: Token,
  operator: Token,
  place: { readonly column: number; readonly length: number },
): QueryNode {
  const node: ExistsNode = { type: 'exists', key: key.text, ...place };
  if (operator.text === '=') return node;
  if (operator.text === '!=') return { type: 'not', node };
  throw fault(operator, '* goes with = and != only', `quote it ("*") to compare with the sign`);
}

/** Refuses operators and values that a built-in key cannot have. */
function checkBuiltIn(key: BuiltInKey, node: CompareNode, operator: Token, value: Token): void {
  const { text } = node.value;
  const regex = node.operator.endsWith('~');
  const order = node.operator.startsWith('<') || node.operator.startsWith('>');
  switch (key.valueType) {
    case 'text':
      return;
    case 'id':
      checkId(key, node, operator, value);
      return;
    case 'duration':
      if (regex) throw fault(operator, `${key.name} cannot be matched by ${node.operator}`);
      if (durationNanos(node.value) === undefined) throw durationFault(key, value);
      return;
    case 'severity':
      if (regex) throw fault(operator, `${key.name} cannot be matched by ${node.operator}`);
      if (parseSeverity(text) === undefined) throw choiceFault(key, value);
      return;
    default:
      if (regex || order) throw fault(operator, `${key.name} takes = and != only`);
      if (key.values?.includes(text.toLowerCase()) !== true) throw choiceFault(key, value);
  }
}

/** Nanoseconds of a duration's value; a bare 0 needs no unit. */
export function durationNanos(value: QueryValue): bigint | undefined {
  if (value.kind === 'duration') return value.nanos;
  if (value.kind === 'number') return value.number === 0 ? 0n : undefined;
  return parseDuration(value.text);
}

function durationFault(key: BuiltInKey, value: Token): QueryError {
  const bare = /^\d+(?:\.\d+)?$/.test(value.text);
  return fault(
    value,
    `${key.name} needs ${bare ? 'a unit' : 'a number with a unit'}: ns, us, ms, s, m, h or d`,
    bare ? `did you mean ${value.text}ms?` : 'for instance duration>200ms',
  );
}

function checkId(key: BuiltInKey, node: CompareNode, operator: Token, value: Token): void {
  if (node.operator.endsWith('~')) return;
  if (node.operator !== '=' && node.operator !== '!=') {
    throw fault(operator, `${key.name} takes =, !=, ~ and !~ only`);
  }
  const digits = key.name === 'trace' ? 32 : 16;
  if (node.value.text.length === digits && /^[0-9a-fA-F]*$/.test(node.value.text)) return;
  throw fault(
    value,
    `a ${key.name} id has ${digits} hex digits`,
    `${key.name}~^abc finds a beginning`,
  );
}

function choiceFault(key: BuiltInKey, value: Token): QueryError {
  const choices = key.values ?? [];
  const near = closest(value.text, choices);
  return fault(
    value,
    `${key.name} cannot be ${JSON.stringify(value.text)}`,
    near === undefined ? `it is one of ${choices.join(', ')}` : `did you mean ${near}?`,
  );
}

function fault(token: Token, message: string, hint?: string): QueryError {
  const { column, length } = token;
  return new QueryError({ message, column, length, ...(hint === undefined ? {} : { hint }) });
}
