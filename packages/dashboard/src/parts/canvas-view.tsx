import { createEffect, createSignal, onCleanup, onMount, type JSX } from 'solid-js';
import { readPalette, type Palette } from '../canvas/palette.js';
import { currentTheme } from '../data/theme.js';

/** Draws into [0, width] × [0, height] CSS px; the canvas is cleared and scaled before. */
export type Draw = (
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  palette: Palette,
) => void;

/** A canvas that draws again when what `draw` reads changes, with its size, density and theme. */
export function CanvasView(props: {
  draw: Draw;
  class?: string;
  /** What a reader is told; without it the canvas is hidden from readers. */
  label?: string;
}): JSX.Element {
  let canvas!: HTMLCanvasElement;
  const [size, setSize] = createSignal(
    { width: 0, height: 0 },
    {
      equals: (a, b) => a.width === b.width && a.height === b.height,
    },
  );
  onMount(() => {
    const measure = (): void => {
      setSize({ width: canvas.clientWidth, height: canvas.clientHeight });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(canvas);
    onCleanup(() => observer.disconnect());
  });
  createEffect(() => {
    const { width, height } = size();
    const palette = readPalette(currentTheme());
    if (width === 0 || height === 0) return;
    const density = window.devicePixelRatio || 1;
    const pixelWidth = Math.round(width * density);
    const pixelHeight = Math.round(height * density);
    // Setting the size clears; only a changed one costs a new bitmap.
    if (canvas.width !== pixelWidth) canvas.width = pixelWidth;
    if (canvas.height !== pixelHeight) canvas.height = pixelHeight;
    const context = canvas.getContext('2d');
    if (context === null) return;
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, width, height);
    props.draw(context, width, height, palette);
  });
  return (
    <canvas
      ref={canvas}
      class={`canvas ${props.class ?? ''}`}
      role={props.label === undefined ? 'presentation' : 'img'}
      aria-hidden={props.label === undefined ? 'true' : undefined}
      aria-label={props.label}
    />
  );
}
