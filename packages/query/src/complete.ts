import { builtInKey, BUILT_IN_KEYS } from './keys.js';
import { tokenize } from './tokenize.js';
import type { Token } from './tokenize.js';

/** One suggestion: `insert` replaces the text between the completion's `from` and `to`. */
export interface Suggestion {
  readonly label: string;
  readonly insert: string;
  readonly detail: string;
}

/** Suggestions for the place of the caret. */
export interface Completion {
  /** UTF-16 index where the replaced text begins. */
  readonly from: number;
  /** Index after its end. */
  readonly to: number;
  readonly items: readonly Suggestion[];
}

/**
 * What can stand at `column`: built-in keys (and `attributeKeys`, when the caller knows some) while
 * a word is typed, the values of a key after its operator. Best first; empty when nothing fits.
 */
export function complete(
  text: string,
  column: number,
  attributeKeys: readonly string[] = [],
): Completion {
  const tokens = tokenize(text.slice(0, column));
  const last = tokens.at(-1);
  const touching = last !== undefined && last.column + last.length === column ? last : undefined;
  if (last?.type === 'operator' && (touching !== undefined || text[column - 1] === ' ')) {
    return { from: column, to: column, items: valuesOf(tokens.at(-2), '') };
  }
  if (touching?.type === 'value') {
    return {
      from: touching.column,
      to: column,
      items: valuesOf(tokens.at(-3), touching.text),
    };
  }
  if (touching?.type === 'text' && !touching.quoted) {
    return { from: touching.column, to: column, items: keysLike(touching.text, attributeKeys) };
  }
  const free = last === undefined || touching === undefined || isOpening(touching);
  return { from: column, to: column, items: free ? keysLike('', attributeKeys) : [] };
}

function isOpening(token: Token): boolean {
  return token.type === 'open' || token.text === '-';
}

function keysLike(typed: string, attributeKeys: readonly string[]): Suggestion[] {
  const known = BUILT_IN_KEYS.map(({ name, valueType, detail }) => ({
    label: name,
    insert: valueType === 'duration' ? `${name}>` : `${name}=`,
    detail,
  }));
  const attributes = attributeKeys
    .filter((key) => builtInKey(key) === undefined)
    .map((key) => ({ label: key, insert: `${key}=`, detail: 'attribute' }));
  return ranked([...known, ...attributes], typed);
}

function valuesOf(key: Token | undefined, typed: string): Suggestion[] {
  const values = key === undefined ? undefined : builtInKey(key.text)?.values;
  if (key === undefined || values === undefined) return [];
  const items = values.map((value) => ({ label: value, insert: value, detail: key.text }));
  return ranked(items, typed).filter((item) => item.label !== typed);
}

/** Those that begin with the typed text, then those that hold it elsewhere. */
function ranked(items: readonly Suggestion[], typed: string): Suggestion[] {
  const lower = typed.toLowerCase();
  const begins = items.filter((item) => item.label.toLowerCase().startsWith(lower));
  const holds = items.filter((item) => item.label.toLowerCase().indexOf(lower) > 0);
  return [...begins, ...holds];
}
