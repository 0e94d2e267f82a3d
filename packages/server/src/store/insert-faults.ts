import { EngineError } from './engine.js';

/**
 * ClickHouse's codes by which the engine says "not now" rather than "not these rows": files and
 * disk (24, 74–77, 243), time, memory and threads (159, 160, 202, 209, 241, 439, 425), stopping
 * (236, 394), too many parts (252), errors of the libraries below (999–1002). Truncated or wrong
 * rows (32, 33, 117, 27, …) are not among them.
 */
const RETRYABLE: ReadonlySet<number> = new Set([
  24, 74, 75, 76, 77, 159, 160, 202, 209, 236, 241, 243, 252, 373, 394, 425, 439, 999, 1000, 1001,
  1002,
]);

/**
 * Whether an insert that failed with `error` may succeed later with the same rows. What did not
 * come from the engine (a file that cannot be written, a session that closed) may.
 */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof EngineError) || error.code === 0) return true;
  // 252 says both "merges are behind" and "this block touches more than 100 partitions".
  if (/partitions for single INSERT block/i.test(error.message)) return false;
  return RETRYABLE.has(error.code);
}
