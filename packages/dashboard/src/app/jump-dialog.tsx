import { createMemo, createSignal, For, Show, type JSX } from 'solid-js';
import { quoteValue, traceIdOf } from '../base/terms.js';
import { getJson } from '../data/api.js';
import { href, navigate, range } from '../data/location.js';
import { views } from '../data/shared.js';
import { nextTheme } from '../data/theme.js';
import { Icon } from '../parts/icon.js';
import type { IconName } from '../parts/icons.js';
import { Key } from '../parts/text.js';
import { toggleLive } from '../parts/time-range.js';
import { useKeys } from '../parts/use-keys.js';

interface Target {
  readonly name: string;
  readonly kind: string;
  readonly icon: IconName;
  readonly run: () => void;
}

interface Names {
  readonly services: readonly string[];
  readonly metrics: readonly string[];
}

let dialog: HTMLDialogElement | undefined;
const [text, setText] = createSignal('');
const [chosen, setChosen] = createSignal(0);
const [names, setNames] = createSignal<Names>({ services: [], metrics: [] });
const MOST_TARGETS = 12;

/** Opens the palette and asks for the names of services and metrics. */
export function openJump(): void {
  setText('');
  setChosen(0);
  dialog?.showModal();
  const at = { from: range().from, to: range().to };
  const list = async (path: string): Promise<string[]> => {
    try {
      const answer = await getJson<{ items: readonly { name: string }[] }>(path, at);
      return answer.items.map(({ name }) => name);
    } catch {
      // The palette still knows the screens and takes ids.
      return [];
    }
  };
  void Promise.all([list('/services'), list('/metrics')]).then(([services, metrics]) =>
    setNames({ services, metrics }),
  );
}

function targets(): Target[] {
  const go =
    (to: string): (() => void) =>
    () =>
      navigate(to);
  const screens: Target[] = [
    { name: 'Overview', kind: 'screen', icon: 'house', run: go(href('overview')) },
    { name: 'Traces', kind: 'screen', icon: 'list-tree', run: go(href('traces')) },
    { name: 'Logs', kind: 'screen', icon: 'scroll-text', run: go(href('logs')) },
    { name: 'Metrics', kind: 'screen', icon: 'chart-line', run: go(href('metrics')) },
    { name: 'Services', kind: 'screen', icon: 'waypoints', run: go(href('services')) },
    { name: 'Views', kind: 'screen', icon: 'gauge', run: go(href('views')) },
  ];
  const groups = new Set((views()?.items ?? []).map((view) => view.group ?? 'Views'));
  for (const group of groups) {
    screens.push({ name: group, kind: 'views', icon: 'gauge', run: go(href('views', group)) });
  }
  for (const name of names().services) {
    const q = `service=${quoteValue(name)}`;
    screens.push({ name, kind: 'service', icon: 'waypoints', run: go(href('traces', '', { q })) });
  }
  for (const name of names().metrics) {
    screens.push({ name, kind: 'metric', icon: 'chart-line', run: go(href('metrics', name)) });
  }
  screens.push(
    {
      name: 'Errors in traces',
      kind: 'filter',
      icon: 'circle-alert',
      run: go(href('traces', '', { q: 'status=error' })),
    },
    { name: 'Live on or off', kind: 'action', icon: 'activity', run: toggleLive },
    { name: 'Change the theme', kind: 'action', icon: 'sun-moon', run: nextTheme },
  );
  return screens;
}

/** What matches the words; a trace id is a place of its own. */
function found(words: string): Target[] {
  const query = words.trim().toLowerCase();
  const traceId = traceIdOf(query);
  if (traceId !== undefined) {
    const run = (): void => navigate(href('trace', traceId));
    return [{ name: traceId, kind: 'trace', icon: 'list-tree', run }];
  }
  const all = targets();
  if (query === '') return all.slice(0, MOST_TARGETS);
  const hits = all.filter((target) => target.name.toLowerCase().includes(query));
  const run = (): void => navigate(href('traces', '', { q: words.trim() }));
  const search: Target = {
    name: `Traces with ${words.trim()}`,
    kind: 'search',
    icon: 'search',
    run,
  };
  return [...hits.slice(0, MOST_TARGETS), search];
}

/** The palette: screens, views, services, metrics, actions, or a trace id. */
export function JumpDialog(): JSX.Element {
  useKeys({
    'mod+k': { run: openJump, label: 'jump to', inInputs: true },
  });
  const items = createMemo(() => found(text()));
  const take = (target: Target | undefined): void => {
    if (target === undefined) return;
    dialog?.close();
    target.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const count = Math.max(1, items().length);
    if (event.key === 'ArrowDown') setChosen((at) => (at + 1) % count);
    else if (event.key === 'ArrowUp') setChosen((at) => (at + count - 1) % count);
    else if (event.key === 'Enter') take(items()[chosen()]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      class="jump-dialog"
      aria-label="Jump to"
      ref={(element) => {
        dialog = element;
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) event.currentTarget.close();
      }}
    >
      <div onKeyDown={onKeyDown}>
        <JumpInput />
        <div class="jump-list" id="jump-list" role="listbox" aria-label="Places">
          <For each={items()} fallback={<div class="jump-none t3">Nothing by that name</div>}>
            {(target, index) => (
              <JumpItem target={target} index={index()} onTake={() => take(target)} />
            )}
          </For>
        </div>
      </div>
    </dialog>
  );
}

function JumpInput(): JSX.Element {
  return (
    <div class="jump-input">
      <Icon name="search" />
      <input
        value={text()}
        placeholder="Screen, service, metric, or a trace id"
        role="combobox"
        aria-expanded="true"
        aria-controls="jump-list"
        aria-activedescendant={`jump-${chosen()}`}
        aria-label="Jump to"
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
      />
      <Key name="esc" />
    </div>
  );
}

function JumpItem(props: { target: Target; index: number; onTake: () => void }): JSX.Element {
  const on = (): boolean => props.index === chosen();
  return (
    <div
      id={`jump-${props.index}`}
      role="option"
      class="item"
      classList={{ on: on() }}
      aria-selected={on()}
      onPointerMove={() => setChosen(props.index)}
      onClick={() => props.onTake()}
    >
      <Icon name={props.target.icon} />
      <span class="el">{props.target.name}</span>
      <span class="sp" />
      <span class="t3">{props.target.kind}</span>
      <Show when={on()}>
        <Key name="↵" />
      </Show>
    </div>
  );
}
