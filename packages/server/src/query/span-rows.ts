import type { Span, SpanEvent, SpanKind, SpanLink, StatusCode } from '@codomyrmex/telemetry-query';

import { readAttributes } from './attribute-value.js';
import {
  mapColumns,
  resourceColumns,
  resourceOf,
  scopeColumns,
  scopeOf,
  type ResourceRow,
  type ScopeRow,
} from './common-rows.js';

/** A span as SPAN_SELECT reads it. */
export interface SpanRow extends ResourceRow, ScopeRow {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: string;
  readonly service: string;
  readonly start: string;
  readonly end: string;
  readonly duration: string;
  readonly status: string;
  readonly statusMessage: string;
  readonly flags: number;
  readonly dropped: readonly [number, number, number];
  readonly keys: readonly string[];
  readonly values: readonly string[];
  readonly types: readonly number[];
  readonly eventTimes: readonly string[];
  readonly eventNames: readonly string[];
  readonly eventKeys: readonly (readonly string[])[];
  readonly eventValues: readonly (readonly string[])[];
  readonly eventTypes: readonly (readonly number[])[];
  readonly eventDropped: readonly number[];
  readonly linkTraceIds: readonly string[];
  readonly linkSpanIds: readonly string[];
  readonly linkTraceStates: readonly string[];
  readonly linkKeys: readonly (readonly string[])[];
  readonly linkValues: readonly (readonly string[])[];
  readonly linkTypes: readonly (readonly number[])[];
  readonly linkDropped: readonly number[];
  readonly linkFlags: readonly number[];
  readonly running: number;
}

/** The columns of a SpanRow, but for `running`, which the question adds. */
export const SPAN_SELECT: string = [
  'TraceId AS traceId',
  'SpanId AS spanId',
  'ParentSpanId AS parentSpanId',
  'TraceState AS traceState',
  'SpanName AS name',
  'SpanKind AS kind',
  'ServiceName AS service',
  'toUnixTimestamp64Nano(Timestamp) AS start',
  'toUnixTimestamp64Nano(EndTime) AS end',
  'Duration AS duration',
  'StatusCode AS status',
  'StatusMessage AS statusMessage',
  'Flags AS flags',
  '[DroppedAttributesCount, DroppedEventsCount, DroppedLinksCount] AS dropped',
  mapColumns('SpanAttributes', 'SpanAttributeTypes', 'keys', 'values', 'types'),
  'arrayMap(t -> toUnixTimestamp64Nano(t), `Events.Timestamp`) AS eventTimes',
  '`Events.Name` AS eventNames',
  'arrayMap(m -> mapKeys(m), `Events.Attributes`) AS eventKeys',
  'arrayMap(m -> mapValues(m), `Events.Attributes`) AS eventValues',
  '`Events.AttributeTypes` AS eventTypes',
  '`Events.DroppedAttributesCount` AS eventDropped',
  '`Links.TraceId` AS linkTraceIds',
  '`Links.SpanId` AS linkSpanIds',
  '`Links.TraceState` AS linkTraceStates',
  'arrayMap(m -> mapKeys(m), `Links.Attributes`) AS linkKeys',
  'arrayMap(m -> mapValues(m), `Links.Attributes`) AS linkValues',
  '`Links.AttributeTypes` AS linkTypes',
  '`Links.DroppedAttributesCount` AS linkDropped',
  '`Links.Flags` AS linkFlags',
  resourceColumns(),
  scopeColumns('ScopeDroppedAttributesCount'),
].join(', ');

/** The row as the API's span; `lost`: it runs in a process that has fallen silent. */
export function spanOf(row: SpanRow, lost = false): Span {
  const running = row.running === 1;
  return {
    traceId: row.traceId,
    spanId: row.spanId,
    parentSpanId: row.parentSpanId,
    name: row.name,
    kind: kindOf(row.kind),
    service: row.service,
    startTimeUnixNano: row.start,
    endTimeUnixNano: running ? '0' : row.end,
    durationNanos: row.duration,
    status: { code: statusOf(row.status), message: row.statusMessage },
    attributes: readAttributes(row.keys, row.values, row.types),
    resource: resourceOf(row),
    scope: scopeOf(row),
    events: row.eventNames.map((name, index) => eventOf(row, name, index)),
    links: row.linkTraceIds.map((traceId, index) => linkOf(row, traceId, index)),
    traceState: row.traceState,
    flags: row.flags,
    droppedAttributesCount: row.dropped[0],
    droppedEventsCount: row.dropped[1],
    droppedLinksCount: row.dropped[2],
    running,
    ...(running && lost ? { lost } : {}),
  };
}

function eventOf(row: SpanRow, name: string, index: number): SpanEvent {
  return {
    timeUnixNano: row.eventTimes[index] ?? '0',
    name,
    attributes: readAttributes(
      row.eventKeys[index] ?? [],
      row.eventValues[index] ?? [],
      row.eventTypes[index] ?? [],
    ),
    droppedAttributesCount: row.eventDropped[index] ?? 0,
  };
}

function linkOf(row: SpanRow, traceId: string, index: number): SpanLink {
  return {
    traceId,
    spanId: row.linkSpanIds[index] ?? '',
    traceState: row.linkTraceStates[index] ?? '',
    attributes: readAttributes(
      row.linkKeys[index] ?? [],
      row.linkValues[index] ?? [],
      row.linkTypes[index] ?? [],
    ),
    droppedAttributesCount: row.linkDropped[index] ?? 0,
    flags: row.linkFlags[index] ?? 0,
  };
}

const KINDS: ReadonlySet<string> = new Set<SpanKind>([
  'UNSPECIFIED',
  'INTERNAL',
  'SERVER',
  'CLIENT',
  'PRODUCER',
  'CONSUMER',
]);

/** `Server` of today's exporter or `SPAN_KIND_SERVER` of older ones. */
function kindOf(text: string): SpanKind {
  const name = text.toUpperCase().replace('SPAN_KIND_', '');
  return KINDS.has(name) ? (name as SpanKind) : 'UNSPECIFIED';
}

/** `Error` of today's exporter or `STATUS_CODE_ERROR` of older ones. */
function statusOf(text: string): StatusCode {
  const name = text.toUpperCase().replace('STATUS_CODE_', '');
  return name === 'OK' || name === 'ERROR' ? name : 'UNSET';
}

/** The SQL condition of a span that failed. */
export const IS_ERROR = `StatusCode IN ('Error', 'STATUS_CODE_ERROR')`;
