/** How many service colours the theme has: `--c1` … `--c8`. */
export const SERVICE_COLOURS = 8;

/**
 * A service's colour, 1…8: a hash of its name (FNV-1a, 32 bits), so it is the same on every screen
 * and in every tab. Two services may share one; a name always stands beside the colour.
 */
export function serviceColour(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return (((hash ^ (hash >>> 15)) >>> 0) % SERVICE_COLOURS) + 1;
}

/** The class that sets `--c` to the service's colour (base.css). */
export function serviceClass(name: string): string {
  return `c${serviceColour(name)}`;
}

/** The class of the n-th series of a chart: colours in order, so neighbours differ. */
export function seriesClass(index: number): string {
  return `c${(index % SERVICE_COLOURS) + 1}`;
}
