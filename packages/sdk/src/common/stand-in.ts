/**
 * Providers that stand under the api until the part that makes the real one is loaded. Whoever
 * registers the real one takes the stand-in away first.
 */
const removers = new Map<'metrics' | 'logs', () => void>();

/** Says how a signal's stand-in is taken away; called once it stands. */
export function setStandIn(signal: 'metrics' | 'logs', remove: () => void): void {
  removers.set(signal, remove);
}

/** Takes a signal's stand-in away, where there is one. */
export function removeStandIn(signal: 'metrics' | 'logs'): void {
  removers.get(signal)?.();
  removers.delete(signal);
}
