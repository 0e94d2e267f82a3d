import type { LogRecord } from '@codomyrmex/telemetry-query';

import { readAttributes, readValue } from './attribute-value.js';
import {
  mapColumns,
  resourceColumns,
  resourceOf,
  scopeColumns,
  scopeOf,
  type ResourceRow,
  type ScopeRow,
} from './common-rows.js';

/** A log record as LOG_SELECT reads it. */
export interface LogRow extends ResourceRow, ScopeRow {
  readonly time: string;
  readonly observed: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: string;
  readonly bodyType: number;
  readonly keys: readonly string[];
  readonly values: readonly string[];
  readonly types: readonly number[];
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly dropped: number;
  readonly service: string;
}

/** The columns of a LogRow. */
export const LOG_SELECT: string = [
  'toUnixTimestamp64Nano(Timestamp) AS time',
  'toUnixTimestamp64Nano(ObservedTimestamp) AS observed',
  'SeverityNumber AS severityNumber',
  'SeverityText AS severityText',
  'EventName AS eventName',
  'Body AS body',
  'BodyType AS bodyType',
  mapColumns('LogAttributes', 'LogAttributeTypes', 'keys', 'values', 'types'),
  'TraceId AS traceId',
  'SpanId AS spanId',
  'Flags AS flags',
  'DroppedAttributesCount AS dropped',
  'ServiceName AS service',
  resourceColumns(),
  scopeColumns('ScopeDroppedAttributesCount'),
].join(', ');

/**
 * The row as the API's log record. A record that was sent without a time shows the time it was
 * observed at, as the data model says.
 */
export function logOf(row: LogRow): LogRecord {
  return {
    timeUnixNano: row.time,
    observedTimeUnixNano: row.observed,
    severityNumber: row.severityNumber,
    severityText: row.severityText,
    eventName: row.eventName,
    body: readValue(row.body, row.bodyType),
    attributes: readAttributes(row.keys, row.values, row.types),
    traceId: row.traceId,
    spanId: row.spanId,
    flags: row.flags,
    droppedAttributesCount: row.dropped,
    service: row.service,
    resource: resourceOf(row),
    scope: scopeOf(row),
  };
}
