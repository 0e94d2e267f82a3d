import { createEffect, createSignal, For, on, Show, type JSX } from 'solid-js';
import { dateTimeText, millisOfTimeWord, nanosOfMillis, rangeLabel } from '../base/time.js';
import { DEFAULT_FROM, range, setParams } from '../data/location.js';
import { now, setTimeZone, timeZone } from '../data/shared.js';
import { Icon } from './icon.js';
import { Key } from './text.js';
import { useKeys } from './use-keys.js';

const PRESETS: readonly (readonly [word: string, label: string])[] = [
  ['now-1m', 'Last minute'],
  ['now-5m', 'Last 5 minutes'],
  ['now-15m', 'Last 15 minutes'],
  ['now-1h', 'Last hour'],
  ['now-6h', 'Last 6 hours'],
  ['now-24h', 'Last 24 hours'],
  ['now-7d', 'Last 7 days'],
];
/** The range is never made shorter or longer than these by keys. */
const LEAST_MILLIS = 10e3;
const MOST_MILLIS = 90 * 86_400e3;

/** Chooses a range that follows the clock. */
export function chooseRelative(from: string): void {
  setParams({ from: from === DEFAULT_FROM ? undefined : from, to: undefined, live: undefined });
}

/** Chooses a range that stands still, in milliseconds. */
export function chooseAbsolute(fromMillis: number, toMillis: number): void {
  setParams({ from: nanosOfMillis(fromMillis), to: nanosOfMillis(toMillis), live: undefined });
}

/** The two ends of the range that is on, in milliseconds. */
export function rangeMillis(): { from: number; to: number } {
  const at = now();
  const { from, to } = range();
  return {
    from: millisOfTimeWord(from, at) ?? at - 900_000,
    to: millisOfTimeWord(to, at) ?? at,
  };
}

/** Live on, or frozen to the absolute range that is shown. */
export function toggleLive(): void {
  const at = range();
  if (!at.live) {
    const relative = at.from.startsWith('now-');
    setParams({ from: relative ? at.from : undefined, to: undefined, live: undefined });
    return;
  }
  const { from, to } = rangeMillis();
  setParams({ from: nanosOfMillis(from), to: nanosOfMillis(to), live: '0' });
}

/** Halves or doubles the range, keeping its end. */
export function scaleRange(factor: number): void {
  const { from, to } = rangeMillis();
  const next = Math.min(MOST_MILLIS, Math.max(LEAST_MILLIS, (to - from) * factor));
  if (range().to === 'now') chooseRelative(`now-${Math.round(next / 1000)}s`);
  else chooseAbsolute(to - next, to);
}

/** A time as a person writes it: a word, or a date read by the chosen clock. */
function readTime(text: string): number | undefined {
  const word = text.trim();
  const day = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(word);
  const iso = word.replace(' ', 'T');
  return millisOfTimeWord(day && timeZone() === 'utc' ? `${iso}Z` : day ? iso : word, now());
}

/** The time range button and its popover. */
export function TimeRangePicker(): JSX.Element {
  let popover!: HTMLDivElement;
  const [shown, setShown] = createSignal(0);
  const close = (): void => popover.hidePopover();
  const show = (): void => {
    setShown((count) => count + 1);
    popover.togglePopover();
    if (popover.matches(':popover-open')) popover.querySelector('button')?.focus();
  };
  useKeys({ T: { run: show, label: 'time range' }, t: { run: show, label: 'time range' } });
  return (
    <>
      <button
        type="button"
        class="btn time-button"
        aria-haspopup="dialog"
        data-test="time-range"
        onClick={show}
      >
        <Icon name="clock" />
        <span class="time-label n">{rangeLabel(range().from, range().to, timeZone())}</span>
        <Icon name="chevron-down" size={12} />
      </button>
      <div class="pop time-pop" popover="auto" ref={popover} role="dialog" aria-label="Time range">
        <Presets close={close} />
        <AbsoluteForm close={close} opened={shown()} />
      </div>
    </>
  );
}

function Presets(props: { close: () => void }): JSX.Element {
  const chosen = (word: string): boolean => range().from === word && range().to === 'now';
  return (
    <div class="time-presets">
      <For each={PRESETS}>
        {([word, label]) => (
          <button
            type="button"
            class="item"
            classList={{ on: chosen(word) }}
            onClick={() => {
              props.close();
              chooseRelative(word);
            }}
          >
            {label}
            <Show when={chosen(word)}>
              <span class="sp" />
              <Icon name="check" size={13} />
            </Show>
          </button>
        )}
      </For>
    </div>
  );
}

/** Two times to write; they begin with the range that is on each time the popover opens. */
function AbsoluteForm(props: { close: () => void; opened: number }): JSX.Element {
  const [fromText, setFromText] = createSignal('');
  const [toText, setToText] = createSignal('');
  const [problem, setProblem] = createSignal('');
  createEffect(
    on(
      () => props.opened,
      () => {
        const { from, to } = rangeMillis();
        setFromText(dateTimeText(from, timeZone()));
        setToText(range().to === 'now' ? 'now' : dateTimeText(to, timeZone()));
        setProblem('');
      },
    ),
  );
  const apply = (event: SubmitEvent): void => {
    event.preventDefault();
    const start = readTime(fromText());
    const end = readTime(toText());
    if (start === undefined || end === undefined) {
      setProblem('Write a date and time, now, or now-15m.');
    } else if (start >= end) setProblem('The start must be before the end.');
    else {
      props.close();
      const follows = toText().trim() === 'now' && fromText().trim().startsWith('now-');
      if (follows) chooseRelative(fromText().trim());
      else chooseAbsolute(start, end);
    }
  };
  const field = (label: string, text: () => string, set: (text: string) => void): JSX.Element => (
    <label>
      {label}
      <input
        class="field m"
        value={text()}
        spellcheck={false}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </label>
  );
  return (
    <form class="time-absolute" onSubmit={apply}>
      {field('From', fromText, setFromText)}
      {field('To', toText, setToText)}
      <Show when={problem() !== ''}>
        <p class="err" role="alert">
          {problem()}
        </p>
      </Show>
      <div class="time-foot">
        <ZoneChoice />
        <span class="sp" />
        <button type="submit" class="btn pri">
          Apply
        </button>
      </div>
      <p class="t3 time-keys">
        <Key name="-" /> wider <Key name="=" /> narrower <Key name="L" /> live
      </p>
    </form>
  );
}

function ZoneChoice(): JSX.Element {
  return (
    <div class="seg" role="group" aria-label="Time zone">
      <For each={['local', 'utc'] as const}>
        {(zone) => (
          <button
            type="button"
            classList={{ on: timeZone() === zone }}
            aria-pressed={timeZone() === zone}
            onClick={() => setTimeZone(zone)}
          >
            {zone === 'utc' ? 'UTC' : 'Local'}
          </button>
        )}
      </For>
    </div>
  );
}
