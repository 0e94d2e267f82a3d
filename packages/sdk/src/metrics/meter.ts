import type {
  Attributes,
  BatchObservableCallback,
  Meter as MeterContract,
  MetricAttributes,
  MetricOptions,
  Observable,
} from '@opentelemetry/api';

import type { ChunkWriter } from '../common/chunk-writer.js';
import type { UnixTime } from '../common/clock.js';
import { reportOnce } from '../common/diagnostics.js';
import { Scope } from '../common/scope.js';
import { conflictOf, describeInstrument, isObservable } from './instrument-descriptor.js';
import type { InstrumentDescriptor, InstrumentKind } from './instrument-descriptor.js';
import { SyncInstrument } from './instruments.js';
import type {
  BindableCounter,
  BindableGauge,
  BindableHistogram,
  BindableUpDownCounter,
} from './instruments.js';
import type { ExemplarSource } from './exemplar-source.js';
import { MAX_INSTRUMENTS } from './limits.js';
import type { MetricStream } from './metric-stream.js';
import { ObservableInstrument, askBatchCallback, askCallbacks } from './observable.js';
import type { BatchCallback } from './observable.js';
import type { Refusals } from './refusals.js';

/** Name, version, schema and attributes of who measures. */
export interface MeterScope {
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
  readonly attributes?: Attributes;
}

/** What a meter gets from its provider. */
export interface MeterSurroundings {
  readonly refusals: Refusals;
  readonly exemplars: ExemplarSource;
  /** The streams of a new instrument: one without views, none when a view drops it. */
  streamsOf(descriptor: InstrumentDescriptor, scope: MeterScope): readonly MetricStream[];
}

type Instrument = SyncInstrument | ObservableInstrument;

/** Makes instruments and holds them: the same name and kind is the same instrument. */
export class Meter implements MeterContract {
  readonly scope: MeterScope;
  readonly #surroundings: MeterSurroundings;
  readonly #scopeBytes: Uint8Array;
  readonly #instruments = new Map<string, Instrument[]>();
  readonly #batches: BatchCallback[] = [];
  /** Name of a metric → the instruments whose streams have it. */
  readonly #streamNames = new Map<string, Set<string>>();
  #count = 0;

  constructor(scope: MeterScope, surroundings: MeterSurroundings) {
    this.scope = scope;
    const { name, version, schemaUrl, attributes } = scope;
    this.#scopeBytes = new Scope(name, version, schemaUrl, attributes).bytes;
    this.#surroundings = surroundings;
  }

  createCounter<T extends MetricAttributes = Attributes>(
    name: string,
    options?: MetricOptions,
  ): BindableCounter<T> {
    return this.#create('counter', name, options) as unknown as BindableCounter<T>;
  }

  createUpDownCounter<T extends MetricAttributes = Attributes>(
    name: string,
    options?: MetricOptions,
  ): BindableUpDownCounter<T> {
    return this.#create('upDownCounter', name, options) as unknown as BindableUpDownCounter<T>;
  }

  createGauge<T extends MetricAttributes = Attributes>(
    name: string,
    options?: MetricOptions,
  ): BindableGauge<T> {
    return this.#create('gauge', name, options) as unknown as BindableGauge<T>;
  }

  createHistogram<T extends MetricAttributes = Attributes>(
    name: string,
    options?: MetricOptions,
  ): BindableHistogram<T> {
    return this.#create('histogram', name, options) as unknown as BindableHistogram<T>;
  }

  createObservableCounter<T extends MetricAttributes = Attributes>(
    name: string,
    options?: MetricOptions,
  ): Observable<T> {
    return this.#create('observableCounter', name, options) as unknown as Observable<T>;
  }

  createObservableUpDownCounter<T extends MetricAttributes = Attributes>(
    name: string,
    options?: MetricOptions,
  ): Observable<T> {
    return this.#create('observableUpDownCounter', name, options) as unknown as Observable<T>;
  }

  createObservableGauge<T extends MetricAttributes = Attributes>(
    name: string,
    options?: MetricOptions,
  ): Observable<T> {
    return this.#create('observableGauge', name, options) as unknown as Observable<T>;
  }

