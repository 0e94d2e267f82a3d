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
import { block, int64Column, resourceColumns, scopeColumns } from './origin.js';
import { Outcome, TableRows } from './outcome.js';
import { Rejection } from './rejection.js';
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
import type { Transcoded } from './transcoded.js';
import { putValue, TYPE_NONE } from './value-text.js';

const REQUEST = new Frame('ExportLogsServiceRequest');
const RESOURCE_LOGS = new Frame('ResourceLogs');
const SCOPE_LOGS = new Frame('ScopeLogs');
const LOG = new Frame('LogRecord');

const logs = new TableRows('otel_logs');
/** LogAttributeTypes, kept until its column's turn. */
const types = new RowWriter();

/** What the log records of one scope share. */
interface Blocks {
  readonly service: Uint8Array;
  /** ResourceSchemaUrl … ScopeAttributes. */
  readonly middle: Uint8Array;
  /** ResourceAttributeTypes … IngestTime. */
  readonly tail: Uint8Array;
  readonly serviceName: string;
  readonly fault: string;
  readonly ingestLow: number;
  readonly ingestHigh: number;
}

export function readLogs(input: Input, ingestTime: bigint): Transcoded {
  logs.reset();
  const outcome = new Outcome(ingestTime);
  scan(input, REQUEST, 0, input.bytes.length);
  const resources = REQUEST.list(1);
  for (let index = 0; index < resources.count; index++) {
    scan(input, RESOURCE_LOGS, resources.starts[index]!, resources.ends[index]!);
    const scopes = RESOURCE_LOGS.list(2);
    let resource: ResourceColumns | undefined;
    for (let inner = 0; inner < scopes.count; inner++) {
      const start = scopes.starts[inner]!;
      scan(input, SCOPE_LOGS, start, scopes.ends[inner]!);
      const { count } = SCOPE_LOGS.list(2);
      if (count > 0) {
        outcome.beginScope(start);
        outcome.beginRecords(count, start);
        resource ??= resourceColumns(input, RESOURCE_LOGS);
        const blocks = blocksOf(resource, scopeColumns(input, SCOPE_LOGS), ingestTime);
        outcome.addSize(blocks.middle.length + blocks.tail.length, start);
        readScope(input, blocks, outcome);
      }
    }
  }
  return outcome.result([logs]);
}

function blocksOf(resource: ResourceColumns, scope: ScopeColumns, ingestTime: bigint): Blocks {
  return {
    service: resource.service,
    middle: block(
      resource.schemaUrl,
      resource.attributes,
      scope.schemaUrl,
      scope.name,
      scope.version,
      scope.attributes,
    ),
    tail: block(
      resource.types,
      resource.dropped,
      scope.types,
      scope.dropped,
      int64Column(ingestTime),
    ),
    serviceName: resource.serviceName,
    fault: resource.fault || scope.fault,
    ingestLow: Number(BigInt.asIntN(32, ingestTime)),
    ingestHigh: Number(ingestTime >> 32n),
  };
}

function readScope(input: Input, blocks: Blocks, outcome: Outcome): void {
  const records = SCOPE_LOGS.list(2);
  if (blocks.fault !== '') {
    outcome.reject(records.count, blocks.fault);
    return;
  }
  for (let index = 0; index < records.count; index++) {
    readLog(input, records.starts[index]!, records.ends[index]!, blocks, outcome);
  }
}

function readLog(input: Input, start: number, end: number, blocks: Blocks, outcome: Outcome): void {
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
  const { writer } = logs;
  const before = writer.size;
  try {
    putLog(writer, input, end - start, blocks, low, high);
  } catch (error) {
    if (!(error instanceof Rejection)) {
      throw error;
    }
    writer.size = before;
    outcome.reject(1, error.reason);
    return;
  }
  outcome.addSize(writer.size - before, start);
  logs.add();
  outcome.sawTime(low, high);
  if (!outcome.accept(low, high)) {
    outcome.unshown(blocks.serviceName, low, high);
  }
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
