import { EXPONENTIAL_MIN_SCALE } from './limits.js';

/**
 * Counts of a base-2 exponential histogram (specification, metrics data model,
 * "ExponentialHistogram"): at scale s bucket i takes (base^i, base^(i+1)], base = 2^(2^−s).
 * When a value would need more than `maxSize` buckets the scale falls: two, four… buckets merge.
 */
export class ExponentialHistogram {
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
  readonly #maxSize: number;
  scale: number;
  zeroCount = 0;

  /**
   * @param maxSize buckets a side, at least 2.
   * @param maxScale where it starts, −10…20; at −10 two buckets hold every double.
   */
  constructor(maxSize: number, maxScale: number) {
    this.#maxSize = Math.max(2, maxSize);
    this.scale = Math.max(maxScale, EXPONENTIAL_MIN_SCALE);
    this.positive = new ExponentialBuckets(this.#maxSize);
    this.negative = new ExponentialBuckets(this.#maxSize);
  }

  record(value: number): void {
    if (value === 0) {
      this.zeroCount++;
      return;
    }
    const side = value > 0 ? this.positive : this.negative;
    const magnitude = Math.abs(value);
    let index = exponentialIndex(magnitude, this.scale);
    const change = side.changeFor(index, index);
    if (change > 0) {
      this.#downscale(change);
      index = exponentialIndex(magnitude, this.scale);
    }
    side.add(index, 1);
  }

  /** Adds every count of `other`, exactly: both are brought to the lower scale first. */
  merge(other: ExponentialHistogram): void {
    if (other.scale < this.scale) this.#downscale(this.scale - other.scale);
    for (;;) {
      const shift = other.scale - this.scale;
      const change = Math.max(
        this.positive.changeForAll(other.positive, shift),
        this.negative.changeForAll(other.negative, shift),
      );
      if (change === 0) break;
      this.#downscale(change);
    }
    const shift = other.scale - this.scale;
    this.positive.addAll(other.positive, shift);
    this.negative.addAll(other.negative, shift);
    this.zeroCount += other.zeroCount;
  }

  clear(maxScale: number): void {
    this.scale = maxScale;
    this.zeroCount = 0;
    this.positive.clear();
    this.negative.clear();
  }

  #downscale(change: number): void {
    this.positive.downscale(change);
    this.negative.downscale(change);
    this.scale -= change;
  }
}

/**
 * A window [start, end] of bucket indexes, at most `maxSize` wide. Bucket i stands in slot
 * i mod maxSize, so the window moves either way without copying:
 *
 *   index   -2  -1   0   1   2   3        maxSize 6
 *   slot     4   5   0   1   2   3
 */
export class ExponentialBuckets {
  readonly #maxSize: number;
  #counts: Float64Array;
  #start = 0;
  #end = -1;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
    this.#counts = NO_COUNTS;
  }

  /** Index of the first bucket; meaningless while `size` is 0. */
  get start(): number {
    return this.#start;
  }

  /** Buckets from the first to the last that holds something. */
  get size(): number {
    return this.#end - this.#start + 1;
  }

  /** Count of the bucket `position` places after the first. */
  at(position: number): number {
    return this.#counts[this.#slot(this.#start + position)] ?? 0;
  }

  /** By how many scales the histogram must fall before `low`…`high` fits beside what is here. */
  changeFor(low: number, high: number): number {
    let first = this.size === 0 ? low : Math.min(this.#start, low);
    let last = this.size === 0 ? high : Math.max(this.#end, high);
    let change = 0;
    while (last - first >= this.#maxSize) {
      first >>= 1;
      last >>= 1;
      change++;
    }
    return change;
  }

  changeForAll(other: ExponentialBuckets, shift: number): number {
    if (other.size === 0) return 0;
    return this.changeFor(other.#start >> shift, other.#end >> shift);
  }

  /** The caller has made room: the window with `index` is at most `maxSize` wide. */
  add(index: number, count: number): void {
    if (this.#counts.length === 0) this.#counts = new Float64Array(this.#maxSize);
    if (this.size === 0) {
      this.#start = index;
      this.#end = index;
    } else if (index < this.#start) {
      this.#start = index;
    } else if (index > this.#end) {
      this.#end = index;
    }
    const slot = this.#slot(index);
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
  }

  addAll(other: ExponentialBuckets, shift: number): void {
    for (let position = 0; position < other.size; position++) {
      const count = other.at(position);
      if (count !== 0) this.add((other.#start + position) >> shift, count);
    }
  }

  downscale(change: number): void {
    const size = this.size;
    if (size === 0 || change === 0) return;
    const merged = new Float64Array(this.#maxSize);
    for (let position = 0; position < size; position++) {
      const slot = this.#slot((this.#start + position) >> change);
      merged[slot] = (merged[slot] as number) + this.at(position);
    }
    this.#start >>= change;
    this.#end >>= change;
    this.#counts = merged;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#start = 0;
    this.#end = -1;
  }

  #slot(index: number): number {
    const rest = index % this.#maxSize;
    return rest < 0 ? rest + this.#maxSize : rest;
  }
}

const NO_COUNTS = new Float64Array(0);
const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const [lowWord, highWord] = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];
const MIN_NORMAL = 2 ** -1022;

/**
 * Index of the bucket that takes `value` > 0 at `scale`; upper bounds are inclusive. Values below
 * the smallest normal double share its bucket (data model, "subnormal values").
 */
export function exponentialIndex(value: number, scale: number): number {
  float[0] = value < MIN_NORMAL ? MIN_NORMAL : value;
  const high = words[highWord] as number;
  const exponent = (high >>> 20) - 1023;
  const isPower = (high & 0xfffff) === 0 && words[lowWord] === 0;
  if (scale <= 0) {
    return (isPower ? exponent - 1 : exponent) >> -scale;
  }
  if (isPower) return exponent * 2 ** scale - 1;
  const index = Math.ceil(Math.log(value) * Math.LOG2E * 2 ** scale) - 1;
  // The logarithm is rounded: what lies between two powers of two stays between their buckets.
  const lowest = exponent * 2 ** scale;
  return Math.min(Math.max(index, lowest), lowest + 2 ** scale - 1);
}
