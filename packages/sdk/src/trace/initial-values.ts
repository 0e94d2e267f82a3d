/** What a span is given at its start. */
import type { Attributes } from '@opentelemetry/api';
import { safeGet, safeKeys, sanitizeValue } from '../common/attributes.js';
import { reading } from '../common/clock.js';
import { reportOnce } from '../common/diagnostics.js';
import { readAt } from './span.js';
import type { RecordedSpan } from './span.js';
import type { SpanLimits } from './span-limits.js';

/** Attributes at the start: the same rules as setAttribute, without looking for an older value. */
export function addInitial(span: RecordedSpan, attributes: Attributes, limits: SpanLimits): void {
  if (typeof attributes !== 'object' || attributes === null) return;
  try {
    const prototype: unknown = Object.getPrototypeOf(attributes);
    if (prototype === Object.prototype || prototype === null) {
      // A plain object has no inherited keys, and for…in makes no list of its own.
      for (const key in attributes) addOne(span, key, attributes[key], limits);
      return;
    }
  } catch {
    // A getter threw: once more, one by one.
    span.attributes.length = 0;
  }
  for (const key of safeKeys(attributes)) addOne(span, key, safeGet(attributes, key), limits);
}

function addOne(span: RecordedSpan, key: string, value: unknown, limits: SpanLimits): void {
  const isPlain =
    typeof value === 'number' ||
    (typeof value === 'string' && value.length <= 1024 && value.length <= limits.valueLength);
  const kept = isPlain ? value : sanitizeValue(value, limits.valueLength);
  if (kept === undefined || key === '') return;
  const flat = span.attributes;
  if (flat.length >= limits.attributeCount * 2) span.detailed().droppedAttributes++;
  else flat.push(key, kept);
}

/** Sets a start time of the program's; one that is none is reported, and the present stays. */
export function setStart(span: RecordedSpan, startTime: unknown): void {
  if (!readAt(span.trace, startTime)) {
    reportOnce('warn', 'start time', `span ${JSON.stringify(span.name)}: invalid start time`);
    return;
  }
  span.startSeconds = reading.seconds;
  span.startNanos = reading.nanos;
}
