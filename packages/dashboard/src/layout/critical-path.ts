import type { TraceStore } from './trace-store.js';
import type { TraceTree } from './trace-tree.js';

/** What decided how long the trace took. */
export interface CriticalPath {
  /** Where a node is on the path: from and to in trace time; NaN where it is not. */
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** Services by their own time on the path, the largest first; shares add up to 1. */
  readonly shares: readonly { readonly service: string; readonly ratio: number }[];
}

/**
 * Walks back from the root's end: at every moment the path is in the child that ended last before
 * it, else in the node itself. Each node is visited once, so it is linear but for sorting children.
 */
export function criticalPath(store: TraceStore, tree: TraceTree): CriticalPath {
  const from = new Float64Array(tree.count).fill(Number.NaN);
  const to = new Float64Array(tree.count).fill(Number.NaN);
  const own = new Float64Array(store.services.length);
  const nodes: number[] = [];
  const limits: number[] = [];
  if (tree.root >= 0) {
    nodes.push(tree.root);
    limits.push(tree.end[tree.root] ?? 0);
  }
  while (nodes.length > 0) {
    const node = nodes.pop() ?? 0;
    let cursor = limits.pop() ?? 0;
    const start = tree.start[node] ?? 0;
    from[node] = start;
    to[node] = cursor;
    let mine = 0;
    for (const child of childrenByEnd(tree, node)) {
      const begin = Math.max(start, tree.start[child] ?? 0);
      const finish = Math.min(cursor, tree.end[child] ?? 0);
      if (finish <= begin) continue;
      mine += cursor - finish;
      nodes.push(child);
      limits.push(finish);
      cursor = begin;
    }
    mine += Math.max(0, cursor - start);
    const service = node < store.count ? (store.service[node] ?? 0) : -1;
    if (service >= 0) own[service] = (own[service] ?? 0) + mine;
  }
  const total = own.reduce((sum, nanos) => sum + nanos, 0);
  const shares = store.services
    .map((service, i) => ({ service, ratio: total > 0 ? (own[i] ?? 0) / total : 0 }))
    .filter(({ ratio }) => ratio > 0)
    .toSorted((a, b) => b.ratio - a.ratio);
  return { from, to, shares };
}

function childrenByEnd(tree: TraceTree, node: number): Int32Array {
  const children = tree.children.slice(tree.childStart[node], tree.childStart[node + 1]);
  const mine = children.filter((child) => tree.parent[child] === node);
  return mine.toSorted((a, b) => (tree.end[b] ?? 0) - (tree.end[a] ?? 0));
}
