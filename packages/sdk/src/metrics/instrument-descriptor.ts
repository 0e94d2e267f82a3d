import { ValueType } from '@opentelemetry/api';
import type { MetricOptions } from '@opentelemetry/api';

import { validBounds } from './explicit-buckets.js';
import { MAX_INSTRUMENT_NAME_LENGTH, MAX_UNIT_LENGTH } from './limits.js';

/** The seven kinds of the specification (metrics API, "Instrument"). */
export type InstrumentKind =
  | 'counter'
  | 'upDownCounter'
  | 'gauge'
  | 'histogram'
  | 'observableCounter'
  | 'observableUpDownCounter'
  | 'observableGauge';

/** What an instrument is; two that agree in all of it are one. */
export interface InstrumentDescriptor {
  readonly kind: InstrumentKind;
  /** As first spelled; compared without regard to case. */
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly valueType: ValueType;
  /** Advice only: not part of the identity. */
  readonly bounds: Float64Array | undefined;
}

/** A descriptor, and what was wrong with the options that went into it. */
export interface DescribedInstrument {
  readonly descriptor: InstrumentDescriptor;
  readonly faults: readonly string[];
}

/**
 * Reads name and options. Nothing here throws: a bad name still makes a working instrument, whose
 * fault is reported once (specification, metrics SDK, "Instrument name").
 */
export function describeInstrument(
  kind: InstrumentKind,
  name: string,
  options: MetricOptions | undefined,
): DescribedInstrument {
  const faults: string[] = [];
  const safeName = String(name);
  if (!isValidName(safeName)) {
    faults.push(
      `the name ${JSON.stringify(safeName.slice(0, 80))} should start with a letter and go on ` +
        `with at most ${MAX_INSTRUMENT_NAME_LENGTH - 1} of A-Z a-z 0-9 _ . - /`,
    );
  }
  const unit = typeof options?.unit === 'string' ? options.unit : '';
  if (unit.length > MAX_UNIT_LENGTH) {
    faults.push(`the unit should have at most ${MAX_UNIT_LENGTH} characters, not ${unit.length}`);
  }
  const advice = options?.advice?.explicitBucketBoundaries;
  const bounds = advice === undefined || advice === null ? undefined : validBounds(advice);
  if (advice !== undefined && bounds === undefined) {
    faults.push('advice.explicitBucketBoundaries should be rising numbers; the defaults are used');
  }
  const descriptor: InstrumentDescriptor = {
    kind,
    name: safeName,
    description: typeof options?.description === 'string' ? options.description : '',
    unit: unit.slice(0, MAX_UNIT_LENGTH),
    valueType: options?.valueType === ValueType.INT ? ValueType.INT : ValueType.DOUBLE,
    bounds,
  };
  return { descriptor, faults };
}

/** Specification, metrics API, "Instrument name syntax". */
function isValidName(name: string): boolean {
  return name.length <= MAX_INSTRUMENT_NAME_LENGTH && /^[a-z][-a-z0-9_./]*$/i.test(name);
}

/**
 * What makes `other` a different instrument under the same name, in words; undefined = the same.
 * What its options leave open agrees with anything: a second place in a program may just want the
 * instrument. Another description alone does not make another instrument, the first one's stays.
 */
export function conflictOf(
  known: InstrumentDescriptor,
  other: InstrumentDescriptor,
  options: MetricOptions | undefined,
): string | undefined {
  if (known.kind !== other.kind) return `kind ${other.kind} instead of ${known.kind}`;
  if (options?.unit !== undefined && known.unit !== other.unit) {
    return `unit "${other.unit}" instead of "${known.unit}"`;
  }
  if (options?.valueType !== undefined && known.valueType !== other.valueType) {
    return 'another value type';
  }
  return undefined;
}

/** Whether callbacks are asked for its values. */
export function isObservable(kind: InstrumentKind): boolean {
  return kind.startsWith('observable');
}
