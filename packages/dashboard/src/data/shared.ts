import type { StatusAnswer, ViewsAnswer } from '@codomyrmex/telemetry-query';
import { createMemo, createRoot, createSignal, type Accessor } from 'solid-js';
import { millisOfNanos, type TimeZone } from '../base/time.js';
import { createAnswer, type Answer } from './connection.js';
import { readSetting, writeSetting } from './theme.js';

/** What the whole page shares: the server's state, the registered views, the clock. */
interface Shared {
  readonly status: Answer<StatusAnswer>;
  readonly views: Answer<ViewsAnswer>;
}

const shared: Shared = createRoot(() => ({
  status: createAnswer(() => ({ live: true, query: { kind: 'status' }, path: '/status' })),
  views: createAnswer(() => ({ live: true, query: { kind: 'views' }, path: '/views' })),
}));

/** The server's state, as it changes. */
export const status: Accessor<StatusAnswer | undefined> = shared.status.data;
/** The registered views, as they change; undefined until the first answer. */
export const views: Accessor<ViewsAnswer | undefined> = shared.views.data;

/** The server's clock minus this one's, in milliseconds: ages are measured on one clock. */
const offset: Accessor<number> = createRoot(() => {
  let best: number | undefined;
  return createMemo(() => {
    const answer = status();
    if (answer === undefined) return best ?? 0;
    const measured = millisOfNanos(answer.nowUnixNano) - Date.now();
    // Each answer was on its way for a while, so the largest offset seen is the nearest. A jump of
    // the clock (sleep) starts anew.
    best = best === undefined || measured > best || best - measured > 2000 ? measured : best;
    return best;
  });
});

const [tick, setTick] = createSignal(0);
setInterval(() => {
  if (!document.hidden) setTick((count) => count + 1);
}, 1000);

/** Now by the server's clock, in milliseconds; steps once a second. */
export const now: Accessor<number> = () => {
  tick();
  return Date.now() + offset();
};

const ZONE_KEY = 'codomyrmex.zone';
const [zone, setZoneSignal] = createSignal<TimeZone>(
  readSetting(ZONE_KEY) === 'utc' ? 'utc' : 'local',
);

/** Which clock times are read in. */
export const timeZone: Accessor<TimeZone> = zone;

/** Sets and keeps it. */
export function setTimeZone(next: TimeZone): void {
  setZoneSignal(next);
  writeSetting(ZONE_KEY, next);
}
