/**
 * Data points → rows of the five metric tables.
 *
 *   field                   Number   Histogram   ExponentialHistogram   Summary
 *   attributes                 7         9               1                 7     KeyValue*
 *   start_time_unix_nano       2         2               2                 2     fixed64
 *   time_unix_nano             3         3               3                 3     fixed64
 *   exemplars                  5         8              11                 –     Exemplar*
 *   flags                      8        10              10                 8     uint32
 *   as_double | as_int       4 | 6       –               –                 –     double | sfixed64
 *   count                      –         4               4                 4     fixed64
 *   sum                        –         5               5                 5     double (optional)
 *   min, max                   –      11, 12          12, 13               –     double (optional)
 *   bucket_counts              –         6               –                 –     fixed64*
 *   explicit_bounds            –         7               –                 –     double*
 *   scale, zero_count          –         –             6, 7                –     sint32, fixed64
 *   positive, negative         –         –             8, 9                –     Buckets
 *   zero_threshold             –         –              14                 –     double
 *   quantile_values            –         –               –                 6     ValueAtQuantile*
 *
 *   Buckets   1 offset  sint32   2 bucket_counts  uint64*
 *   ValueAtQuantile   1 quantile  double   2 value  double
 *
 * A number point must hold a value unless its flags say "no recorded value" (then 0 is stored, and
 * the flag tells). An optional sum, min or max that was not sent is stored as 0; column Optional
 * tells which were: 1 sum, 2 min, 4 max.
 */
import type { MessageName } from '@codomyrmex/otlp';
import type { TableName } from '../store/schema.js';
import { putAttributes } from './attributes.js';
import { gatherExemplars, putExemplarExtras, putExemplars } from './exemplars.js';
import { timeFault } from './identity.js';
import {
  countFixed64,
  putFixed64List,
  putNumberAsDouble,
  putVarintList,
  unzigzag,
} from './number.js';
import {
  putByte,
  putCount,
  putInt32,
  putInt64,
  putRange,
  putRaw,
  putString,
  RowWriter,
} from './row-writer.js';
import type { Input, RangeList } from './scan.js';
import { Frame, notNormal, scan } from './scan.js';

/** One of the five kinds of metric: its table, its messages, where the common fields are. */
export interface PointKind {
  readonly table: TableName;
  /** Gauge, Sum, …: the list of points and what they share. */
  readonly data: Frame;
  readonly point: Frame;
  readonly attributes: number;
  readonly flags: number;
  readonly exemplars: number;
}

function kindOf(
  table: TableName,
  data: MessageName,
  point: MessageName,
  numbers: Pick<PointKind, 'attributes' | 'flags' | 'exemplars'>,
): PointKind {
  return { table, data: new Frame(data), point: new Frame(point), ...numbers };
}

const NUMBER_FIELDS = { attributes: 7, flags: 8, exemplars: 5 };

export const GAUGE: PointKind = kindOf(
  'otel_metrics_gauge',
  'Gauge',
  'NumberDataPoint',
  NUMBER_FIELDS,
);
export const SUM: PointKind = kindOf('otel_metrics_sum', 'Sum', 'NumberDataPoint', NUMBER_FIELDS);
export const HISTOGRAM: PointKind = kindOf(
  'otel_metrics_histogram',
  'Histogram',
  'HistogramDataPoint',
  { attributes: 9, flags: 10, exemplars: 8 },
);
export const EXPONENTIAL: PointKind = kindOf(
  'otel_metrics_exponential_histogram',
  'ExponentialHistogram',
  'ExponentialHistogramDataPoint',
  { attributes: 1, flags: 10, exemplars: 11 },
);
export const SUMMARY: PointKind = kindOf('otel_metrics_summary', 'Summary', 'SummaryDataPoint', {
  attributes: 7,
  flags: 8,
  exemplars: 0,
});

const BUCKETS = new Frame('Buckets');
const QUANTILE = new Frame('ValueAtQuantile');

/** AttributeTypes, kept until its column's turn. */
const types = new RowWriter();
const quantiles = new RowWriter();
const quantileValues = new RowWriter();

