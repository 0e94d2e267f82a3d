export { MAX_QUERY_LENGTH } from './limits.js';

/** How a view can be drawn. */
export const CHART_TYPES = [
  'line',
  'area',
  'bar',
  'stat',
  'gauge',
  'heatmap',
  'histogram',
  'table',
  'top',
] as const;

/** One of CHART_TYPES. */
export type ChartType = (typeof CHART_TYPES)[number];

/** How the points of one step become one value. */
export const AGGREGATIONS = [
  'rate',
  'avg',
  'min',
  'max',
  'sum',
  'count',
  'last',
  'p50',
  'p75',
  'p90',
  'p95',
  'p99',
] as const;

/** One of AGGREGATIONS. */
export type Aggregation = (typeof AGGREGATIONS)[number];

/** What a threshold of a view says, from the value on. */
export const THRESHOLD_LEVELS = ['ok', 'warn', 'error'] as const;

/** Characters of a view's title, unit, page and attribute keys: a headline, not a text. */
export const MAX_VIEW_TEXT = 200;
/** Characters of a view's metric name (specification, metrics API: 255). */
export const MAX_VIEW_METRIC = 255;
/** Attribute keys that a view splits by: the legend names each combination. */
export const MAX_VIEW_KEYS = 8;
/** Thresholds of a view: each is a line on the chart. */
export const MAX_VIEW_THRESHOLDS = 10;
