import { ValueType } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';

import type { FlatAttributes } from '../common/attributes.js';
import { unixNow } from '../common/clock.js';
import type { ChunkWriter } from '../common/chunk-writer.js';
import type { UnixTime } from '../common/clock.js';
import { recordExplicit, recordExponential, resetCell } from './aggregation.js';
import type { AggregationKind, Temporality } from './aggregation.js';
import { CellTable } from './cell-table.js';
import { Cell, forgetExemplars } from './cell.js';
import { DEFAULT_BOUNDS } from './explicit-buckets.js';
import { ExponentialHistogram } from './exponential-histogram.js';
import type { ExemplarReservoir } from '../common/exemplar-reservoir.js';
import { collectReservoir } from './own-reservoir.js';
import { isObservable } from './instrument-descriptor.js';
import type { InstrumentDescriptor } from './instrument-descriptor.js';
import { EXPONENTIAL_MAX_SCALE, EXPONENTIAL_MAX_SIZE } from './limits.js';
import { PointBuffer } from './point-buffer.js';

/** How one instrument's measurements become one metric. */
export interface StreamOptions {
  readonly aggregation: AggregationKind;
  readonly temporality: Temporality;
  /** Attribute sets, the overflow set included. */
  readonly cardinalityLimit: number;
  /** Name and description of the metric where a view says so; default the instrument's. */
  readonly name?: string;
  readonly description?: string;
  /** Bounds a view gives; default the instrument's advice, else the specification's. */
  readonly bounds?: Float64Array;
  /** Whether points of histograms tell the least and the greatest value. Default true. */
  readonly hasMinMax?: boolean;
  /** Exponential histogram. Defaults 160 and 20. */
  readonly maxSize?: number;
  readonly maxScale?: number;
  /** Makes what chooses exemplars; default the specification's reservoirs. */
  readonly reservoir?: () => ExemplarReservoir;
  /** Whether an attribute key is kept; default all are. */
  readonly keepsKey?: (key: string) => boolean;
}

/** One metric: its cells, their bytes and their temporality. */
export class MetricStream {
  readonly descriptor: InstrumentDescriptor;
  readonly options: StreamOptions;
  readonly table: CellTable;
  readonly bounds: Float64Array;
  readonly #points: PointBuffer;
  readonly #maxScale: number;
  readonly #isObservable: boolean;
  /** Points of idle cells are sent again: cumulative, but what callbacks no longer observe ends. */
  readonly #keepsShowing: boolean;
  #intervalStart: UnixTime;
  #triedToForget = false;

