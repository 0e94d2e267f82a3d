import { For, Show, type JSX } from 'solid-js';
import { countText } from '../base/number.js';
import { hasTerm, quoteValue, withoutTerm, withTerm } from '../base/terms.js';
import { param, setParams } from '../data/location.js';
import { Icon } from './icon.js';
import { ServiceDot } from './text.js';

/** Values shown of a facet. */
const MOST_VALUES = 10;

/** One value of a facet. */
export interface FacetValue {
  readonly value: string;
  readonly count: number;
}

/** Puts a term into the query or takes it out; alt puts its opposite in. */
export function toggleTerm(term: string, opposite: boolean): void {
  const query = param('q');
  const wanted = opposite ? `-${term}` : term;
  setParams({ q: hasTerm(query, wanted) ? withoutTerm(query, wanted) : withTerm(query, wanted) });
}

/** One value of a facet: click filters by it. */
export function FacetRow(props: {
  term: string;
  label: JSX.Element;
  count: number;
  most: number;
  /** Alt-click excludes it. A trace matches by any one span, so excluding says little there. */
  excludable?: boolean;
}): JSX.Element {
  const on = (): boolean => hasTerm(param('q'), props.term);
  const off = (): boolean => hasTerm(param('q'), `-${props.term}`);
  return (
    <button
      type="button"
      class="facet"
      aria-pressed={on()}
      title={
        props.excludable === true ? 'Click to filter, alt-click to exclude' : 'Click to filter'
      }
      data-test="facet"
      onClick={(event) => toggleTerm(props.term, event.altKey && props.excludable === true)}
    >
      <span class="cb" classList={{ on: on() || off() }}>
        <Show when={on()}>
          <Icon name="check" size={9} />
        </Show>
        <Show when={off()}>
          <Icon name="x" size={9} />
        </Show>
      </span>
      {props.label}
      <span class="n t3">{countText(props.count)}</span>
      <s
        style={{ width: `${props.most > 0 ? Math.max(3, (props.count / props.most) * 100) : 0}%` }}
      />
    </button>
  );
}

/** A facet's most frequent values under its name; nothing without values. */
export function FacetValues(props: {
  title: string;
  values: readonly FacetValue[];
  term: string;
  dots?: boolean;
  excludable?: boolean;
}): JSX.Element {
  const most = (): number => props.values[0]?.count ?? 0;
  return (
    <Show when={props.values.length > 0}>
      <section>
        <h3>
          {props.title}
          <span class="sp" />
          <span class="t3 n">{props.values.length}</span>
        </h3>
        <For each={props.values.slice(0, MOST_VALUES)}>
          {(value) => (
            <FacetRow
              term={`${props.term}=${quoteValue(value.value)}`}
              label={
                <>
                  <Show when={props.dots}>
                    <ServiceDot name={value.value} />
                  </Show>
                  <span class="fl" title={value.value}>
                    {value.value}
                  </span>
                </>
              }
              count={value.count}
              most={most()}
              excludable={props.excludable === true}
            />
          )}
        </For>
      </section>
    </Show>
  );
}
