import type { HistogramAnswer, HistogramBucket, QueryNode } from '@codomyrmex/telemetry-query';

import { Bindings } from './bindings.js';
import { filterSql } from './filter-sql.js';
import type { Asking } from './list-request.js';
import { inRange, type TimeRange } from './range.js';
import { toDouble } from './point-rows.js';
import { RequestError } from './request-error.js';
import { IS_ERROR } from './span-rows.js';

/** How many matching records there are over time. */
export interface HistogramQuestion {
  readonly range: TimeRange;
  readonly filter: QueryNode;
  /** `traces`: spans that are roots. */
  readonly kind: 'traces' | 'spans' | 'logs';
  readonly stepNanos?: bigint;
}

/** Steps of one answer. */
const MAX_STEPS = 1000n;
const DEFAULT_STEPS = 60n;

interface Row {
  readonly step: string;
  readonly n: string;
  readonly errors: string;
  readonly warnings: string;
  readonly quantiles: readonly (number | string | null)[];
}

/** Counts by time, every step of the range, empty ones too. */
export async function timeHistogram(
  asking: Asking,
  question: HistogramQuestion,
): Promise<HistogramAnswer> {
  const { kind, filter } = question;
  const step = stepOf(question);
  const range = { from: question.range.from - (question.range.from % step), to: question.range.to };
  const bindings = new Bindings();
  const logs = kind === 'logs';
  const records = logs ? 'logs' : 'spans';
  const condition = filterSql(filter, { records, bindings, running: false, range });
  const from = bindings.bind('Int64', range.from);
  const rows = await asking.engine.query<Row>(
    `SELECT intDiv(toUnixTimestamp64Nano(Timestamp) - ${from}, ${bindings.bind('Int64', step)})
         AS step,
       count() AS n, countIf(${logs ? 'SeverityNumber >= 17' : IS_ERROR}) AS errors,
       countIf(${logs ? 'SeverityNumber BETWEEN 13 AND 16' : '0'}) AS warnings,
       ${logs ? '[]' : 'quantiles(0.5, 0.95)(Duration)'} AS quantiles
     FROM ${logs ? 'otel_logs' : 'otel_traces'}
     WHERE ${inRange(bindings, 'Timestamp', range)} AND (${condition})
       AND ${kind === 'traces' ? `ParentSpanId = ''` : '1'}
     GROUP BY step ORDER BY step`,
    bindings.values,
    asking.options,
  );
  const found = new Map(rows.map((row) => [Number(row.step), row]));
  const count = Number((range.to - range.from + step - 1n) / step);
  const items = Array.from({ length: count }, (_, index) =>
    bucketOf(found.get(index), range.from + BigInt(index) * step, logs),
  );
  return { stepNanos: String(step), items };
}

function bucketOf(row: Row | undefined, time: bigint, logs: boolean): HistogramBucket {
  const [p50, p95] = row?.quantiles ?? [];
  const nanos = (value: number | string | null): string => String(Math.round(toDouble(value)));
  return {
    timeUnixNano: String(time),
    count: Number(row?.n ?? 0),
    errors: Number(row?.errors ?? 0),
    ...(logs ? { warnings: Number(row?.warnings ?? 0) } : {}),
    ...(p50 === undefined ? {} : { p50Nanos: nanos(p50) }),
    ...(p95 === undefined ? {} : { p95Nanos: nanos(p95) }),
  };
}

function stepOf({ range, stepNanos }: HistogramQuestion): bigint {
  const length = range.to - range.from;
  const step = stepNanos ?? length / DEFAULT_STEPS;
  if (step > 0n && length / step <= MAX_STEPS) return step;
  if (step <= 0n) return 1n;
  throw new RequestError('bad_parameter', `step: gives more than ${MAX_STEPS} steps`);
}
