import { createMemo, createSignal, For, Show, type JSX } from 'solid-js';
import { splitTerms, traceIdOf, withoutTerm } from '../base/terms.js';
import { href, navigate, param, setParams } from '../data/location.js';
import type { LiveError } from '../data/live.js';
import { Icon } from './icon.js';
import { Key } from './text.js';
import { useKeys } from './use-keys.js';

/** The query as chips, and the words that come next. Enter takes them in; a trace id jumps. */
export function QueryBar(props: {
  placeholder: string;
  error?: LiveError | undefined;
}): JSX.Element {
  let input!: HTMLInputElement;
  const [draft, setDraft] = createSignal('');
  const query = (): string => param('q');
  const terms = createMemo(() => splitTerms(query()));
  const setQuery = (next: string): void => setParams({ q: next.trim() });

  useKeys({
    '/': { run: () => input.focus(), label: 'filter' },
  });

  const commit = (): void => {
    const text = draft().trim();
    if (text === '') return;
    setDraft('');
    const traceId = traceIdOf(text);
    if (traceId === undefined) setQuery(`${query()} ${text}`);
    else navigate(href('trace', traceId));
  };
  const edit = (text: string): void => {
    setQuery(withoutTerm(query(), text));
    setDraft(text);
    input.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') {
      event.preventDefault();
      commit();
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      if (draft() === '') input.blur();
      else setDraft('');
    } else if (event.key === 'Backspace' && draft() === '') {
      const last = terms().at(-1);
      if (last === undefined) return;
      event.preventDefault();
      edit(last.text);
    }
  };
  return (
    <div class="q" role="search" classList={{ bad: props.error !== undefined }}>
      <span class="t3">
        <Icon name="search" />
      </span>
      <For each={terms()}>
        {(term) => (
          <span class="tok" classList={{ free: term.key === '' }}>
            <button
              type="button"
              class="tok-text"
              title="Edit this filter"
              onClick={() => edit(term.text)}
            >
              <Show when={term.key !== ''} fallback={term.text}>
                <b>{term.key}</b>
                <i>{term.operator}</i>
                <span class="el">{term.value}</span>
              </Show>
            </button>
            <button
              type="button"
              class="tok-x"
              aria-label={`Remove ${term.text}`}
              onClick={() => setQuery(withoutTerm(query(), term.text))}
            >
              <Icon name="x" size={11} />
            </button>
          </span>
        )}
      </For>
      <input
        ref={input}
        class="q-input"
        value={draft()}
        placeholder={props.placeholder}
        aria-label="Filter"
        aria-invalid={props.error !== undefined}
        spellcheck={false}
        autocomplete="off"
        data-test="query-input"
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={commit}
      />
      <Key name="/" />
      <Show when={props.error}>
        {(error) => (
          <div class="q-error" role="alert">
            <Icon name="circle-alert" size={13} />
            {error().message}
            <Show when={error().column !== undefined}>
              <span class="t3 m"> at column {(error().column ?? 0) + 1}</span>
            </Show>
          </div>
        )}
      </Show>
    </div>
  );
}
