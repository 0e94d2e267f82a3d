import type { LogRecord } from '@codomyrmex/telemetry-query';
import { millisOfNanos } from '../base/time.js';
import { logTime } from './log-time.js';

/** What stands above the lines, computed from the loaded ones and nothing else. */
export interface LogCharts {
  readonly fromMillis: number;
  readonly toMillis: number;
  readonly total: number;
  readonly error: Counted;
  readonly warn: Counted;
  readonly info: Counted;
  readonly debug: Counted;
  readonly services: readonly { readonly value: string; readonly count: number }[];
  readonly scopes: readonly { readonly value: string; readonly count: number }[];
}

/** One severity over time. */
export interface Counted {
  readonly total: number;
  readonly bars: Uint32Array;
}

/** Counts records within [from, to] by severity over time, by service and by logger. */
export function chartLogs(
  logs: Iterable<LogRecord>,
  fromMillis: number,
  toMillis: number,
  bars: number,
): LogCharts {
  const span = Math.max(1, toMillis - fromMillis);
  const levels = [0, 1, 2, 3].map(() => new Uint32Array(bars));
  const totals = [0, 0, 0, 0];
  const services = new Map<string, number>();
  const scopes = new Map<string, number>();
  let total = 0;
  for (const log of logs) {
    const at = (millisOfNanos(logTime(log)) - fromMillis) / span;
    if (at < 0 || at > 1) continue;
    const level = levelOf(log.severityNumber);
    const bar = Math.min(bars - 1, Math.floor(at * bars));
    const counts = levels[level];
    if (counts !== undefined) counts[bar] = (counts[bar] ?? 0) + 1;
    totals[level] = (totals[level] ?? 0) + 1;
    total += 1;
    services.set(log.service, (services.get(log.service) ?? 0) + 1);
    if (log.scope.name !== '') scopes.set(log.scope.name, (scopes.get(log.scope.name) ?? 0) + 1);
  }
  const counted = (level: number): Counted => ({
    total: totals[level] ?? 0,
    bars: levels[level] ?? new Uint32Array(bars),
  });
  return {
    fromMillis,
    toMillis,
    total,
    error: counted(0),
    warn: counted(1),
    info: counted(2),
    debug: counted(3),
    services: ranked(services),
    scopes: ranked(scopes),
  };
}

/** 0 error and above, 1 warn, 2 info (and unset), 3 below. */
function levelOf(severity: number): number {
  if (severity >= 17) return 0;
  if (severity >= 13) return 1;
  return severity === 0 || severity >= 9 ? 2 : 3;
}

function ranked(counts: ReadonlyMap<string, number>): { value: string; count: number }[] {
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}
