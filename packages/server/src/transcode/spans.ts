/**
 * ExportTraceServiceRequest → otel_traces, otel_running.
 *
 *   ExportTraceServiceRequest   1 resource_spans  ResourceSpans*
 *   ResourceSpans   1 resource  Resource   2 scope_spans  ScopeSpans*   3 schema_url  string
 *   ScopeSpans      1 scope  InstrumentationScope   2 spans  Span*   3 schema_url  string
 *   Span    1 trace_id  bytes (16)         9 attributes  KeyValue*
 *           2 span_id  bytes (8)          10 dropped_attributes_count  uint32
 *           3 trace_state  string         11 events  Event*
 *           4 parent_span_id  bytes (8)   12 dropped_events_count  uint32
 *           5 name  string                13 links  Link*
 *           6 kind  enum                  14 dropped_links_count  uint32
 *           7 start_time_unix_nano  f64   15 status  Status { 2 message  string, 3 code  enum }
 *           8 end_time_unix_nano  f64     16 flags  fixed32
 */
import { putAttributes } from './attributes.js';
import { eventsAndLinks } from './events.js';
import { isZeroId, putId, timeFault } from './identity.js';
import { Outcome, TableRows } from './outcome.js';
import type { ResourceColumns, ScopeColumns } from './origin.js';
import { block, int64Column } from './origin.js';
import {
  putByte,
  putHex,
  putInt32,
  putInt64,
  putRange,
  putRaw,
  putString,
  RowWriter,
} from './row-writer.js';
import type { Input } from './scan.js';
import { Frame, scan } from './scan.js';
import type { SharedBlocks } from './scopes.js';
import { readRecords } from './scopes.js';
import { enumTexts, putEnumText } from './enum-text.js';
import type { Transcoded } from './transcoded.js';

const FRAMES = {
  request: new Frame('ExportTraceServiceRequest'),
  resource: new Frame('ResourceSpans'),
  scope: new Frame('ScopeSpans'),
};
const SPAN = new Frame('Span');
const STATUS = new Frame('SpanStatus');

const finished = new TableRows('otel_traces');
const running = new TableRows('otel_running');
/** SpanAttributeTypes, kept until its column's turn. */
const types = new RowWriter();

/** Enum names as pdata's String() gives them. */
const KINDS = enumTexts(['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']);
const STATUS_CODES = enumTexts(['Unset', 'Ok', 'Error']);

/** What the spans of one scope share. */
interface Blocks extends SharedBlocks {
  /** ServiceName, ResourceAttributes, ScopeName, ScopeVersion. */
  readonly head: Uint8Array;
  /** ResourceAttributeTypes … IngestTime. */
  readonly tail: Uint8Array;
  readonly serviceName: string;
}

export function readSpans(input: Input, ingestTime: bigint): Transcoded {
  finished.reset();
  running.reset();
  const outcome = new Outcome(ingestTime);
  const ingest = int64Column(ingestTime);
  const blocksFor = (resource: ResourceColumns, scope: ScopeColumns): Blocks =>
    blocksOf(resource, scope, ingest);
  readRecords(input, { ...FRAMES, blocksOf: blocksFor, readRecord: readSpan }, outcome);
  return outcome.result([finished, running]);
}

function blocksOf(resource: ResourceColumns, scope: ScopeColumns, ingest: Uint8Array): Blocks {
  const head = block(resource.service, resource.attributes, scope.name, scope.version);
  const tail = block(
    resource.types,
    resource.dropped,
    resource.schemaUrl,
    scope.attributes,
    scope.types,
    scope.dropped,
    scope.schemaUrl,
    ingest,
  );
  return {
    head,
    tail,
    size: head.length + tail.length,
    serviceName: resource.serviceName,
    fault: resource.fault || scope.fault,
  };
}

