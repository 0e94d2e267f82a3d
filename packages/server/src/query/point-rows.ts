import type {
  Double,
  Exemplar,
  MetricPoint,
  MetricType,
  Temporality,
} from '@codomyrmex/telemetry-query';

import type { TableName } from '../store/schema.js';
import { readAttributes } from './attribute-value.js';
import {
  mapColumns,
  resourceColumns,
  resourceOf,
  scopeColumns,
  scopeOf,
  type ResourceRow,
  type ScopeRow,
} from './common-rows.js';
import { doubleValue } from './scalar-value.js';

/** The table of each metric type. */
export const METRIC_TABLES: { readonly [type in MetricType]: TableName } = {
  gauge: 'otel_metrics_gauge',
  sum: 'otel_metrics_sum',
  histogram: 'otel_metrics_histogram',
  exponentialHistogram: 'otel_metrics_exponential_histogram',
  summary: 'otel_metrics_summary',
};

/** The metric types, in the order in which a name is looked for. */
export const METRIC_TYPES: readonly MetricType[] = Object.keys(METRIC_TABLES) as MetricType[];

interface ExemplarColumns {
  readonly exemplarKeys?: readonly (readonly string[])[];
  readonly exemplarValues?: readonly (readonly string[])[];
  readonly exemplarTypes?: readonly (readonly number[])[];
  readonly exemplarTimes?: readonly string[];
  readonly exemplarNumbers?: readonly JsonDouble[];
  readonly exemplarIntegers?: readonly string[];
  readonly exemplarIsInt?: readonly boolean[];
  readonly exemplarSpanIds?: readonly string[];
  readonly exemplarTraceIds?: readonly string[];
}

/** A double in the engine's JSON: not finite ones are text (`"nan"`, `"inf"`). */
type JsonDouble = number | string | null;

/** A point as `pointSelect` reads it; the optional columns depend on the type. */
export interface PointRow extends ResourceRow, ScopeRow, ExemplarColumns {
  readonly metric: string;
  readonly description: string;
  readonly unit: string;
  readonly service: string;
  readonly start: string;
  readonly time: string;
  readonly flags: number;
  readonly keys: readonly string[];
  readonly values: readonly string[];
  readonly types: readonly number[];
  readonly metadataKeys: readonly string[];
  readonly metadataValues: readonly string[];
  readonly metadataTypes: readonly number[];
  readonly value?: JsonDouble;
  readonly intValue?: string;
  readonly isInt?: boolean;
  readonly temporality?: number;
  readonly monotonic?: boolean;
  readonly count?: string;
  readonly sum?: JsonDouble;
  readonly min?: JsonDouble;
  readonly max?: JsonDouble;
  readonly optional?: number;
  readonly bucketCounts?: readonly string[];
  readonly bounds?: readonly JsonDouble[];
  readonly scale?: number;
  readonly zeroCount?: string;
  readonly zeroThreshold?: JsonDouble;
  readonly positiveOffset?: number;
  readonly positiveCounts?: readonly string[];
  readonly negativeOffset?: number;
  readonly negativeCounts?: readonly string[];
  readonly quantiles?: readonly JsonDouble[];
  readonly quantileValues?: readonly JsonDouble[];
}

const HEAD: readonly string[] = [
  'MetricName AS metric',
  'MetricDescription AS description',
  'MetricUnit AS unit',
  'ServiceName AS service',
  'toUnixTimestamp64Nano(StartTimeUnix) AS start',
  'toUnixTimestamp64Nano(TimeUnix) AS time',
  'Flags AS flags',
  mapColumns('Attributes', 'AttributeTypes', 'keys', 'values', 'types'),
  mapColumns('Metadata', 'MetadataTypes', 'metadataKeys', 'metadataValues', 'metadataTypes'),
  resourceColumns(),
  scopeColumns('ScopeDroppedAttrCount'),
];

const EXEMPLARS: readonly string[] = [
  'arrayMap(m -> mapKeys(m), `Exemplars.FilteredAttributes`) AS exemplarKeys',
  'arrayMap(m -> mapValues(m), `Exemplars.FilteredAttributes`) AS exemplarValues',
  '`Exemplars.FilteredAttributeTypes` AS exemplarTypes',
  'arrayMap(t -> toUnixTimestamp64Nano(t), `Exemplars.TimeUnix`) AS exemplarTimes',
  '`Exemplars.Value` AS exemplarNumbers',
  '`Exemplars.IntValue` AS exemplarIntegers',
  '`Exemplars.IsInt` AS exemplarIsInt',
  '`Exemplars.SpanId` AS exemplarSpanIds',
  '`Exemplars.TraceId` AS exemplarTraceIds',
];

const NUMBER = ['Value AS value', 'IntValue AS intValue', 'IsInt AS isInt'] as const;
const TEMPORALITY = 'AggregationTemporality AS temporality';
const SUMMED = ['Count AS count', 'Sum AS sum'] as const;
const RANGED = ['Min AS min', 'Max AS max', 'Optional AS optional', TEMPORALITY] as const;

