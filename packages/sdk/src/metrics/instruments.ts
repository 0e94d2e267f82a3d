import type {
  Attributes,
  Context,
  Counter,
  Gauge,
  Histogram,
  MetricAttributes,
  UpDownCounter,
} from '@opentelemetry/api';

import type { Cell } from './cell.js';
import type { ExemplarSource } from './exemplar-source.js';
import type { InstrumentDescriptor } from './instrument-descriptor.js';
import type { MetricStream } from './metric-stream.js';
import type { Refusals } from './refusals.js';

/** A counter of this SDK: the api's, and `bind` for hot loops. */
export interface BindableCounter<T extends MetricAttributes = Attributes> extends Counter<T> {
  /** A counter with its attributes looked up once: about 4 ns an `add`. */
  bind(attributes: T): BoundAdder;
}

/** An up-down counter of this SDK: the api's, and `bind` for hot loops. */
export interface BindableUpDownCounter<
  T extends MetricAttributes = Attributes,
> extends UpDownCounter<T> {
  /** An up-down counter with its attributes looked up once. */
  bind(attributes: T): BoundAdder;
}

/** A gauge of this SDK: the api's, and `bind` for hot loops. */
export interface BindableGauge<T extends MetricAttributes = Attributes> extends Gauge<T> {
  /** A gauge with its attributes looked up once. */
  bind(attributes: T): BoundRecorder;
}

/** A histogram of this SDK: the api's, and `bind` for hot loops. */
export interface BindableHistogram<T extends MetricAttributes = Attributes> extends Histogram<T> {
  /** A histogram with its attributes looked up once. */
  bind(attributes: T): BoundRecorder;
}

/** A counter or up-down counter for one attribute set. */
export interface BoundAdder {
  add(value: number, context?: Context): void;
}

/** A gauge or histogram for one attribute set. */
export interface BoundRecorder {
  record(value: number, context?: Context): void;
}

/** What a synchronous instrument records into. */
export interface Recorder {
  readonly descriptor: InstrumentDescriptor;
  readonly streams: readonly MetricStream[];
  readonly refusals: Refusals;
  readonly exemplars: ExemplarSource;
}

/** All four synchronous instruments: they differ in what they take, not in how they take it. */
export class SyncInstrument
  implements BindableCounter, BindableUpDownCounter, BindableGauge, BindableHistogram
{
  readonly descriptor: InstrumentDescriptor;
  readonly streams: readonly MetricStream[];
  readonly #first: MetricStream | undefined;
  readonly #refusals: Refusals;
  readonly #exemplars: ExemplarSource;
  /** The least value that is taken: 0 for counters and histograms. */
  readonly #least: number;

  constructor(recorder: Recorder) {
    const { descriptor, streams } = recorder;
    this.descriptor = descriptor;
    this.streams = streams;
    this.#first = streams.length === 1 ? streams[0] : undefined;
    this.#refusals = recorder.refusals;
    this.#exemplars = recorder.exemplars;
    const isSigned = descriptor.kind === 'upDownCounter' || descriptor.kind === 'gauge';
    this.#least = isSigned ? -Number.MAX_VALUE : 0;
  }

  /** Counters: adds `value`. A value that is not finite, or negative on a counter, is refused. */
  add(value: number, attributes?: Attributes, context?: Context): void {
    this.record(value, attributes, context);
  }

  /** Gauges, histograms: takes `value`. Not finite, or negative on a histogram: refused. */
  record(value: number, attributes?: Attributes, context?: Context): void {
    if (!(typeof value === 'number' && value >= this.#least && value < Infinity)) {
      this.#refuse(value);
      return;
    }
    try {
      const first = this.#first;
      if (first === undefined) this.#recordAll(value, attributes, context);
      else this.#take(first, first.find(attributes), value, context, attributes);
    } catch {
      // A getter or proxy of the program's threw while its attributes were read.
      this.#refusals.add('unusable attributes', this.descriptor.name);
    }
  }

  bind(attributes: Attributes): BoundInstrument {
    const cells: Cell[] = [];
    for (const stream of this.streams) {
      const cell = stream.find(attributes);
      cell.bound = true;
      cells.push(cell);
    }
    return new BoundInstrument(this, cells, this.#exemplars, attributes);
  }

  /** What a bound instrument calls. */
  recordBound(
    cells: readonly Cell[],
    value: number,
    context: Context | undefined,
    attributes: Attributes,
  ): void {
    if (!(typeof value === 'number' && value >= this.#least && value < Infinity)) {
      this.#refuse(value);
      return;
    }
    const first = this.#first;
    if (first !== undefined) {
      this.#take(first, cells[0] as Cell, value, context, attributes);
      return;
    }
    for (let index = 0; index < this.streams.length; index++) {
      const stream = this.streams[index] as MetricStream;
      this.#take(stream, cells[index] as Cell, value, context, attributes);
    }
  }

  /** For a bound instrument that has added to its one cell itself. */
  offerExemplar(
    cell: Cell,
    value: number,
    context: Context | undefined,
    attributes: Attributes,
  ): void {
    const [stream] = this.streams;
    if (stream !== undefined) this.#exemplars.offer(stream, cell, value, context, attributes);
  }

  #recordAll(value: number, attributes: Attributes | undefined, context?: Context): void {
    for (const stream of this.streams) {
      this.#take(stream, stream.find(attributes), value, context, attributes);
    }
  }

  #take(
    stream: MetricStream,
    cell: Cell,
    value: number,
    context: Context | undefined,
    attributes: Attributes | undefined,
  ): void {
    stream.update(cell, value);
    if (!this.#exemplars.isDue(cell)) return;
    this.#exemplars.offer(stream, cell, value, context, attributes);
  }

  #refuse(value: number): void {
    const isNegative = typeof value === 'number' && Number.isFinite(value);
    const reason = isNegative ? 'negative value' : 'not a finite number';
    this.#refusals.add(reason, this.descriptor.name);
  }
}

/** An instrument with its cells found. */
export class BoundInstrument implements BoundAdder, BoundRecorder {
  readonly #instrument: SyncInstrument;
  readonly #cells: readonly Cell[];
  /** The one cell of a sum, the usual case, which needs no way through the instrument. */
  readonly #sum: Cell | undefined;
  readonly #attributes: Attributes;
  readonly #exemplars: ExemplarSource;

  constructor(
    instrument: SyncInstrument,
    cells: readonly Cell[],
    exemplars: ExemplarSource,
    attributes: Attributes,
  ) {
    this.#instrument = instrument;
    this.#cells = cells;
    this.#exemplars = exemplars;
    this.#attributes = attributes;
    const isSum = instrument.streams[0]?.options.aggregation === 'sum';
    this.#sum = cells.length === 1 && isSum ? cells[0] : undefined;
  }

  add(value: number, context?: Context): void {
    const cell = this.#sum;
    // Not negative: an up-down counter's decrements take the longer way, as refusals do.
    if (cell === undefined || !(value >= 0 && value < Infinity) || typeof value !== 'number') {
      this.#instrument.recordBound(this.#cells, value, context, this.#attributes);
      return;
    }
    cell.value += value;
    cell.touched = true;
    if (!this.#exemplars.isDue(cell)) return;
    this.#instrument.offerExemplar(cell, value, context, this.#attributes);
  }

  record(value: number, context?: Context): void {
    this.#instrument.recordBound(this.#cells, value, context, this.#attributes);
  }
}
