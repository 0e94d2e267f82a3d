import type { QueryNode, ServiceRow, ServicesAnswer } from '@codomyrmex/telemetry-query';

import { Bindings } from './bindings.js';
import { filterSql } from './filter-sql.js';
import type { Asking } from './list-request.js';
import { inRange, type TimeRange } from './range.js';
import { toDouble } from './point-rows.js';
import { IS_ERROR } from './span-rows.js';

/** Slices of the range in a service's sparkline. */
const SLICES = 30;

interface Row {
  readonly name: string;
  readonly spans: string;
  readonly errors: string;
  readonly quantiles: readonly (number | string | null)[];
  readonly lastSeen: string;
  readonly slices: readonly (readonly [number, string])[];
}

/**
 * Services by name with rate, errors and percentiles of their finished spans over the range.
 * Percentiles are exact up to 8,192 spans a slice and from a sample beyond.
 */
export async function listServices(
  asking: Asking,
  question: { readonly range: TimeRange; readonly filter: QueryNode },
): Promise<ServicesAnswer> {
  const bindings = new Bindings();
  const { range, filter } = question;
  const width = (range.to - range.from) / BigInt(SLICES);
  const from = bindings.bind('Int64', range.from);
  const slice = `intDiv(toUnixTimestamp64Nano(Timestamp) - ${from},
    ${bindings.bind('Int64', width > 0n ? width : 1n)})`;
  const rows = await asking.engine.query<Row>(
    `SELECT name, sum(n) AS spans, sum(failed) AS errors,
       quantilesMerge(0.5, 0.95, 0.99)(state) AS quantiles,
       toUnixTimestamp64Nano(max(last)) AS lastSeen, groupArray((slice, n)) AS slices
     FROM (
       SELECT ServiceName AS name, toInt32(${slice}) AS slice, count() AS n,
         countIf(${IS_ERROR}) AS failed, quantilesState(0.5, 0.95, 0.99)(Duration) AS state,
         max(EndTime) AS last
       FROM otel_traces
       WHERE ${inRange(bindings, 'Timestamp', range)}
         AND (${filterSql(filter, { records: 'spans', bindings, running: false, range })})
       GROUP BY name, slice)
     GROUP BY name ORDER BY name LIMIT 1000`,
    bindings.values,
    asking.options,
  );
  const seconds = Math.max(1e-9, Number(range.to - range.from) / 1e9);
  return { items: rows.map((row) => serviceRow(row, seconds)) };
}

function serviceRow(row: Row, seconds: number): ServiceRow {
  const spanCount = Number(row.spans);
  const errorCount = Number(row.errors);
  const sparkline = Array.from({ length: SLICES }, () => 0);
  for (const [slice, count] of row.slices) {
    const index = Math.min(SLICES - 1, slice);
    sparkline[index] = (sparkline[index] ?? 0) + Number(count);
  }
  const nanos = (index: number): string =>
    String(Math.round(toDouble(row.quantiles[index] ?? undefined)));
  return {
    name: row.name,
    spanCount,
    rate: spanCount / seconds,
    errorCount,
    errorRatio: spanCount === 0 ? 0 : errorCount / spanCount,
    p50Nanos: nanos(0),
    p95Nanos: nanos(1),
    p99Nanos: nanos(2),
    lastSeenUnixNano: row.lastSeen,
    sparkline,
  };
}
