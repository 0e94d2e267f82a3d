/**
 * A span's events and links: repeated messages → one array column a field. A column holds all
 * events' values of one field, so each field gathers in a writer of its own.
 *
 *   Event   1 time_unix_nano  fixed64   2 name  string   3 attributes  KeyValue*
 *           4 dropped_attributes_count  uint32
 *   Link    1 trace_id  bytes   2 span_id  bytes   3 trace_state  string   4 attributes  KeyValue*
 *           5 dropped_attributes_count  uint32   6 flags  fixed32
 */
import { putAttributes } from './attributes.js';
import { putId, timeFault } from './identity.js';
import { rejection } from './rejection.js';
import { putCount, putInt32, putInt64, putRows, putString, RowWriter } from './row-writer.js';
import type { Input, RangeList } from './scan.js';
import { Frame, scan } from './scan.js';

const EVENT = new Frame('SpanEvent');
const LINK = new Frame('SpanLink');

interface NestedColumns {
  /** Events.Timestamp … Links.Attributes. */
  putColumns(writer: RowWriter): void;
  /** Events.AttributeTypes … Links.Flags. */
  putExtras(writer: RowWriter): void;
}

function writers(count: number): readonly RowWriter[] {
  return Array.from({ length: count }, () => new RowWriter());
}

const eventWriters = writers(5);
const [eventTimes, eventNames, eventAttributes, eventTypes, eventDropped] = eventWriters as [
  RowWriter,
  RowWriter,
  RowWriter,
  RowWriter,
  RowWriter,
];
const linkWriters = writers(7);
const [linkTraces, linkSpans, linkStates, linkAttributes, linkTypes, linkDropped, linkFlags] =
  linkWriters as [RowWriter, RowWriter, RowWriter, RowWriter, RowWriter, RowWriter, RowWriter];

const EMPTY_COLUMNS = new Uint8Array(7);
const EMPTY_EXTRAS = new Uint8Array(5);
const NONE: NestedColumns = {
  putColumns: (writer) => putZeros(writer, EMPTY_COLUMNS.length),
  putExtras: (writer) => putZeros(writer, EMPTY_EXTRAS.length),
};

const GATHERED: NestedColumns = {
  putColumns: (writer) => {
    putRows(writer, eventTimes);
    putRows(writer, eventNames);
    putRows(writer, eventAttributes);
    putRows(writer, linkTraces);
    putRows(writer, linkSpans);
    putRows(writer, linkStates);
    putRows(writer, linkAttributes);
  },
  putExtras: (writer) => {
    putRows(writer, eventTypes);
    putRows(writer, eventDropped);
    putRows(writer, linkTypes);
    putRows(writer, linkDropped);
    putRows(writer, linkFlags);
  },
};

function putZeros(writer: RowWriter, count: number): void {
  const { bytes, size } = writer;
  for (let index = 0; index < count; index++) {
    bytes[size + index] = 0;
  }
  writer.size = size + count;
}

/** Gathers a span's events and links; what is returned holds until the next call. */
export function eventsAndLinks(input: Input, events: RangeList, links: RangeList): NestedColumns {
  if (events.count === 0 && links.count === 0) {
    return NONE;
  }
  begin(eventWriters, events.count);
  begin(linkWriters, links.count);
  for (let index = 0; index < events.count; index++) {
    gatherEvent(input, events.starts[index]!, events.ends[index]!);
  }
  for (let index = 0; index < links.count; index++) {
    gatherLink(input, links.starts[index]!, links.ends[index]!);
  }
  return GATHERED;
}

function begin(columns: readonly RowWriter[], count: number): void {
  for (const column of columns) {
    column.reset();
    column.beginRow(0, 0);
    putCount(column, count);
  }
}

function gatherEvent(input: Input, start: number, end: number): void {
  scan(input, EVENT, start, end);
  const { slots } = EVENT;
  const fault = timeFault("an event's time_unix_nano", slots[2]!, slots[3]!);
  if (fault !== '') {
    throw rejection(fault);
  }
  for (const column of eventWriters) {
    column.beginRow(end - start, 0);
  }
  putInt64(eventTimes, slots[2]!, slots[3]!);
  putString(eventNames, input.bytes, input.view, slots[4]!, slots[5]!);
  putAttributes(eventAttributes, eventTypes, input, EVENT.list(3));
  putInt32(eventDropped, slots[8]!);
}

function gatherLink(input: Input, start: number, end: number): void {
  scan(input, LINK, start, end);
  const { slots } = LINK;
  for (const column of linkWriters) {
    column.beginRow(end - start, 0);
  }
  putId(linkTraces, input, slots[2]!, slots[3]!, 16);
  putId(linkSpans, input, slots[4]!, slots[5]!, 8);
  putString(linkStates, input.bytes, input.view, slots[6]!, slots[7]!);
  putAttributes(linkAttributes, linkTypes, input, LINK.list(4));
  putInt32(linkDropped, slots[10]!);
  putInt32(linkFlags, slots[12]!);
}
