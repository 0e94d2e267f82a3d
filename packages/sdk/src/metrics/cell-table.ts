import { Buffer } from 'node:buffer';

import type { Attributes } from '@opentelemetry/api';

import { safeGet, safeKeys, sanitizeValue } from '../common/attributes.js';
import type { AnyValue, FlatAttributes } from '../common/attributes.js';
import type { Cell } from './cell.js';
import { MAX_PATHS_PER_CELL } from './limits.js';

/**
 * Finds the cell of an attribute set without making garbage:
 *
 *   1. compare with the set that was recorded last, key by key (hot loops repeat themselves);
 *   2. walk a trie in the order the caller's keys come in: one Map look-up a key;
 *   3. sort, drop invalid values, write the set as text and look that up; then remember the path.
 *
 * Objects are never compared by identity: callers change and reuse them.
 */
export class CellTable {
  readonly cells: Cell[] = [];
  readonly #limit: number;
  readonly #create: (attributes: FlatAttributes) => Cell;
  readonly #makeRoom: () => boolean;
  readonly #byText = new Map<string, Cell>();
  #root = new TrieNode();
  #paths = 0;
  #last: TrieNode;
  #overflow: Cell | undefined;
  #empty: Cell | undefined;

  /**
   * @param limit distinct attribute sets, the overflow set included; at least 2.
   * @param create called once for each new set, with its valid attributes sorted by key.
   * @param makeRoom asked when the table is full: calls {@link retain} if it can, true if it did.
   */
  constructor(
    limit: number,
    create: (attributes: FlatAttributes) => Cell,
    makeRoom: () => boolean = () => false,
  ) {
    this.#limit = Math.max(2, limit);
    this.#create = create;
    this.#makeRoom = makeRoom;
    this.#last = NO_NODE;
  }

  /** The cell of `attributes`; past the limit the one cell marked `otel.metric.overflow`. */
  find(attributes: Attributes): Cell {
    const last = this.#last;
    const path = last.path;
    let index = 0;
    for (const key in attributes) {
      if (path[index] !== key || path[index + 1] !== attributes[key]) return this.#walk(attributes);
      index += 2;
    }
    return index === path.length && last.cell !== undefined ? last.cell : this.#walk(attributes);
  }

  /** The cell of no attributes. */
  findEmpty(): Cell {
    return (this.#empty ??= this.#findByText(NO_ATTRIBUTES));
  }

  /** Forgets every cell that `keep` refuses: with delta temporality idle sets make room again. */
  retain(keep: (cell: Cell) => boolean): void {
    const kept = this.cells.filter(keep);
    if (kept.length === this.cells.length) return;
    this.cells.length = 0;
    this.#byText.clear();
    this.#root = new TrieNode();
    this.#paths = 0;
    this.#last = NO_NODE;
    this.#overflow = undefined;
    this.#empty = undefined;
    for (const cell of kept) {
      this.cells.push(cell);
      this.#byText.set(textOf(cell.attributes), cell);
      if (cell.attributes[0] === OVERFLOW[0]) this.#overflow = cell;
    }
  }

  #walk(attributes: Attributes): Cell {
    let node = this.#root;
    for (const key in attributes) {
      const value: unknown = attributes[key];
      if (typeof value === 'object' && value !== null) return this.#findByText(attributes);
      const child = node.child(key)?.get(value);
      if (child === undefined) return this.#learn(attributes);
      node = child;
    }
    if (node.cell === undefined) return this.#learn(attributes);
    this.#last = node;
    return node.cell;
  }

  /** Looks the set up by text and remembers the way there, unless that would let paths grow. */
  #learn(attributes: Attributes): Cell {
    const cell = this.#findByText(attributes);
    if (cell === this.#overflow || this.#paths >= this.#limit * MAX_PATHS_PER_CELL) return cell;
    const path: FlatAttributes = [];
    for (const key of Object.keys(attributes)) {
      const value: unknown = attributes[key];
      if (typeof value === 'object' && value !== null) return cell;
      path.push(key, value);
    }
    let node = this.#root;
    for (let index = 0; index < path.length; index += 2) {
      node = node.grow(path[index] as string, path[index + 1]);
    }
    node.path = path;
    node.cell = cell;
    this.#paths++;
    this.#last = node;
    return cell;
  }

  #findByText(attributes: Attributes): Cell {
    const flat = sortedValid(attributes);
    const text = textOf(flat);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    if (this.cells.length < this.#limit - 1 || text === OVERFLOW_TEXT || this.#makeRoom()) {
      return this.#add(flat, text);
    }
    return (this.#overflow ??=
      this.#byText.get(OVERFLOW_TEXT) ?? this.#add(OVERFLOW, OVERFLOW_TEXT));
  }

  #add(attributes: FlatAttributes, text: string): Cell {
    const cell = this.#create(attributes);
    this.cells.push(cell);
    this.#byText.set(text, cell);
    return cell;
  }
}

/** Most nodes have one key below them: it is compared, not looked up. */
class TrieNode {
  path: FlatAttributes = NO_PATH;
  cell: Cell | undefined = undefined;
  #key: string | undefined = undefined;
  #children: Map<unknown, TrieNode> | undefined = undefined;
  #otherKeys: Map<string, Map<unknown, TrieNode>> | undefined = undefined;

  child(key: string): Map<unknown, TrieNode> | undefined {
    return key === this.#key ? this.#children : this.#otherKeys?.get(key);
  }

  grow(key: string, value: unknown): TrieNode {
    let children = this.child(key);
    if (children === undefined) {
      children = new Map();
      if (this.#key === undefined) {
        this.#key = key;
        this.#children = children;
      } else {
        (this.#otherKeys ??= new Map()).set(key, children);
      }
    }
    let child = children.get(value);
    if (child === undefined) children.set(value, (child = new TrieNode()));
    return child;
  }
}

const NO_PATH: FlatAttributes = [];
const NO_ATTRIBUTES: Attributes = {};
const NO_NODE = new TrieNode();
const OVERFLOW: FlatAttributes = ['otel.metric.overflow', true];

/** Own keys with the recordable form of their values, sorted by key. */
export function sortedValid(attributes: Attributes): FlatAttributes {
  const flat: FlatAttributes = [];
  for (const key of safeKeys(attributes).toSorted()) {
    const value = sanitizeValue(safeGet(attributes, key), Infinity);
    if (key !== '' && value !== undefined) flat.push(key, value);
  }
  return flat;
}

/** One text a set: values that differ only in type must not meet (1, '1', true, 'true'). */
function textOf(flat: FlatAttributes): string {
  let text = '';
  for (let index = 0; index < flat.length; index += 2) {
    text += `${JSON.stringify(flat[index])}:${valueText(flat[index + 1] as AnyValue)},`;
  }
  return text;
}

function valueText(value: AnyValue): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'object':
      break;
    default:
      // A bare word or number cannot meet a string, which has quotes.
      return String(value);
  }
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `[${(value as AnyValue[]).map(valueText).join(',')}]`;
  const map = value as Readonly<Record<string, AnyValue>>;
  return `{${Object.keys(map)
    .map((key) => `${JSON.stringify(key)}:${valueText(map[key])}`)
    .join(',')}}`;
}

const OVERFLOW_TEXT = textOf(OVERFLOW);
