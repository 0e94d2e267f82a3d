import { createEffect, createMemo, createSignal, For, on, type JSX } from 'solid-js';
import { groupedText, percentOf } from '../../base/number.js';
import { durationText } from '../../base/time.js';
import { serviceClass } from '../../base/colour.js';
import { VirtualRows, type RowsHandle } from '../../parts/virtual-rows.js';
import { Minimap } from './minimap.js';
import { WaterfallRow } from './waterfall-row.js';
import { useWaterfallKeys } from './waterfall-keys.js';
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
      <Top state={state} />
      <Ruler state={state} />
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

function Top(props: { state: TraceState }): JSX.Element {
  const state = props.state;
  return (
    <div class="wf-top">
      <div class="wf-legend">
        <span class="t3">Critical path by service</span>
        <div>
          <For each={state.shown().path.shares.filter(worthNaming).slice(0, 3)}>
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
  );
}

/** Less than half a per cent would read as none. */
function worthNaming(share: { readonly ratio: number }): boolean {
  return share.ratio >= 0.005;
}

function Ruler(props: { state: TraceState }): JSX.Element {
  const state = props.state;
  return (
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
  );
}
