import { complete, type Suggestion } from '@codomyrmex/telemetry-query';
import { createMemo, createSignal, For, Show, type JSX } from 'solid-js';
import { splitTerms, traceIdOf, withoutTerm, type Term } from '../base/terms.js';
import type { LiveError } from '../data/live.js';
import { href, navigate, param, setParams } from '../data/location.js';
import { Icon } from './icon.js';
import { Key } from './text.js';
import { useKeys } from './use-keys.js';

const MOST_SUGGESTIONS = 9;

function setQuery(next: string): void {
  setParams({ q: next.trim() });
}

/** The query as chips, and the words that come next. Enter takes them in; a trace id jumps. */
export function QueryBar(props: {
  placeholder: string;
  error?: LiveError | undefined;
}): JSX.Element {
  let input: HTMLInputElement | undefined;
  const [draft, setDraft] = createSignal('');
  const query = (): string => param('q');
  const terms = createMemo(() => splitTerms(query()));
  useKeys({ '/': { run: () => input?.focus(), label: 'filter' } });
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
    input?.focus();
  };
  return (
    <div class="q" role="search" classList={{ bad: props.error !== undefined }}>
      <Icon name="search" class="t3" />
      <For each={terms()}>
        {(term) => (
          <Chip
            term={term}
            onEdit={() => edit(term.text)}
            onRemove={() => setQuery(withoutTerm(query(), term.text))}
          />
        )}
      </For>
      <DraftInput
        ref={(element) => {
          input = element;
        }}
        draft={draft()}
        onDraft={setDraft}
        placeholder={props.placeholder}
        invalid={props.error !== undefined}
        onCommit={commit}
        onBack={() => {
          const last = terms().at(-1);
          if (last !== undefined) edit(last.text);
        }}
      />
      <Key name="/" />
      <Show when={draft() === '' ? props.error : undefined}>
        {(error) => (
          <div class="q-error" role="alert">
            <Icon name="circle-alert" size={13} />
            {error().message}
          </div>
        )}
      </Show>
    </div>
  );
}

function Chip(props: { term: Term; onEdit: () => void; onRemove: () => void }): JSX.Element {
  return (
    <span class="tok" classList={{ free: props.term.key === '' }} data-test="query-chip">
      <button
        type="button"
        class="tok-text"
        title="Edit this filter"
        onClick={() => props.onEdit()}
      >
        <Show when={props.term.key !== ''} fallback={props.term.text}>
          <b>{props.term.key}</b>
          <i>{props.term.operator}</i>
          <span class="el">{props.term.value}</span>
        </Show>
      </button>
      <button
        type="button"
        class="tok-x"
        aria-label={`Remove ${props.term.text}`}
        onClick={() => props.onRemove()}
      >
        <Icon name="x" size={11} />
      </button>
    </span>
  );
}

/** The text that is being written, with what may come next under it. */
function DraftInput(props: {
  ref: (element: HTMLInputElement) => void;
  draft: string;
  onDraft: (text: string) => void;
  placeholder: string;
  invalid: boolean;
  onCommit: () => void;
  /** Backspace at the beginning. */
  onBack: () => void;
}): JSX.Element {
  const [chosen, setChosen] = createSignal(-1);
  const [open, setOpen] = createSignal(false);
  const completion = createMemo(() => complete(props.draft, props.draft.length));
  const items = (): readonly Suggestion[] =>
    open() ? completion().items.slice(0, MOST_SUGGESTIONS) : [];
  const write = (text: string): void => {
    setChosen(-1);
    setOpen(true);
    props.onDraft(text);
  };
  const take = (item: Suggestion): void => {
    const { from, to } = completion();
    write(props.draft.slice(0, from) + item.insert + props.draft.slice(to));
  };
  const step = (by: number): void => {
    setChosen((at) => (at + by + items().length + 1) % (items().length + 1));
  };
  const keys = draftKeys({
    draft: () => props.draft,
    suggested: (at) => items()[at],
    chosen,
    take,
    step,
    open: setOpen,
    commit: () => props.onCommit(),
    back: () => props.onBack(),
  });
  return (
    <>
      <input
        ref={(element) => props.ref(element)}
        class="q-input"
        value={props.draft}
        placeholder={props.placeholder}
        role="combobox"
        aria-label="Filter"
        aria-expanded={items().length > 0}
        aria-controls="q-list"
        aria-activedescendant={chosen() >= 0 ? `q-${chosen()}` : undefined}
        aria-invalid={props.invalid}
        spellcheck={false}
        autocomplete="off"
        data-test="query-input"
        onFocus={() => setOpen(true)}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (keys[event.key]?.(event) === true) event.preventDefault();
        }}
        onBlur={() => {
          setOpen(false);
          props.onCommit();
        }}
      />
      <Show when={items().length > 0}>
        <Suggestions items={items()} chosen={chosen()} onTake={take} />
      </Show>
    </>
  );
}

/** What the keys of the input do; true when a key was taken. */
function draftKeys(input: {
  readonly draft: () => string;
  readonly suggested: (at: number) => Suggestion | undefined;
  readonly chosen: () => number;
  readonly take: (item: Suggestion) => void;
  readonly step: (by: number) => void;
  readonly open: (is: boolean) => void;
  readonly commit: () => void;
  readonly back: () => void;
}): { readonly [key: string]: (event: KeyboardEvent) => boolean } {
  return {
    Enter: () => {
      const item = input.suggested(input.chosen());
      if (item === undefined) input.commit();
      else input.take(item);
      return true;
    },
    Tab: () => {
      const item = input.suggested(Math.max(0, input.chosen()));
      if (item === undefined || input.draft() === '') return false;
      input.take(item);
      return true;
    },
    ArrowDown: () => {
      input.open(true);
      input.step(1);
      return true;
    },
    ArrowUp: () => {
      input.step(-1);
      return true;
    },
    Escape: (event) => {
      event.stopPropagation();
      if (input.suggested(0) !== undefined && input.draft() !== '') input.open(false);
      else (event.currentTarget as HTMLInputElement).blur();
      return true;
    },
    Backspace: () => {
      if (input.draft() !== '') return false;
      input.back();
      return true;
    },
  };
}

function Suggestions(props: {
  items: readonly Suggestion[];
  chosen: number;
  onTake: (item: Suggestion) => void;
}): JSX.Element {
  return (
    <div class="q-list" id="q-list" role="listbox" aria-label="Filters">
      <For each={props.items}>
        {(item, i) => (
          <div
            id={`q-${i()}`}
            role="option"
            class="item"
            classList={{ on: i() === props.chosen }}
            aria-selected={i() === props.chosen}
            // Before the input loses the focus, which would take the draft in.
            onPointerDown={(event) => {
              event.preventDefault();
              props.onTake(item);
            }}
          >
            <span class="m">{item.label}</span>
            <span class="sp" />
            <span class="t3 el">{item.detail}</span>
          </div>
        )}
      </For>
    </div>
  );
}