const NO_RECORDED_VALUE = 1;

/** Why the scanned point cannot be stored; empty when it can. */
export function pointFault(kind: PointKind, metric: Frame, input: Input): string {
  const { slots } = kind.point;
  const fault =
    timeFault('start_time_unix_nano', slots[4]!, slots[5]!) ||
    timeFault('time_unix_nano', slots[6]!, slots[7]!);
  if (fault !== '') {
    return fault;
  }
  if (kind === GAUGE || kind === SUM) {
    if (kind.point.has(4) && kind.point.has(6)) {
      throw notNormal();
    }
    const isEmpty = !kind.point.has(4) && !kind.point.has(6);
    if (isEmpty && (slots[kind.flags * 2]! & NO_RECORDED_VALUE) === 0) {
      return `a point of metric ${nameOf(metric, input)} has no value: send as_int or as_double`;
    }
  }
  if (kind === HISTOGRAM) {
    const counts = countFixed64(kind.point.list(6));
    const bounds = countFixed64(kind.point.list(7));
    if (counts !== bounds + 1 && counts !== 0) {
      return (
        `a point of metric ${nameOf(metric, input)} has ${counts} bucket_counts for ` +
        `${bounds} explicit_bounds: send one more count than bounds`
      );
    }
  }
  return '';
}

const LONGEST_NAME = 100;

function nameOf(metric: Frame, input: Input): string {
  const start = metric.slots[2]!;
  const size = Math.min(metric.slots[3]! - start, LONGEST_NAME);
  return Buffer.from(input.bytes.buffer, input.bytes.byteOffset + start, size).toString('utf8');
}

/** The scanned point's time, in halves. */
export function pointTime(kind: PointKind): readonly [number, number] {
  return [kind.point.slots[6]!, kind.point.slots[7]!];
}

/** What the points of one metric share. */
export interface SharedColumns {
  readonly serviceName: string;
  /** ResourceAttributes … ServiceName. */
  readonly head: Uint8Array;
  /** The scanned metric: name, description, unit. */
  readonly metric: Frame;
  /** Metadata … IngestTime. */
  readonly tail: Uint8Array;
}

/** Writes the scanned point's row, columns in the order of COLUMNS (store/schema.ts). */
export function putPoint(
  writer: RowWriter,
  input: Input,
  kind: PointKind,
  size: number,
  shared: SharedColumns,
): void {
  const { bytes, view } = input;
  const { slots } = kind.point;
  const metric = shared.metric.slots;
  const texts = (metric[3]! - metric[2]! + metric[5]! - metric[4]! + metric[7]! - metric[6]!) * 3;
  writer.beginRow(size, shared.head.length + shared.tail.length + texts);
  types.reset();
  types.beginRow(size, 0);
  putRaw(writer, shared.head);
  putString(writer, bytes, view, metric[2]!, metric[3]!);
  putString(writer, bytes, view, metric[4]!, metric[5]!);
  putString(writer, bytes, view, metric[6]!, metric[7]!);
  putAttributes(writer, types, input, kind.point.list(kind.attributes));
  putInt64(writer, slots[4]!, slots[5]!);
  putInt64(writer, slots[6]!, slots[7]!);
  if (kind === SUMMARY) {
    putSummary(writer, input);
  } else {
    gatherExemplars(input, kind.point.list(kind.exemplars));
    if (kind === HISTOGRAM) {
      putHistogram(writer, input);
    } else if (kind === EXPONENTIAL) {
      putExponential(writer, input);
    } else {
      putNumber(writer, kind);
    }
  }
  putRange(writer, types.bytes, 0, types.size);
  putRaw(writer, shared.tail);
}

/** Value, Flags, Exemplars, a sum's two columns, the exemplars' extras, IntValue, IsInt. */
function putNumber(writer: RowWriter, kind: PointKind): void {
  const { slots } = kind.point;
  const isInteger = kind.point.has(6);
  if (isInteger) {
    putNumberAsDouble(writer, slots[12]!, slots[13]!);
  } else {
    putInt64(writer, slots[8]!, slots[9]!);
  }
  putInt32(writer, slots[16]!);
  putExemplars(writer);
  if (kind === SUM) {
    const data = SUM.data.slots;
    putInt32(writer, data[4]!);
    putByte(writer, (data[6]! | data[7]!) === 0 ? 0 : 1);
  }
  putExemplarExtras(writer);
  putInt64(writer, slots[12]!, slots[13]!);
  putByte(writer, isInteger ? 1 : 0);
}

