import { ValueType } from '@opentelemetry/api';

import { writeAttributes } from '../common/attributes.js';
import { ChunkWriter, varintSize } from '../common/chunk-writer.js';
import type { UnixTime } from '../common/clock.js';
import type { AggregationKind } from './aggregation.js';
import type { Cell } from './cell.js';
import { writeExemplars } from './exemplar-encoding.js';
import type { ExponentialBuckets } from './exponential-histogram.js';
import { POINTS_INITIAL_BYTES } from './limits.js';

/** What the points of a stream look like. */
export interface PointShape {
  readonly aggregation: AggregationKind;
  readonly valueType: ValueType;
  readonly bounds: Float64Array;
  readonly hasMinMax: boolean;
}

/**
 * The points of one stream, kept as the bytes they are sent as. A collection writes times and
 * values into their places and copies the whole; attributes are encoded once, when a cell is new.
 *
 *   NumberDataPoint                         HistogramDataPoint
 *   bytes  what                             bytes  what
 *   0…8    2 start_time_unix_nano fixed64   0…8    2 start_time_unix_nano fixed64
 *   9…17   3 time_unix_nano       fixed64   9…17   3 time_unix_nano       fixed64
 *   18…26  4 as_double or 6 as_int          18…26  4 count                fixed64
 *   27…    7 attributes                     27…35  5 sum                  double
 *                                           36…44  11 min                 double (by option)
 *                                           45…53  12 max                 double (by option)
 *                                           54…    6 bucket_counts, packed fixed64
 *                                                  7 explicit_bounds, packed double
 *                                                  9 attributes
 *
 * An exponential point changes its length: of it only the attributes (field 1) are kept.
 */
export class PointBuffer {
  readonly #aggregation: AggregationKind;
  readonly #valueType: ValueType;
  readonly #bounds: Float64Array;
  readonly #hasMinMax: boolean;
  readonly #points = new ChunkWriter(POINTS_INITIAL_BYTES);
  readonly #stampWriter = new ChunkWriter(8);
  #view = new DataView(this.#points.bytes.buffer);

  constructor(shape: PointShape) {
    this.#aggregation = shape.aggregation;
    this.#valueType = shape.valueType;
    this.#bounds = shape.bounds;
    this.#hasMinMax = shape.hasMinMax;
  }

  /** Bytes of all points together. */
  get size(): number {
    return this.#points.position;
  }

  /** Forgets every point; the cells that stay are added again. */
  clear(): void {
    this.#points.position = 0;
  }

