import { expect, it } from 'vitest';
import { resolveSpanLimits } from './span-limits.js';

it('reads every limit of spans from the environment', () => {
  const environment = {
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '1',
    OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '2',
    OTEL_SPAN_EVENT_COUNT_LIMIT: '3',
    OTEL_SPAN_LINK_COUNT_LIMIT: '4',
    OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '5',
    OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: '6',
    OTEL_ATTRIBUTE_COUNT_LIMIT: '7',
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '8',
  };
  expect(resolveSpanLimits({}, environment)).toEqual({
    attributeCount: 1,
    valueLength: 2,
    eventCount: 3,
    linkCount: 4,
    eventAttributeCount: 5,
    linkAttributeCount: 6,
  });
  const { OTEL_ATTRIBUTE_COUNT_LIMIT, OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT } = environment;
  const common = { OTEL_ATTRIBUTE_COUNT_LIMIT, OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT };
  expect(resolveSpanLimits({}, common)).toMatchObject({ attributeCount: 7, valueLength: 8 });
  const options = { spanLimits: { attributeCountLimit: 0, eventCountLimit: 9 } };
  expect(resolveSpanLimits(options, environment)).toMatchObject({
    attributeCount: 0,
    eventCount: 9,
    linkCount: 4,
  });
});
