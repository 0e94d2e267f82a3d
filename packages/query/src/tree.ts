/** The comparisons of `key op value`; `~` is a regular expression (RE2), found anywhere. */
export type QueryOperator = '=' | '!=' | '>' | '>=' | '<' | '<=' | '~' | '!~';

/**
 * The right side of a comparison. A quoted value is always text; an unquoted one is a number when
 * it reads as one (`10`, `2.5e3`, `10k`, `64kB`) and a duration when it has a unit of time.
 */
export type QueryValue =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string; readonly number: number }
  | { readonly kind: 'duration'; readonly text: string; readonly nanos: bigint };

/** Where a term stands in the text it was read from: UTF-16 index and length. */
export interface QueryPlace {
  readonly column: number;
  readonly length: number;
}

/** `key op value`. */
export interface CompareNode extends QueryPlace {
  readonly type: 'compare';
  readonly key: string;
  readonly operator: QueryOperator;
  readonly value: QueryValue;
}

/** `key=*`: the key is there, whatever its value. */
export interface ExistsNode extends QueryPlace {
  readonly type: 'exists';
  readonly key: string;
}

/**
 * A bare word or a quoted phrase: full text (name, body, attribute values, without regard to
 * case). A bare word also finds records that have an attribute of exactly that key.
 */
export interface TextNode extends QueryPlace {
  readonly type: 'text';
  readonly text: string;
  readonly quoted: boolean;
}

/** Every child holds. No children: everything matches. */
export interface AndNode {
  readonly type: 'and';
  readonly nodes: readonly QueryNode[];
}

/** At least one child holds; at least two children. */
export interface OrNode {
  readonly type: 'or';
  readonly nodes: readonly QueryNode[];
}

/** The child does not hold. */
export interface NotNode {
  readonly type: 'not';
  readonly node: QueryNode;
}

export type QueryNode = AndNode | OrNode | NotNode | CompareNode | ExistsNode | TextNode;

/** The tree of an empty query. */
export const MATCH_ALL: AndNode = { type: 'and', nodes: [] };

/** All of `nodes`; nested conjunctions are flattened, a single node stands for itself. */
export function and(nodes: readonly QueryNode[]): QueryNode {
  const flat = nodes.flatMap((node) => (node.type === 'and' ? node.nodes : [node]));
  return flat.length === 1 && flat[0] !== undefined ? flat[0] : { type: 'and', nodes: flat };
}

/** One of `nodes`; nested alternatives are flattened, a single node stands for itself. */
export function or(nodes: readonly QueryNode[]): QueryNode {
  const flat = nodes.flatMap((node) => (node.type === 'or' ? node.nodes : [node]));
  return flat.length === 1 && flat[0] !== undefined ? flat[0] : { type: 'or', nodes: flat };
}

/** The terms of a tree from left to right. */
export function* terms(node: QueryNode): Generator<CompareNode | ExistsNode | TextNode> {
  switch (node.type) {
    case 'and':
    case 'or':
      for (const child of node.nodes) yield* terms(child);
      return;
    case 'not':
      yield* terms(node.node);
      return;
    default:
      yield node;
  }
}
