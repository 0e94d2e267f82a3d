import { readValue } from './parse.js';
import { tokenize } from './tokenize.js';
import type { QueryNode, QueryValue } from './tree.js';

/** Written without quotes; everything else is quoted. */
const BARE_KEY = /^[\p{L}\p{N}_][\p{L}\p{N}_.:/@-]*$/u;
const BARE_VALUE = /^[\p{L}\p{N}_./:@%+,#$&?;|[\]{}^-]+$/u;

/** Writes a tree as text that `parse` reads as the same tree (places aside). */
export function print(tree: QueryNode): string {
  return printNode(tree, 'or');
}

/** `outer` is the loosest operator that may stand here without parentheses. */
function printNode(node: QueryNode, outer: 'or' | 'and' | 'term'): string {
  switch (node.type) {
    case 'and': {
      const text = node.nodes.map((child) => printNode(child, 'and')).join(' ');
      return outer === 'term' ? `(${text})` : text;
    }
    case 'or': {
      const text = node.nodes.map((child) => printNode(child, 'or')).join(' OR ');
      return outer === 'or' ? text : `(${text})`;
    }
    case 'not':
      return `-${printNode(node.node, 'term')}`;
    case 'exists':
      return `${printKey(node.key)}=*`;
    case 'compare':
      return `${printKey(node.key)}${node.operator}${printValue(node.value)}`;
    case 'text':
      return !node.quoted && isWord(node.text) ? node.text : quote(node.text);
  }
}

/** Whether the bare text is read as one word of free text. */
function isWord(text: string): boolean {
  const [first, ...rest] = tokenize(text);
  return first?.type === 'text' && !first.quoted && first.text === text && rest.length === 0;
}

function printKey(key: string): string {
  return BARE_KEY.test(key) ? key : quote(key);
}

/** Writes a comparison's value, quoted where it would otherwise be read as something else. */
export function printValue(value: QueryValue): string {
  if (value.kind !== 'text') return value.text;
  const bare = BARE_VALUE.test(value.text) && readValue(value.text).kind === 'text';
  return bare ? value.text : quote(value.text);
}

const ESCAPED = /["\\\n\r\t]/g;
const ESCAPE: { readonly [char: string]: string } = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A phrase in quotes, with what would end or change it escaped. */
export function quote(text: string): string {
  return `"${text.replace(ESCAPED, (char) => ESCAPE[char] ?? char)}"`;
}
