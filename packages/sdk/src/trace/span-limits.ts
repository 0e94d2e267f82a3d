/** How much of a span is kept: options, then `OTEL_*` variables, then the specification. */
import { readCount } from '../common/environment.js';
import type { Environment } from '../common/environment.js';
import { ATTRIBUTE_COUNT, EVENT_COUNT, LINK_COUNT } from '../common/limits.js';
import type { TelemetryOptions } from '../export/options.js';

/** Limits as spans use them; no value means Infinity. */
export interface SpanLimits {
  readonly attributeCount: number;
  readonly valueLength: number;
  readonly eventCount: number;
  readonly linkCount: number;
  readonly eventAttributeCount: number;
  readonly linkAttributeCount: number;
}

/** Resolves the limits. Options that are no whole numbers throw. */
export function resolveSpanLimits(options: TelemetryOptions, environment: Environment): SpanLimits {
  const span = options.spanLimits ?? {};
  const all = options.attributeLimits ?? {};
  const pick = (fromCode: number | undefined, name: string): number | undefined =>
    check(fromCode, name) ?? readCount(environment, name);
  return {
    attributeCount:
      pick(span.attributeCountLimit, 'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT') ??
      pick(all.attributeCountLimit, 'OTEL_ATTRIBUTE_COUNT_LIMIT') ??
      ATTRIBUTE_COUNT,
    valueLength:
      pick(span.attributeValueLengthLimit, 'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
      pick(all.attributeValueLengthLimit, 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
      Number.POSITIVE_INFINITY,
    eventCount: pick(span.eventCountLimit, 'OTEL_SPAN_EVENT_COUNT_LIMIT') ?? EVENT_COUNT,
    linkCount: pick(span.linkCountLimit, 'OTEL_SPAN_LINK_COUNT_LIMIT') ?? LINK_COUNT,
    eventAttributeCount:
      pick(span.attributePerEventCountLimit, 'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT') ?? ATTRIBUTE_COUNT,
    linkAttributeCount:
      pick(span.attributePerLinkCountLimit, 'OTEL_LINK_ATTRIBUTE_COUNT_LIMIT') ?? ATTRIBUTE_COUNT,
  };
}

function check(value: number | undefined, name: string): number | undefined {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return value;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`cannot use the limit ${value} in place of ${name}: not a whole number`);
}
