import { reportOnce } from '../common/diagnostics.js';
import type { MetricViewOptions, ViewAggregation } from '../common/metric-view-options.js';
import { defaultAggregation } from './aggregation.js';
import type { AggregationKind } from './aggregation.js';
import { validBounds } from './explicit-buckets.js';
import { isObservable } from './instrument-descriptor.js';
import type { InstrumentDescriptor } from './instrument-descriptor.js';
import { EXPONENTIAL_MAX_SCALE, EXPONENTIAL_MIN_SCALE } from './limits.js';
import type { MeterScope } from './meter.js';
import type { StreamOptions } from './metric-stream.js';

/** What a view says of a stream; the provider adds temporality and limit. */
export type StreamShape = Omit<StreamOptions, 'temporality' | 'cardinalityLimit'> & {
  readonly cardinalityLimit?: number;
};

/** A view that was checked. */
export interface View {
  matches(descriptor: InstrumentDescriptor, scope: MeterScope): boolean;
  /** Undefined where the view drops the instrument. */
  shape(descriptor: InstrumentDescriptor): StreamShape | undefined;
}

/** 8 kB of counts a side and attribute set: with 2,000 sets 32 MB, which is enough to ask for. */
const MAX_EXPONENTIAL_SIZE = 1024;

/** Checks views. Throws TypeError that names the view by its place and says what to change. */
export function resolveViews(views: readonly MetricViewOptions[]): View[] {
  return views.map((options, index) => {
    try {
      return resolveView(options);
    } catch (error: unknown) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TypeError(`cannot use metrics.views[${index}]: ${reason}`, { cause: error });
    }
  });
}

const KEYS: Readonly<Record<keyof MetricViewOptions, 'criterion' | 'change'>> = {
  instrumentName: 'criterion',
  instrumentType: 'criterion',
  instrumentUnit: 'criterion',
  meterName: 'criterion',
  meterVersion: 'criterion',
  meterSchemaUrl: 'criterion',
  name: 'change',
  description: 'change',
  attributeKeys: 'change',
  excludedAttributeKeys: 'change',
  aggregation: 'change',
  cardinalityLimit: 'change',
  exemplarReservoir: 'change',
};

function resolveView(options: MetricViewOptions): View {
  const keys = Object.keys(options);
  const unknown = keys.find((key) => !Object.hasOwn(KEYS, key));
  if (unknown !== undefined) throw new TypeError(`unknown option ${unknown}`);
  if (!keys.some((key) => KEYS[key as keyof MetricViewOptions] === 'criterion')) {
    throw new TypeError('it needs a criterion such as instrumentName: "*"');
  }
  const pattern = options.instrumentName;
  if (options.name !== undefined && (pattern === undefined || /[*?]/.test(pattern))) {
    throw new TypeError('name needs an instrumentName without wildcard: one name, one metric');
  }
  const limit = options.cardinalityLimit;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 2)) {
    throw new TypeError(`cardinalityLimit ${limit} is no whole number ≥ 2`);
  }
  const reservoir = options.exemplarReservoir;
  if (reservoir !== undefined && typeof reservoir !== 'function') {
    throw new TypeError('exemplarReservoir is no function that makes one');
  }
  const name = pattern === undefined ? undefined : namePattern(pattern);
  const aggregation = resolveAggregation(options.aggregation ?? 'default');
  const keepsKey = keyFilter(options);
  return {
    matches: (descriptor, scope) =>
      (name === undefined || name.test(descriptor.name)) &&
      agrees(options.instrumentType, descriptor.kind) &&
      agrees(options.instrumentUnit, descriptor.unit) &&
      agrees(options.meterName, scope.name) &&
      agrees(options.meterVersion, scope.version) &&
      agrees(options.meterSchemaUrl, scope.schemaUrl),
    shape: (descriptor) => {
      if (aggregation === 'drop') return undefined;
      return {
        ...compatible(aggregation, descriptor),
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(options.description === undefined ? {} : { description: options.description }),
        ...(keepsKey === undefined ? {} : { keepsKey }),
        ...(limit === undefined ? {} : { cardinalityLimit: limit }),
        ...(reservoir === undefined ? {} : { reservoir }),
      };
    },
  };
}

