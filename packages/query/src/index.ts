export type * from './api.js';
export type * from './live.js';
export { complete } from './complete.js';
export type { Completion, Suggestion } from './complete.js';
export { builtInKey, BUILT_IN_KEYS, closest, parseSeverity } from './keys.js';
export type { BuiltInKey, KeyValueType } from './keys.js';
export { MAX_QUERY_DEPTH, MAX_QUERY_LENGTH, MAX_QUERY_TERMS } from './limits.js';
export { durationNanos, parse } from './parse.js';
export type { ParseResult } from './parse.js';
export { print, printValue, quote } from './print.js';
export { QueryError } from './query-error.js';
export type { QueryFault } from './query-error.js';
export { isRelativeTime, parseTime } from './time.js';
export { tokenize } from './tokenize.js';
export type { Token, TokenType } from './tokenize.js';
export { and, MATCH_ALL, or, terms } from './tree.js';
export type {
  AndNode,
  CompareNode,
  ExistsNode,
  NotNode,
  OrNode,
  QueryNode,
  QueryOperator,
  QueryPlace,
  QueryValue,
  TextNode,
} from './tree.js';
export { parseDuration, parseNumber } from './units.js';
export {
  AGGREGATIONS,
  CHART_TYPES,
  MAX_VIEW_KEYS,
  MAX_VIEW_METRIC,
  MAX_VIEW_TEXT,
  MAX_VIEW_THRESHOLDS,
  THRESHOLD_LEVELS,
} from './views.js';
export type { Aggregation, ChartType } from './views.js';
