import type { FacetsAnswer, QueryNode } from '@codomyrmex/telemetry-query';

import { attributeExpressions } from './attribute-sql.js';
import { Bindings } from './bindings.js';
import { filterSql } from './filter-sql.js';
import type { Asking } from './list-request.js';
import { inRange, type TimeRange } from './range.js';

/** Values of keys with counts, over the records that match. */
export interface FacetsQuestion {
  readonly range: TimeRange;
  readonly filter: QueryNode;
  readonly keys: readonly string[];
  readonly records: 'spans' | 'logs';
  /** Values a key. */
  readonly limit: number;
}

const SPAN_COLUMNS: { readonly [key: string]: string } = {
  service: 'toString(ServiceName)',
  name: 'toString(SpanName)',
  kind: `lower(replaceOne(toString(SpanKind), 'SPAN_KIND_', ''))`,
  status: `lower(replaceOne(toString(StatusCode), 'STATUS_CODE_', ''))`,
  scope: 'ScopeName',
};

const SEVERITY = `multiIf(SeverityNumber >= 21, 'fatal', SeverityNumber >= 17, 'error',
  SeverityNumber >= 13, 'warn', SeverityNumber >= 9, 'info', SeverityNumber >= 5, 'debug',
  SeverityNumber >= 1, 'trace', lower(toString(SeverityText)))`;

const LOG_COLUMNS: { readonly [key: string]: string } = {
  service: 'toString(ServiceName)',
  name: 'EventName',
  severity: SEVERITY,
  scope: 'ScopeName',
};

/** The values of each key, most frequent first; records without the key are not counted. */
export async function listFacets(asking: Asking, question: FacetsQuestion): Promise<FacetsAnswer> {
  const { range, filter, keys, records, limit } = question;
  if (keys.length === 0) return { items: [] };
  const bindings = new Bindings();
  const spans = records === 'spans';
  const condition = filterSql(filter, { records, bindings, running: false, range });
  const pairs = keys.map((key, index) => `(${index}, ${expression(key, spans, bindings)})`);
  const rows = await asking.engine.query<{ key: number; value: string; n: string }>(
    `SELECT pair.1 AS key, pair.2 AS value, count() AS n
     FROM (
       SELECT arrayJoin([${pairs.join(', ')}]) AS pair
       FROM ${spans ? 'otel_traces' : 'otel_logs'}
       WHERE ${inRange(bindings, 'Timestamp', range)} AND (${condition}))
     WHERE value != ''
     GROUP BY key, value ORDER BY n DESC, value
     LIMIT ${bindings.bind('UInt32', limit + 1)} BY key`,
    bindings.values,
    asking.options,
  );
  return {
    items: keys.map((key, index) => {
      const values = rows.filter((row) => row.key === index);
      return {
        key,
        values: values.slice(0, limit).map((row) => ({ value: row.value, count: Number(row.n) })),
        more: values.length > limit,
      };
    }),
  };
}

function expression(key: string, spans: boolean, bindings: Bindings): string {
  const column = (spans ? SPAN_COLUMNS : LOG_COLUMNS)[key];
  if (column !== undefined) return column;
  const own = spans ? 'SpanAttributes' : 'LogAttributes';
  return attributeExpressions(key, { own, resource: 'ResourceAttributes' }, bindings).value;
}
