import { createHash } from 'node:crypto';

import type { View as StoredView } from '@codomyrmex/telemetry-query';
// By its own entry: a program that registers a view loads no parser of queries.
import {
  AGGREGATIONS,
  CHART_TYPES,
  MAX_QUERY_LENGTH,
  MAX_VIEW_KEYS,
  MAX_VIEW_METRIC,
  MAX_VIEW_TEXT,
  MAX_VIEW_THRESHOLDS,
  THRESHOLD_LEVELS,
  type Aggregation,
  type ChartType,
} from '@codomyrmex/telemetry-query/views';

/** How a registered view looks. Everything is optional. */
export interface ViewOptions {
  /** Headline; default the metric's name. */
  readonly title?: string;
  /** Unit of the axis; default the metric's. */
  readonly unit?: string;
  /** Attribute keys: one line, bar or row for each combination of their values. */
  readonly by?: readonly string[];
  /** How points become one value a step; default by the metric's kind. */
  readonly aggregation?: Aggregation;
  /** Only points that match this query, e.g. `service=checkout`. */
  readonly filter?: string;
  /** Ends of the axis or gauge. */
  readonly min?: number;
  readonly max?: number;
  /** From which value on the chart says ok, warn or error. */
  readonly thresholds?: readonly {
    readonly value: number;
    readonly level: 'ok' | 'warn' | 'error';
  }[];
  /** Place on its page; lower comes first. */
  readonly order?: number;
  /** The page it stands on; default "Views". */
  readonly group?: string;
}

/** A view as PUT /api/v1/views/{id} takes it. */
export type ViewBody = Omit<StoredView, 'id' | 'createdUnixNano' | 'updatedUnixNano'>;

/** An id and what stands under it. */
export interface ViewDefinition {
  readonly id: string;
  readonly body: ViewBody;
}

const TEXT = `a text of at most ${MAX_VIEW_TEXT} characters`;

/** What each option must be. A key that is not here is an error that names it. */
const CHECKS: Readonly<Record<keyof ViewOptions, readonly [(value: unknown) => boolean, string]>> =
  {
    title: [isText, TEXT],
    unit: [isText, TEXT],
    by: [
      (value) => isList(value, isText, MAX_VIEW_KEYS),
      `at most ${MAX_VIEW_KEYS} attribute keys`,
    ],
    aggregation: [(value) => AGGREGATIONS.includes(value as Aggregation), AGGREGATIONS.join(', ')],
    filter: [(value) => typeof value === 'string' && value.length <= MAX_QUERY_LENGTH, 'a query'],
    min: [Number.isFinite, 'a finite number'],
    max: [Number.isFinite, 'a finite number'],
    thresholds: [
      (value) => isList(value, isThreshold, MAX_VIEW_THRESHOLDS),
      `at most ${MAX_VIEW_THRESHOLDS} of { value, level }`,
    ],
    order: [Number.isFinite, 'a finite number'],
    group: [isText, TEXT],
  };

/**
 * Checks a view and gives it its id, which is made of group, metric and chart type: the same call
 * replaces its own view, also from another program. Throws TypeError with what to change.
 */
export function defineView(
  metricName: string,
  chartType: ChartType,
  options: ViewOptions,
  source: string,
): ViewDefinition {
  if (typeof metricName !== 'string' || metricName === '' || metricName.length > MAX_VIEW_METRIC) {
    throw new TypeError(
      `cannot register view: the metric name must have 1 to ${MAX_VIEW_METRIC} characters`,
    );
  }
  const subject = `cannot register view of ${JSON.stringify(metricName)}`;
  if (!CHART_TYPES.includes(chartType)) {
    throw new TypeError(
      `${subject}: chart type ${JSON.stringify(chartType)} is none of ${CHART_TYPES.join(', ')}`,
    );
  }
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(CHECKS, key)) {
      const known = Object.keys(CHECKS).join(', ');
      throw new TypeError(`${subject}: unknown option ${key}; the options are ${known}`);
    }
    const [isRight, expected] = CHECKS[key as keyof ViewOptions];
    if (!isRight(value)) throw new TypeError(`${subject}: ${key} must be ${expected}`);
    kept[key] = structuredClone(value);
  }
  if (options.min !== undefined && options.max !== undefined && options.min >= options.max) {
    throw new TypeError(`${subject}: min ${options.min} must be less than max ${options.max}`);
  }
  const id = idOf(options.group ?? 'Views', metricName, chartType);
  return { id, body: { metric: metricName, chartType, ...kept, source } };
}

/** Readable in a URL, and different where only letters differ that a URL does not take. */
function idOf(group: string, metric: string, chartType: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([group, metric, chartType]))
    .digest('hex')
    .slice(0, 8);
  const words = `${group}-${metric}-${chartType}`.toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-');
  return `${words.slice(0, 80)}-${digest}`;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= MAX_VIEW_TEXT;
}

function isList(value: unknown, isItem: (item: unknown) => boolean, most: number): boolean {
  return Array.isArray(value) && value.length <= most && value.every(isItem);
}

function isThreshold(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { value: limit, level } = value as { value?: unknown; level?: unknown };
  return Number.isFinite(limit) && THRESHOLD_LEVELS.some((one) => one === level);
}
