import type { MetricDistribution } from '@codomyrmex/telemetry-query';

/** A histogram over time, cut to the buckets in use. Row r is bucket `first + r`. */
export interface DistributionGrid {
  readonly bounds: readonly number[];
  /** First bucket in use, and how many from there. */
  readonly first: number;
  readonly rows: number;
  readonly columns: number;
  /** columns × rows, column after column, row 0 the lowest. */
  readonly counts: Float64Array;
  readonly total: number;
}

/** Cuts a distribution to its used buckets, one free bucket kept above for the eye. */
export function distributionGrid(distribution: MetricDistribution): DistributionGrid {
  const { bounds, counts } = distribution;
  const buckets = bounds.length + 1;
  let first = buckets;
  let last = -1;
  let total = 0;
  for (const step of counts) {
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      const count = step[bucket] ?? 0;
      if (!(count > 0)) continue;
      total += count;
      if (bucket < first) first = bucket;
      if (bucket > last) last = bucket;
    }
  }
  if (last < 0) {
    first = 0;
    last = Math.min(buckets - 1, 5);
  }
  first = Math.max(0, first - 1);
  last = Math.min(buckets - 1, last + 1);
  const rows = last - first + 1;
  const cells = new Float64Array(counts.length * rows);
  counts.forEach((step, column) => {
    for (let row = 0; row < rows; row += 1) cells[column * rows + row] = step[first + row] ?? 0;
  });
  return { bounds, first, rows, columns: counts.length, counts: cells, total };
}

/** A bucket's two ends. The lowest begins at 0 (or a step below), the highest ends a step above. */
export function bucketEnds(bounds: readonly number[], bucket: number): [low: number, high: number] {
  const above = bounds[bucket];
  const below = bounds[bucket - 1];
  if (above !== undefined && below !== undefined) return [below, above];
  if (above !== undefined) return [Math.min(0, above), above];
  if (below === undefined) return [0, 1];
  const step = below - (bounds[bucket - 2] ?? 0);
  return [below, below + (step > 0 ? step : Math.abs(below) || 1)];
}

/** The q-quantile (0…1) of bucket counts by linear interpolation; undefined without counts. */
export function bucketQuantile(
  bounds: readonly number[],
  counts: readonly number[],
  q: number,
): number | undefined {
  let total = 0;
  for (const count of counts) total += count;
  if (!(total > 0)) return undefined;
  let rank = q * total;
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    const count = counts[bucket] ?? 0;
    if (count > 0 && rank <= count) {
      const [low, high] = bucketEnds(bounds, bucket);
      return low + (high - low) * Math.max(0, rank / count);
    }
    rank -= count;
  }
  return bucketEnds(bounds, counts.length - 1)[1];
}

/** Where a value stands on the grid's own axis, 0 at the bottom … 1 at the top. */
export function gridPosition(grid: DistributionGrid, value: number): number {
  for (let row = 0; row < grid.rows; row += 1) {
    const [low, high] = bucketEnds(grid.bounds, grid.first + row);
    if (value > high && row < grid.rows - 1) continue;
    const within = high > low ? (value - low) / (high - low) : 0;
    return Math.min(1, Math.max(0, (row + Math.min(1, Math.max(0, within))) / grid.rows));
  }
  return 0;
}

/** Bounds that get a label, at most `count` of them, with where they stand. */
export function gridTicks(grid: DistributionGrid, count: number): { value: number; at: number }[] {
  const every = Math.max(1, Math.ceil(grid.rows / count));
  const ticks: { value: number; at: number }[] = [];
  for (let row = 0; row <= grid.rows; row += every) {
    const bucket = grid.first + row;
    const value = bucket === 0 ? bucketEnds(grid.bounds, 0)[0] : grid.bounds[bucket - 1];
    if (value !== undefined) ticks.push({ value, at: row / grid.rows });
  }
  return ticks;
}

/** All steps of a distribution in one: counts by bucket. */
export function summedBuckets(distribution: MetricDistribution): number[] {
  const sums = Array.from({ length: distribution.bounds.length + 1 }, () => 0);
  for (const step of distribution.counts) {
    step.forEach((count, bucket) => {
      sums[bucket] = (sums[bucket] ?? 0) + count;
    });
  }
  return sums;
}
