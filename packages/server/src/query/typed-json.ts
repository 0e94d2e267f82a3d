import type { AttributeValue } from '@codomyrmex/telemetry-query';

import { doubleValue, readInteger, setKey } from './scalar-value.js';

/**
 * Nested values are stored as compact JSON in which a number with a fraction or an exponent is a
 * double (`1.0`) and one without is a 64-bit integer, of any size; bytes, non-finite doubles and
 * maps that look like these come as `{"$bytes"}`, `{"$double"}`, `{"$map"}`. JSON.parse would lose
 * the difference between 1 and 1.0 and every digit beyond 2^53, so this reader keeps both.
 */
export function readTypedJson(text: string): AttributeValue | undefined {
  try {
    // Without digits there is nothing that JSON.parse could lose, except the key __proto__.
    if (!/[\d]/.test(text) && !text.includes('__proto__')) {
      return JSON.parse(text) as AttributeValue;
    }
    const reader = new TypedJsonReader(text);
    return reader.document();
  } catch (error: unknown) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const NUMBER = /-?\d+(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\]|\\.)*"/suy;
const SPACE = /[ \t\r\n]*/y;
/** The wire's depth bound is 64; text from elsewhere must not exhaust the stack. */
const MAX_DEPTH = 200;

class TypedJsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): AttributeValue {
    const value = this.#value(0);
    this.#space();
    if (this.#at !== this.#text.length) throw new SyntaxError('trailing text');
    return value;
  }

  #value(depth: number): AttributeValue {
    if (depth > MAX_DEPTH) throw new SyntaxError('too deep');
    this.#space();
    const char = this.#text.charAt(this.#at);
    switch (char) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): AttributeValue {
    const object: Record<string, AttributeValue> = {};
    this.#at += 1;
    if (this.#take('}')) return object;
    do {
      this.#space();
      const key = this.#string();
      if (!this.#take(':')) throw new SyntaxError('a colon is missing');
      setKey(object, key, this.#value(depth + 1));
    } while (this.#take(','));
    if (!this.#take('}')) throw new SyntaxError('a brace is missing');
    return object;
  }

  #array(depth: number): AttributeValue {
    const items: AttributeValue[] = [];
    this.#at += 1;
    if (this.#take(']')) return items;
    do items.push(this.#value(depth + 1));
    while (this.#take(','));
    if (!this.#take(']')) throw new SyntaxError('a bracket is missing');
    return items;
  }

  #string(): string {
    return JSON.parse(this.#match(STRING)) as string;
  }

  #number(): AttributeValue {
    const text = this.#match(NUMBER);
    return /[.eE]/.test(text) ? doubleValue(Number(text)) : readInteger(text);
  }

  #word<Value>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) throw new SyntaxError('unknown word');
    this.#at += word.length;
    return value;
  }

  #take(char: string): boolean {
    this.#space();
    if (this.#text.charAt(this.#at) !== char) return false;
    this.#at += 1;
    return true;
  }

  #space(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) throw new SyntaxError('unexpected text');
    this.#at += match[0].length;
    return match[0];
  }
}
