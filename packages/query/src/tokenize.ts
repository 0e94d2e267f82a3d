/**
 * Token types: `key operator value` of a comparison, `text` (free text), `not` (a leading `-` or
 * NOT), `or`, `and`, `open`, `close`, and `invalid`, whose `fault` says why.
 */
export type TokenType =
  | 'key'
  | 'operator'
  | 'value'
  | 'text'
  | 'not'
  | 'or'
  | 'and'
  | 'open'
  | 'close'
  | 'invalid';

/** A piece of a query text. */
export interface Token {
  readonly type: TokenType;
  /** 0-based UTF-16 index in the text. */
  readonly column: number;
  /** Length in the text, quotes and escapes included. */
  readonly length: number;
  /** The text itself, without quotes, escapes resolved. */
  readonly text: string;
  readonly quoted: boolean;
  /** Of an invalid token: what is wrong. */
  readonly fault?: string;
  readonly hint?: string;
}

const OPERATOR = /^(?:!=|!~|>=|<=|=|>|<|~)/;
const SPACE = /\s/;

/**
 * Cuts a query into tokens, left to right, white space left out. Never fails: what cannot be
 * understood is an `invalid` token, so that half-typed text can be highlighted.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (SPACE.test(char)) {
      at += 1;
      continue;
    }
    if (char === '(' || char === ')') {
      tokens.push(token(char === '(' ? 'open' : 'close', at, 1, char));
      at += 1;
      continue;
    }
    if (char === '-') {
      tokens.push(readMinus(text, at));
      at += 1;
      continue;
    }
    const operator = OPERATOR.exec(text.slice(at, at + 2))?.[0];
    if (operator !== undefined) {
      tokens.push({
        ...token('invalid', at, operator.length, operator),
        fault: `there is no key before ${operator}`,
        hint: 'write key op value, for instance duration>200ms',
      });
      at += operator.length;
      continue;
    }
    at = readTerm(text, at, tokens);
  }
  return tokens;
}

function token(type: TokenType, column: number, length: number, text: string): Token {
  return { type, column, length, text, quoted: false };
}

function readMinus(text: string, at: number): Token {
  const next = text.charAt(at + 1);
  if (next !== '' && next !== ')' && !SPACE.test(next)) return token('not', at, 1, '-');
  return {
    ...token('invalid', at, 1, '-'),
    fault: 'there is nothing to negate after -',
    hint: 'write - directly before a term; quote it ("-") to search for the sign',
  };
}

/** Reads a word or phrase and, when an operator follows, the operator and its value. */
function readTerm(text: string, start: number, tokens: Token[]): number {
  const word = text.charAt(start) === '"' ? readQuoted(text, start, 'text') : readWord(text, start);
  let at = start + word.length;
  while (at < text.length && SPACE.test(text.charAt(at))) at += 1;
  const operator = OPERATOR.exec(text.slice(at, at + 2))?.[0];
  if (operator === undefined || word.type === 'invalid') {
    tokens.push(word.quoted || word.type === 'invalid' ? word : keyword(word));
    return start + word.length;
  }
  tokens.push({ ...word, type: 'key' }, token('operator', at, operator.length, operator));
  at += operator.length;
  while (at < text.length && SPACE.test(text.charAt(at))) at += 1;
  if (at >= text.length || text.charAt(at) === ')') return at;
  const value = text.charAt(at) === '"' ? readQuoted(text, at, 'value') : readValue(text, at);
  tokens.push(value);
  return at + value.length;
}

function keyword(word: Token): Token {
  if (word.text === 'OR') return { ...word, type: 'or' };
  if (word.text === 'AND') return { ...word, type: 'and' };
  if (word.text === 'NOT') return { ...word, type: 'not' };
  return word;
}

function readWord(text: string, start: number): Token {
  let at = start;
  while (at < text.length) {
    const char = text.charAt(at);
    if (SPACE.test(char) || char === '(' || char === ')') break;
    if (OPERATOR.test(text.slice(at, at + 2))) break;
    at += 1;
  }
  return token('text', start, at - start, text.slice(start, at));
}

/** A bare value ends at white space or at a parenthesis that it did not open itself. */
function readValue(text: string, start: number): Token {
  let at = start;
  let depth = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (SPACE.test(char)) break;
    if (char === '(') depth += 1;
    if (char === ')' && depth-- === 0) break;
    at += 1;
  }
  const value = token('value', start, at - start, text.slice(start, at));
  if (!value.text.startsWith('=') && !value.text.startsWith('~')) return value;
  return {
    ...value,
    type: 'invalid',
    length: 1,
    fault: `${value.text.charAt(0)} cannot follow an operator`,
    hint: 'the operators are = != > >= < <= ~ !~; quote a value that begins like one',
  };
}

const ESCAPES: { readonly [char: string]: string } = {
  '"': '"',
  '\\': '\\',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** `\" \\ \n \r \t \uXXXX`; any other backslash stands for itself, as regular expressions need. */
function readQuoted(text: string, start: number, type: 'text' | 'value'): Token {
  let decoded = '';
  let at = start + 1;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === '"') {
      return { type, column: start, length: at + 1 - start, text: decoded, quoted: true };
    }
    if (char !== '\\') {
      decoded += char;
      at += 1;
      continue;
    }
    const next = text.charAt(at + 1);
    const code = next === 'u' ? /^[0-9a-fA-F]{4}/.exec(text.slice(at + 2, at + 6)) : null;
    if (code !== null) {
      decoded += String.fromCharCode(Number.parseInt(code[0], 16));
      at += 6;
    } else {
      decoded += ESCAPES[next] ?? `\\${next}`;
      at += 2;
    }
  }
  return {
    type: 'invalid',
    column: start,
    length: text.length - start,
    text: decoded,
    quoted: true,
    fault: 'the quote is not closed',
    hint: 'end the phrase with "',
  };
}
