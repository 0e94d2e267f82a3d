import { ERROR, PARENT_MISSING, RUNNING, type TraceStore } from './trace-store.js';

/**
 * A trace as a tree, in pre-order. Nodes are the store's spans and, after them, a placeholder for
 * each parent that is named but has not arrived, so that its children keep their place together.
 * Nothing here recurses: agents nest thousands deep.
 */
export interface TraceTree {
  /** Spans and placeholders. */
  readonly count: number;
  /** Span ids of the placeholders; node `store.count + i` is the i-th. */
  readonly missing: readonly string[];
  /** Nodes in pre-order. */
  readonly order: Int32Array;
  /** Where a node stands in `order`. */
  readonly position: Int32Array;
  /** Parent in the tree, −1 for a root; a cycle is cut at its earliest span. */
  readonly parent: Int32Array;
  readonly depth: Int32Array;
  /** Nodes of the subtree, itself included. */
  readonly size: Int32Array;
  readonly childCount: Int32Array;
  /** Children of node n: `children[childStart[n] … childStart[n + 1])`, by start. */
  readonly children: Int32Array;
  readonly childStart: Int32Array;
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** Time in the node itself: its duration without the union of its children's. */
  readonly self: Float64Array;
  /** 1: failed and nothing below it did: the error began here. 2: passed on from below. */
  readonly errorKind: Uint8Array;
  /** 1 where a cycle was cut. */
  readonly cut: Uint8Array;
  /** The span the trace is named after; −1 without spans. */
  readonly root: number;
  /** End of the whole, in nanoseconds since its start. */
  readonly durationNanos: number;
}

/** The error began in this span. */
export const ORIGIN = 1;
/** A span below failed too. */
export const PROPAGATED = 2;

/** Builds the tree; `nowNanos` is where running spans end for now (trace time). */
export function buildTraceTree(store: TraceStore, nowNanos: number): TraceTree {
  const missing = new Map<string, number>();
  const count = store.count + countMissing(store, missing);
  const parent = new Int32Array(count).fill(-1);
  const start = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const end = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  const cut = new Uint8Array(count);
  for (let i = 0; i < store.count; i += 1) {
    const begin = store.start[i] ?? 0;
    const flags = store.flags[i] ?? 0;
    start[i] = begin;
    end[i] = flags & RUNNING ? Math.max(begin, nowNanos) : (store.end[i] ?? begin);
    let above = store.parent[i] ?? -1;
    if (above === PARENT_MISSING) {
      above = missing.get(store.spans[i]?.parentSpanId ?? '') ?? -1;
      start[above] = Math.min(start[above] ?? begin, begin);
      end[above] = Math.max(end[above] ?? begin, end[i] ?? begin);
    }
    if (above === i) {
      above = -1;
      cut[i] = 1;
    }
    parent[i] = above;
  }
  const byStart = sortedByStart(count, start, end);
  const root = findRoot(store, parent, byStart);
  // What has lost its parent hangs below the trace's root: it belongs to it somewhere.
  if (root >= 0 && root < store.count && parent[root] === -1) {
    for (let i = store.count; i < count; i += 1) parent[i] = root;
  }
  const { children, childStart } = childLists(count, parent, byStart);
  const walk = preOrder(count, parent, byStart, children, childStart, cut);
  const rollUp = fromBelow(store, parent, walk.order);
  let durationNanos = 1;
  for (let i = 0; i < count; i += 1) durationNanos = Math.max(durationNanos, end[i] ?? 0);
  return {
    count,
    missing: [...missing.keys()],
    order: walk.order,
    position: walk.position,
    parent,
    depth: walk.depth,
    size: rollUp.size,
    childCount: childCounts(parent),
    children,
    childStart,
    start,
    end,
    self: selfTimes(parent, start, end, children, childStart),
    errorKind: rollUp.errorKind,
    cut,
    root,
    durationNanos,
  };
}

/** Sizes and errors, from the leaves up. */
function fromBelow(
  store: TraceStore,
  parent: Int32Array,
  order: Int32Array,
): { size: Int32Array; errorKind: Uint8Array } {
  const count = parent.length;
  const size = new Int32Array(count).fill(1);
  const errorBelow = new Uint8Array(count);
  const errorKind = new Uint8Array(count);
  for (let at = count - 1; at >= 0; at -= 1) {
    const node = order[at] ?? 0;
    const failed = node < store.count && ((store.flags[node] ?? 0) & ERROR) !== 0;
    if (failed) errorKind[node] = errorBelow[node] ? PROPAGATED : ORIGIN;
    const above = parent[node] ?? -1;
    if (above < 0) continue;
    size[above] = (size[above] ?? 1) + (size[node] ?? 1);
    if (failed || errorBelow[node]) errorBelow[above] = 1;
  }
  return { size, errorKind };
}

function childCounts(parent: Int32Array): Int32Array {
  const childCount = new Int32Array(parent.length);
  for (let i = 0; i < parent.length; i += 1) {
    const above = parent[i] ?? -1;
    if (above >= 0) childCount[above] = (childCount[above] ?? 0) + 1;
  }
  return childCount;
}

