/** Assertions over metrics. */
import type { MemoryBackend } from './memory-backend.js';
import { assertionError } from './expect-trace.js';
import { compareAttributes, compareNumber, compareValue } from './match-value.js';
import type { AttributesPattern, Difference, NumberPattern } from './match-value.js';
import type { MetricType, ReceivedPoint } from './read-metrics.js';
import { formatAttributes, formatMillis } from './trace-tree.js';

/** What is expected of a metric. What is left out may be anything. */
export interface MetricPattern {
  /** Only series with these attributes count; without: all. */
  readonly attributes?: AttributesPattern;
  readonly type?: MetricType;
  readonly unit?: string;
  readonly description?: string;
  /** Of sums: of the chosen series together. Of gauges: of the one series that is chosen. */
  readonly value?: NumberPattern;
  /** Of histograms, of the chosen series together, as `sum`, `min` and `max`. */
  readonly count?: NumberPattern;
  readonly sum?: NumberPattern;
  readonly min?: NumberPattern;
  readonly max?: NumberPattern;
  /** How many series are chosen. */
  readonly series?: NumberPattern;
  /** A span that one of the exemplars was measured in. */
  readonly exemplarOf?: { readonly traceId: string; readonly spanId: string };
}

/**
 * Asserts that a metric of that name was recorded, and that it is as `expected`; a number is its
 * value, or a histogram's count. Returns the chosen series. Throws AssertionError that prints what
 * was received.
 */
export function expectMetric(
  backend: MemoryBackend,
  name: string,
  expected: MetricPattern | number = {},
): readonly ReceivedPoint[] {
  const all = backend.metrics;
  const named = all.filter(({ metric }) => metric === name);
  const isHistogram = named.some(({ count }) => count !== undefined);
  const pattern: MetricPattern =
    typeof expected !== 'number'
      ? expected
      : isHistogram
        ? { count: expected }
        : { value: expected };
  const chosen = named.filter(
    ({ attributes }) => compareAttributes(attributes, pattern.attributes) === undefined,
  );
  if (pattern.series === 0 && chosen.length === 0) return chosen;
  const found = chosen.length === 0 ? undefined : compareSeries(chosen, pattern);
  if (chosen.length > 0 && found === undefined) return chosen;
  const reason =
    found?.message ??
    (named.length === 0 ? 'it was not recorded' : 'no series has the expected attributes');
  const names = [...new Set(all.map(({ metric }) => metric))].join(', ');
  const received =
    named.length === 0 ? `metrics: ${names || 'none'}` : named.map(formatPoint).join('\n');
  throw assertionError(
    `the metric ${name} is not as expected: ${reason}\n\nreceived:\n${received}`,
    expectMetric,
    found?.actual,
    found?.expected,
  );
}

function compareSeries(
  chosen: readonly ReceivedPoint[],
  pattern: MetricPattern,
): Difference | undefined {
  const [first] = chosen as [ReceivedPoint, ...ReceivedPoint[]];
  const { type, unit, description, exemplarOf } = pattern;
  return (
    (type === undefined ? undefined : compareValue('its type', first.type, type)) ??
    (unit === undefined ? undefined : compareValue('its unit', first.unit, unit)) ??
    (description === undefined
      ? undefined
      : compareValue('its description', first.description, description)) ??
    (pattern.series === undefined
      ? undefined
      : compareNumber('the number of series', chosen.length, pattern.series)) ??
    compareNumbers(chosen, pattern) ??
    (exemplarOf === undefined ? undefined : findExemplar(chosen, exemplarOf))
  );
}

function compareNumbers(
  chosen: readonly ReceivedPoint[],
  pattern: MetricPattern,
): Difference | undefined {
  if (pattern.value !== undefined && chosen.length > 1 && chosen[0]?.type === 'gauge') {
    const message = `${chosen.length} series of a gauge have no value together: name attributes`;
    return { what: 'series', actual: chosen.length, expected: 1, message };
  }
  for (const key of ['value', 'count', 'sum', 'min', 'max'] as const) {
    const wanted = pattern[key];
    if (wanted === undefined) continue;
    const found = compareNumber(`its ${key}`, together(chosen, key), wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}

function together(
  points: readonly ReceivedPoint[],
  key: 'value' | 'count' | 'sum' | 'min' | 'max',
): number | bigint | undefined {
  const values = points.map((point) => point[key]);
  if (values.includes(undefined)) return undefined;
  if (values.length === 1) return values[0];
  const numbers = values.map(Number);
  if (key === 'min') return Math.min(...numbers);
  if (key === 'max') return Math.max(...numbers);
  return numbers.reduce((sum, value) => sum + value, 0);
}

function findExemplar(
  points: readonly ReceivedPoint[],
  { traceId, spanId }: { readonly traceId: string; readonly spanId: string },
): Difference | undefined {
  const exemplars = points.flatMap((point) => point.exemplars);
  const isThere = exemplars.some((one) => one.traceId === traceId && one.spanId === spanId);
  if (isThere) return undefined;
  const message = `none of its ${exemplars.length} exemplars was measured in span ${spanId}`;
  return { what: 'exemplars', actual: exemplars.length, expected: spanId, message };
}

function formatPoint(point: ReceivedPoint): string {
  const { metric, type, unit, attributes, value, count, sum, min, max } = point;
  const numbers =
    value === undefined
      ? `count ${count}, sum ${sum}, min ${min}, max ${max}`
      : `${value}${unit === '' ? '' : ` ${unit}`}`;
  const parts = [metric, type, numbers, formatAttributes(attributes)];
  const millis = Number(point.timeUnixNano - point.startTimeUnixNano) / 1e6;
  if (type !== 'gauge') parts.push(`${point.temporality} over ${formatMillis(millis)}`);
  return parts.filter((part) => part !== '').join('  ');
}