function readSpan(
  input: Input,
  start: number,
  end: number,
  blocks: Blocks,
  outcome: Outcome,
): void {
  if (blocks.fault !== '') {
    outcome.reject(1, blocks.fault);
    return;
  }
  scan(input, SPAN, start, end);
  const fault = spanFault(input);
  if (fault !== '') {
    outcome.reject(1, fault);
    return;
  }
  const { slots } = SPAN;
  const rows = (slots[16]! | slots[17]!) === 0 ? running : finished;
  const before = rows.writer.size;
  try {
    putSpan(rows.writer, input, end - start, blocks);
  } catch (error) {
    outcome.rejectRow(rows, before, error);
    return;
  }
  outcome.acceptRow(rows, before, start);
  const [startLow, startHigh] = [slots[14]!, slots[15]!];
  if (rows === running) {
    outcome.sawTime(startLow, startHigh);
  } else {
    outcome.sawTime(slots[16]!, slots[17]!);
  }
  outcome.shows(blocks.serviceName, startLow, startHigh);
}

/** Why the scanned span cannot be stored; empty when it can. */
function spanFault(input: Input): string {
  const { slots } = SPAN;
  const traceSize = slots[3]! - slots[2]!;
  if (traceSize !== 16 || isZeroId(input, slots[2]!, 16)) {
    return idFault('trace_id', traceSize, 16);
  }
  const spanSize = slots[5]! - slots[4]!;
  if (spanSize !== 8 || isZeroId(input, slots[4]!, 8)) {
    return idFault('span_id', spanSize, 8);
  }
  const parentSize = slots[9]! - slots[8]!;
  if (parentSize !== 0 && parentSize !== 8) {
    return `a span's parent_span_id has ${parentSize} bytes: send 8, or none for a root span`;
  }
  return (
    timeFault('start_time_unix_nano', slots[14]!, slots[15]!) ||
    timeFault('end_time_unix_nano', slots[16]!, slots[17]!)
  );
}

function idFault(name: string, size: number, wanted: number): string {
  return size === wanted
    ? `a span's ${name} is all zeros: send a valid id`
    : `a span's ${name} has ${size} bytes: send ${wanted}`;
}

/** Writes the scanned span's row, columns in the order of SPAN_COLUMNS (store/schema.ts). */
function putSpan(writer: RowWriter, input: Input, size: number, blocks: Blocks): void {
  const { bytes, view } = input;
  const { slots } = SPAN;
  writer.beginRow(size, blocks.head.length + blocks.tail.length);
  types.reset();
  types.beginRow(size, 0);
  putInt64(writer, slots[14]!, slots[15]!);
  putHex(writer, bytes, slots[2]!, slots[3]!);
  putHex(writer, bytes, slots[4]!, slots[5]!);
  putId(writer, input, slots[8]!, slots[9]!, 8);
  putString(writer, bytes, view, slots[6]!, slots[7]!);
  putString(writer, bytes, view, slots[10]!, slots[11]!);
  putEnumText(writer, KINDS, slots[12]!);
  putRaw(writer, blocks.head);
  putAttributes(writer, types, input, SPAN.list(9));
  putDuration(writer, slots);
  if (slots[30] === slots[31]) {
    putEnumText(writer, STATUS_CODES, 0);
    putByte(writer, 0);
  } else {
    scan(input, STATUS, slots[30]!, slots[31]!);
    putEnumText(writer, STATUS_CODES, STATUS.slots[6]!);
    putString(writer, bytes, view, STATUS.slots[4]!, STATUS.slots[5]!);
  }
  const nested = eventsAndLinks(input, SPAN.list(11), SPAN.list(13));
  nested.putColumns(writer);
  putInt64(writer, slots[16]!, slots[17]!);
  putInt32(writer, slots[32]!);
  putInt32(writer, slots[20]!);
  putInt32(writer, slots[24]!);
  putInt32(writer, slots[28]!);
  putRange(writer, types.bytes, 0, types.size);
  nested.putExtras(writer);
  putRaw(writer, blocks.tail);
}

/** max(0, end − start); both below 2^63, so an unset or earlier end gives 0. */
function putDuration(writer: RowWriter, slots: Int32Array): void {
  const startLow = slots[14]! >>> 0;
  const endLow = slots[16]! >>> 0;
  const low = endLow - startLow;
  const high = slots[17]! - slots[15]! - (low < 0 ? 1 : 0);
  if (high < 0) {
    putInt64(writer, 0, 0);
  } else {
    putInt64(writer, low | 0, high);
  }
}
