import { Show, type JSX } from 'solid-js';
import { groupedText } from '../../base/number.js';
import type { LogCharts } from '../../layout/log-charts.js';
import { FacetRow, FacetValues } from '../../parts/facets.js';

/** The rail beside the lines: counts of the loaded lines, and it says so. */
export function LogFacetRail(props: {
  charts: LogCharts;
  complete: boolean;
  count: number;
}): JSX.Element {
  const charts = (): LogCharts => props.charts;
  const most = (): number =>
    Math.max(charts().error.total, charts().warn.total, charts().info.total, charts().debug.total);
  return (
    <aside class="facets" aria-label="Facets">
      <section>
        <h3>
          Severity
          <span class="sp" />
          <Show when={!props.complete}>
            <span class="t3 facets-note" title="Counted in the lines that are loaded">
              newest {groupedText(props.count)}
            </span>
          </Show>
        </h3>
        <FacetRow
          term="severity>=error"
          label={<span class="fl err">Error</span>}
          count={charts().error.total}
          most={most()}
        />
        <FacetRow
          term="severity=warn"
          label={<span class="fl warn">Warn</span>}
          count={charts().warn.total}
          most={most()}
          excludable
        />
        <FacetRow
          term="severity=info"
          label={<span class="fl">Info</span>}
          count={charts().info.total}
          most={most()}
          excludable
        />
        <FacetRow
          term="severity<=debug"
          label={<span class="fl">Debug</span>}
          count={charts().debug.total}
          most={most()}
          excludable
        />
      </section>
      <FacetValues title="Service" values={charts().services} term="service" dots excludable />
      <FacetValues title="Logger" values={charts().scopes} term="scope" excludable />
    </aside>
  );
}