function optionalBits(point: Frame, sum: number, min: number, max: number): number {
  return (point.has(sum) ? 1 : 0) | (point.has(min) ? 2 : 0) | (point.has(max) ? 4 : 0);
}

/** Count … ExplicitBounds, Exemplars, Flags, Min, Max, AggregationTemporality, extras, Optional. */
function putHistogram(writer: RowWriter, input: Input): void {
  const { slots } = HISTOGRAM.point;
  putInt64(writer, slots[8]!, slots[9]!);
  putInt64(writer, slots[10]!, slots[11]!);
  putFixed64List(writer, input, HISTOGRAM.point.list(6));
  putFixed64List(writer, input, HISTOGRAM.point.list(7));
  putExemplars(writer);
  putInt32(writer, slots[20]!);
  putInt64(writer, slots[22]!, slots[23]!);
  putInt64(writer, slots[24]!, slots[25]!);
  putInt32(writer, HISTOGRAM.data.slots[4]!);
  putExemplarExtras(writer);
  putByte(writer, optionalBits(HISTOGRAM.point, 5, 11, 12));
}

/** Count … NegativeBucketCounts, Exemplars, Flags, Min, Max, temporality, extras, ZeroThreshold. */
function putExponential(writer: RowWriter, input: Input): void {
  const { slots } = EXPONENTIAL.point;
  putInt64(writer, slots[8]!, slots[9]!);
  putInt64(writer, slots[10]!, slots[11]!);
  putInt32(writer, unzigzag(slots[12]!));
  putInt64(writer, slots[14]!, slots[15]!);
  putBuckets(writer, input, slots[16]!, slots[17]!);
  putBuckets(writer, input, slots[18]!, slots[19]!);
  putExemplars(writer);
  putInt32(writer, slots[20]!);
  putInt64(writer, slots[24]!, slots[25]!);
  putInt64(writer, slots[26]!, slots[27]!);
  putInt32(writer, EXPONENTIAL.data.slots[4]!);
  putExemplarExtras(writer);
  putByte(writer, optionalBits(EXPONENTIAL.point, 5, 12, 13));
  putInt64(writer, slots[28]!, slots[29]!);
}

function putBuckets(writer: RowWriter, input: Input, start: number, end: number): void {
  scan(input, BUCKETS, start, end);
  putInt32(writer, unzigzag(BUCKETS.slots[2]!));
  putVarintList(writer, input, BUCKETS.list(2));
}

/** Count, Sum, ValueAtQuantiles, Flags. */
function putSummary(writer: RowWriter, input: Input): void {
  const { slots } = SUMMARY.point;
  putInt64(writer, slots[8]!, slots[9]!);
  putInt64(writer, slots[10]!, slots[11]!);
  putQuantiles(writer, input, SUMMARY.point.list(6));
  putInt32(writer, slots[16]!);
}

function putQuantiles(writer: RowWriter, input: Input, list: RangeList): void {
  const size = list.count * 8;
  quantiles.reset();
  quantiles.beginRow(0, size);
  putCount(quantiles, list.count);
  quantileValues.reset();
  quantileValues.beginRow(0, size);
  putCount(quantileValues, list.count);
  for (let index = 0; index < list.count; index++) {
    scan(input, QUANTILE, list.starts[index]!, list.ends[index]!);
    const { slots } = QUANTILE;
    putInt64(quantiles, slots[2]!, slots[3]!);
    putInt64(quantileValues, slots[4]!, slots[5]!);
  }
  writer.extend(quantiles.size + quantileValues.size);
  putRange(writer, quantiles.bytes, 0, quantiles.size);
  putRange(writer, quantileValues.bytes, 0, quantileValues.size);
}
