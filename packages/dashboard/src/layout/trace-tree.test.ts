import type { Span } from '@codomyrmex/telemetry-query';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { criticalPath } from './critical-path.js';
import { FAILED, span } from './fixtures/spans.js';
import { buildTraceStore, millisAt, nanosAt, type TraceStore } from './trace-store.js';
import { buildTraceTree, ORIGIN, PROPAGATED, visibleNodes, type TraceTree } from './trace-tree.js';

function treeOf(spans: readonly Span[], nowNanos = 0): { store: TraceStore; tree: TraceTree } {
  const store = buildTraceStore(spans);
  return { store, tree: buildTraceTree(store, nowNanos) };
}

function names(store: TraceStore, tree: TraceTree, nodes: Iterable<number>): string[] {
  return Array.from(nodes, (node) =>
    node < store.count
      ? `${'.'.repeat(tree.depth[node] ?? 0)}${store.spans[node]?.spanId}`
      : `${'.'.repeat(tree.depth[node] ?? 0)}?${tree.missing[node - store.count]}`,
  );
}

describe('order', () => {
  it('is pre-order by start, children after parents that start with them', () => {
    const { store, tree } = treeOf([
      span('c', 'a', 50, 10),
      span('b', 'a', 0, 20),
      span('a', '', 0, 100),
      span('d', 'b', 5, 5),
    ]);
    expect(names(store, tree, tree.order)).toEqual(['a', '.b', '..d', '.c']);
    expect(tree.root).toBe(store.indexOf.get('a'));
    expect(Array.from(tree.size)).toEqual([1, 2, 4, 1]);
    expect(tree.durationNanos).toBe(100);
  });

  it('keeps the children of a parent that has not arrived together, below the root', () => {
    const { store, tree } = treeOf([
      span('a', '', 0, 100),
      span('x', 'gone', 40, 10),
      span('y', 'gone', 20, 10),
    ]);
    expect(names(store, tree, tree.order)).toEqual(['a', '.?gone', '..y', '..x']);
    const placeholder = store.count;
    expect([tree.start[placeholder], tree.end[placeholder]]).toEqual([20, 50]);
  });

  it('puts the placeholder on top when there is no root at all', () => {
    const { store, tree } = treeOf([span('x', 'gone', 40, 10), span('y', 'x', 41, 1)]);
    expect(names(store, tree, tree.order)).toEqual(['?gone', '.x', '..y']);
    expect(store.spans[tree.root]?.spanId).toBe('x');
  });

  it('cuts circles, of one span and of many', () => {
    const { store, tree } = treeOf([
      span('a', '', 0, 100),
      span('self', 'self', 1, 1),
      span('p', 'r', 10, 5),
      span('q', 'p', 11, 5),
      span('r', 'q', 12, 5),
      span('below', 'q', 13, 1),
    ]);
    expect(names(store, tree, tree.order)).toEqual(['a', 'self', 'p', '.q', '..r', '..below']);
    expect(tree.cut[store.indexOf.get('p') ?? -1]).toBe(1);
    expect(tree.cut[store.indexOf.get('self') ?? -1]).toBe(1);
    expect(tree.childCount[store.indexOf.get('r') ?? -1]).toBe(0);
  });

  it('takes a span that comes twice once, the later one', () => {
    const { store } = treeOf([span('a', '', 0, 5), span('a', '', 0, 9)]);
    expect(store.count).toBe(1);
    expect(store.end[0]).toBe(9);
  });

  it('does not recurse: 50,000 levels', () => {
    const spans = Array.from({ length: 50_000 }, (_, i) =>
      span(`s${i}`, i === 0 ? '' : `s${i - 1}`, i, 100_000 - i),
    );
    const { store, tree } = treeOf(spans);
    expect(tree.depth[store.count - 1]).toBe(49_999);
    expect(criticalPath(store, tree).shares).toHaveLength(1);
  });

  it('holds every node once, parents before children, whatever the links', () => {
    const id = fc.integer({ min: 0, max: 12 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(id, fc.option(id), fc.nat(1000), fc.nat(500)), { maxLength: 14 }),
        (rows) => {
          const { tree } = treeOf(
            rows.map(([own, parent, start, length]) =>
              span(`s${own}`, parent === null ? '' : `s${parent}`, start, length),
            ),
          );
          const order = Array.from(tree.order);
          expect(order.toSorted((a, b) => a - b)).toEqual(order.map((_, i) => i));
          for (const node of order) {
            const above = tree.parent[node] ?? -1;
            if (above < 0) expect(tree.depth[node]).toBe(0);
            else {
              expect(tree.position[above]).toBeLessThan(tree.position[node] ?? 0);
              expect(tree.depth[node]).toBe((tree.depth[above] ?? 0) + 1);
            }
            const self = tree.self[node] ?? 0;
            expect(self).toBeGreaterThanOrEqual(0);
            expect(self).toBeLessThanOrEqual((tree.end[node] ?? 0) - (tree.start[node] ?? 0));
          }
          const roots = order.filter((node) => tree.parent[node] === -1);
          expect(roots.reduce((sum, node) => sum + (tree.size[node] ?? 0), 0)).toBe(order.length);
        },
      ),
    );
  });
});

