/**
 * The bytes of a span that is known by the official names only: someone else's, or one of ours
 * that a processor may have changed. Field numbers: see encode-span.ts.
 */
import { flattenAttributes, writeAttributes } from '../common/attributes.js';
import type { FlatAttributes } from '../common/attributes.js';
import type { ChunkWriter } from '../common/chunk-writer.js';
import { reportOnce } from '../common/diagnostics.js';
import type { ReadableSpan } from '../common/readable-span.js';
import { TAG_RECORD } from '../export/batcher.js';
import {
  FLAGS_HAS_IS_REMOTE,
  FLAGS_IS_REMOTE,
  stateOf,
  writeDetails,
  writeHexId,
  writeStatus,
} from './encode-span.js';
import { kindOf } from './span.js';
import type { ReadableView } from './readable-view.js';

const TAG_TRACE_ID = 0x0a;
const TAG_SPAN_ID = 0x12;
const TAG_TRACE_STATE = 0x1a;
const TAG_PARENT_ID = 0x22;
const TAG_NAME = 0x2a;
const TAG_KIND = 0x30;
const TAG_START = 0x39;
const TAG_END = 0x41;
const TAG_ATTRIBUTE = 0x4a;
const UNLIMITED: number = Number.POSITIVE_INFINITY;
/** Times of a readable span are Unix times. */
const EPOCH = { seconds: 0, nanos: 0 };

/** What 1.x spans had in place of parentSpanContext; some processors still make them. */
interface OldSpan {
  readonly parentSpanId?: string | undefined;
}

/** Appends a readable span as a record of a chunk. Limits were its maker's business. */
export function encodeReadable(writer: ChunkWriter, span: ReadableSpan): void {
  writer.byte(TAG_RECORD);
  const start = writer.open();
  writeHead(writer, span);
  writer.byte(TAG_START);
  writer.time(span.startTime[0], span.startTime[1]);
  writer.byte(TAG_END);
  writer.time(span.endTime[0], span.endTime[1]);
  writeAttributes(writer, TAG_ATTRIBUTE, flat(span.attributes));
  writeDetails(writer, detailsOf(span), EPOCH);
  if (span.status.code !== 0) writeStatus(writer, span.status.code, span.status.message);
  writer.close(start);
}

/**
 * Appends one of our spans as processors left it. False, and nothing written, when they made
 * nonsense of it.
 */
export function encodeView(writer: ChunkWriter, view: ReadableView): boolean {
  const before = writer.position;
  try {
    encodeReadable(writer, view);
    return true;
  } catch (error: unknown) {
    reportOnce('warn', 'span view', `a span was left unreadable by a processor: ${String(error)}`);
    writer.position = before;
    return false;
  }
}

function writeHead(writer: ChunkWriter, span: ReadableSpan): void {
  const context = span.spanContext();
  const parent = span.parentSpanContext;
  writeHexId(writer, TAG_TRACE_ID, context.traceId, 32);
  writeHexId(writer, TAG_SPAN_ID, context.spanId, 16);
  const state = stateOf(context.traceState);
  if (state !== '') {
    writer.byte(TAG_TRACE_STATE);
    writer.string(state);
  }
  const parentId = parent?.spanId ?? (span as OldSpan).parentSpanId;
  if (parentId !== undefined) writeHexId(writer, TAG_PARENT_ID, parentId, 16);
  writer.byte(0x85);
  writer.byte(0x01);
  const remote = parent?.isRemote === true ? FLAGS_IS_REMOTE : 0;
  writer.fixed32((context.traceFlags & 255) | FLAGS_HAS_IS_REMOTE | remote);
  writer.byte(TAG_NAME);
  writer.string(String(span.name));
  writer.byte(TAG_KIND);
  writer.byte(kindOf(span.kind) + 1);
}

function detailsOf(span: ReadableSpan): Parameters<typeof writeDetails>[1] {
  return {
    droppedAttributes: span.droppedAttributesCount,
    droppedEvents: span.droppedEventsCount,
    droppedLinks: span.droppedLinksCount,
    statusMessage: undefined,
    events: span.events.map((event) => ({
      seconds: event.time[0],
      nanos: event.time[1],
      name: String(event.name),
      attributes: flat(event.attributes),
      droppedAttributes: event.droppedAttributesCount ?? 0,
    })),
    links: span.links.map((link) => ({
      context: link.context,
      attributes: flat(link.attributes),
      droppedAttributes: link.droppedAttributesCount ?? 0,
    })),
  };
}

function flat(attributes: unknown): FlatAttributes {
  return flattenAttributes(attributes, UNLIMITED, UNLIMITED).flat;
}
