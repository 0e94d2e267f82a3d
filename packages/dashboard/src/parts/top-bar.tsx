import { Show, type JSX } from 'solid-js';
import { livePaused, liveState, setLivePaused } from '../data/connection.js';
import type { LiveError } from '../data/live.js';
import { range } from '../data/location.js';
import { CopyButton } from './copy.js';
import { QueryBar } from './query-bar.js';
import { Key } from './text.js';
import { TimeRangePicker, toggleLive } from './time-range.js';

/** Whether the page moves, and the switch for it. */
export function LiveButton(): JSX.Element {
  const words = (): string => {
    if (liveState() === 'reconnecting') return 'Reconnecting';
    if (livePaused()) return 'Paused';
    return 'Live';
  };
  const moving = (): boolean => range().live && !livePaused() && liveState() === 'open';
  const press = (): void => {
    if (livePaused()) setLivePaused(false);
    else toggleLive();
  };
  return (
    <button
      type="button"
      class="btn live-button"
      classList={{ on: moving(), lost: liveState() === 'reconnecting', held: livePaused() }}
      aria-pressed={range().live && !livePaused()}
      data-test="live"
      data-live-state={liveState()}
      onClick={press}
    >
      <span class="dot" classList={{ live: moving() }} />
      <span class="live-words">{words()}</span>
      <Key name="L" />
    </button>
  );
}

/** The bar over every screen: its name, its query, the time range, Live and the link. */
export function TopBar(props: {
  title?: string;
  /** Instead of the title: a trail of links. */
  trail?: JSX.Element;
  /** Without it there is no query bar. */
  placeholder?: string;
  error?: LiveError | undefined;
  /** Between the query and the time range. */
  children?: JSX.Element;
  /** The screen has no range of its own (one trace). */
  timeless?: boolean;
}): JSX.Element {
  return (
    <header class="top">
      <Show when={props.trail} fallback={<h1>{props.title}</h1>}>
        {props.trail}
      </Show>
      <Show when={props.placeholder} fallback={<span class="sp" />}>
        {(placeholder) => <QueryBar placeholder={placeholder()} error={props.error} />}
      </Show>
      {props.children}
      <Show when={props.timeless !== true}>
        <TimeRangePicker />
      </Show>
      <LiveButton />
      <CopyButton
        class="btn ic link-button"
        icon="link"
        label="Copy link"
        text={() => window.location.href}
      />
    </header>
  );
}
