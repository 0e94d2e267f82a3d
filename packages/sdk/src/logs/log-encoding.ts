import { writeAttributes, writeKeyValue, writeValueMessage } from '../common/attributes.js';
import type { AnyValue, FlatAttributes } from '../common/attributes.js';
import type { ChunkWriter } from '../common/chunk-writer.js';
import type { UnixTime } from '../common/clock.js';

/** A log record as it goes onto the wire: everything checked and cut. */
export interface EncodableLogRecord {
  readonly time: UnixTime;
  readonly observedTime: UnixTime;
  /** 0: unspecified. */
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: AnyValue;
  readonly attributes: FlatAttributes;
  /** Exception attributes; they stand before the others and do not count against the limit. */
  readonly exception: FlatAttributes | undefined;
  readonly droppedAttributesCount: number;
  /** 32 and 16 hex digits, or undefined outside of any span. */
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly traceFlags: number;
}

/**
 * Appends one record as field 2 of ScopeLogs.
 *
 * LogRecord (logs.proto): 1 time_unix_nano fixed64 · 2 severity_number · 3 severity_text ·
 * 5 body · 6 attributes · 7 dropped_attributes_count · 8 flags fixed32 · 9 trace_id · 10 span_id ·
 * 11 observed_time_unix_nano fixed64 · 12 event_name
 */
export function writeLogRecord(out: ChunkWriter, record: EncodableLogRecord): void {
  out.byte(0x12);
  // Most records lie between 128 bytes and 16 KiB: two bytes of length.
  const start = out.open(256);
  out.byte(0x09);
  out.time(record.time.seconds, record.time.nanos);
  if (record.severityNumber !== 0) {
    out.byte(0x10);
    out.byte(record.severityNumber);
  }
  writeText(out, 0x1a, record.severityText);
  if (record.body !== undefined) {
    out.byte(0x2a);
    writeValueMessage(out, record.body);
  }
  if (record.exception !== undefined) writeAttributes(out, 0x32, record.exception);
  writeOtherAttributes(out, record);
  if (record.droppedAttributesCount > 0) {
    out.byte(0x38);
    out.varint(record.droppedAttributesCount);
  }
  writeSpan(out, record);
  out.byte(0x59);
  out.time(record.observedTime.seconds, record.observedTime.nanos);
  writeText(out, 0x62, record.eventName);
  out.close(start, 256);
}

/** What the program says wins over what the exception says. */
function writeOtherAttributes(out: ChunkWriter, record: EncodableLogRecord): void {
  const flat = record.attributes;
  for (let index = 0; index < flat.length; index += 2) {
    writeKeyValue(out, 0x32, flat[index] as string, flat[index + 1] as AnyValue);
  }
}

function writeSpan(out: ChunkWriter, record: EncodableLogRecord): void {
  const { traceId, spanId } = record;
  if (traceId === undefined || spanId === undefined) return;
  out.byte(0x45);
  out.fixed32(record.traceFlags);
  out.byte(0x4a);
  out.byte(16);
  writeHex(out, traceId);
  out.byte(0x52);
  out.byte(8);
  writeHex(out, spanId);
}

function writeHex(out: ChunkWriter, hex: string): void {
  for (let index = 0; index < hex.length; index += 8) {
    out.idPart(Number.parseInt(hex.slice(index, index + 8), 16));
  }
}

function writeText(out: ChunkWriter, tag: number, text: string): void {
  if (text === '') return;
  out.byte(tag);
  out.string(text);
}
