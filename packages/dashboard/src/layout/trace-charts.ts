import type { TraceRow } from '@codomyrmex/telemetry-query';
import { logDomain, logPosition } from '../base/scale.js';
import { millisOfNanos } from '../base/time.js';

/** What stands above the list, computed from the loaded rows and nothing else. */
export interface TraceCharts {
  readonly fromMillis: number;
  readonly toMillis: number;
  readonly counts: Uint32Array;
  readonly errors: Uint32Array;
  readonly perMinute: number;
  /** 0…1. */
  readonly errorRatio: number;
  readonly p50Nanos: number;
  readonly p95Nanos: number;
  readonly p99Nanos: number;
  /** The duration axis in nanoseconds, whole decades. */
  readonly minNanos: number;
  readonly maxNanos: number;
  readonly columns: number;
  readonly rows: number;
  /** columns × rows, column after column, row 0 the fastest. */
  readonly cells: Uint32Array;
}

/** The q-quantile (0…1) of ascending values by nearest rank; NaN without values. */
export function quantileOf(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const rank = Math.ceil(q * sorted.length) - 1;
  return sorted[Math.min(sorted.length - 1, Math.max(0, rank))] ?? Number.NaN;
}

/** A rate over less than this would jump with every trace. */
const LEAST_RATE_MINUTES = 0.5;

/** Counts the rows that start within [from, to] into bars and a time × duration grid. */
export function chartTraces(
  rows: readonly TraceRow[],
  fromMillis: number,
  toMillis: number,
  bars: number,
  columns: number,
  gridRows: number,
): TraceCharts {
  const span = Math.max(1, toMillis - fromMillis);
  const counts = new Uint32Array(bars);
  const errors = new Uint32Array(bars);
  const cells = new Uint32Array(columns * gridRows);
  const finished: number[] = [];
  let total = 0;
  let failed = 0;
  let first = 1;
  for (const row of rows) {
    const at = (millisOfNanos(row.startTimeUnixNano) - fromMillis) / span;
    if (at < 0 || at > 1) continue;
    const bar = Math.min(bars - 1, Math.floor(at * bars));
    counts[bar] = (counts[bar] ?? 0) + 1;
    total += 1;
    first = Math.min(first, at);
    if (row.errorCount > 0) {
      errors[bar] = (errors[bar] ?? 0) + 1;
      failed += 1;
    }
    // A running trace has no duration yet.
    if (!row.running) finished.push(Number(row.durationNanos));
  }
  const [minNanos, maxNanos] = finished.length === 0 ? [1e6, 1e10] : logDomain(finished);
  for (const row of rows) {
    const at = (millisOfNanos(row.startTimeUnixNano) - fromMillis) / span;
    if (row.running || at < 0 || at > 1) continue;
    const column = Math.min(columns - 1, Math.floor(at * columns));
    const height = logPosition(Number(row.durationNanos), minNanos, maxNanos);
    const cell = column * gridRows + Math.min(gridRows - 1, Math.floor(height * gridRows));
    cells[cell] = (cells[cell] ?? 0) + 1;
  }
  finished.sort((a, b) => a - b);
  return {
    fromMillis,
    toMillis,
    counts,
    errors,
    // Since the first: a server that began a minute ago is not a tenth as busy as it is.
    perMinute: total / Math.max(LEAST_RATE_MINUTES, ((1 - first) * span) / 60_000),
    errorRatio: total === 0 ? 0 : failed / total,
    p50Nanos: quantileOf(finished, 0.5),
    p95Nanos: quantileOf(finished, 0.95),
    p99Nanos: quantileOf(finished, 0.99),
    minNanos,
    maxNanos,
    columns,
    rows: gridRows,
    cells,
  };
}

/** One value of a facet. */
export interface FacetValue {
  readonly value: string;
  readonly count: number;
}

/** What the rail counts, in the loaded rows. */
export interface TraceFacets {
  readonly error: number;
  readonly ok: number;
  readonly running: number;
  readonly services: readonly FacetValue[];
  readonly operations: readonly FacetValue[];
}

/** Counts rows by status, service and root operation, the most frequent first. */
export function facetTraces(rows: readonly TraceRow[]): TraceFacets {
  const services = new Map<string, number>();
  const operations = new Map<string, number>();
  let error = 0;
  let running = 0;
  for (const row of rows) {
    if (row.errorCount > 0) error += 1;
    if (row.running) running += 1;
    for (const { name } of row.services) services.set(name, (services.get(name) ?? 0) + 1);
    if (!row.rootMissing) operations.set(row.rootName, (operations.get(row.rootName) ?? 0) + 1);
  }
  return {
    error,
    ok: rows.length - error,
    running,
    services: ranked(services),
    operations: ranked(operations),
  };
}

function ranked(counts: ReadonlyMap<string, number>): FacetValue[] {
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}
