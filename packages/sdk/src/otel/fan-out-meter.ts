/** A meter of a provider with several readers: every measurement goes to each reader's meter. */
import type {
  Attributes,
  BatchObservableCallback,
  BatchObservableResult,
  Context,
  Counter,
  Gauge,
  Histogram,
  Meter as Contract,
  MetricOptions,
  Observable,
  ObservableCallback,
  UpDownCounter,
} from '@opentelemetry/api';
import type { Meter } from '../metrics/meter.js';

/** A counter or up-down counter in several meters. */
class FanOutAdder implements Counter, UpDownCounter {
  readonly #parts: readonly Counter[];

  constructor(parts: readonly Counter[]) {
    this.#parts = parts;
  }

  add(value: number, attributes?: Attributes, context?: Context): void {
    for (const part of this.#parts) part.add(value, attributes, context);
  }
}

/** A gauge or histogram in several meters. */
class FanOutRecorder implements Gauge, Histogram {
  readonly #parts: readonly Histogram[];

  constructor(parts: readonly Histogram[]) {
    this.#parts = parts;
  }

  record(value: number, attributes?: Attributes, context?: Context): void {
    for (const part of this.#parts) part.record(value, attributes, context);
  }
}

/** An observable in several meters: each asks the callbacks for its own collection. */
class FanOutObservable implements Observable {
  readonly parts: readonly Observable[];

  constructor(parts: readonly Observable[]) {
    this.parts = parts;
  }

  addCallback(callback: ObservableCallback): void {
    for (const part of this.parts) part.addCallback(callback);
  }

  removeCallback(callback: ObservableCallback): void {
    for (const part of this.parts) part.removeCallback(callback);
  }
}

interface Batch {
  readonly callback: BatchObservableCallback;
  readonly observables: readonly Observable[];
  /** What each meter was given: the callback with that meter's observables behind it. */
  readonly given: readonly BatchObservableCallback[];
}

/** Makes each instrument once in every reader's meter. */
export class FanOutMeter implements Contract {
  readonly #meters: readonly Meter[];
  #batches: Batch[] = [];

  constructor(meters: readonly Meter[]) {
    this.#meters = meters;
  }

  createCounter(name: string, options?: MetricOptions): Counter {
    return new FanOutAdder(this.#meters.map((meter) => meter.createCounter(name, options)));
  }

  createUpDownCounter(name: string, options?: MetricOptions): UpDownCounter {
    return new FanOutAdder(this.#meters.map((meter) => meter.createUpDownCounter(name, options)));
  }

  createGauge(name: string, options?: MetricOptions): Gauge {
    return new FanOutRecorder(this.#meters.map((meter) => meter.createGauge(name, options)));
  }

  createHistogram(name: string, options?: MetricOptions): Histogram {
    return new FanOutRecorder(this.#meters.map((meter) => meter.createHistogram(name, options)));
  }

  createObservableCounter(name: string, options?: MetricOptions): Observable {
    return this.#observable((meter) => meter.createObservableCounter(name, options));
  }

  createObservableUpDownCounter(name: string, options?: MetricOptions): Observable {
    return this.#observable((meter) => meter.createObservableUpDownCounter(name, options));
  }

  createObservableGauge(name: string, options?: MetricOptions): Observable {
    return this.#observable((meter) => meter.createObservableGauge(name, options));
  }

  #observable(create: (meter: Meter) => Observable): Observable {
    return new FanOutObservable(this.#meters.map(create));
  }

  addBatchObservableCallback(callback: BatchObservableCallback, observables: Observable[]): void {
    if (this.#findBatch(callback, observables) !== undefined) return;
    const given = this.#meters.map((meter, index): BatchObservableCallback => {
      const own: BatchObservableCallback = (result) => callback(resultFor(result, index));
      meter.addBatchObservableCallback(own, partsOf(observables, index));
      return own;
    });
    this.#batches.push({ callback, observables: [...observables], given });
  }

  removeBatchObservableCallback(
    callback: BatchObservableCallback,
    observables: Observable[],
  ): void {
    const batch = this.#findBatch(callback, observables);
    if (batch === undefined) return;
    this.#batches = this.#batches.filter((known) => known !== batch);
    for (const [index, meter] of this.#meters.entries()) {
      meter.removeBatchObservableCallback(batch.given[index]!, partsOf(observables, index));
    }
  }

  #findBatch(callback: BatchObservableCallback, observables: Observable[]): Batch | undefined {
    return this.#batches.find(
      (batch) =>
        batch.callback === callback &&
        batch.observables.length === observables.length &&
        batch.observables.every((observable) => observables.includes(observable)),
    );
  }
}

function partsOf(observables: readonly Observable[], index: number): Observable[] {
  return observables.map((observable) => partOf(observable, index));
}

function partOf(observable: Observable, index: number): Observable {
  return observable instanceof FanOutObservable ? observable.parts[index]! : observable;
}

function resultFor(result: BatchObservableResult, index: number): BatchObservableResult {
  return {
    observe(metric: Observable, value: number, attributes?: Attributes): void {
      result.observe(partOf(metric, index), value, attributes);
    },
  };
}
