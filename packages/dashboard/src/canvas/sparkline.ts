/** How a sparkline is drawn. */
export interface SparklineOptions {
  readonly colour: string;
  /** Fill below the line, 0…1. Default 0.14; 0 for none. */
  readonly fill?: number;
  /** Lower end of the scale. Default 0. */
  readonly min?: number;
  /** Upper end of the scale. Default the largest value. */
  readonly max?: number;
  /** A dot on the newest value. Default false. */
  readonly dot?: boolean;
}

/** A small line over its own range; a value that is not a number is a gap. */
export function drawSparkline(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  values: readonly (number | null)[],
  options: SparklineOptions,
): void {
  let max = options.max ?? 0;
  let min = options.min ?? 0;
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    if (options.max === undefined && value > max) max = value;
    if (options.min === undefined && value < min) min = value;
  }
  const range = max > min ? max - min : 1;
  const inset = 1.5;
  const step = values.length > 1 ? (width - inset * 2) / (values.length - 1) : 0;
  const y = (value: number): number =>
    height - inset - ((value - min) / range) * (height - inset * 2);
  context.lineJoin = 'round';
  context.lineWidth = 1.4;
  context.strokeStyle = options.colour;
  context.fillStyle = options.colour;
  let start = 0;
  for (let i = 0; i <= values.length; i += 1) {
    const value = values[i];
    if (value !== undefined && value !== null && Number.isFinite(value)) continue;
    drawRun(context, values, start, i, inset, step, height, y, options.fill ?? 0.14);
    start = i + 1;
  }
  const last = values.at(-1);
  if (options.dot === true && typeof last === 'number' && Number.isFinite(last)) {
    context.beginPath();
    context.arc(width - inset - 0.5, y(last), 2, 0, Math.PI * 2);
    context.fill();
  }
}

function drawRun(
  context: CanvasRenderingContext2D,
  values: readonly (number | null)[],
  from: number,
  to: number,
  inset: number,
  step: number,
  height: number,
  y: (value: number) => number,
  fill: number,
): void {
  if (to <= from) return;
  context.beginPath();
  for (let i = from; i < to; i += 1) {
    const x = inset + i * step;
    const at = y(values[i] ?? 0);
    if (i === from) context.moveTo(x, at);
    else context.lineTo(x, at);
  }
  // One value alone is a dash, or it could not be seen.
  if (to - from === 1) context.lineTo(inset + from * step + 1.5, y(values[from] ?? 0));
  context.stroke();
  if (fill <= 0) return;
  context.lineTo(inset + (to - 1) * step, height);
  context.lineTo(inset + from * step, height);
  context.closePath();
  context.globalAlpha = fill;
  context.fill();
  context.globalAlpha = 1;
}
