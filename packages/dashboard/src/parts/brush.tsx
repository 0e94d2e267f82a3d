import { createSignal, Show, type JSX } from 'solid-js';

/** Dragged less than this share of the width, it was a click. */
const LEAST_SHARE = 0.008;

/** An area over which a range is dragged, in shares of its width, 0…1. */
export function BrushArea(props: {
  class: string;
  test?: string;
  /** From and to, in order. */
  onRange: (from: number, to: number) => void;
  /** A click, or a double click when `onDouble` is not given. */
  onClick?: (at: number) => void;
  onDouble?: () => void;
  children: JSX.Element;
}): JSX.Element {
  const [drag, setDrag] = createSignal<readonly [number, number] | undefined>();
  const share = (event: PointerEvent & { currentTarget: HTMLElement }): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width)));
  };
  const end = (): void => {
    const chosen = drag();
    setDrag(undefined);
    if (chosen === undefined) return;
    const [from, to] = [Math.min(...chosen), Math.max(...chosen)];
    if (to - from < LEAST_SHARE) props.onClick?.(from);
    else props.onRange(from, to);
  };
  return (
    <div
      class={props.class}
      data-test={props.test}
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
      onDblClick={() => props.onDouble?.()}
    >
      {props.children}
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
