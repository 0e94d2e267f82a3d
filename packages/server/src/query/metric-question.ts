import type { Aggregation, MetricType, QueryNode } from '@codomyrmex/telemetry-query';

import { attributeExpressions } from './attribute-sql.js';
import type { Bindings } from './bindings.js';
import { filterSql } from './filter-sql.js';
import { SERIES_KEY } from './metrics.js';
import { METRIC_TABLES } from './point-rows.js';
import { inRange, type TimeRange } from './range.js';

/** A metric question with its defaults filled in. */
export interface MetricQuestion {
  readonly name: string;
  readonly type: MetricType;
  /** A sum that only grows. */
  readonly monotonic: boolean;
  readonly aggregation: Aggregation;
  readonly by: readonly string[];
  readonly filter: QueryNode;
  /** `from` is a multiple of the step. */
  readonly range: TimeRange;
  readonly stepNanos: bigint;
  readonly stepCount: number;
}

/** One value of one group of series in one step. */
export interface Cell {
  readonly labels: readonly string[];
  readonly step: number;
  readonly value: number | undefined;
  /** The time that the step's points speak for, nanoseconds: their distance to the ones before. */
  readonly coverNanos: number;
}

/**
 * Points are read from this long before the range, so that the first step has a point to be
 * compared with: more than two intervals of OpenTelemetry's default export (60 s).
 */
const LOOKBACK_NANOS = 150_000_000_000n;

/** The range with the points before it that the first step needs. */
export function withLookback(question: MetricQuestion): TimeRange {
  const { range, stepNanos } = question;
  const back = stepNanos > LOOKBACK_NANOS ? stepNanos : LOOKBACK_NANOS;
  return { from: range.from > back ? range.from - back : 0n, to: range.to };
}

/** DataPointFlags: the point says that nothing was recorded. */
const HAS_VALUE = 'bitAnd(Flags, 1) = 0';

/**
 * SELECT of the metric's points with `series`, `labels`, `t` and `st` (time and start, Int64
 * nanoseconds) and `columns`, from before the range on.
 */
export function pointsSql(
  bindings: Bindings,
  question: MetricQuestion,
  columns: readonly string[],
): string {
  const { name, type, filter } = question;
  return `SELECT ${SERIES_KEY} AS series, ${labelsSql(bindings, question.by)} AS labels,
      toUnixTimestamp64Nano(TimeUnix) AS t, toUnixTimestamp64Nano(StartTimeUnix) AS st,
      ${columns.join(', ')}
    FROM ${METRIC_TABLES[type]}
    WHERE MetricName = ${bindings.text(name)}
      AND ${inRange(bindings, 'TimeUnix', withLookback(question))} AND ${HAS_VALUE}
      AND (${filterSql(filter, { records: 'points', bindings })})`;
}

function labelsSql(bindings: Bindings, by: readonly string[]): string {
  if (by.length === 0) return `emptyArrayString()`;
  const maps = { own: 'Attributes', resource: 'ResourceAttributes' };
  const values = by.map((key) => {
    if (key === 'service') return 'toString(ServiceName)';
    if (key === 'scope') return 'ScopeName';
    return attributeExpressions(key, maps, bindings).value;
  });
  return `[${values.join(', ')}]`;
}

/** `lagInFrame` of these columns within each series, as `previous_…`, and the row's number. */
export function previousOf(columns: readonly string[]): string {
  const lags = columns.map((column) => `lagInFrame(${column}) OVER w AS previous_${column}`);
  return [...lags, 'row_number() OVER w AS nth'].join(', ');
}

/** The window of `previousOf`. */
export const SERIES_WINDOW =
  'WINDOW w AS (PARTITION BY series ORDER BY t ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)';

/** The number of the step that a point lies in. */
export function stepSql(bindings: Bindings, question: MetricQuestion): string {
  const from = bindings.bind('Int64', question.range.from);
  return `intDiv(t - ${from}, ${bindings.bind('Int64', question.stepNanos)})`;
}

/**
 * The time that a point of `pairs` speaks for: since the one before it in its series; of the first
 * one since the series' start, when that is not long ago.
 */
export function coverSql(readFrom: string): string {
  return `multiIf(nth > 1, t - previous_t, st >= ${readFrom} AND st < t, t - st, 0)`;
}

/** Seconds that a rate in a step divides by: the time its points cover, at least the step's own. */
export function rateSeconds(
  bindings: Bindings,
  question: MetricQuestion,
  cover: string,
  step: string,
): string {
  const nanos = bindings.bind('Int64', question.stepNanos);
  const length = bindings.bind('Int64', question.range.to - question.range.from);
  return `greatest(${cover}, least(${nanos}, ${length} - ${step} * ${nanos}), 1) / 1e9`;
}

/** Conditions on a point and the one before it in its series. */
export const CUMULATIVE = 'temporality = 2';
/** The series began anew between the two: its start moved behind the last point, or it fell. */
export const RESTARTED = 'st >= previous_t';
