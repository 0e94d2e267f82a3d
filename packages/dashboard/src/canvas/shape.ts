import type { ShapeBar } from '@codomyrmex/telemetry-query';
import { serviceColour } from '../base/colour.js';
import type { Palette } from './palette.js';

const BAR_PIXELS = 2.5;
const MAX_ROWS = 5;

/** A trace's thumbnail: its longest spans as bars, a row a depth, errors in red, the root pale. */
export function drawShape(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  palette: Palette,
  bars: readonly ShapeBar[],
): void {
  let deepest = 0;
  for (const bar of bars) deepest = Math.max(deepest, bar.depth);
  const rows = Math.min(MAX_ROWS, deepest + 1);
  const step = rows > 1 ? Math.min(4.5, (height - BAR_PIXELS) / (rows - 1)) : 0;
  const top = (height - (step * (rows - 1) + BAR_PIXELS)) / 2;
  for (const bar of bars) {
    const row = Math.min(rows - 1, bar.depth);
    const left = bar.start * width;
    const length = Math.max(2, (bar.end - bar.start) * width);
    context.globalAlpha = bar.depth === 0 && !bar.error ? 0.5 : 1;
    context.fillStyle = bar.error
      ? palette.error
      : (palette.series[serviceColour(bar.service) - 1] ?? palette.text3);
    context.beginPath();
    context.roundRect(Math.min(left, width - length), top + row * step, length, BAR_PIXELS, 1.2);
    context.fill();
  }
  context.globalAlpha = 1;
}
