/** The bytes of a log record that is known by the official names only. */
import { flattenAttributes, sanitizeValue } from '../common/attributes.js';
import type { ChunkWriter } from '../common/chunk-writer.js';
import { writeLogRecord } from '../logs/log-encoding.js';
import { severityNumberFrom, severityText } from '../logs/severity.js';
import type { ReadableLogRecord } from './log-record.js';

const UNLIMITED: number = Number.POSITIVE_INFINITY;

/** Appends a readable log record. Limits were its maker's business. */
export function encodeReadableLog(writer: ChunkWriter, record: ReadableLogRecord): void {
  const { hrTime, hrTimeObserved, spanContext } = record;
  const severityNumber = severityNumberFrom(record.severityNumber);
  writeLogRecord(writer, {
    time: { seconds: hrTime[0], nanos: hrTime[1] },
    observedTime: { seconds: hrTimeObserved[0], nanos: hrTimeObserved[1] },
    severityNumber,
    severityText: record.severityText ?? severityText(severityNumber),
    eventName: record.eventName ?? '',
    body: sanitizeValue(record.body, UNLIMITED),
    attributes: flattenAttributes(record.attributes, UNLIMITED, UNLIMITED).flat,
    exception: undefined,
    droppedAttributesCount: record.droppedAttributesCount,
    traceId: spanContext?.traceId,
    spanId: spanContext?.spanId,
    traceFlags: spanContext?.traceFlags ?? 0,
  });
}
