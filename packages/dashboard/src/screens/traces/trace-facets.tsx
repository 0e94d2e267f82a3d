import { For, Show, type JSX } from 'solid-js';
import { countText, groupedText } from '../../base/number.js';
import { hasTerm, quoteValue, withoutTerm, withTerm } from '../../base/terms.js';
import { param, setParams } from '../../data/location.js';
import type { FacetValue, TraceFacets } from '../../layout/trace-charts.js';
import { Icon } from '../../parts/icon.js';
import { ServiceDot } from '../../parts/text.js';

/** Values shown of a facet. */
const MOST_VALUES = 10;

/** Puts a term into the query or takes it out; alt puts its opposite in. */
export function toggleTerm(term: string, opposite: boolean): void {
  const query = param('q');
  const wanted = opposite ? `-${term}` : term;
  setParams({ q: hasTerm(query, wanted) ? withoutTerm(query, wanted) : withTerm(query, wanted) });
}

/** One value of a facet: click filters by it, alt-click excludes it. */
export function FacetRow(props: {
  term: string;
  label: JSX.Element;
  count: number;
  most: number;
}): JSX.Element {
  const on = (): boolean => hasTerm(param('q'), props.term);
  const off = (): boolean => hasTerm(param('q'), `-${props.term}`);
  return (
    <button
      type="button"
      class="facet"
      aria-pressed={on()}
      title="Click to filter, alt-click to exclude"
      data-test="facet"
      onClick={(event) => toggleTerm(props.term, event.altKey)}
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
      <s style={{ width: `${props.most > 0 ? Math.max(3, (props.count / props.most) * 100) : 0}%` }} />
    </button>
  );
}

/** The rail beside the list: counts of the loaded traces, and it says so. */
export function TraceFacetRail(props: {
  facets: TraceFacets;
  complete: boolean;
  count: number;
}): JSX.Element {
  const facets = (): TraceFacets => props.facets;
  return (
    <aside class="facets" aria-label="Facets">
      <section>
        <h3>
          Status
          <span class="sp" />
          <Show when={!props.complete}>
            <span class="t3 facets-note" title="Counted in the traces that are loaded">
              newest {groupedText(props.count)}
            </span>
          </Show>
        </h3>
        <FacetRow
          term="status=error"
          label={<span class="fl err">Error</span>}
          count={facets().error}
          most={props.count}
        />
        <FacetRow
          term="-status=error"
          label={<span class="fl">OK</span>}
          count={facets().ok}
          most={props.count}
        />
        <FacetRow
          term="running=true"
          label={<span class="fl ok">Running</span>}
          count={facets().running}
          most={props.count}
        />
      </section>
      <FacetValues title="Service" values={facets().services} term="service" dots />
      <FacetValues title="Root operation" values={facets().operations} term="root" />
    </aside>
  );
}

function FacetValues(props: {
  title: string;
  values: readonly FacetValue[];
  term: string;
  dots?: boolean;
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
            />
          )}
        </For>
      </section>
    </Show>
  );
}
