/**
 * ExportLogsServiceRequest → otel_logs.
 *
 *   ExportLogsServiceRequest   1 resource_logs  ResourceLogs*
 *   ResourceLogs   1 resource  Resource   2 scope_logs  ScopeLogs*   3 schema_url  string
 *   ScopeLogs      1 scope  InstrumentationScope   2 log_records  LogRecord*   3 schema_url  string
 *   LogRecord   1 time_unix_nano  fixed64       7 dropped_attributes_count  uint32
 *               2 severity_number  enum         8 flags  fixed32
 *               3 severity_text  string         9 trace_id  bytes (16)
 *               5 body  AnyValue               10 span_id  bytes (8)
 *               6 attributes  KeyValue*        11 observed_time_unix_nano  fixed64
 *                                              12 event_name  string
 *
 * A trace or span id of another size, or all zeros, is no id: the record is stored without it (ids
 * are optional in a log record, and the record is worth more). A severity number outside 0…255
 * cannot be one (the specification ends at 24) and is stored as 0, unspecified.
 */
import { putAttributes } from './attributes.js';
import { putId, timeFault } from './identity.js';
import type { ResourceColumns, ScopeColumns } from './origin.js';
import { block, int64Column } from './origin.js';
import { Outcome, TableRows } from './outcome.js';
import {
  putByte,
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
import type { Transcoded } from './transcoded.js';
import { putValue, TYPE_NONE } from './value-text.js';

const FRAMES = {
  request: new Frame('ExportLogsServiceRequest'),
  resource: new Frame('ResourceLogs'),
  scope: new Frame('ScopeLogs'),
};
const LOG = new Frame('LogRecord');

const logs = new TableRows('otel_logs');
/** LogAttributeTypes, kept until its column's turn. */
const types = new RowWriter();

/** What the log records of one scope share. */
interface Blocks extends SharedBlocks {
  readonly service: Uint8Array;
  /** ResourceSchemaUrl … ScopeAttributes. */
  readonly middle: Uint8Array;
  /** ResourceAttributeTypes … IngestTime. */
  readonly tail: Uint8Array;
  readonly serviceName: string;
  readonly ingestLow: number;
  readonly ingestHigh: number;
}

export function readLogs(input: Input, ingestTime: bigint): Transcoded {
  logs.reset();
  const outcome = new Outcome(ingestTime);
  const blocksFor = (resource: ResourceColumns, scope: ScopeColumns): Blocks =>
    blocksOf(resource, scope, ingestTime);
  readRecords(input, { ...FRAMES, blocksOf: blocksFor, readRecord: readLog }, outcome);
  return outcome.result([logs]);
}

function blocksOf(resource: ResourceColumns, scope: ScopeColumns, ingestTime: bigint): Blocks {
  const middle = block(
    resource.schemaUrl,
    resource.attributes,
    scope.schemaUrl,
    scope.name,
    scope.version,
    scope.attributes,
  );
  const tail = block(
    resource.types,
    resource.dropped,
    scope.types,
    scope.dropped,
    int64Column(ingestTime),
  );
  return {
    service: resource.service,
    middle,
    tail,
    size: middle.length + tail.length,
    serviceName: resource.serviceName,
    fault: resource.fault || scope.fault,
    ingestLow: Number(BigInt.asIntN(32, ingestTime)),
    ingestHigh: Number(ingestTime >> 32n),
  };
}

function readLog(input: Input, start: number, end: number, blocks: Blocks, outcome: Outcome): void {
  if (blocks.fault !== '') {
    outcome.reject(1, blocks.fault);
    return;
  }
  scan(input, LOG, start, end);
  const { slots } = LOG;
  const fault =
    timeFault('time_unix_nano', slots[2]!, slots[3]!) ||
    timeFault('observed_time_unix_nano', slots[22]!, slots[23]!);
  if (fault !== '') {
    outcome.reject(1, fault);
    return;
  }
  // The data model: without a time, the observed one stands for it; without both, ours does.
  let [low, high] = [slots[2]!, slots[3]!];
  if ((low | high) === 0) {
    [low, high] = [slots[22]!, slots[23]!];
  }
  if ((low | high) === 0) {
    [low, high] = [blocks.ingestLow, blocks.ingestHigh];
  }
  const before = logs.writer.size;
  try {
    putLog(logs.writer, input, end - start, blocks, low, high);
  } catch (error) {
    outcome.rejectRow(logs, before, error);
    return;
  }
  outcome.acceptRow(logs, before, start);
  outcome.sawTime(low, high);
  outcome.shows(blocks.serviceName, low, high);
}

/** Writes the scanned record's row, columns in the order of LOG_COLUMNS (store/schema.ts). */
function putLog(
  writer: RowWriter,
  input: Input,
  size: number,
  blocks: Blocks,
  timeLow: number,
  timeHigh: number,
): void {
  const { bytes, view } = input;
  const { slots } = LOG;
  const copied = blocks.service.length + blocks.middle.length + blocks.tail.length;
  writer.beginRow(size, copied);
  types.reset();
  types.beginRow(size, 0);
  putInt64(writer, timeLow, timeHigh);
  putId(writer, input, slots[18]!, slots[19]!, 16);
  putId(writer, input, slots[20]!, slots[21]!, 8);
  putByte(writer, slots[16]! & 0xff);
  putString(writer, bytes, view, slots[6]!, slots[7]!);
  putByte(writer, severityOf(slots[4]!));
  putRaw(writer, blocks.service);
  let bodyType = TYPE_NONE;
  if (slots[10] === slots[11]) {
    putByte(writer, 0);
  } else {
    bodyType = putValue(writer, input, slots[10]!, slots[11]!);
  }
  putRaw(writer, blocks.middle);
  putAttributes(writer, types, input, LOG.list(6));
  putString(writer, bytes, view, slots[24]!, slots[25]!);
  putInt64(writer, slots[22]!, slots[23]!);
  putByte(writer, (slots[2]! | slots[3]!) === 0 ? 1 : 0);
  putInt32(writer, slots[16]!);
  putByte(writer, bodyType);
  putRange(writer, types.bytes, 0, types.size);
  putInt32(writer, slots[14]!);
  putRaw(writer, blocks.tail);
}

function severityOf(value: number): number {
  return value >= 0 && value <= 0xff ? value : 0;
}
