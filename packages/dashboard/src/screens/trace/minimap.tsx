import { createSignal, Show, type JSX } from 'solid-js';
import { drawMinimap } from '../../canvas/minimap.js';
import { CanvasView } from '../../parts/canvas-view.js';
import type { TraceState } from './trace-state.js';

/** A drag shorter than this share of the width is a click: the whole trace again. */
const LEAST_SHARE = 0.004;

/** The trace in little; dragging over it zooms the axis, a double click shows all of it. */
export function Minimap(props: { state: TraceState }): JSX.Element {
  const state = props.state;
  const [drag, setDrag] = createSignal<readonly [number, number] | undefined>();
  const share = (event: PointerEvent & { currentTarget: HTMLElement }): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width)));
  };
  const end = (): void => {
    const chosen = drag();
    setDrag(undefined);
    if (chosen === undefined) return;
    const [a, b] = [Math.min(...chosen), Math.max(...chosen)];
    const whole = state.shown().tree.durationNanos;
    state.setZoom(b - a < LEAST_SHARE ? undefined : { from: a * whole, to: b * whole });
  };
  const zoomed = (): { left: number; width: number } | undefined => {
    const whole = state.shown().tree.durationNanos;
    const { from, to } = state.zoom();
    if (from <= 0 && to >= whole) return undefined;
    return { left: (from / whole) * 100, width: ((to - from) / whole) * 100 };
  };
  return (
    <div
      class="wf-minimap"
      data-test="minimap"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag([share(event), share(event)]);
      }}
      onPointerMove={(event) => {
        const from = drag();
        if (from !== undefined) setDrag([from[0], share(event)]);
      }}
      onPointerUp={end}
      onPointerCancel={() => setDrag(undefined)}
      onDblClick={() => state.setZoom(undefined)}
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
      <Show when={drag()}>
        {(chosen) => (
          <div
            class="brush"
            style={{
              left: `${Math.min(...chosen()) * 100}%`,
              width: `${Math.abs(chosen()[1] - chosen()[0]) * 100}%`,
            }}
          />
        )}
      </Show>
    </div>
  );
}
