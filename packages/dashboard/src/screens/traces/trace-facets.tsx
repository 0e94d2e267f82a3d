import { Show, type JSX } from 'solid-js';
import { groupedText } from '../../base/number.js';
import type { TraceFacets } from '../../layout/trace-charts.js';
import { FacetRow, FacetValues } from '../../parts/facets.js';

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
          term="running=true"
          label={<span class="fl ok">Running</span>}
          count={facets().running}
          most={props.count}
        />
      </section>
      <FacetValues title="Service" values={facets().services} term="service" dots />
      <FacetValues title="Root operation" values={facets().operations} term="root" excludable />
    </aside>
  );
}
