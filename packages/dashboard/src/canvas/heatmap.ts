import type { Palette } from './palette.js';

/** Counts in `columns` × `rows` cells, column after column, row 0 at the bottom. */
export interface HeatGrid {
  readonly columns: number;
  readonly rows: number;
  readonly counts: ArrayLike<number>;
}

/** Counts below this do not reach the brightest colour. */
const FULL_HEAT_COUNT = 12;

/** The step of the heat colours for a count, 0…6: the square root, so that single ones show. */
export function heatStep(count: number, highest: number): number {
  if (!(count > 0) || !(highest > 0)) return 0;
  return Math.min(6, Math.max(1, Math.ceil(Math.sqrt(count / highest) * 6)));
}

/** A heatmap; empty cells within its reach stay empty, so that gaps in time are seen. */
export function drawHeatmap(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  palette: Palette,
  grid: HeatGrid,
): void {
  const { columns, rows, counts } = grid;
  if (columns === 0 || rows === 0) return;
  let highest = 0;
  for (let i = 0; i < columns * rows; i += 1) highest = Math.max(highest, counts[i] ?? 0);
  if (highest === 0) return;
  // With few counts a cell, one of two would be glaring: the scale reaches at least this far.
  highest = Math.max(highest, FULL_HEAT_COUNT);
  const cellWidth = width / columns;
  const cellHeight = height / rows;
  const gapX = cellWidth > 4 ? 1 : 0;
  const gapY = cellHeight > 4 ? 1 : 0;
  for (let column = 0; column < columns; column += 1) {
    for (let row = 0; row < rows; row += 1) {
      const count = counts[column * rows + row] ?? 0;
      if (!(count > 0)) continue;
      context.fillStyle = palette.heat[heatStep(count, highest)] ?? palette.text3;
      context.fillRect(
        column * cellWidth,
        height - (row + 1) * cellHeight,
        Math.max(1, cellWidth - gapX),
        Math.max(1, cellHeight - gapY),
      );
    }
  }
}
