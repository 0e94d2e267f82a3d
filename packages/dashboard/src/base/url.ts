/** The screens a path can name. */
export type Screen = 'overview' | 'traces' | 'trace' | 'logs' | 'metrics' | 'services' | 'views';

/** Where the page is. Everything that a link should bring back is in here, nothing else is. */
export interface PageLocation {
  readonly screen: Screen;
  /** Trace id, metric name or view group; empty for a list. */
  readonly id: string;
  /** q, from, to, live and what the screen adds (span, agg, by, log, …). Never an empty value. */
  readonly params: { readonly [key: string]: string };
}

const SCREENS: ReadonlySet<string> = new Set<Screen>([
  'traces',
  'trace',
  'logs',
  'metrics',
  'services',
  'views',
]);

function isScreen(word: string): word is Screen {
  return SCREENS.has(word);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Reads a path and a search text; an unknown path is the overview. */
export function parseLocation(pathname: string, search: string): PageLocation {
  const [first = '', ...rest] = pathname.replace(/^\/+/, '').split('/');
  const screen = isScreen(first) ? first : 'overview';
  const params: { [key: string]: string } = {};
  for (const [key, value] of new URLSearchParams(search)) {
    if (value !== '') params[key] = value;
  }
  return { screen, id: decode(rest.join('/')), params };
}

/** The path and search text of a location; `parseLocation` reads it back. */
export function formatLocation(location: PageLocation): string {
  const path = location.screen === 'overview' ? '/' : `/${location.screen}`;
  const id = location.id === '' ? '' : `/${encodeURIComponent(location.id)}`;
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(location.params)) {
    if (value !== '') search.set(key, value);
  }
  const text = search.toString();
  return path + id + (text === '' ? '' : `?${text}`);
}

/** The parameters that travel with a person from screen to screen. */
export function timeParams(params: PageLocation['params']): { [key: string]: string } {
  const kept: { [key: string]: string } = {};
  for (const key of ['from', 'to', 'live']) {
    const value = params[key];
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}

/** `params` with the changes of `patch`; undefined or empty takes a key out. */
export function patchParams(
  params: PageLocation['params'],
  patch: { readonly [key: string]: string | undefined },
): { [key: string]: string } {
  const next: { [key: string]: string } = { ...params };
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined || value === '') delete next[key];
    else next[key] = value;
  }
  return next;
}
