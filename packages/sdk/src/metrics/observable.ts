import type {
  Attributes,
  BatchObservableCallback,
  BatchObservableResult,
  Observable,
  ObservableCallback,
  ObservableResult,
} from '@opentelemetry/api';

import { reportOnce } from '../common/diagnostics.js';
import type { InstrumentDescriptor } from './instrument-descriptor.js';
import { MAX_CALLBACKS_PER_INSTRUMENT } from './limits.js';
import type { MetricStream } from './metric-stream.js';
import type { ExemplarSource } from './exemplar-source.js';
import type { Refusals } from './refusals.js';

/** An observable instrument: its callbacks are asked at each collection. */
export class ObservableInstrument implements Observable {
  readonly descriptor: InstrumentDescriptor;
  readonly streams: readonly MetricStream[];
  readonly callbacks: Set<ObservableCallback> = new Set();
  readonly #refusals: Refusals;
  readonly #exemplars: ExemplarSource;

  constructor(
    descriptor: InstrumentDescriptor,
    streams: readonly MetricStream[],
    refusals: Refusals,
    exemplars: ExemplarSource,
  ) {
    this.descriptor = descriptor;
    this.streams = streams;
    this.#refusals = refusals;
    this.#exemplars = exemplars;
  }

  addCallback(callback: ObservableCallback): void {
    if (typeof callback !== 'function' || this.callbacks.size >= MAX_CALLBACKS_PER_INSTRUMENT) {
      reportOnce(
        'warn',
        `callback ${this.descriptor.name}`,
        `ignoring a callback of ${this.descriptor.name}: not a function, or one of too many`,
      );
      return;
    }
    this.callbacks.add(callback);
  }

  removeCallback(callback: ObservableCallback): void {
    this.callbacks.delete(callback);
  }

  /** Takes an observation; not finite: refused. A negative total of a counter is its business. */
  observe(value: number, attributes: Attributes | undefined): void {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      this.#refusals.add('not a finite number', this.descriptor.name);
      return;
    }
    try {
      for (const stream of this.streams) {
        const cell = stream.observe(attributes, value);
        if (!this.#exemplars.isDue(cell)) continue;
        this.#exemplars.offer(stream, cell, value, undefined, attributes);
      }
    } catch {
      // A getter or proxy of the program's threw while its attributes were read.
      this.#refusals.add('unusable attributes', this.descriptor.name);
    }
  }
}

/** A batch callback and the instruments it may observe. */
export interface BatchCallback {
  readonly callback: BatchObservableCallback;
  readonly observables: ReadonlySet<Observable>;
}

/** Asks one instrument's callbacks. Returns what is still running, if anything. */
export function askCallbacks(instrument: ObservableInstrument): Promise<void>[] {
  const pending: Promise<void>[] = [];
  for (const callback of instrument.callbacks) {
    const window = new ObservationWindow(instrument);
    const running = ask(instrument.descriptor.name, () => callback(window), window);
    if (running !== undefined) pending.push(running);
  }
  return pending;
}

/** Asks a batch callback. Returns the running part, if there is one. */
export function askBatchCallback(batch: BatchCallback): Promise<void> | undefined {
  const window = new BatchObservationWindow(batch.observables);
  return ask('a batch callback', () => batch.callback(window), window);
}

function ask(
  name: string,
  call: () => void | Promise<void>,
  window: { isOpen: boolean },
): Promise<void> | undefined {
  const fail = (error: unknown): void => {
    window.isOpen = false;
    reportOnce('warn', `callback failed ${name}`, `a callback of ${name} failed: ${String(error)}`);
  };
  try {
    const running = call();
    if (running === undefined || typeof running.then !== 'function') {
      window.isOpen = false;
      return undefined;
    }
    return settle(running, window, fail);
  } catch (error: unknown) {
    fail(error);
    return undefined;
  }
}

async function settle(
  running: Promise<void>,
  window: { isOpen: boolean },
  fail: (error: unknown) => void,
): Promise<void> {
  try {
    await running;
    window.isOpen = false;
  } catch (error: unknown) {
    fail(error);
  }
}

/** What a callback observes into; closed after its run, so that late observations are no-ops. */
class ObservationWindow implements ObservableResult {
  isOpen = true;
  readonly #instrument: ObservableInstrument;

  constructor(instrument: ObservableInstrument) {
    this.#instrument = instrument;
  }

  observe(value: number, attributes?: Attributes): void {
    if (this.isOpen) this.#instrument.observe(value, attributes);
  }
}

class BatchObservationWindow implements BatchObservableResult {
  isOpen = true;
  readonly #observables: ReadonlySet<Observable>;

  constructor(observables: ReadonlySet<Observable>) {
    this.#observables = observables;
  }

  observe(metric: Observable, value: number, attributes?: Attributes): void {
    if (!this.isOpen || !this.#observables.has(metric)) return;
    if (metric instanceof ObservableInstrument) metric.observe(value, attributes);
  }
}
