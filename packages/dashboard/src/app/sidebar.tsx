import { createMemo, createSignal, For, Show, type JSX } from 'solid-js';
import { bytesText, countText, groupedText } from '../base/number.js';
import { durationOf } from '../base/time.js';
import type { Screen } from '../base/url.js';
import { liveState } from '../data/connection.js';
import { href, location } from '../data/location.js';
import { status, views } from '../data/shared.js';
import { nextTheme, readSetting, themeChoice, writeSetting } from '../data/theme.js';
import { Icon } from '../parts/icon.js';
import type { IconName } from '../parts/icons.js';
import { Key } from '../parts/text.js';
import { openJump } from './jump-dialog.js';
import { openKeys } from './keys-sheet.js';
import { MODIFIER } from './platform.js';

const KEY = 'codomyrmex.sidebar';
const [narrow, setNarrow] = createSignal(readSetting(KEY) === 'narrow');

/** Folds the sidebar to icons, or back. */
export function toggleSidebar(): void {
  setNarrow((is) => !is);
  writeSetting(KEY, narrow() ? 'narrow' : 'wide');
}

const SCREENS: readonly (readonly [Screen, string, IconName, string])[] = [
  ['overview', 'Overview', 'house', 'G O'],
  ['traces', 'Traces', 'list-tree', 'G T'],
  ['logs', 'Logs', 'scroll-text', 'G L'],
  ['metrics', 'Metrics', 'chart-line', 'G M'],
  ['services', 'Services', 'waypoints', 'G S'],
];

/** The group a view stands in when its code names none. */
const DEFAULT_GROUP = 'Views';

function NavLink(props: {
  to: string;
  on: boolean;
  icon: IconName;
  name: string;
  keys?: string;
}): JSX.Element {
  return (
    <a
      href={props.to}
      class="nav-link"
      classList={{ on: props.on }}
      aria-current={props.on ? 'page' : undefined}
      title={props.name}
    >
      <Icon name={props.icon} size={15} />
      <span class="nav-name el">{props.name}</span>
      <Show when={props.on && props.keys !== undefined}>
        <span class="nav-keys t3">{props.keys}</span>
      </Show>
    </a>
  );
}

