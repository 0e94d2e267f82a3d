/**
 * Providers that stand under the api until the part that makes the real one is loaded. Whoever
 * registers the real one takes the stand-in away first.
 */
const removers = new Map<StandIn, () => void>();

/** What a stand-in can stand for. */
export type StandIn = 'context' | 'propagation' | 'traces' | 'metrics' | 'logs';

/** Says how a signal's stand-in is taken away; called once it stands. */
export function setStandIn(signal: StandIn, remove: () => void): void {
  removers.set(signal, remove);
}

/** Takes a signal's stand-in away, where there is one. */
export function removeStandIn(signal: StandIn): void {
  removers.get(signal)?.();
  removers.delete(signal);
}

/** True while a stand-in stands. */
export function hasStandIn(signal: StandIn): boolean {
  return removers.has(signal);
}
