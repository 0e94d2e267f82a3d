import type { MetricsOptions } from '../export/options.js';
import { resolveViews } from './views.js';

const NAMES: Readonly<Record<keyof MetricsOptions, true>> = {
  intervalMillis: true,
  temporality: true,
  cardinalityLimit: true,
  exemplarFilter: true,
  views: true,
  runtime: true,
  self: true,
};

/** Throws for an option of `metrics` that is unknown or not of its kind, before anything starts. */
export function checkMetricsOptions(options: MetricsOptions | undefined): void {
  if (options === undefined) return;
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(NAMES, name)) {
      const known = Object.keys(NAMES).join(', ');
      throw new TypeError(`cannot init: unknown option "metrics.${name}"; there are ${known}`);
    }
  }
  checkChoice('temporality', options.temporality, ['cumulative', 'delta', 'lowmemory']);
  const filters = ['always_on', 'always_off', 'trace_based'];
  checkChoice('exemplarFilter', options.exemplarFilter, filters);
  checkedInterval(options.intervalMillis);
  checkedLimit(options.cardinalityLimit);
  resolveViews(options.views ?? []);
}

function checkChoice(name: string, value: string | undefined, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value)) return;
  const text = JSON.stringify(value);
  throw new TypeError(`cannot init: metrics.${name} ${text} is none of ${choices.join(', ')}`);
}

/** An interval that a timer can take. Throws RangeError. */
export function checkedInterval(millis: number | undefined): number | undefined {
  if (millis === undefined) return undefined;
  // setTimeout takes 31 bits; more would make it fire at once.
  if (Number.isSafeInteger(millis) && millis >= 1 && millis < 2 ** 31) return millis;
  throw new RangeError(
    `cannot use metrics.intervalMillis ${millis}: expected a whole number from 1 to 2147483647`,
  );
}

/** A cardinality limit with room for the overflow set and one other. Throws RangeError. */
export function checkedLimit(limit: number | undefined): number | undefined {
  if (limit === undefined || (Number.isSafeInteger(limit) && limit >= 2)) return limit;
  throw new RangeError(`cannot use metrics.cardinalityLimit ${limit}: say a whole number ≥ 2`);
}
