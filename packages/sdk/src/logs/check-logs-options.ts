import type { LogsOptions } from '../export/options.js';
import { severityNumberFrom } from './severity.js';

/** Throws for an option of `logs` that is not known or not of its kind, before anything starts. */
export function checkLogsOptions(options: LogsOptions | undefined): void {
  if (options === undefined) return;
  for (const name of Object.keys(options)) {
    if (name !== 'minimumSeverity') {
      throw new TypeError(`cannot init: unknown option "logs.${name}"; there is minimumSeverity`);
    }
  }
  checkedSeverity(options.minimumSeverity);
}

/** A severity number, 1 to 24. Throws RangeError. */
export function checkedSeverity(minimum: number | undefined): number | undefined {
  if (minimum === undefined || severityNumberFrom(minimum) !== 0) return minimum;
  throw new RangeError(`cannot use logs.minimumSeverity ${minimum}: expected 1 to 24`);
}
