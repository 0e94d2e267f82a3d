/**
 * A span's bytes, written at its end.
 *
 *     Span    1 trace_id bytes · 2 span_id bytes · 3 trace_state string · 4 parent_span_id bytes
 *             5 name string · 6 kind enum · 7 start fixed64 · 8 end fixed64 · 9 attributes
 *             10 dropped_attributes_count · 11 events · 12 dropped_events_count · 13 links
 *             14 dropped_links_count · 15 status · 16 flags fixed32
 *     Event   1 time fixed64 · 2 name string · 3 attributes · 4 dropped_attributes_count
 *     Link    1 trace_id · 2 span_id · 3 trace_state · 4 attributes · 5 dropped_attributes_count
 *             6 flags fixed32
 *     Status  2 message string · 3 code enum
 *
 * opentelemetry-proto 1.x, trace.proto.
 */
import type { TraceState } from '@opentelemetry/api';
import type { ChunkWriter } from '../common/chunk-writer.js';
import type { UnixTime } from '../common/clock.js';
import { reportOnce } from '../common/diagnostics.js';
import { writeCachedAttributes, writeCachedName } from '../common/encoded-cache.js';
import { int32OfHex } from '../common/ids.js';
import { TAG_RECORD } from '../export/batcher.js';
import { textOf } from './span.js';
import type { RecordedEvent, RecordedLink, RecordedSpan, SpanDetails } from './span.js';
import type { Trace } from './trace-ids.js';

const TAG_TRACE_ID = 0x0a;
const TAG_SPAN_ID = 0x12;
const TAG_TRACE_STATE = 0x1a;
const TAG_PARENT_ID = 0x22;
const TAG_NAME = 0x2a;
const TAG_KIND = 0x30;
const TAG_START = 0x39;
const TAG_END = 0x41;
const TAG_ATTRIBUTE = 0x4a;
const TAG_DROPPED_ATTRIBUTES = 0x50;
const TAG_EVENT = 0x5a;
const TAG_DROPPED_EVENTS = 0x60;
const TAG_LINK = 0x6a;
const TAG_DROPPED_LINKS = 0x70;
const TAG_STATUS = 0x7a;
/** Field 16 takes a tag of two bytes: 16 × 8 + 5 = 133. */
const TAG_FLAGS_0 = 0x85;
const TAG_FLAGS_1 = 0x01;
/** SpanFlags beside the W3C flags: whether the parent is remote is known. */
export const FLAGS_HAS_IS_REMOTE = 0x100;
/** SpanFlags: the parent, or a link's target, is remote. */
export const FLAGS_IS_REMOTE = 0x200;
/** A span with a few attributes takes two bytes of length: 128 to 16,383. */
const SPAN_ESTIMATE = 300;
const EXCEPTION_ESTIMATE = 1000;

/**
 * Appends one span as a record of a chunk. False, and nothing written, when something that the
 * program gave it throws when it is read.
 */
export function encodeSafely(writer: ChunkWriter, span: RecordedSpan): boolean {
  const before = writer.position;
  try {
    encodeSpan(writer, span);
    return true;
  } catch (error: unknown) {
    reportOnce('warn', 'encode', `dropping a span that cannot be read: ${textOf(error)}`);
    writer.position = before;
    return false;
  }
}

/** Appends one span as a record of a chunk. */
function encodeSpan(writer: ChunkWriter, span: RecordedSpan): void {
  const trace = span.trace;
  writer.byte(TAG_RECORD);
  const start = writer.open(SPAN_ESTIMATE);
  writeHead(writer, span, trace);
  const slots = writeCachedName(writer, TAG_NAME, span.name);
  if (span.attributes.length > 0) {
    writeCachedAttributes(writer, TAG_ATTRIBUTE, span.attributes, slots);
  }
  if (span.details !== undefined) writeDetails(writer, span.details, trace.anchor);
  if (span.statusCode !== 0) writeStatus(writer, span.statusCode, span.details?.statusMessage);
  if (trace.state !== undefined) {
    writer.byte(TAG_TRACE_STATE);
    writer.string(stateOf(trace.state));
  }
  writer.close(start, SPAN_ESTIMATE);
}

/** Appends counts, events and links; event times count from `anchor`. */
export function writeDetails(writer: ChunkWriter, details: SpanDetails, anchor: UnixTime): void {
  const { droppedAttributes, events, droppedEvents, links, droppedLinks } = details;
  if (droppedAttributes > 0) writeCount(writer, TAG_DROPPED_ATTRIBUTES, droppedAttributes);
  if (events.length > 0) writeEvents(writer, events, anchor);
  if (droppedEvents > 0) writeCount(writer, TAG_DROPPED_EVENTS, droppedEvents);
  if (links.length > 0) writeLinks(writer, links);
  if (droppedLinks > 0) writeCount(writer, TAG_DROPPED_LINKS, droppedLinks);
}

