/**
 * A data point's exemplars: repeated Exemplar → one array column a field.
 *
 *   Exemplar   2 time_unix_nano  fixed64   3 as_double  double   6 as_int  sfixed64 (3 or 6)
 *              4 span_id  bytes (8)   5 trace_id  bytes (16)   7 filtered_attributes  KeyValue*
 */
import { putAttributes } from './attributes.js';
import { putId, timeFault } from './identity.js';
import { rejection } from './rejection.js';
import { putByte, putCount, putInt64, putRows, RowWriter } from './row-writer.js';
import type { Input, RangeList } from './scan.js';
import { Frame, notNormal, scan } from './scan.js';
import { putNumberAsDouble } from './number.js';

const EXEMPLAR = new Frame('Exemplar');

const attributes = new RowWriter();
const times = new RowWriter();
const values = new RowWriter();
const spanIds = new RowWriter();
const traceIds = new RowWriter();
const types = new RowWriter();
const integers = new RowWriter();
const areIntegers = new RowWriter();
const ALL: readonly RowWriter[] = [
  attributes,
  times,
  values,
  spanIds,
  traceIds,
  types,
  integers,
  areIntegers,
];

/** Gathers a point's exemplars; the two functions below then write them, until the next call. */
export function gatherExemplars(input: Input, list: RangeList): void {
  for (const column of ALL) {
    column.reset();
    column.beginRow(0, 0);
    putCount(column, list.count);
  }
  for (let index = 0; index < list.count; index++) {
    gatherExemplar(input, list.starts[index]!, list.ends[index]!);
  }
}

function gatherExemplar(input: Input, start: number, end: number): void {
  scan(input, EXEMPLAR, start, end);
  const { slots } = EXEMPLAR;
  const fault = timeFault("an exemplar's time_unix_nano", slots[4]!, slots[5]!);
  if (fault !== '') {
    throw rejection(fault);
  }
  if (EXEMPLAR.has(3) && EXEMPLAR.has(6)) {
    throw notNormal();
  }
  for (const column of ALL) {
    column.beginRow(end - start, 0);
  }
  putAttributes(attributes, types, input, EXEMPLAR.list(7));
  putInt64(times, slots[4]!, slots[5]!);
  putId(spanIds, input, slots[8]!, slots[9]!, 8);
  putId(traceIds, input, slots[10]!, slots[11]!, 16);
  putInt64(integers, slots[12]!, slots[13]!);
  if (EXEMPLAR.has(6)) {
    putNumberAsDouble(values, slots[12]!, slots[13]!);
    putByte(areIntegers, 1);
  } else {
    putInt64(values, slots[6]!, slots[7]!);
    putByte(areIntegers, 0);
  }
}

/** Exemplars.FilteredAttributes, TimeUnix, Value, SpanId, TraceId. */
export function putExemplars(writer: RowWriter): void {
  putRows(writer, attributes);
  putRows(writer, times);
  putRows(writer, values);
  putRows(writer, spanIds);
  putRows(writer, traceIds);
}

/** Exemplars.FilteredAttributeTypes, IntValue, IsInt. */
export function putExemplarExtras(writer: RowWriter): void {
  putRows(writer, types);
  putRows(writer, integers);
  putRows(writer, areIntegers);
}
