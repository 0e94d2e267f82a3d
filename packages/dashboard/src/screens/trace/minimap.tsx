import { Show, type JSX } from 'solid-js';
import { drawMinimap } from '../../canvas/minimap.js';
import { BrushArea } from '../../parts/brush.js';
import { CanvasView } from '../../parts/canvas-view.js';
import type { TraceState } from './trace-state.js';

/** The trace in little; dragging over it zooms the axis, a click shows all of it. */
export function Minimap(props: { state: TraceState }): JSX.Element {
  const state = props.state;
  const whole = (): number => state.shown().tree.durationNanos;
  const zoomed = (): { left: number; width: number } | undefined => {
    const { from, to } = state.zoom();
    if (from <= 0 && to >= whole()) return undefined;
    return { left: (from / whole()) * 100, width: ((to - from) / whole()) * 100 };
  };
  return (
    <BrushArea
      class="wf-minimap"
      test="minimap"
      onRange={(from, to) => state.setZoom({ from: from * whole(), to: to * whole() })}
      onClick={() => state.setZoom(undefined)}
    >
      <CanvasView
        label="The whole trace in little"
        draw={(context, width, height, palette) => {
          const { store, tree } = state.shown();
          drawMinimap(context, width, height, palette, store, tree);
        }}
      />
      <Show when={zoomed()}>
        {(at) => (
          <div
            class="wf-window"
            style={{ left: `${at().left}%`, width: `max(4px, ${at().width}%)` }}
          />
        )}
      </Show>
    </BrushArea>
  );
}