  /** Gives a cell its place. Its value is written by {@link patch}. */
  add(cell: Cell): void {
    const points = this.#points;
    if (this.#aggregation === 'exponentialHistogram') {
      cell.offset = points.position;
      writeAttributes(points, EXPONENTIAL_ATTRIBUTES, cell.attributes);
      cell.size = points.position - cell.offset;
    } else {
      points.byte(DATA_POINTS);
      // Attributes are most of what varies: 16 buckets are 256 bytes, without them under 128.
      const estimate = this.#aggregation === 'explicitHistogram' ? 256 : 64;
      let start = points.open(estimate);
      const before = points.position;
      if (this.#aggregation === 'explicitHistogram') this.#addHistogram(cell);
      else this.#addNumber(cell);
      cell.size = points.position - before;
      points.close(start, estimate);
      start = points.position - cell.size;
      cell.offset = start;
    }
    if (this.#view.buffer !== points.bytes.buffer) this.#view = new DataView(points.bytes.buffer);
  }

  #addNumber(cell: Cell): void {
    const points = this.#points;
    points.byte(0x11);
    points.time(cell.start.seconds, cell.start.nanos);
    points.byte(0x19);
    points.fixed64(0, 0);
    points.byte(this.#valueType === ValueType.INT ? 0x31 : 0x21);
    points.fixed64(0, 0);
    writeAttributes(points, NUMBER_ATTRIBUTES, cell.attributes);
  }

  #addHistogram(cell: Cell): void {
    const points = this.#points;
    points.byte(0x11);
    points.time(cell.start.seconds, cell.start.nanos);
    const tags = this.#hasMinMax ? [0x19, 0x21, 0x29, 0x59, 0x61] : [0x19, 0x21, 0x29];
    for (const tag of tags) {
      points.byte(tag);
      points.fixed64(0, 0);
    }
    points.byte(0x32);
    points.varint((this.#bounds.length + 1) * 8);
    for (let index = 0; index <= this.#bounds.length; index++) points.fixed64(0, 0);
    points.byte(0x3a);
    points.varint(this.#bounds.length * 8);
    for (const bound of this.#bounds) points.double(bound);
    writeAttributes(points, HISTOGRAM_ATTRIBUTES, cell.attributes);
  }

  /** Writes the collection's time into the points of `cells` that have their place. */
  stampAll(cells: readonly Cell[], time: UnixTime): void {
    this.#stamp(cells, time, TIME_OFFSET);
  }

  /** Writes the interval's start into the points of `cells`: delta temporality. */
  stampStarts(cells: readonly Cell[], start: UnixTime): void {
    this.#stamp(cells, start, START_OFFSET);
  }

  #stamp(cells: readonly Cell[], time: UnixTime, distance: number): void {
    const stamp = this.#stampWriter;
    stamp.position = 0;
    stamp.time(time.seconds, time.nanos);
    const low = stamp.bytes.readUInt32LE(0);
    const high = stamp.bytes.readUInt32LE(4);
    const view = this.#view;
    for (let index = 0; index < cells.length; index++) {
      const offset = (cells[index] as Cell).offset;
      if (offset < 0) continue;
      view.setUint32(offset + distance, low, true);
      view.setUint32(offset + distance + 4, high, true);
    }
  }

  /** Writes a cell's numbers into its place. `value`: what a sum or last value shows. */
  patch(cell: Cell, value: number): void {
    const view = this.#view;
    const offset = cell.offset;
    if (this.#aggregation === 'explicitHistogram') {
      this.#patchHistogram(cell);
    } else if (this.#valueType === ValueType.INT) {
      putInt64(view, offset + 19, value);
    } else {
      view.setFloat64(offset + 19, value, true);
    }
  }

  #patchHistogram(cell: Cell): void {
    const view = this.#view;
    const offset = cell.offset;
    putInt64(view, offset + 19, cell.count);
    view.setFloat64(offset + 28, cell.value, true);
    if (this.#hasMinMax) {
      view.setFloat64(offset + 37, cell.min, true);
      view.setFloat64(offset + 46, cell.max, true);
    }
    const buckets = cell.buckets;
    if (buckets === undefined) return;
    const tag = offset + (this.#hasMinMax ? 54 : 36);
    const first = tag + 1 + varintSize(buckets.length * 8);
    for (let index = 0; index < buckets.length; index++) {
      putInt64(view, first + index * 8, buckets[index] as number);
    }
  }

  /** Appends every point to `out`. */
  copyAll(out: ChunkWriter): void {
    out.raw(this.#points.bytes.subarray(0, this.#points.position));
  }

  /** Appends one cell's point to `out`, with its exemplars. */
  copy(out: ChunkWriter, cell: Cell): void {
    if (cell.exemplars === undefined) {
      out.byte(DATA_POINTS);
      out.varint(cell.size);
      out.raw(this.#points.bytes.subarray(cell.offset, cell.offset + cell.size));
      return;
    }
    const estimate = cell.size + 64;
    out.byte(DATA_POINTS);
    const start = out.open(estimate);
    out.raw(this.#points.bytes.subarray(cell.offset, cell.offset + cell.size));
    const tag = this.#aggregation === 'explicitHistogram' ? HISTOGRAM_EXEMPLARS : NUMBER_EXEMPLARS;
    writeExemplars(out, tag, cell.exemplars, this.#valueType);
    out.close(start, estimate);
  }

  /**
   * Appends one exponential point to `out`. ExponentialHistogramDataPoint: 1 attributes,
   * 2 start_time_unix_nano fixed64, 3 time_unix_nano fixed64, 4 count fixed64, 5 sum double,
   * 6 scale sint32, 7 zero_count fixed64, 8 positive, 9 negative, 11 exemplars, 12 min, 13 max.
   */
  copyExponential(out: ChunkWriter, cell: Cell, time: UnixTime, start: UnixTime): void {
    const histogram = cell.exponential;
    if (histogram === undefined) return;
    out.byte(DATA_POINTS);
    const body = out.open(256);
    out.raw(this.#points.bytes.subarray(cell.offset, cell.offset + cell.size));
    out.byte(0x11);
    out.time(start.seconds, start.nanos);
    out.byte(0x19);
    out.time(time.seconds, time.nanos);
    out.byte(0x21);
    fixedCount(out, cell.count);
    out.byte(0x29);
    out.double(cell.value);
    out.byte(0x30);
    out.varint(zigzag(histogram.scale));
    out.byte(0x39);
    fixedCount(out, histogram.zeroCount);
    writeBuckets(out, 0x42, histogram.positive);
    writeBuckets(out, 0x4a, histogram.negative);
    if (this.#hasMinMax) {
      out.byte(0x61);
      out.double(cell.min);
      out.byte(0x69);
      out.double(cell.max);
    }
    if (cell.exemplars !== undefined) {
      writeExemplars(out, EXPONENTIAL_EXEMPLARS, cell.exemplars, this.#valueType);
    }
    out.close(body, 256);
  }
}

/** Where in a point, after its length, the two times stand. */
const START_OFFSET = 1;
const TIME_OFFSET = 10;
/** Field 1 of Gauge, Sum, Histogram and ExponentialHistogram. */
const DATA_POINTS = 0x0a;
const NUMBER_ATTRIBUTES = 0x3a;
const HISTOGRAM_ATTRIBUTES = 0x4a;
const EXPONENTIAL_ATTRIBUTES = 0x0a;
const NUMBER_EXEMPLARS = 0x2a;
const HISTOGRAM_EXEMPLARS = 0x42;
const EXPONENTIAL_EXEMPLARS = 0x5a;

/** Buckets: 1 offset sint32, 2 bucket_counts packed uint64. An empty side is left out. */
function writeBuckets(out: ChunkWriter, tag: number, buckets: ExponentialBuckets): void {
  if (buckets.size === 0) return;
  out.byte(tag);
  const body = out.open(128);
  out.byte(0x08);
  out.varint(zigzag(buckets.start));
  out.byte(0x12);
  const counts = out.open(128);
  for (let position = 0; position < buckets.size; position++) out.int64(buckets.at(position));
  out.close(counts, 128);
  out.close(body, 128);
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

function fixedCount(out: ChunkWriter, count: number): void {
  out.fixed64(count >>> 0, Math.floor(count / TWO_32));
}

const TWO_32 = 4_294_967_296;
const INT64_END = 2 ** 63;

/** A whole number as sfixed64; what lies outside 64 bits is held at their ends. */
function putInt64(view: DataView, offset: number, value: number): void {
  if (value >= INT64_END || value < -INT64_END) {
    view.setUint32(offset, value > 0 ? 0xffff_ffff : 0, true);
    view.setUint32(offset + 4, value > 0 ? 0x7fff_ffff : 0x8000_0000, true);
    return;
  }
  const high = Math.floor(value / TWO_32);
  view.setUint32(offset, value - high * TWO_32, true);
  view.setInt32(offset + 4, high, true);
}
