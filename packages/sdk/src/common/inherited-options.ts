/**
 * What worker threads inherit from the thread that makes them: a worker has an SDK of its own, and
 * it should name the same service and send to the same place without a second `init`.
 */
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

const KEY = 'codomyrmex-telemetry.options';

/** Leaves plain data for workers made from now on; what cannot be cloned is left out. */
export function leaveForWorkers(options: Readonly<Record<string, unknown>>): void {
  const plain = Object.entries(options).filter(([, value]) => isPlain(value));
  setEnvironmentData(KEY, Object.fromEntries(plain) as never);
}

/** What the maker of this thread left; empty in the main thread. */
export function inheritedOptions(): Readonly<Record<string, unknown>> {
  if (isMainThread) return {};
  const left = getEnvironmentData(KEY) as unknown;
  return typeof left === 'object' && left !== null ? (left as Record<string, unknown>) : {};
}

function isPlain(value: unknown): boolean {
  if (typeof value === 'function' || value === undefined || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) {
    return false;
  }
  return Object.values(value).every((item) => isPlain(item));
}
