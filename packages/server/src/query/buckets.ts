/** Observations between two edges; `count` may be a fraction where a bucket was split. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** What is known of the observations as a whole; narrows the open buckets at both ends. */
export interface Extremes {
  readonly min?: number;
  readonly max?: number;
}

/**
 * An explicit histogram's counts as intervals: bucket i is (bounds[i-1], bounds[i]]. The first
 * bucket begins at the least observation, else at 0 (or its bound when that is not positive); the
 * last ends at the greatest observation, else at its bound, as Prometheus does.
 */
export function explicitIntervals(
  bounds: readonly number[],
  counts: readonly number[],
  extremes: Extremes = {},
): Interval[] {
  const intervals: Interval[] = [];
  for (const [index, count] of counts.entries()) {
    if (count <= 0) continue;
    const lower = index === 0 ? firstEdge(bounds, extremes) : (bounds[index - 1] ?? 0);
    const upper = index < bounds.length ? (bounds[index] ?? 0) : lastEdge(bounds, extremes);
    const low = clamp(lower, extremes);
    const high = Math.max(low, clamp(upper, extremes));
    intervals.push({ low, high, count });
  }
  return intervals;
}

function firstEdge(bounds: readonly number[], extremes: Extremes): number {
  const bound = bounds[0] ?? 0;
  return extremes.min ?? (bound > 0 ? 0 : bound);
}

function lastEdge(bounds: readonly number[], extremes: Extremes): number {
  return extremes.max ?? bounds.at(-1) ?? 0;
}

function clamp(value: number, extremes: Extremes): number {
  const { min = -Infinity, max = Infinity } = extremes;
  return Math.min(max, Math.max(min, value));
}

/** One side of an exponential histogram: bucket offset + i is (base^i, base^(i+1)]. */
interface ExponentialSide {
  readonly offset: number;
  readonly counts: readonly number[];
}

/** An exponential histogram's content; base = 2^(2^-scale). */
export interface Exponential {
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: ExponentialSide;
  readonly negative: ExponentialSide;
}

/** An exponential histogram as intervals, from low to high. */
export function exponentialIntervals(histogram: Exponential, extremes: Extremes = {}): Interval[] {
  const { scale, zeroCount, zeroThreshold, positive, negative } = histogram;
  const intervals: Interval[] = [];
  const add = (low: number, high: number, count: number): void => {
    if (count <= 0) return;
    const from = clamp(low, extremes);
    intervals.push({ low: from, high: Math.max(from, clamp(high, extremes)), count });
  };
  for (let index = negative.counts.length - 1; index >= 0; index--) {
    const power = negative.offset + index;
    add(-edge(power + 1, scale), -edge(power, scale), negative.counts[index] ?? 0);
  }
  add(-zeroThreshold, zeroThreshold, zeroCount);
  for (const [index, count] of positive.counts.entries()) {
    const power = positive.offset + index;
    add(edge(power, scale), edge(power + 1, scale), count);
  }
  return intervals;
}

function edge(index: number, scale: number): number {
  return 2 ** (index * 2 ** -scale);
}

/** The same histogram at a coarser scale: 2^n neighbours become one bucket. */
export function downscale(histogram: Exponential, scale: number): Exponential {
  if (scale >= histogram.scale) return histogram;
  const shift = histogram.scale - scale;
  return {
    ...histogram,
    scale,
    positive: coarser(histogram.positive, shift),
    negative: coarser(histogram.negative, shift),
  };
}

function coarser(side: ExponentialSide, shift: number): ExponentialSide {
  if (side.counts.length === 0) return { offset: 0, counts: [] };
  const group = 2 ** Math.min(shift, 60);
  const offset = Math.floor(side.offset / group);
  const counts: number[] = [];
  for (const [index, count] of side.counts.entries()) {
    const target = Math.floor((side.offset + index) / group) - offset;
    counts[target] = (counts[target] ?? 0) + count;
  }
  return { offset, counts: Array.from(counts, (count) => count ?? 0) };
}

/** `later` minus `earlier`, bucket by bucket, at the coarser scale of the two; never below 0. */
export function subtract(later: Exponential, earlier: Exponential): Exponential {
  const scale = Math.min(later.scale, earlier.scale);
  const a = downscale(later, scale);
  const b = downscale(earlier, scale);
  return {
    scale,
    zeroThreshold: a.zeroThreshold,
    zeroCount: Math.max(0, a.zeroCount - b.zeroCount),
    positive: subtractSide(a.positive, b.positive),
    negative: subtractSide(a.negative, b.negative),
  };
}

function subtractSide(later: ExponentialSide, earlier: ExponentialSide): ExponentialSide {
  const counts = later.counts.map((count, index) => {
    const before = earlier.counts[later.offset + index - earlier.offset] ?? 0;
    return Math.max(0, count - before);
  });
  return { offset: later.offset, counts };
}

/**
 * The quantile `q` (0…1) of observations that lie evenly within each interval; intervals may
 * overlap. Undefined without observations.
 */
export function quantile(intervals: readonly Interval[], q: number): number | undefined {
  const total = intervals.reduce((sum, interval) => sum + interval.count, 0);
  if (total <= 0) return undefined;
  const rank = q * total;
  const edges = [...new Set(intervals.flatMap(({ low, high }) => [low, high]))];
  edges.sort((a, b) => a - b);
  let from = edges[0] ?? 0;
  let below = 0;
  for (const to of edges) {
    const upTo = countUpTo(intervals, to);
    if (upTo >= rank) {
      // Everything in one point, or the rank is reached by a jump at `to`.
      const smooth = countUpTo(intervals, to, true) - below;
      if (to === from || smooth <= 0) return to;
      return Math.min(to, from + ((rank - below) / smooth) * (to - from));
    }
    from = to;
    below = upTo;
  }
  return from;
}

/** Observations ≤ x; with `open` those at x itself (intervals without width) are left out. */
function countUpTo(intervals: readonly Interval[], x: number, open = false): number {
  let sum = 0;
  for (const { low, high, count } of intervals) {
    if (low === high) sum += x > low || (x === low && !open) ? count : 0;
    else if (x >= high) sum += count;
    else if (x > low) sum += (count * (x - low)) / (high - low);
  }
  return sum;
}

/** Counts between `bounds` (bounds.length + 1); intervals across a bound are split evenly. */
export function rebin(intervals: readonly Interval[], bounds: readonly number[]): number[] {
  const counts = Array.from({ length: bounds.length + 1 }, () => 0);
  for (const { low, high, count } of intervals) {
    if (low === high) {
      const index = lowerBound(bounds, low);
      counts[index] = (counts[index] ?? 0) + count;
      continue;
    }
    for (let index = upperBound(bounds, low); index <= bounds.length; index++) {
      const from = Math.max(low, index === 0 ? -Infinity : (bounds[index - 1] ?? 0));
      const to = Math.min(high, bounds[index] ?? Infinity);
      if (from >= high) break;
      counts[index] = (counts[index] ?? 0) + (count * (to - from)) / (high - low);
    }
  }
  return counts;
}

/** Index of the first bound ≥ value. */
function lowerBound(bounds: readonly number[], value: number): number {
  const index = bounds.findIndex((bound) => bound >= value);
  return index < 0 ? bounds.length : index;
}

/** Index of the first bound > value. */
function upperBound(bounds: readonly number[], value: number): number {
  const index = bounds.findIndex((bound) => bound > value);
  return index < 0 ? bounds.length : index;
}
