/** How many service colours the theme has: `--c1` … `--c8`. */
export const SERVICE_COLOURS = 8;

/**
 * Where the hash begins. Any number would do; with this one the demo's services have eight colours
 * of their own.
 */
const HASH_SEED = 0xb9e8b9;

/**
 * A service's colour, 1…8: a hash of its name (FNV-1a's steps, Murmur's finish), so it is the same
 * on every screen and in every tab. Two may share one; a name always stands beside the colour.
 */
export function serviceColour(name: string): number {
  let hash = HASH_SEED;
  for (let i = 0; i < name.length; i += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x045d9f3b);
  hash ^= hash >>> 16;
  return ((hash >>> 0) % SERVICE_COLOURS) + 1;
}

/** The class that sets `--c` to the service's colour (base.css). */
export function serviceClass(name: string): string {
  return `c${serviceColour(name)}`;
}

/** The class of the n-th series of a chart: colours in order, so neighbours differ. */
export function seriesClass(index: number): string {
  return `c${(index % SERVICE_COLOURS) + 1}`;
}
