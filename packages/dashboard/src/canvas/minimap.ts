import { serviceColour } from '../base/colour.js';
import type { TraceStore } from '../layout/trace-store.js';
import { ORIGIN, type TraceTree } from '../layout/trace-tree.js';
import type { Palette } from './palette.js';

/** Bars are merged into this many lines when a trace has more rows. */
const MOST_LINES = 24;

/** The whole trace in little: rows that cannot be told apart share a line. */
export function drawMinimap(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  palette: Palette,
  store: TraceStore,
  tree: TraceTree,
): void {
  const lines = Math.min(MOST_LINES, tree.count);
  if (lines === 0) return;
  const pad = 4;
  const step = lines > 1 ? Math.min(3, (height - pad * 2 - 1.5) / (lines - 1)) : 0;
  const colours = store.services.map(
    (name) => palette.series[serviceColour(name) - 1] ?? palette.text3,
  );
  // Many rows a line: a pixel already taken is not drawn again, 100,000 spans are few strokes.
  const taken = tree.count > 2000 ? new Uint8Array(lines * Math.ceil(width)) : undefined;
  for (let at = 0; at < tree.count; at += 1) {
    const node = tree.order[at] ?? 0;
    const line = Math.min(lines - 1, Math.floor((at / tree.count) * lines));
    const left = ((tree.start[node] ?? 0) / tree.durationNanos) * width;
    const right = ((tree.end[node] ?? 0) / tree.durationNanos) * width;
    const error = tree.errorKind[node] === ORIGIN;
    if (taken !== undefined) {
      const pixel = line * Math.ceil(width) + Math.min(Math.ceil(width) - 1, Math.floor(left));
      if (taken[pixel] === 1 && !error && right - left < 1) continue;
      taken[pixel] = 1;
    }
    context.fillStyle = error
      ? palette.error
      : node < store.count
        ? (colours[store.service[node] ?? 0] ?? palette.text3)
        : palette.text3;
    context.fillRect(left, pad + line * step, Math.max(1, right - left), 1.5);
  }
}
