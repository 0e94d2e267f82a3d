import { createEffect, createMemo, createSignal, For, on, type JSX } from 'solid-js';
import { groupedText, percentOf } from '../../base/number.js';
import { durationText } from '../../base/time.js';
import { serviceClass } from '../../base/colour.js';
import { copyText } from '../../parts/copy.js';
import { useKeys } from '../../parts/use-keys.js';
import { VirtualRows, type RowsHandle } from '../../parts/virtual-rows.js';
import { ORIGIN } from '../../layout/trace-tree.js';
import { Minimap } from './minimap.js';
import { WaterfallRow } from './waterfall-row.js';
import type { TraceState, Zoom } from './trace-state.js';

const ROW_PIXELS = 26;
const RULER_PARTS = 6;
const TREE_PIXELS = 372;

/** The tree and its bars. */
export function Waterfall(props: { state: TraceState }): JSX.Element {
  const state = props.state;
  let rows: RowsHandle | undefined;
  const [treeWidth, setTreeWidth] = createSignal(TREE_PIXELS);
  useWaterfallKeys(state);

  const selectedIndex = createMemo(() => state.rows().indexOf(state.nodeOf(state.selected())));
  // Selecting brings into view; growth alone does not scroll.
  createEffect(
    on(state.selected, () => {
      const at = selectedIndex();
      if (at >= 0) rows?.reveal(at);
    }),
  );
  const anyFocus = (): boolean => selectedIndex() >= 0;
  const resize = (event: PointerEvent & { currentTarget: HTMLElement }): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    setTreeWidth((width) => Math.min(700, Math.max(180, width + event.movementX)));
  };
  return (
    <div class="waterfall" style={{ '--tree': `${treeWidth()}px` }}>
      <div class="wf-top">
        <div class="wf-legend">
          <span class="t3">Critical path by service</span>
          <div>
            <For each={state.shown().path.shares.slice(0, 3)}>
              {(share) => (
                <span>
                  <i class={`dot square ${serviceClass(share.service)}`} />
                  <span class="el">{share.service}</span>
                  <span class="t3 n">{percentOf(Math.round(share.ratio * 100) / 100)} %</span>
                </span>
              )}
            </For>
          </div>
        </div>
        <Minimap state={state} />
      </div>
      <div class="wf-ruler">
        <div>
          <span>Span</span>
          <span class="sp" />
          <span class="n">
            {groupedText(state.shown().store.count)} spans, {groupedText(state.rows().length)} shown
          </span>
        </div>
        <div class="wf-ticks n">
          <For each={Array.from({ length: RULER_PARTS }, (_, part) => part)}>
            {(part) => (
              <span style={{ left: `${(part / RULER_PARTS) * 100}%` }}>
                {tickText(state.zoom(), part)}
              </span>
            )}
          </For>
        </div>
      </div>
      <div
        class="wf-resize"
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the tree"
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={resize}
        onDblClick={() => setTreeWidth(TREE_PIXELS)}
      />
      <VirtualRows
        class="wf-rows"
        count={state.rows().length}
        rowHeight={ROW_PIXELS}
        keyAt={(at) => state.keyOf(state.rows()[at] ?? 0)}
        role="treegrid"
        label="Spans of the trace"
        handle={(handle) => {
          rows = handle;
          queueMicrotask(() => {
            if (selectedIndex() >= 0) handle.reveal(selectedIndex());
          });
        }}
        row={(key, at) => (
          <WaterfallRow
            state={state}
            rowKey={key}
            focusable={anyFocus() ? key === state.selected() : at() === 0}
          />
        )}
      />
    </div>
  );
}

function tickText(zoom: Zoom, part: number): string {
  const at = zoom.from + ((zoom.to - zoom.from) * part) / RULER_PARTS;
  return part === 0 && zoom.from === 0 ? '0' : durationText(at);
}