/** The sidebar: the screens that work, the views from code, and how the ingest is doing. */
export function Sidebar(): JSX.Element {
  const groups = createMemo(() => {
    const names = new Set<string>();
    for (const view of views()?.items ?? []) names.add(view.group ?? DEFAULT_GROUP);
    return [...names].toSorted();
  });
  const on = (screen: Screen): boolean => {
    const at = location().screen;
    return at === screen || (screen === 'traces' && at === 'trace');
  };
  const address = (): string => {
    const endpoint = status()?.endpoints.otlpHttp ?? status()?.endpoints.page;
    return (
      endpoint?.replace(/^https?:\/\//, '').replace('127.0.0.1', 'localhost') ??
      window.location.host
    );
  };
  return (
    <aside class="side" classList={{ narrow: narrow() }} aria-label="Sidebar">
      <div class="ws">
        <div class="logo" aria-hidden="true">
          <i />
        </div>
        <div class="ws-name">
          <b>Codomyrmex</b>
          <span title="Send OTLP/HTTP here">{address()}</span>
        </div>
      </div>
      <button type="button" class="jump" onClick={openJump} aria-label="Jump to">
        <Icon name="search" />
        <span class="jump-words">Jump to…</span>
        <span class="sp" />
        <Key name={`${MODIFIER}K`} />
      </button>
      <nav class="nav" aria-label="Screens">
        <For each={SCREENS}>
          {([screen, name, icon, keys]) => (
            <NavLink to={href(screen)} on={on(screen)} icon={icon} name={name} keys={keys} />
          )}
        </For>
        <h2 class="nav-head">Views from code</h2>
        <For each={groups()} fallback={<ViewsHint on={on('views')} />}>
          {(group) => (
            <NavLink
              to={href('views', group)}
              on={
                on('views') &&
                (location().id === group || (location().id === '' && groups()[0] === group))
              }
              icon="gauge"
              name={group}
              keys="G V"
            />
          )}
        </For>
      </nav>
      <IngestState />
    </aside>
  );
}

function ViewsHint(props: { on: boolean }): JSX.Element {
  return <NavLink to={href('views')} on={props.on} icon="plus" name="registerView()" keys="G V" />;
}

/** Always in sight: what comes in, what was dropped, what is kept, and how fresh it is. */
function IngestState(): JSX.Element {
  const dropped = (): number =>
    (status()?.dropped ?? []).reduce((sum, { count }) => sum + count, 0);
  const rate = (): number => status()?.rates.spans ?? 0;
  const kept = (): string => {
    const nanos = Number(status()?.retention.maxAgeNanos ?? 0);
    if (nanos === 0) return 'all kept';
    const { value, unit } = durationOf(nanos);
    return `${value} ${unit} kept`.replace(/ 0 m /, ' h ').replace(/ h h/, ' h');
  };
  const share = (): number => {
    const disk = status()?.disk;
    if (disk?.maxBytes === undefined || disk.maxBytes === 0) return 0;
    return Math.min(1, disk.usedBytes / disk.maxBytes);
  };
  return (
    <div class="ingest" data-test="ingest">
      <div class="ingest-row">
        <span
          class="dot"
          classList={{
            live: liveState() === 'open' && rate() > 0,
            idle: liveState() === 'open' && rate() === 0,
            lost: liveState() !== 'open',
          }}
        />
        <b class="n" data-test="ingest-rate">
          {liveState() === 'open' ? `${rateText(rate())} spans/s` : 'not connected'}
        </b>
        <span class="sp" />
        <span class="n" classList={{ warn: dropped() > 0 }} title={droppedTitle()}>
          {groupedText(dropped())} dropped
        </span>
      </div>
      <div class="ingest-row n">
        <span title="Spans stored · memory of the server">
          {countText(status()?.stored.spans ?? 0)} spans ·{' '}
          {bytesText(status()?.memory.rssBytes ?? 0)}
        </span>
        <span class="sp" />
        <span>{kept()}</span>
      </div>
      <div
        class="meter"
        role="meter"
        aria-label="Disk used"
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow={Math.round(share() * 100)}
        title={`${bytesText(status()?.disk.usedBytes ?? 0)} on disk`}
      >
        <i style={{ width: `${Math.max(share() * 100, share() > 0 ? 1 : 0)}%` }} />
      </div>
      <IngestTools />
    </div>
  );
}

function IngestTools(): JSX.Element {
  const fresh = (): string => {
    const p95 = status()?.freshness.p95Millis ?? 0;
    return p95 > 0 ? `${Math.round(p95)} ms fresh` : '';
  };
  const icon = (): IconName =>
    themeChoice() === 'dark' ? 'moon' : themeChoice() === 'light' ? 'sun' : 'sun-moon';
  return (
    <div class="ingest-row ingest-tools">
      <button
        type="button"
        class="tool"
        aria-label={`Theme: ${themeChoice()}`}
        title={`Theme: ${themeChoice()}`}
        data-test="theme"
        onClick={nextTheme}
      >
        <Icon name={icon()} />
      </button>
      <button type="button" class="tool" aria-label="Keys" title="Keys" onClick={openKeys}>
        <Icon name="keyboard" />
      </button>
      <span class="sp" />
      <span class="n ingest-fresh" title="End of a span to readable, p95 over the last minute">
        {fresh()}
      </span>
      <span>{status() === undefined ? '' : `v${status()?.version ?? ''}`}</span>
    </div>
  );
}

function rateText(rate: number): string {
  return rate > 0 && rate < 10 ? rate.toFixed(1) : groupedText(rate);
}

function droppedTitle(): string {
  const reasons = (status()?.dropped ?? []).filter(({ count }) => count > 0);
  if (reasons.length === 0) return 'Nothing was dropped';
  return reasons.map(({ reason, count }) => `${groupedText(count)} ${reason}`).join('\n');
}