function agrees(wanted: string | undefined, value: string): boolean {
  return wanted === undefined || wanted === value;
}

/** At most 7 wildcards over at most 255 characters: no name makes the search explode. */
function namePattern(text: string): RegExp {
  if (text.length > 255 || text.split('*').length > 8) {
    throw new TypeError('instrumentName is too long');
  }
  const escaped = text.replaceAll(/[\\^$.+()[\]{}|/]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll(/\*+/g, '.*').replaceAll('?', '.')}$`, 'i');
}

function keyFilter(options: MetricViewOptions): ((key: string) => boolean) | undefined {
  const { attributeKeys, excludedAttributeKeys } = options;
  if (attributeKeys === undefined && excludedAttributeKeys === undefined) return undefined;
  const kept = attributeKeys === undefined ? undefined : new Set(attributeKeys);
  const excluded = new Set(excludedAttributeKeys ?? []);
  return (key) => (kept === undefined || kept.has(key)) && !excluded.has(key);
}

type ResolvedAggregation = 'default' | 'drop' | StreamShape;

function resolveAggregation(aggregation: ViewAggregation): ResolvedAggregation {
  if (aggregation === 'default' || aggregation === 'drop') return aggregation;
  if (aggregation === 'sum' || aggregation === 'lastValue') return { aggregation };
  if (typeof aggregation !== 'object' || aggregation === null) {
    throw new TypeError(`aggregation ${JSON.stringify(aggregation)} is not known`);
  }
  const hasMinMax = aggregation.recordMinMax ?? true;
  if (aggregation.type === 'explicitHistogram') {
    if (aggregation.boundaries === undefined) return { aggregation: aggregation.type, hasMinMax };
    const bounds = validBounds(aggregation.boundaries);
    if (bounds === undefined) throw new TypeError('boundaries must be rising numbers');
    return { aggregation: aggregation.type, bounds, hasMinMax };
  }
  if (aggregation.type !== 'exponentialHistogram') {
    throw new TypeError(`aggregation ${JSON.stringify(aggregation)} is not known`);
  }
  const { maxSize = 160, maxScale = 20 } = aggregation;
  if (!Number.isInteger(maxSize) || maxSize < 2 || maxSize > MAX_EXPONENTIAL_SIZE) {
    throw new TypeError(`maxSize ${maxSize} is no whole number from 2 to ${MAX_EXPONENTIAL_SIZE}`);
  }
  const isScale = maxScale >= EXPONENTIAL_MIN_SCALE && maxScale <= EXPONENTIAL_MAX_SCALE;
  if (!Number.isInteger(maxScale) || !isScale) {
    throw new TypeError(`maxScale ${maxScale} is no whole number from -10 to 20`);
  }
  return { aggregation: aggregation.type, maxSize, maxScale, hasMinMax };
}

/** What an instrument cannot be added up to (a gauge has no sum) falls back to its default. */
function compatible(
  wanted: Exclude<ResolvedAggregation, 'drop'>,
  descriptor: InstrumentDescriptor,
): StreamShape {
  const usual: AggregationKind = defaultAggregation(descriptor.kind);
  if (wanted === 'default') return { aggregation: usual };
  const isGauge = usual === 'lastValue';
  const isHistogram = wanted.aggregation.endsWith('Histogram');
  const fits =
    !(isGauge && wanted.aggregation === 'sum') && !(isHistogram && isObservable(descriptor.kind));
  if (fits) return wanted;
  reportOnce(
    'warn',
    `aggregation ${descriptor.name}`,
    `the view's aggregation ${wanted.aggregation} does not fit ${descriptor.name}, ` +
      `a ${descriptor.kind}: ${usual} is used`,
  );
  return { aggregation: usual };
}
