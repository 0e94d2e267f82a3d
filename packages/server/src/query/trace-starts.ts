import type { Engine } from '../store/engine.js';
import { LOOKUP_TABLE } from '../store/tables.js';
import { lookupOf } from '../store/trace-lookup.js';
import type { Bindings } from './bindings.js';
import { arrivedIn } from './range.js';

/**
 * Rows (TraceId, Start, End) that say where in time spans of the chosen traces begin: what the
 * lookup table says, snapshots of running spans, and the spans that are so new that the lookup
 * table does not know them. `chosen` is a condition on TraceId.
 */
export function traceStartsSource(engine: Engine, bindings: Bindings, chosen: string): string {
  const sources = [
    `SELECT TraceId, Start, End FROM ${LOOKUP_TABLE} WHERE ${chosen}`,
    `SELECT TraceId, Timestamp AS Start, Timestamp AS End FROM otel_running WHERE ${chosen}`,
  ];
  const pending = lookupOf(engine)?.pending;
  if (pending !== undefined) {
    const { from, to } = pending;
    sources.push(
      `SELECT TraceId, Timestamp AS Start, Timestamp AS End FROM otel_traces
       WHERE ${arrivedIn(bindings, { from, to })} AND ${chosen}`,
    );
  }
  return `(${sources.join(' UNION ALL ')})`;
}