  /** Asks `callback` once a collection for all of `observables`; the same pair again: ignored. */
  addBatchObservableCallback<T extends MetricAttributes = Attributes>(
    callback: BatchObservableCallback<T>,
    observables: Observable<T>[],
  ): void {
    const set = new Set(observables);
    if (typeof callback !== 'function' || set.size === 0) return;
    if (this.#findBatch(callback, set) >= 0) return;
    const batch = callback as unknown as BatchObservableCallback;
    this.#batches.push({ callback: batch, observables: set });
  }

  removeBatchObservableCallback<T extends MetricAttributes = Attributes>(
    callback: BatchObservableCallback<T>,
    observables: Observable<T>[],
  ): void {
    const set = new Set(observables);
    const index = this.#findBatch(callback, set);
    if (index >= 0) this.#batches.splice(index, 1);
  }

  #findBatch(callback: BatchObservableCallback, set: ReadonlySet<unknown>): number {
    return this.#batches.findIndex(
      (batch) =>
        batch.callback === callback &&
        batch.observables.size === set.size &&
        [...batch.observables].every((observable) => set.has(observable)),
    );
  }

  /** The instrument that stands first under `name` in any case, if there is one. */
  lookUp(name: string): SyncInstrument | ObservableInstrument | undefined {
    return this.#instruments.get(name.toLowerCase())?.[0];
  }

  /** Forgets an instrument: its cells are not exported again. For names that are taken over. */
  remove(instrument: SyncInstrument): void {
    const name = instrument.descriptor.name.toLowerCase();
    this.#count--;
    const rest = this.#instruments.get(name)?.filter((known) => known !== instrument) ?? [];
    if (rest.length === 0) this.#instruments.delete(name);
    else this.#instruments.set(name, rest);
  }

  #create(kind: InstrumentKind, name: string, options: MetricOptions | undefined): Instrument {
    const { descriptor, faults } = describeInstrument(kind, name, options);
    for (const fault of faults) {
      reportOnce('warn', `instrument ${name} ${fault}`, `instrument ${descriptor.name}: ${fault}`);
    }
    const key = descriptor.name.toLowerCase();
    const known = this.#instruments.get(key) ?? [];
    const same = known.find((one) => conflictOf(one.descriptor, descriptor, options) === undefined);
    if (same !== undefined) return same;
    const first = known[0];
    if (first !== undefined) {
      const conflict = conflictOf(first.descriptor, descriptor, options) ?? 'another definition';
      reportOnce(
        'warn',
        `conflict ${this.scope.name} ${key}`,
        `the instrument ${descriptor.name} exists already, now it is created with ${conflict}: ` +
          'both are exported; give one another name',
      );
    }
    const instrument = this.#build(descriptor);
    // Beyond the limit it works, but nothing collects it: better than memory without end.
    if (this.#count < MAX_INSTRUMENTS) {
      this.#count++;
      this.#instruments.set(key, [...known, instrument]);
    } else {
      const message = `over ${MAX_INSTRUMENTS} instruments of ${this.scope.name}: made from data?`;
      reportOnce('warn', `instruments ${this.scope.name}`, message);
    }
    return instrument;
  }

  #build(descriptor: InstrumentDescriptor): Instrument {
    const { refusals, exemplars } = this.#surroundings;
    const streams = this.#surroundings.streamsOf(descriptor, this.scope);
    this.#checkStreams(descriptor, streams);
    return isObservable(descriptor.kind)
      ? new ObservableInstrument(descriptor, streams, refusals, exemplars)
      : new SyncInstrument({ descriptor, streams, refusals, exemplars });
  }

  /**
   * Views may give two metrics one name (specification, metrics SDK, "View": both are exported,
   * with a warning). Instruments of one name were spoken of already.
   */
  #checkStreams(descriptor: InstrumentDescriptor, streams: readonly MetricStream[]): void {
    const own = descriptor.name.toLowerCase();
    const before = new Set<string>();
    for (const { options } of streams) {
      const name = (options.name ?? descriptor.name).toLowerCase();
      const others = this.#streamNames.get(name) ?? new Set();
      this.#streamNames.set(name, others);
      const isShared = before.has(name) || [...others].some((other) => other !== own);
      before.add(name);
      others.add(own);
      if (!isShared) continue;
      const message = `views give several metrics of ${this.scope.name} the name ${name}`;
      reportOnce('warn', `streams ${this.scope.name} ${name}`, `${message}: all are exported`);
    }
  }

  /** Asks every callback; returns those that still run. */
  askObservables(): Promise<void>[] {
    const pending: Promise<void>[] = [];
    for (const instruments of this.#instruments.values()) {
      for (const instrument of instruments) {
        if (instrument instanceof ObservableInstrument) pending.push(...askCallbacks(instrument));
      }
    }
    for (const batch of this.#batches) {
      const running = askBatchCallback(batch);
      if (running !== undefined) pending.push(running);
    }
    return pending;
  }

  /** True when a synchronous instrument was recorded to since the last collection. */
  hasNews(): boolean {
    for (const instruments of this.#instruments.values()) {
      for (const instrument of instruments) {
        if (instrument.streams.some((stream) => stream.hasNews())) return true;
      }
    }
    return false;
  }

  /** Starts every instrument over; for tests. */
  reset(): void {
    for (const instruments of this.#instruments.values()) {
      for (const { streams } of instruments) for (const stream of streams) stream.reset();
    }
  }

  /** True when a collection would ask callbacks. */
  hasObservables(): boolean {
    if (this.#batches.length > 0) return true;
    for (const instruments of this.#instruments.values()) {
      for (const instrument of instruments) {
        const isAsked = instrument instanceof ObservableInstrument;
        if (isAsked && instrument.callbacks.size > 0) return true;
      }
    }
    return false;
  }

  /**
   * Appends ScopeMetrics as field 2 of ResourceMetrics: 1 scope, 3 schema_url, 2 metrics. Returns
   * the number of points; 0: nothing was written.
   */
  collect(out: ChunkWriter, time: UnixTime, which: 'all' | 'sync' | 'observable'): number {
    const before = out.position;
    out.byte(0x12);
    const estimate = 16_384;
    const start = out.open(estimate);
    out.raw(this.#scopeBytes);
    let points = 0;
    for (const instruments of this.#instruments.values()) {
      for (const instrument of instruments) {
        const isSync = instrument instanceof SyncInstrument;
        if (which !== 'all' && isSync !== (which === 'sync')) continue;
        for (const stream of instrument.streams) points += stream.collect(out, time);
      }
    }
    if (points === 0) {
      out.position = before;
      return 0;
    }
    out.close(start, estimate);
    return points;
  }
}
