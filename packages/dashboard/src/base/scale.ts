/** Ticks of a linear axis from 0 or `min` to `max`, about `count` of them, on 1-2-5 steps. */
export function linearTicks(min: number, max: number, count: number): number[] {
  const span = max - min;
  if (!(span > 0) || count < 1) return [min];
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const fraction = raw / power;
  const step = power * (fraction > 5 ? 10 : fraction > 2 ? 5 : fraction > 1 ? 2 : 1);
  const ticks: number[] = [];
  // Multiplying keeps the error of one rounding; adding the step would pile them up.
  for (let i = Math.ceil(min / step); i * step <= max * (1 + 1e-12); i += 1) ticks.push(i * step);
  return ticks;
}

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

const STEPS_MILLIS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3,
  900e3, 1800e3, 3600e3, 7200e3, 10_800e3, 21_600e3, 43_200e3, 86_400e3, 172_800e3, 604_800e3,
];

/** Round times (milliseconds) within [from, to], at most `count` of them. */
export function timeTicks(from: number, to: number, count: number): number[] {
  const raw = (to - from) / Math.max(1, count);
  const step = STEPS_MILLIS.find((candidate) => candidate >= raw) ?? 604_800e3;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return ticks;
}
