import type {
  Attributes,
  MetricAttributes,
  MetricOptions,
  Observable,
  ObservableCallback,
} from '@opentelemetry/api';

import { reportOnce } from '../common/diagnostics.js';
import type { InstrumentKind } from './instrument-descriptor.js';
import { SyncInstrument } from './instruments.js';
import type {
  BindableCounter,
  BindableGauge,
  BindableHistogram,
  BindableUpDownCounter,
} from './instruments.js';
import { MAX_IMPLICIT_INSTRUMENTS } from './limits.js';
import type { Meter } from './meter.js';
import { meterProviderOf, ownMeter } from './provider-of.js';
import { telemetry } from '../export/telemetry.js';

/** Gauges that `recordMetric` made because nobody had created their name. */
const implicit = new WeakSet<SyncInstrument>();
let implicitCount = 0;

/**
 * A sum that only grows: requests, bytes, tokens. The same name (in any case) gives the same
 * counter; a name that stands for another kind gives a second, working instrument and one warning.
 */
export function createCounter<T extends MetricAttributes = Attributes>(
  name: string,
  options?: MetricOptions,
): BindableCounter<T> {
  return meterFor('counter', name).createCounter<T>(name, options);
}

/** A sum that grows and shrinks: items in a queue, open connections. */
export function createUpDownCounter<T extends MetricAttributes = Attributes>(
  name: string,
  options?: MetricOptions,
): BindableUpDownCounter<T> {
  return meterFor('upDownCounter', name).createUpDownCounter<T>(name, options);
}

/** A value of which the last one counts: a temperature, a fill level. */
export function createGauge<T extends MetricAttributes = Attributes>(
  name: string,
  options?: MetricOptions,
): BindableGauge<T> {
  return meterFor('gauge', name).createGauge<T>(name, options);
}

/**
 * A distribution: durations, sizes. `options.advice.explicitBucketBoundaries` sets the buckets;
 * default: 0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000.
 */
export function createHistogram<T extends MetricAttributes = Attributes>(
  name: string,
  options?: MetricOptions,
): BindableHistogram<T> {
  return meterFor('histogram', name).createHistogram<T>(name, options);
}

/** A counter whose total `callback` observes at each collection. */
export function createObservableCounter<T extends MetricAttributes = Attributes>(
  name: string,
  callback: ObservableCallback<T>,
  options?: MetricOptions,
): Observable<T> {
  const meter = meterFor('observableCounter', name);
  return withCallback(meter.createObservableCounter<T>(name, options), callback);
}

/** An up-down counter whose total `callback` observes at each collection. */
export function createObservableUpDownCounter<T extends MetricAttributes = Attributes>(
  name: string,
  callback: ObservableCallback<T>,
  options?: MetricOptions,
): Observable<T> {
  const meter = meterFor('observableUpDownCounter', name);
  return withCallback(meter.createObservableUpDownCounter<T>(name, options), callback);
}

/** A gauge whose value `callback` observes at each collection. */
export function createObservableGauge<T extends MetricAttributes = Attributes>(
  name: string,
  callback: ObservableCallback<T>,
  options?: MetricOptions,
): Observable<T> {
  const meter = meterFor('observableGauge', name);
  return withCallback(meter.createObservableGauge<T>(name, options), callback);
}

function withCallback<T extends MetricAttributes>(
  observable: Observable<T>,
  callback: ObservableCallback<T>,
): Observable<T> {
  observable.addCallback(callback);
  return observable;
}

/**
 * Records by name. The instrument that was created under it decides what the value means: counters
 * add, gauges and histograms record. An unknown name becomes a gauge; a later `create…` of another
 * kind takes the name over, with one warning. Dropped and counted: a negative value on a counter,
 * a value that is not finite, the name of an observable, a 1,001st unknown name.
 */
export function recordMetric(name: string, value: number, attributes?: Attributes): void {
  const text = String(name);
  const meter = ownMeter();
  const known = meter.lookUp(text);
  if (known instanceof SyncInstrument) {
    known.record(value, attributes);
    return;
  }
  const { refusals } = meterProviderOf(telemetry());
  if (known !== undefined) {
    refusals.add('observable instrument', text);
  } else if (implicitCount >= MAX_IMPLICIT_INSTRUMENTS) {
    refusals.add('too many names', text);
  } else if (typeof value !== 'number' || !Number.isFinite(value)) {
    refusals.add('not a finite number', text);
  } else {
    implicitCount++;
    const gauge = meter.createGauge(text);
    if (gauge instanceof SyncInstrument) implicit.add(gauge);
    gauge.record(value, attributes);
  }
}

/** The meter, after a gauge that only `recordMetric` knew has made way for another kind. */
function meterFor(kind: InstrumentKind, name: string): Meter {
  const meter = ownMeter();
  const known = meter.lookUp(String(name));
  if (known instanceof SyncInstrument && implicit.has(known)) {
    implicit.delete(known);
    if (kind !== 'gauge') {
      meter.remove(known);
      reportOnce(
        'warn',
        `taken over ${known.descriptor.name}`,
        `${known.descriptor.name} was recorded by name as a gauge before it was created as ` +
          `${kind}: it is a ${kind} from now on; create it first`,
      );
    }
  }
  return meter;
}