const TYPE_COLUMNS: { readonly [type in MetricType]: readonly string[] } = {
  gauge: [...NUMBER, ...EXEMPLARS],
  sum: [...NUMBER, TEMPORALITY, 'IsMonotonic AS monotonic', ...EXEMPLARS],
  histogram: [
    ...SUMMED,
    ...RANGED,
    'BucketCounts AS bucketCounts',
    'ExplicitBounds AS bounds',
    ...EXEMPLARS,
  ],
  exponentialHistogram: [
    ...SUMMED,
    ...RANGED,
    'Scale AS scale',
    'ZeroCount AS zeroCount',
    'ZeroThreshold AS zeroThreshold',
    'PositiveOffset AS positiveOffset',
    'PositiveBucketCounts AS positiveCounts',
    'NegativeOffset AS negativeOffset',
    'NegativeBucketCounts AS negativeCounts',
    ...EXEMPLARS,
  ],
  summary: [
    ...SUMMED,
    '`ValueAtQuantiles.Quantile` AS quantiles',
    '`ValueAtQuantiles.Value` AS quantileValues',
  ],
};

/** The columns of a PointRow of that type. */
export function pointSelect(type: MetricType): string {
  return [...HEAD, ...TYPE_COLUMNS[type]].join(', ');
}

/** The row as the API's point. */
export function pointOf(row: PointRow, type: MetricType): MetricPoint {
  const metadata = readAttributes(row.metadataKeys, row.metadataValues, row.metadataTypes);
  return {
    metric: row.metric,
    type,
    unit: row.unit,
    description: row.description,
    service: row.service,
    attributes: readAttributes(row.keys, row.values, row.types),
    startTimeUnixNano: row.start,
    timeUnixNano: row.time,
    ...valueFields(row, type),
    temporality: temporalityOf(row.temporality ?? 0),
    ...(row.monotonic === undefined ? {} : { monotonic: row.monotonic }),
    flags: row.flags,
    exemplars: exemplarsOf(row),
    ...(row.metadataKeys.length === 0 ? {} : { metadata }),
    resource: resourceOf(row),
    scope: scopeOf(row),
  };
}

/** Set bits of the column Optional. */
const HAS = { sum: 1, min: 2, max: 4 } as const;
/** DataPointFlags: the point says that there is no value. */
const NO_RECORDED_VALUE = 1;

function valueFields(row: PointRow, type: MetricType): Partial<MetricPoint> {
  if (type === 'gauge' || type === 'sum') {
    if ((row.flags & NO_RECORDED_VALUE) !== 0) return {};
    return { value: pointNumber(row.value ?? 0, row.intValue ?? '0', row.isInt === true) };
  }
  const optional = type === 'summary' ? HAS.sum : (row.optional ?? 0);
  const fields = {
    count: row.count ?? '0',
    ...((optional & HAS.sum) === 0 ? {} : { sum: exact(row.sum) }),
    ...((optional & HAS.min) === 0 ? {} : { min: exact(row.min) }),
    ...((optional & HAS.max) === 0 ? {} : { max: exact(row.max) }),
  };
  if (type === 'histogram') {
    return {
      ...fields,
      buckets: { bounds: (row.bounds ?? []).map(exact), counts: row.bucketCounts ?? [] },
    };
  }
  if (type === 'summary') return { ...fields, quantiles: quantilesOf(row) };
  return {
    ...fields,
    exponential: {
      scale: row.scale ?? 0,
      zeroCount: row.zeroCount ?? '0',
      positive: { offset: row.positiveOffset ?? 0, counts: row.positiveCounts ?? [] },
      negative: { offset: row.negativeOffset ?? 0, counts: row.negativeCounts ?? [] },
    },
    zeroThreshold: exact(row.zeroThreshold),
  };
}

function quantilesOf(row: PointRow): readonly { quantile: Double; value: Double }[] {
  return (row.quantiles ?? []).map((quantile, index) => ({
    quantile: exact(quantile),
    value: exact(row.quantileValues?.[index]),
  }));
}

/** A field that is a double in any case: `$double` only for what JSON's numbers cannot say. */
function exact(value: JsonDouble | undefined): Double {
  const double = toDouble(value);
  return Number.isFinite(double) && !Object.is(double, -0) ? double : doubleValue(double);
}

/** A point's number with its OTLP type; integers are exact. */
function pointNumber(
  double: JsonDouble,
  integer: string,
  isInt: boolean,
): Double | { readonly $int: string } {
  if (!isInt) return doubleValue(toDouble(double));
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : { $int: integer };
}

/** The engine's JSON says non-finite doubles as `nan`, `inf` and `-inf`. */
export function toDouble(value: JsonDouble | undefined): number {
  if (typeof value === 'number') return value;
  switch (value?.toLowerCase()) {
    case 'inf':
      return Infinity;
    case '-inf':
      return -Infinity;
    default:
      return value === undefined || value === null ? 0 : Number(value);
  }
}

function exemplarsOf(row: PointRow): readonly Exemplar[] {
  return (row.exemplarTimes ?? []).map((time, index) => ({
    timeUnixNano: time,
    value: pointNumber(
      row.exemplarNumbers?.[index] ?? 0,
      row.exemplarIntegers?.[index] ?? '0',
      row.exemplarIsInt?.[index] === true,
    ),
    spanId: row.exemplarSpanIds?.[index] ?? '',
    traceId: row.exemplarTraceIds?.[index] ?? '',
    attributes: readAttributes(
      row.exemplarKeys?.[index] ?? [],
      row.exemplarValues?.[index] ?? [],
      row.exemplarTypes?.[index] ?? [],
    ),
  }));
}

/** AggregationTemporality's number as its name. */
export function temporalityOf(number: number): Temporality {
  return number === 1 ? 'DELTA' : number === 2 ? 'CUMULATIVE' : 'UNSPECIFIED';
}
