import { createSignal, For, Show, type JSX } from 'solid-js';
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
  const next = Math.min(90 * 86_400e3, Math.max(10e3, (to - from) * factor));
  if (range().to === 'now') chooseRelative(`now-${Math.round(next / 1000)}s`);
  else chooseAbsolute(to - next, to);
}

/** The time range button and its popover. */
export function TimeRangePicker(): JSX.Element {
  let popover!: HTMLDivElement;
  let first!: HTMLButtonElement;
  const [fromText, setFromText] = createSignal('');
  const [toText, setToText] = createSignal('');
  const [problem, setProblem] = createSignal('');
  const show = (): void => {
    const { from, to } = rangeMillis();
    setFromText(dateTimeText(from, timeZone()));
    setToText(range().to === 'now' ? 'now' : dateTimeText(to, timeZone()));
    setProblem('');
    popover.togglePopover();
    if (popover.matches(':popover-open')) first.focus();
  };
  useKeys({ T: { run: show, label: 'time range' }, t: { run: show, label: 'time range' } });
  const read = (text: string): number | undefined => {
    const word = text.trim();
    const day = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(word);
    return millisOfTimeWord(
      day && timeZone() === 'utc' ? `${word.replace(' ', 'T')}Z` : word.replace(' ', 'T'),
      now(),
    );
  };
  const apply = (event: SubmitEvent): void => {
    event.preventDefault();
    const from = read(fromText());
    const to = read(toText());
    if (from === undefined || to === undefined) {
      setProblem('Write a date and time, now, or now-15m.');
      return;
    }
    if (from >= to) {
      setProblem('The start must be before the end.');
      return;
    }
    popover.hidePopover();
    if (toText().trim() === 'now' && fromText().trim().startsWith('now-')) {
      chooseRelative(fromText().trim());
    } else chooseAbsolute(from, to);
  };
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
        <div class="time-presets">
          <For each={PRESETS}>
            {([word, label], index) => (
              <button
                type="button"
                class="item"
                classList={{ on: range().from === word && range().to === 'now' }}
                ref={(element) => {
                  if (index() === 0) first = element;
                }}
                onClick={() => {
                  popover.hidePopover();
                  chooseRelative(word);
                }}
              >
                {label}
                <Show when={range().from === word && range().to === 'now'}>
                  <span class="sp" />
                  <Icon name="check" size={13} />
                </Show>
              </button>
            )}
          </For>
        </div>
        <form class="time-absolute" onSubmit={apply}>
          <label>
            From
            <input
              class="field m"
              value={fromText()}
              onInput={(event) => setFromText(event.currentTarget.value)}
            />
          </label>
          <label>
            To
            <input
              class="field m"
              value={toText()}
              onInput={(event) => setToText(event.currentTarget.value)}
            />
          </label>
          <Show when={problem() !== ''}>
            <p class="err" role="alert">
              {problem()}
            </p>
          </Show>
          <div class="time-foot">
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
            <span class="sp" />
            <button type="submit" class="btn pri">
              Apply
            </button>
          </div>
          <p class="t3 time-keys">
            <Key name="-" /> wider <Key name="=" /> narrower <Key name="L" /> live
          </p>
        </form>
      </div>
    </>
  );
}
