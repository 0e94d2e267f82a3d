/** One layer of stacked bars. */
export interface BarLayer {
  readonly counts: ArrayLike<number>;
  readonly colour: string;
  /** 0…1, default 1. */
  readonly alpha?: number;
}

/** Stacked bars, one a slot, the first layer at the bottom, scaled to the highest stack. */
export function drawBars(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  layers: readonly BarLayer[],
  max?: number,
): void {
  const slots = layers[0]?.counts.length ?? 0;
  if (slots === 0) return;
  let highest = max ?? 0;
  if (max === undefined) {
    for (let slot = 0; slot < slots; slot += 1) {
      let sum = 0;
      for (const layer of layers) sum += layer.counts[slot] ?? 0;
      if (sum > highest) highest = sum;
    }
  }
  if (!(highest > 0)) return;
  const step = width / slots;
  const gap = step > 3 ? 1 : 0;
  for (let slot = 0; slot < slots; slot += 1) {
    let bottom = height;
    for (const layer of layers) {
      const count = layer.counts[slot] ?? 0;
      if (!(count > 0)) continue;
      // A count that is there must be seen: one px at least.
      const tall = Math.max(1, (count / highest) * height);
      context.globalAlpha = layer.alpha ?? 1;
      context.fillStyle = layer.colour;
      context.fillRect(slot * step, bottom - tall, Math.max(1, step - gap), tall);
      bottom -= tall;
    }
  }
  context.globalAlpha = 1;
}
