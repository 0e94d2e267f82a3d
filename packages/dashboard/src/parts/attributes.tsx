import type { Attributes, AttributeValue } from '@codomyrmex/telemetry-query';
import { createMemo, createSignal, For, Show, type JSX } from 'solid-js';
import { attributeText } from '../base/number.js';
import { quoteValue } from '../base/terms.js';
import { CopyButton } from './copy.js';
import { Icon } from './icon.js';
import './parts.css';

/** Attributes shown before «more» is asked for. */
const FIRST_ATTRIBUTES = 12;

/** The term that finds this value; undefined for values a filter cannot name. */
export function attributeTerm(key: string, value: AttributeValue): string | undefined {
  if (
    value === null ||
    (typeof value === 'object' && !('$int' in value) && !('$double' in value))
  ) {
    return undefined;
  }
  return `${key}=${quoteValue(attributeText(value))}`;
}

/** A list of attributes with what can be done with each: filter by it, exclude it, copy it. */
export function AttributeList(props: {
  title: string;
  attributes: Attributes;
  dropped?: number;
  /** Folded until asked for. Default false. */
  folded?: boolean;
  /** Adds a term to the screen's query. */
  onTerm?: (term: string) => void;
}): JSX.Element {
  const [open, setOpen] = createSignal(false);
  const [words, setWords] = createSignal('');
  const [searching, setSearching] = createSignal(false);
  const all = createMemo(() =>
    Object.entries(props.attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const found = createMemo(() => {
    const wanted = words().trim().toLowerCase();
    return wanted === ''
      ? all()
      : all().filter(([key, value]) =>
          `${key} ${attributeText(value)}`.toLowerCase().includes(wanted),
        );
  });
  const shown = (): (readonly [string, AttributeValue])[] => {
    if (open() || words() !== '') return found();
    return props.folded === true ? [] : found().slice(0, FIRST_ATTRIBUTES);
  };
  const more = (): number => found().length - shown().length;
  return (
    <section class="sec attributes">
      <h3>
        {props.title} <span class="t3 n">{all().length}</span>
        <span class="sp" />
        <Show when={all().length > 3}>
          <button
            type="button"
            class="btn ic bare"
            aria-label={`Search ${props.title}`}
            aria-pressed={searching()}
            onClick={() => setSearching((is) => !is)}
          >
            <Icon name="search" size={13} />
          </button>
        </Show>
      </h3>
      <Show when={searching()}>
        <input
          class="field attributes-search"
          aria-label={`Search ${props.title}`}
          placeholder="Key or value"
          value={words()}
          ref={(element) => queueMicrotask(() => element.focus())}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
      </Show>
      <For each={shown()}>
        {([key, value]) => <AttributeRow name={key} value={value} onTerm={props.onTerm} />}
      </For>
      <Show when={more() > 0}>
        <button type="button" class="attributes-more t3" onClick={() => setOpen(true)}>
          {props.folded === true ? `Show ${more()}` : `${more()} more`}
        </button>
      </Show>
      <Show when={(props.dropped ?? 0) > 0}>
        <div class="warn attributes-more">{props.dropped} dropped by the program's limits</div>
      </Show>
    </section>
  );
}

function AttributeRow(props: {
  name: string;
  value: AttributeValue;
  onTerm: ((term: string) => void) | undefined;
}): JSX.Element {
  const text = (): string => attributeText(props.value);
  const bad = (): boolean =>
    (props.name.endsWith('status_code') && Number(text()) >= 500) || props.name === 'error.type';
  return (
    <div class="attribute" data-test="attribute">
      <span class="m t3 el" title={props.name}>
        {props.name}
      </span>
      <span class="m attribute-value" classList={{ err: bad() }} title={text()}>
        {text()}
      </span>
      <span class="attribute-acts">
        <Show when={props.onTerm !== undefined && attributeTerm(props.name, props.value)}>
          {(term) => (
            <>
              <button
                type="button"
                aria-label={`Filter by ${props.name}`}
                title="Filter by this value"
                onClick={() => props.onTerm?.(term())}
              >
                <Icon name="funnel" size={13} />
              </button>
              <button
                type="button"
                aria-label={`Exclude ${props.name}`}
                title="Exclude this value"
                onClick={() => props.onTerm?.(`-${term()}`)}
              >
                <Icon name="funnel-x" size={13} />
              </button>
            </>
          )}
        </Show>
        <CopyButton class="" label={`Copy ${props.name}`} text={text} />
      </span>
    </div>
  );
}
