import { createEffect, createSignal, on, Show, type JSX } from 'solid-js';
import { Icon } from '../../parts/icon.js';
import { useKeys } from '../../parts/use-keys.js';
import { unfoldAbove } from './waterfall-keys.js';
import type { TraceState } from './trace-state.js';

/** Finds spans by name, service or attribute; enter goes to the next. */
export function TraceSearch(props: { state: TraceState }): JSX.Element {
  let input!: HTMLInputElement;
  const state = props.state;
  const [at, setAt] = createSignal(0);
  const go = (step: number): void => {
    const hits = state.hits();
    if (hits.length === 0) return;
    const next = (at() + step + hits.length) % hits.length;
    setAt(next);
    reveal(hits[next] ?? 0);
  };
  const reveal = (node: number): void => {
    unfoldAbove(state, node);
    state.select(state.keyOf(node));
  };
  createEffect(
    on(state.search, () => {
      setAt(0);
      const first = state.hits()[0];
      if (first !== undefined) reveal(first);
    }),
  );
  useKeys({
    '/': { run: () => input.focus(), label: 'find a span' },
    n: { run: () => go(1), label: 'next hit' },
    N: { run: () => go(-1), label: 'previous hit' },
  });
  return (
    <div class="trace-find" role="search">
      <Icon name="search" size={13} class="t3" />
      <input
        ref={input}
        value={state.search()}
        placeholder="Find a span"
        aria-label="Find a span"
        spellcheck={false}
        onInput={(event) => state.setSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') go(event.shiftKey ? -1 : 1);
          else if (event.key === 'Escape') {
            event.stopPropagation();
            state.setSearch('');
            input.blur();
          }
        }}
      />
      <Show when={state.search() !== ''}>
        <span class="t3 n trace-hits" role="status">
          {state.hits().length === 0 ? 'none' : `${at() + 1} of ${state.hits().length}`}
        </span>
      </Show>
    </div>
  );
}
