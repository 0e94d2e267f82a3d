import { createMemo, createRoot, createSignal, type Accessor } from 'solid-js';
import {
  formatLocation,
  parseLocation,
  patchParams,
  timeParams,
  type PageLocation,
  type Screen,
} from '../base/url.js';

const [current, setCurrent] = createSignal<PageLocation>(
  parseLocation(window.location.pathname, window.location.search),
);

/** Where the page is. The address bar is the only store of it. */
export const location: Accessor<PageLocation> = current;

window.addEventListener('popstate', () => {
  setCurrent(parseLocation(window.location.pathname, window.location.search));
});

/** Goes to a location; `replace` leaves no step in the history. */
export function navigate(to: PageLocation | string, options?: { replace?: boolean }): void {
  const text = typeof to === 'string' ? to : formatLocation(to);
  if (options?.replace === true) window.history.replaceState(undefined, '', text);
  else window.history.pushState(undefined, '', text);
  setCurrent(parseLocation(window.location.pathname, window.location.search));
}

/** The address of a screen in the time range that is on. */
export function href(
  screen: Screen,
  id: string = '',
  params: { readonly [key: string]: string | undefined } = {},
): string {
  return formatLocation({
    screen,
    id,
    params: patchParams(timeParams(current().params), params),
  });
}

/** One parameter of the address, or the text that stands for its absence. */
export function param(key: string, absent: string = ''): string {
  return current().params[key] ?? absent;
}

/** Changes parameters in place. Typing replaces the step in the history, choosing makes one. */
export function setParams(
  patch: { readonly [key: string]: string | undefined },
  options?: { replace?: boolean },
): void {
  const at = current();
  navigate({ ...at, params: patchParams(at.params, patch) }, options);
}

/** The time range in the words of the address, and whether it follows the clock. */
export interface TimeRange {
  readonly from: string;
  readonly to: string;
  readonly live: boolean;
}

/** Without words in the address: the last 15 minutes, live. */
export const DEFAULT_FROM = 'now-15m';

/** The time range that is on. */
export const range: Accessor<TimeRange> = createRoot(() =>
  createMemo(
    () => {
      const { params } = current();
      const to = params['to'] ?? 'now';
      return {
        from: params['from'] ?? DEFAULT_FROM,
        to,
        live: to === 'now' && params['live'] !== '0',
      };
    },
    undefined,
    { equals: (a, b) => a.from === b.from && a.to === b.to && a.live === b.live },
  ),
);
