import type { ServiceRow } from '@codomyrmex/telemetry-query';

/** Why a service needs a look. */
export type HealthReason = 'errors' | 'quiet';

/** From this share of errors on a service needs a look. */
const ERROR_RATIO = 0.02;
/** With fewer spans a share of errors says nothing. */
const LEAST_SPANS = 20;
/** A service that had traffic and then none for this long. */
const QUIET_MILLIS = 30_000;

/**
 * What is wrong with a service by its own numbers; undefined when nothing is. Slowness is not
 * judged: without a baseline a mix of fast and slow operations looks like a tail.
 */
export function healthReason(
  row: ServiceRow,
  nowMillis: number,
  lastSeenMillis: number,
): HealthReason | undefined {
  if (row.spanCount >= LEAST_SPANS && row.errorRatio >= ERROR_RATIO) return 'errors';
  // Busy at least once a second on average, and silent since: not a job that runs now and then.
  if (row.rate >= 1 && nowMillis - lastSeenMillis > QUIET_MILLIS) return 'quiet';
  return undefined;
}

/** The columns a table of services is sorted by. */
export type ServiceOrder = 'name' | 'rate' | 'errors' | 'p50' | 'p95' | 'p99' | 'seen';

/** Services in the order of a column, the largest first (names from a). */
export function sortServices(rows: readonly ServiceRow[], order: ServiceOrder): ServiceRow[] {
  const byName = (a: ServiceRow, b: ServiceRow): number => (a.name < b.name ? -1 : 1);
  const value = (row: ServiceRow): number => {
    switch (order) {
      case 'errors':
        return row.errorRatio;
      case 'p50':
        return Number(row.p50Nanos);
      case 'p95':
        return Number(row.p95Nanos);
      case 'p99':
        return Number(row.p99Nanos);
      case 'seen':
        return Number(row.lastSeenUnixNano);
      default:
        return row.rate;
    }
  };
  if (order === 'name') return rows.toSorted(byName);
  return rows.toSorted((a, b) => value(b) - value(a) || byName(a, b));
}
