import type { Keymap } from '../../base/keymap.js';
import { ORIGIN } from '../../layout/trace-tree.js';
import { copyText } from '../../parts/copy.js';
import { listKeys, stepped } from '../../parts/list-keys.js';
import { useKeys } from '../../parts/use-keys.js';
import type { TraceState } from './trace-state.js';

/** The axis is not zoomed to less than this. */
const LEAST_NANOS = 100;

/** The keys of the waterfall. */
export function useWaterfallKeys(state: TraceState): void {
  useKeys({
    ...treeKeys(state),
    ...axisKeys(state),
    e: { run: () => toError(state, 1), label: 'next error' },
    E: { run: () => toError(state, -1), label: 'previous error' },
    p: { run: () => state.setPathOn((is) => !is), label: 'critical path' },
    y: { run: () => void copyText(window.location.href), label: 'copy the link' },
    Escape: { run: () => state.select(''), label: 'no selection' },
  });
}

/** Unfolds whatever hides a node. */
export function unfoldAbove(state: TraceState, node: number): void {
  const { tree } = state.shown();
  for (let above = tree.parent[node] ?? -1; above >= 0; above = tree.parent[above] ?? -1) {
    const key = state.keyOf(above);
    if (state.collapsed().has(key)) state.fold(key, false);
  }
}

function selectedNode(state: TraceState): number {
  return state.nodeOf(state.selected());
}

function treeKeys(state: TraceState): Keymap {
  const move = (step: number): void => {
    const rows = state.rows();
    const node = rows[stepped(rows.indexOf(selectedNode(state)), step, rows.length)];
    if (node !== undefined) state.select(state.keyOf(node));
  };
  const close = (): void => {
    const { tree } = state.shown();
    const key = state.selected();
    const at = selectedNode(state);
    if (at < 0) return;
    if ((tree.childCount[at] ?? 0) > 0 && !state.collapsed().has(key)) state.fold(key, true);
    else if ((tree.parent[at] ?? -1) >= 0) state.select(state.keyOf(tree.parent[at] ?? 0));
  };
  const open = (): void => {
    const key = state.selected();
    if (state.collapsed().has(key)) state.fold(key, false);
    else if ((state.shown().tree.childCount[selectedNode(state)] ?? 0) > 0) move(1);
  };
  const collapse = { run: close, label: 'collapse, or to the parent' };
  const expand = { run: open, label: 'expand, or to the first child' };
  return {
    ...listKeys({ noun: 'span', move }),
    h: collapse,
    l: expand,
    ArrowLeft: collapse,
    ArrowRight: expand,
    H: { run: () => foldAll(state), label: 'collapse all' },
    // `L` is Live everywhere.
    'alt+l': { run: () => state.setCollapsed(new Set<string>()), label: 'expand all' },
  };
}

function foldAll(state: TraceState): void {
  const { tree, store } = state.shown();
  const all = new Set<string>();
  for (let i = 0; i < store.count; i += 1) {
    if ((tree.childCount[i] ?? 0) > 0 && (tree.depth[i] ?? 0) > 0) all.add(state.keyOf(i));
  }
  state.setCollapsed(all);
}

/** To the next span in which an error began. */
function toError(state: TraceState, step: 1 | -1): void {
  const { tree } = state.shown();
  const node = selectedNode(state);
  const from = node < 0 ? -1 : (tree.position[node] ?? 0);
  for (let at = from + step; at >= 0 && at < tree.count; at += step) {
    const candidate = tree.order[at] ?? 0;
    if (tree.errorKind[candidate] !== ORIGIN) continue;
    unfoldAbove(state, candidate);
    state.select(state.keyOf(candidate));
    return;
  }
}

function axisKeys(state: TraceState): Keymap {
  const whole = (): number => state.shown().tree.durationNanos;
  const zoomBy = (factor: number): void => {
    const { from, to } = state.zoom();
    const { tree } = state.shown();
    const at = selectedNode(state);
    const middle = at < 0 ? (from + to) / 2 : ((tree.start[at] ?? 0) + (tree.end[at] ?? 0)) / 2;
    const length = (to - from) * factor;
    if (length >= whole()) state.setZoom(undefined);
    else if (length >= LEAST_NANOS) {
      const start = Math.min(Math.max(0, middle - length / 2), whole() - length);
      state.setZoom({ from: start, to: start + length });
    }
  };
  const pan = (share: number): void => {
    const { from, to } = state.zoom();
    const by = Math.min(whole() - to, Math.max(-from, (to - from) * share));
    if (by !== 0) state.setZoom({ from: from + by, to: to + by });
  };
  const zoomToSpan = (): void => {
    const { tree } = state.shown();
    const at = selectedNode(state);
    if (at < 0) return;
    const start = tree.start[at] ?? 0;
    const end = tree.end[at] ?? 0;
    const pad = Math.max(LEAST_NANOS * 5, (end - start) * 0.05);
    state.setZoom({ from: Math.max(0, start - pad), to: Math.min(whole(), end + pad) });
  };
  return {
    w: { run: () => zoomBy(0.5), label: 'zoom in' },
    s: { run: () => zoomBy(2), label: 'zoom out' },
    a: { run: () => pan(-0.25), label: 'pan left' },
    d: { run: () => pan(0.25), label: 'pan right' },
    '0': { run: () => state.setZoom(undefined), label: 'whole trace' },
    Enter: { run: zoomToSpan, label: 'zoom to the span' },
  };
}