  constructor(descriptor: InstrumentDescriptor, options: StreamOptions) {
    this.descriptor = descriptor;
    this.options = options;
    this.bounds = options.bounds ?? descriptor.bounds ?? Float64Array.from(DEFAULT_BOUNDS);
    this.#maxScale = options.maxScale ?? EXPONENTIAL_MAX_SCALE;
    this.#isObservable = isObservable(descriptor.kind);
    this.#keepsShowing = options.temporality === 'cumulative' && !this.#isObservable;
    this.#intervalStart = unixNow();
    // Sums of histograms are doubles on the wire whatever the instrument takes.
    this.#points = new PointBuffer({
      aggregation: options.aggregation,
      valueType: descriptor.valueType,
      bounds: this.bounds,
      hasMinMax: options.hasMinMax ?? true,
    });
    this.table = new CellTable(
      options.cardinalityLimit,
      (attributes) => this.#create(attributes),
      () => this.#forgetIdle(),
    );
  }

  #create(attributes: FlatAttributes): Cell {
    const cell = new Cell(attributes, this.#isObservable ? this.#intervalStart : unixNow());
    if (this.options.aggregation === 'exponentialHistogram') {
      const maxSize = this.options.maxSize ?? EXPONENTIAL_MAX_SIZE;
      cell.exponential = new ExponentialHistogram(maxSize, this.#maxScale);
    }
    return cell;
  }

  /** The cell of an attribute set, after the view's filter. */
  find(attributes: Attributes | undefined | null): Cell {
    if (attributes === undefined || attributes === null) return this.table.findEmpty();
    const keepsKey = this.options.keepsKey;
    if (keepsKey === undefined) return this.table.find(attributes);
    const kept = Object.keys(attributes).filter(keepsKey);
    return this.table.find(Object.fromEntries(kept.map((key) => [key, attributes[key]])));
  }

  /** Takes a finite measurement. */
  update(cell: Cell, value: number): void {
    cell.touched = true;
    switch (this.options.aggregation) {
      case 'sum':
        cell.value += value;
        return;
      case 'lastValue':
        cell.value = value;
        return;
      case 'explicitHistogram':
        recordExplicit(cell, this.bounds, value);
        return;
      default:
        recordExponential(cell, value);
    }
  }

  /** Takes what a callback observed: a sum's total, not an addition. */
  observe(attributes: Attributes | undefined, value: number): Cell {
    const cell = this.find(attributes);
    if (this.options.aggregation === 'sum') {
      // Sets that a view or the cardinality limit made one are added up (specification, "spatial
      // aggregation"); a callback that observes one set twice gets the sum of both.
      cell.value = cell.touched ? cell.value + value : value;
      cell.touched = true;
    } else {
      this.update(cell, value);
    }
    return cell;
  }

  /**
   * Appends this metric to `out` as field 2 of ScopeMetrics, and returns how many points it has: 0
   * and no bytes when there is nothing to tell.
   */
  collect(out: ChunkWriter, time: UnixTime): number {
    const count = this.#countPoints();
    if (this.options.reservoir !== undefined) {
      for (const cell of this.table.cells) if (cell.touched) collectReservoir(cell);
    }
    if (count === 0) {
      this.#finish(time);
      return 0;
    }
    out.byte(0x12);
    const estimate = this.#points.size + 256;
    const metric = out.open(estimate);
    this.#writeHead(out);
    const data = out.open(estimate);
    this.#writePoints(out, time);
    this.#writeTail(out);
    out.close(data, estimate);
    out.close(metric, estimate);
    this.#finish(time);
    return count;
  }

  /** Starts over as if nothing had been recorded; cells that are bound stay usable. */
  reset(): void {
    const now = unixNow();
    this.table.retain((cell) => cell.bound);
    this.#points.clear();
    this.#intervalStart = now;
    for (const cell of this.table.cells) {
      resetCell(cell, this.#maxScale);
      cell.start = now;
      cell.offset = -1;
      cell.touched = false;
      cell.previous = 0;
      forgetExemplars(cell);
    }
  }

  /** True when a cell was recorded to since the last collection. */
  hasNews(): boolean {
    return this.table.cells.some((cell) => cell.touched);
  }

  /** Only cells that were recorded to (delta, observable), or ever were (cumulative). */
  #countPoints(): number {
    let count = 0;
    const keeps = this.#keepsShowing;
    for (const cell of this.table.cells) {
      if (cell.touched && cell.offset < 0) this.#points.add(cell);
      if (cell.touched || (keeps && cell.offset >= 0)) count++;
    }
    return count;
  }

  /** Metric: 1 name, 2 description, 3 unit, then the tag of its data: 5, 7, 9 or 10. */
  #writeHead(out: ChunkWriter): void {
    const { descriptor, options } = this;
    out.byte(0x0a);
    out.string(options.name ?? descriptor.name);
    const description = options.description ?? descriptor.description;
    if (description !== '') {
      out.byte(0x12);
      out.string(description);
    }
    if (descriptor.unit !== '') {
      out.byte(0x1a);
      out.string(descriptor.unit);
    }
    out.byte(DATA_TAGS[options.aggregation]);
  }

  #writePoints(out: ChunkWriter, time: UnixTime): void {
    const { aggregation, temporality } = this.options;
    const { cells } = this.table;
    if (aggregation === 'exponentialHistogram') this.#writeExponential(out, time);
    else if (this.#keepsShowing) this.#writeAll(out, cells, time);
    else this.#writeTouched(out, cells, time, temporality === 'delta');
  }

  /** Cumulative: every point, of which only those that were recorded to have a new value. */
  #writeAll(out: ChunkWriter, cells: readonly Cell[], time: UnixTime): void {
    const points = this.#points;
    points.stampAll(cells, time);
    let hasExemplars = false;
    for (const cell of cells) {
      if (!cell.touched) continue;
      points.patch(cell, this.#shownValue(cell));
      if (cell.exemplars !== undefined) hasExemplars = true;
    }
    if (!hasExemplars) {
      points.copyAll(out);
      return;
    }
    for (const cell of cells) if (cell.offset >= 0) points.copy(out, cell);
  }

  #writeTouched(out: ChunkWriter, cells: readonly Cell[], time: UnixTime, isDelta: boolean): void {
    const points = this.#points;
    const touched = cells.filter((cell) => cell.touched);
    points.stampAll(touched, time);
    if (isDelta) points.stampStarts(touched, this.#intervalStart);
    for (const cell of touched) {
      points.patch(cell, this.#shownValue(cell));
      points.copy(out, cell);
    }
  }

  #writeExponential(out: ChunkWriter, time: UnixTime): void {
    const isDelta = this.options.temporality === 'delta';
    for (const cell of this.table.cells) {
      if (!cell.touched && !(this.#keepsShowing && cell.offset >= 0)) continue;
      this.#points.copyExponential(out, cell, time, isDelta ? this.#intervalStart : cell.start);
    }
  }

  #shownValue(cell: Cell): number {
    const isDifference = this.#isObservable && this.options.temporality === 'delta';
    const isSum = this.options.aggregation === 'sum';
    const value = isDifference && isSum ? cell.value - cell.previous : cell.value;
    return this.descriptor.valueType === ValueType.INT ? Math.trunc(value) : value;
  }

  /** Sum: 2 aggregation_temporality, 3 is_monotonic; histograms: 2 aggregation_temporality. */
  #writeTail(out: ChunkWriter): void {
    const { aggregation, temporality } = this.options;
    if (aggregation === 'lastValue') return;
    out.byte(0x10);
    out.byte(temporality === 'delta' ? 1 : 2);
    const kind = this.descriptor.kind;
    const isMonotonic = kind === 'counter' || kind === 'observableCounter' || kind === 'histogram';
    if (aggregation === 'sum' && isMonotonic) {
      out.byte(0x18);
      out.byte(1);
    }
  }

  #finish(time: UnixTime): void {
    const cells = this.table.cells;
    this.#triedToForget = false;
    const resets = this.options.temporality === 'delta' && !this.#isObservable;
    for (const cell of cells) {
      if (!cell.touched) continue;
      if (resets && this.options.aggregation !== 'lastValue') resetCell(cell, this.#maxScale);
      cell.previous = cell.value;
      cell.touched = false;
      forgetExemplars(cell);
    }
    if (this.options.temporality === 'delta') this.#intervalStart = time;
  }

  /**
   * Makes room in a full table by forgetting the cells that would not be shown, where idle cells
   * are not. Tried once an interval: it looks at every cell.
   */
  #forgetIdle(): boolean {
    if (this.#keepsShowing || this.#triedToForget) return false;
    this.#triedToForget = true;
    const before = this.table.cells.length;
    this.table.retain((cell) => cell.touched || cell.bound);
    this.#points.clear();
    for (const cell of this.table.cells) cell.offset = -1;
    return this.table.cells.length < before;
  }
}

const DATA_TAGS: Readonly<Record<AggregationKind, number>> = {
  lastValue: 0x2a,
  sum: 0x3a,
  explicitHistogram: 0x4a,
  exponentialHistogram: 0x52,
};