function useWaterfallKeys(state: TraceState): void {
  const index = (): number => state.rows().indexOf(state.nodeOf(state.selected()));
  const selectAt = (at: number): void => {
    const rows = state.rows();
    const node = rows[Math.min(rows.length - 1, Math.max(0, at))];
    if (node !== undefined) state.select(state.keyOf(node));
  };
  const node = (): number => state.nodeOf(state.selected());
  const close = (): void => {
    const { tree } = state.shown();
    const key = state.selected();
    const at = node();
    if (at < 0) return;
    if ((tree.childCount[at] ?? 0) > 0 && !state.collapsed().has(key)) state.fold(key, true);
    else if ((tree.parent[at] ?? -1) >= 0) state.select(state.keyOf(tree.parent[at] ?? 0));
  };
  const open = (): void => {
    const key = state.selected();
    if (state.collapsed().has(key)) state.fold(key, false);
    else if ((state.shown().tree.childCount[node()] ?? 0) > 0) selectAt(index() + 1);
  };
  const error = (step: 1 | -1): void => {
    const { tree } = state.shown();
    const from = node() < 0 ? -1 : (tree.position[node()] ?? 0);
    for (let at = from + step; at >= 0 && at < tree.count; at += step) {
      const candidate = tree.order[at] ?? 0;
      if (tree.errorKind[candidate] !== ORIGIN) continue;
      for (let up = tree.parent[candidate] ?? -1; up >= 0; up = tree.parent[up] ?? -1) {
        if (state.collapsed().has(state.keyOf(up))) state.fold(state.keyOf(up), false);
      }
      state.select(state.keyOf(candidate));
      return;
    }
  };
  const level = (folded: boolean): void => {
    const { tree, store } = state.shown();
    if (!folded) {
      state.setCollapsed(new Set<string>());
      return;
    }
    const all = new Set<string>();
    for (let i = 0; i < store.count; i += 1) {
      if ((tree.childCount[i] ?? 0) > 0 && (tree.depth[i] ?? 0) > 0) all.add(state.keyOf(i));
    }
    state.setCollapsed(all);
  };
  const zoomBy = (factor: number): void => {
    const { from, to } = state.zoom();
    const { tree } = state.shown();
    const at = node();
    const middle = at < 0 ? (from + to) / 2 : ((tree.start[at] ?? 0) + (tree.end[at] ?? 0)) / 2;
    const half = ((to - from) * factor) / 2;
    if (half * 2 >= tree.durationNanos) state.setZoom(undefined);
    else if (half > 50) {
      const start = Math.min(Math.max(0, middle - half), tree.durationNanos - half * 2);
      state.setZoom({ from: start, to: start + half * 2 });
    }
  };
  const pan = (share: number): void => {
    const { from, to } = state.zoom();
    const { tree } = state.shown();
    const by = Math.min(tree.durationNanos - to, Math.max(-from, (to - from) * share));
    if (by !== 0) state.setZoom({ from: from + by, to: to + by });
  };
  const zoomToSpan = (): void => {
    const { tree } = state.shown();
    const at = node();
    if (at < 0) return;
    const start = tree.start[at] ?? 0;
    const end = tree.end[at] ?? 0;
    const pad = Math.max(500, (end - start) * 0.05);
    state.setZoom({ from: Math.max(0, start - pad), to: Math.min(tree.durationNanos, end + pad) });
  };
  useKeys({
    j: { run: () => selectAt(index() + 1), label: 'next span' },
    k: { run: () => selectAt(index() - 1), label: 'previous span' },
    ArrowDown: { run: () => selectAt(index() + 1), label: 'next span' },
    ArrowUp: { run: () => selectAt(index() - 1), label: 'previous span' },
    h: { run: close, label: 'collapse, or to the parent' },
    l: { run: open, label: 'expand, or to the first child' },
    ArrowLeft: { run: close, label: 'collapse, or to the parent' },
    ArrowRight: { run: open, label: 'expand, or to the first child' },
    H: { run: () => level(true), label: 'collapse all' },
    // `L` is Live everywhere; alt+l opens all levels here.
    'alt+l': { run: () => level(false), label: 'expand all' },
    w: { run: () => zoomBy(0.5), label: 'zoom in' },
    s: { run: () => zoomBy(2), label: 'zoom out' },
    a: { run: () => pan(-0.25), label: 'pan left' },
    d: { run: () => pan(0.25), label: 'pan right' },
    '0': { run: () => state.setZoom(undefined), label: 'whole trace' },
    Enter: { run: zoomToSpan, label: 'zoom to the span' },
    e: { run: () => error(1), label: 'next error' },
    E: { run: () => error(-1), label: 'previous error' },
    p: { run: () => state.setPathOn((is) => !is), label: 'critical path' },
    y: { run: () => void copyText(window.location.href), label: 'copy the link' },
    Escape: { run: () => state.select(''), label: 'no selection' },
  });
}