function countMissing(store: TraceStore, missing: Map<string, number>): number {
  for (let i = 0; i < store.count; i += 1) {
    if (store.parent[i] !== PARENT_MISSING) continue;
    const id = store.spans[i]?.parentSpanId ?? '';
    if (!missing.has(id)) missing.set(id, store.count + missing.size);
  }
  return missing.size;
}

/** By start, the longer first: a child that starts with its parent comes after it. */
function sortedByStart(count: number, start: Float64Array, end: Float64Array): Int32Array {
  const nodes = new Int32Array(count);
  for (let i = 0; i < count; i += 1) nodes[i] = i;
  return nodes.toSorted(
    (a, b) => (start[a] ?? 0) - (start[b] ?? 0) || (end[b] ?? 0) - (end[a] ?? 0) || a - b,
  );
}

function findRoot(store: TraceStore, parent: Int32Array, byStart: Int32Array): number {
  for (const node of byStart) if (node < store.count && parent[node] === -1) return node;
  return byStart[0] ?? -1;
}

function childLists(
  count: number,
  parent: Int32Array,
  byStart: Int32Array,
): { children: Int32Array; childStart: Int32Array } {
  const childStart = new Int32Array(count + 1);
  let linked = 0;
  for (let i = 0; i < count; i += 1) {
    const above = parent[i] ?? -1;
    if (above < 0) continue;
    childStart[above + 1] = (childStart[above + 1] ?? 0) + 1;
    linked += 1;
  }
  for (let i = 0; i < count; i += 1) {
    childStart[i + 1] = (childStart[i + 1] ?? 0) + (childStart[i] ?? 0);
  }
  const children = new Int32Array(linked);
  const next = childStart.slice(0, count);
  for (const node of byStart) {
    const above = parent[node] ?? -1;
    if (above < 0) continue;
    const at = next[above] ?? 0;
    children[at] = node;
    next[above] = at + 1;
  }
  return { children, childStart };
}

/**
 * Pre-order from every root, then from the earliest span of every cycle, whose parent link is cut
 * (`parent` and `cut` are changed, the child list keeps the old link and the walk skips it).
 */
function preOrder(
  count: number,
  parent: Int32Array,
  byStart: Int32Array,
  children: Int32Array,
  childStart: Int32Array,
  cut: Uint8Array,
): { order: Int32Array; position: Int32Array; depth: Int32Array } {
  const order = new Int32Array(count);
  const position = new Int32Array(count).fill(-1);
  const depth = new Int32Array(count);
  const stack = new Int32Array(count);
  let at = 0;
  const walk = (from: number): void => {
    let top = 0;
    stack[top] = from;
    top += 1;
    while (top > 0) {
      top -= 1;
      const node = stack[top] ?? 0;
      position[node] = at;
      order[at] = node;
      at += 1;
      const above = parent[node] ?? -1;
      depth[node] = above < 0 ? 0 : (depth[above] ?? 0) + 1;
      const first = childStart[node] ?? 0;
      for (let i = (childStart[node + 1] ?? 0) - 1; i >= first; i -= 1) {
        const child = children[i] ?? 0;
        if (parent[child] !== node) continue;
        stack[top] = child;
        top += 1;
      }
    }
  };
  for (const node of byStart) if (parent[node] === -1) walk(node);
  for (const node of byStart) {
    if ((position[node] ?? -1) >= 0) continue;
    const entry = cycleEntry(node, parent, position);
    parent[entry] = -1;
    cut[entry] = 1;
    walk(entry);
  }
  return { order, position, depth };
}

/** The span of the cycle above `node` (or around it) where it is cut: the first met twice. */
function cycleEntry(node: number, parent: Int32Array, position: Int32Array): number {
  const seen = new Set<number>();
  let at = node;
  while (!seen.has(at) && (position[at] ?? -1) < 0) {
    seen.add(at);
    at = parent[at] ?? -1;
  }
  return at;
}

function selfTimes(
  parent: Int32Array,
  start: Float64Array,
  end: Float64Array,
  children: Int32Array,
  childStart: Int32Array,
): Float64Array {
  const self = new Float64Array(parent.length);
  for (let node = 0; node < parent.length; node += 1) {
    const from = start[node] ?? 0;
    const to = end[node] ?? 0;
    let covered = 0;
    let cursor = from;
    for (let i = childStart[node] ?? 0; i < (childStart[node + 1] ?? 0); i += 1) {
      const child = children[i] ?? 0;
      if (parent[child] !== node) continue;
      const begin = Math.max(cursor, start[child] ?? 0);
      const finish = Math.min(to, end[child] ?? 0);
      if (finish <= begin) continue;
      covered += finish - begin;
      cursor = finish;
    }
    self[node] = Math.max(0, to - from - covered);
  }
  return self;
}

/** The nodes that show, in order, when the subtrees of `collapsed` are folded. */
export function visibleNodes(tree: TraceTree, collapsed: ReadonlySet<number>): Int32Array {
  if (collapsed.size === 0) return tree.order;
  const shown = new Int32Array(tree.count);
  let count = 0;
  for (let at = 0; at < tree.count;) {
    const node = tree.order[at] ?? 0;
    shown[count] = node;
    count += 1;
    at += collapsed.has(node) ? (tree.size[node] ?? 1) : 1;
  }
  return shown.subarray(0, count);
}