function writeHead(writer: ChunkWriter, span: RecordedSpan, trace: Trace): void {
  // 18 + 10 + 10 bytes of ids, 2 of kind, 18 of times, 6 of flags.
  writer.ensure(64);
  const { view } = writer;
  let position = writer.position;
  view.setInt16(position, (TAG_TRACE_ID << 8) | 16);
  view.setInt32(position + 2, trace.id0);
  view.setInt32(position + 6, trace.id1);
  view.setInt32(position + 10, trace.id2);
  view.setInt32(position + 14, trace.id3);
  view.setInt16(position + 18, (TAG_SPAN_ID << 8) | 8);
  view.setInt32(position + 20, span.idHigh);
  view.setInt32(position + 24, span.idLow);
  position += 28;
  if ((span.parentHigh | span.parentLow) !== 0) {
    view.setInt16(position, (TAG_PARENT_ID << 8) | 8);
    view.setInt32(position + 2, span.parentHigh);
    view.setInt32(position + 6, span.parentLow);
    position += 10;
  }
  const flags = trace.flags | FLAGS_HAS_IS_REMOTE | (span.parentIsRemote ? FLAGS_IS_REMOTE : 0);
  view.setInt16(position, (TAG_FLAGS_0 << 8) | TAG_FLAGS_1);
  view.setInt32(position + 2, flags, true);
  // OTLP's kinds are the api's plus one: 0 is «unspecified» there.
  view.setInt16(position + 6, (TAG_KIND << 8) | (span.kind + 1));
  position += 8;
  const anchor = trace.anchor;
  view.setInt8(position, TAG_START);
  writer.position = position + 1;
  writer.time(anchor.seconds + span.startSeconds, anchor.nanos + span.startNanos);
  // A span that still runs has no end time (contracts.md §3, Running spans).
  if (!span.isEnded) return;
  writer.byte(TAG_END);
  writer.time(anchor.seconds + span.endSeconds, anchor.nanos + span.endNanos);
}

function writeCount(writer: ChunkWriter, tag: number, count: number): void {
  writer.byte(tag);
  // A link's count is the program's: it may be anything above 0.
  writer.varint(count < 4294967296 ? count >>> 0 : 4294967295);
}

function writeEvents(
  writer: ChunkWriter,
  events: readonly RecordedEvent[],
  anchor: UnixTime,
): void {
  for (let index = 0; index < events.length; index++) {
    const event = events[index]!;
    writer.byte(TAG_EVENT);
    // A stack trace would have to be moved by a byte.
    const estimate = event.name === 'exception' ? EXCEPTION_ESTIMATE : 0;
    const start = writer.open(estimate);
    writer.byte(0x09);
    writer.time(anchor.seconds + event.seconds, anchor.nanos + event.nanos);
    const slots = writeCachedName(writer, 0x12, event.name);
    writeCachedAttributes(writer, 0x1a, event.attributes, slots);
    if (event.droppedAttributes > 0) writeCount(writer, 0x20, event.droppedAttributes);
    writer.close(start, estimate);
  }
}

function writeLinks(writer: ChunkWriter, links: readonly RecordedLink[]): void {
  for (let index = 0; index < links.length; index++) {
    const { context, attributes, droppedAttributes } = links[index]!;
    writer.byte(TAG_LINK);
    const start = writer.open();
    writeHexId(writer, 0x0a, context.traceId, 32);
    writeHexId(writer, 0x12, context.spanId, 16);
    if (context.traceState !== undefined) {
      writer.byte(0x1a);
      writer.string(stateOf(context.traceState));
    }
    writeCachedAttributes(writer, 0x22, attributes);
    if (droppedAttributes > 0) writeCount(writer, 0x28, droppedAttributes);
    writer.byte(0x35);
    const remote = context.isRemote === true ? FLAGS_IS_REMOTE : 0;
    writer.fixed32((context.traceFlags & 255) | FLAGS_HAS_IS_REMOTE | remote);
    writer.close(start);
  }
}

/** A tracestate as text; nothing for what is none. */
export function stateOf(state: TraceState | undefined): string {
  try {
    return state === undefined ? '' : String(state.serialize());
  } catch {
    // Someone else's tracestate threw, or a string took its place.
    return '';
  }
}

/** Appends an id field; one that is no hex of `digits` digits is left out. */
export function writeHexId(writer: ChunkWriter, tag: number, hex: string, digits: number): void {
  // An id of someone else's that is no id is left out: the link's attributes still count.
  if (hex.length !== digits) return;
  for (let offset = 0; offset < digits; offset += 8) {
    if (Number.isNaN(int32OfHex(hex, offset))) return;
  }
  writer.byte(tag);
  writer.byte(digits / 2);
  for (let offset = 0; offset < digits; offset += 8) writer.idPart(int32OfHex(hex, offset));
}

/** Appends the status; OTLP's codes are the api's. */
export function writeStatus(writer: ChunkWriter, code: number, message: string | undefined): void {
  writer.byte(TAG_STATUS);
  const start = writer.open();
  if (message !== undefined && message !== '') {
    writer.byte(0x12);
    writer.string(message);
  }
  writer.byte(0x18);
  writer.byte(code);
  writer.close(start);
}
