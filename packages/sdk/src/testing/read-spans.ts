/** Spans and log records out of export requests. */
import { decode } from '@codomyrmex/otlp';
import type { LogRecord, Span } from '@codomyrmex/otlp';
import { hexOf, originOf, plainAttributes, plainValue } from './received.js';
import type {
  ReceivedLog,
  ReceivedOrigin,
  ReceivedSpan,
  SpanKindName,
  StatusName,
} from './received.js';

/** By number on the wire. */
const KINDS: readonly SpanKindName[] = [
  'UNSPECIFIED',
  'INTERNAL',
  'SERVER',
  'CLIENT',
  'PRODUCER',
  'CONSUMER',
];
const STATUSES: readonly StatusName[] = ['UNSET', 'OK', 'ERROR'];

/** The spans of an ExportTraceServiceRequest. Throws OtlpError where it is none. */
export function readSpans(bytes: Uint8Array): ReceivedSpan[] {
  const { resourceSpans = [] } = decode('ExportTraceServiceRequest', bytes);
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, spans = [] }) => {
      const origin = originOf(resource, scope);
      return spans.map((span) => received(span, origin));
    }),
  );
}

function received(span: Span, origin: ReceivedOrigin): ReceivedSpan {
  const start = span.startTimeUnixNano ?? 0n;
  const end = span.endTimeUnixNano ?? 0n;
  const running = end === 0n;
  return {
    ...origin,
    traceId: hexOf(span.traceId),
    spanId: hexOf(span.spanId),
    parentSpanId: hexOf(span.parentSpanId),
    name: span.name ?? '',
    kind: KINDS[span.kind ?? 0] ?? 'UNSPECIFIED',
    startTimeUnixNano: start,
    endTimeUnixNano: end,
    durationMillis: running ? 0 : Number(end - start) / 1e6,
    running,
    status: {
      code: STATUSES[span.status?.code ?? 0] ?? 'UNSET',
      message: span.status?.message ?? '',
    },
    attributes: plainAttributes(span.attributes),
    events: (span.events ?? []).map((event) => ({
      name: event.name ?? '',
      timeUnixNano: event.timeUnixNano ?? 0n,
      attributes: plainAttributes(event.attributes),
    })),
    links: (span.links ?? []).map((link) => ({
      traceId: hexOf(link.traceId),
      spanId: hexOf(link.spanId),
      traceState: link.traceState ?? '',
      attributes: plainAttributes(link.attributes),
    })),
    traceState: span.traceState ?? '',
    flags: span.flags ?? 0,
    droppedAttributesCount: span.droppedAttributesCount ?? 0,
    droppedEventsCount: span.droppedEventsCount ?? 0,
    droppedLinksCount: span.droppedLinksCount ?? 0,
  };
}

/** The records of an ExportLogsServiceRequest. Throws OtlpError where it is none. */
export function readLogs(bytes: Uint8Array): ReceivedLog[] {
  const { resourceLogs = [] } = decode('ExportLogsServiceRequest', bytes);
  return resourceLogs.flatMap(({ resource, scopeLogs = [] }) =>
    scopeLogs.flatMap(({ scope, logRecords = [] }) => {
      const origin = originOf(resource, scope);
      return logRecords.map((record) => receivedLog(record, origin));
    }),
  );
}

function receivedLog(record: LogRecord, origin: ReceivedOrigin): ReceivedLog {
  return {
    ...origin,
    timeUnixNano: record.timeUnixNano ?? 0n,
    observedTimeUnixNano: record.observedTimeUnixNano ?? 0n,
    severityNumber: record.severityNumber ?? 0,
    severityText: record.severityText ?? '',
    eventName: record.eventName ?? '',
    body: plainValue(record.body),
    attributes: plainAttributes(record.attributes),
    traceId: hexOf(record.traceId),
    spanId: hexOf(record.spanId),
  };
}