describe('numbers', () => {
  it('self time is what no child covers, overlaps counted once', () => {
    const { store, tree } = treeOf([
      span('a', '', 0, 100),
      span('b', 'a', 10, 30),
      span('c', 'a', 20, 40),
      span('d', 'a', 90, 50),
    ]);
    expect(tree.self[store.indexOf.get('a') ?? -1]).toBe(40);
  });

  it('tells where an error began from where it was passed on', () => {
    const { store, tree } = treeOf([
      span('a', '', 0, 100, FAILED),
      span('b', 'a', 0, 50),
      span('c', 'b', 0, 10, FAILED),
      span('d', 'a', 60, 10, FAILED),
    ]);
    const kind = (id: string): number | undefined => tree.errorKind[store.indexOf.get(id) ?? -1];
    expect([kind('a'), kind('b'), kind('c'), kind('d')]).toEqual([PROPAGATED, 0, ORIGIN, ORIGIN]);
    expect(store.errors).toBe(3);
  });

  it('running spans end now', () => {
    const running = { running: true } as const;
    const { store, tree } = treeOf([span('a', '', 0, 7, running), span('b', 'a', 3, 2)], 500);
    expect(store.running).toBe(1);
    expect(tree.end[0]).toBe(500);
    expect(tree.durationNanos).toBe(500);
  });

  it('keeps nanoseconds across a second', () => {
    const { store } = treeOf([span('a', '', 0, 10), span('b', 'a', 900_000_001, 5)]);
    expect(store.start[1]).toBe(900_000_001);
    const at = nanosAt(store, millisAt(store, 5_000_000));
    expect(Math.abs(at - 5_000_000)).toBeLessThan(1000);
  });

  it('an empty trace has nothing', () => {
    const { tree } = treeOf([]);
    expect([tree.count, tree.root]).toEqual([0, -1]);
  });
});

describe('folding', () => {
  it('leaves out whole subtrees', () => {
    const { store, tree } = treeOf([
      span('a', '', 0, 100),
      span('b', 'a', 1, 20),
      span('c', 'b', 2, 5),
      span('d', 'a', 50, 5),
    ]);
    const b = store.indexOf.get('b') ?? -1;
    expect(names(store, tree, visibleNodes(tree, new Set([b])))).toEqual(['a', '.b', '.d']);
    expect(visibleNodes(tree, new Set())).toBe(tree.order);
  });
});

describe('critical path', () => {
  it('follows the child that ends last, then the one before it', () => {
    const { store, tree } = treeOf([
      span('a', '', 0, 100, { service: 'front' }),
      span('b', 'a', 10, 30, { service: 'back' }),
      span('c', 'a', 20, 10, { service: 'other' }),
      span('d', 'a', 50, 40, { service: 'back' }),
    ]);
    const path = criticalPath(store, tree);
    const on = (id: string): number[] => {
      const node = store.indexOf.get(id) ?? -1;
      return [path.from[node] ?? 0, path.to[node] ?? 0];
    };
    expect(on('a')).toEqual([0, 100]);
    expect(on('b')).toEqual([10, 40]);
    expect(on('d')).toEqual([50, 90]);
    expect(Number.isNaN(on('c')[0])).toBe(true);
    expect(path.shares).toEqual([
      { service: 'back', ratio: 0.7 },
      { service: 'front', ratio: 0.3 },
    ]);
  });

  it('adds up to the root, whatever the children do', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(5), fc.nat(200), fc.nat(200)), { maxLength: 12 }),
        (rows) => {
          const { store, tree } = treeOf([
            span('r', '', 0, 150),
            ...rows.map(([parent, start, length], i) =>
              span(`s${i}`, parent < i ? `s${parent}` : 'r', start, length, {
                service: `service ${i % 3}`,
              }),
            ),
          ]);
          const { shares } = criticalPath(store, tree);
          const total = shares.reduce((sum, { ratio }) => sum + ratio, 0);
          expect(total).toBeCloseTo(1);
        },
      ),
    );
  });
});
