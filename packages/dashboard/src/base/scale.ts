/** Where a positive value stands on a logarithmic scale, 0…1, clamped to it. */
export function logPosition(value: number, min: number, max: number): number {
  if (!(value > min)) return 0;
  if (value >= max) return 1;
  return Math.log(value / min) / Math.log(max / min);
}

/** The powers of ten within [min, max]. */
export function decades(min: number, max: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.ceil(Math.log10(min) - 1e-9); 10 ** power <= max * 1.000001; power += 1) {
    ticks.push(10 ** power);
  }
  return ticks;
}

/** The domain of a logarithmic axis that holds all positive values, in whole decades. */
export function logDomain(values: readonly number[]): [min: number, max: number] {
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  for (const value of values) {
    if (value > 0 && value < min) min = value;
    if (value > max) max = value;
  }
  if (max === 0) return [1, 10];
  const low = 10 ** Math.floor(Math.log10(min));
  const high = 10 ** Math.ceil(Math.log10(max));
  return [low, high > low ? high : low * 10];
}
