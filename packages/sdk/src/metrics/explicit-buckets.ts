/**
 * Default bounds of an explicit histogram (specification, metrics SDK, "Explicit Bucket Histogram
 * Aggregation"): made for milliseconds.
 */
export const DEFAULT_BOUNDS: readonly number[] = [
  0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000,
];

/** Index of the bucket that takes `value`: bounds are inclusive above, `(lower, upper]`. */
export function bucketIndex(bounds: Float64Array, value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= (bounds[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Bounds as an encoder wants them: finite and strictly rising. Infinite ends are dropped (they are
 * there anyway); anything else that does not rise makes them unusable: undefined.
 */
export function validBounds(bounds: readonly number[]): Float64Array | undefined {
  if (!Array.isArray(bounds)) return undefined;
  const finite = bounds.filter(
    (bound, index) =>
      !(bound === -Infinity && index === 0) && !(bound === Infinity && index === bounds.length - 1),
  );
  for (let index = 0; index < finite.length; index++) {
    const bound = finite[index] as number;
    if (typeof bound !== 'number' || !Number.isFinite(bound)) return undefined;
    if (index > 0 && bound <= (finite[index - 1] as number)) return undefined;
  }
  return Float64Array.from(finite);
}
