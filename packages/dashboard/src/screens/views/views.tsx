import type { MetricRow, View } from '@codomyrmex/telemetry-query';
import { createMemo, For, Show, type JSX } from 'solid-js';
import { createAnswer } from '../../data/connection.js';
import { location, range } from '../../data/location.js';
import { views } from '../../data/shared.js';
import { cardSpans } from '../../layout/card-rows.js';
import { CopyButton, copyText } from '../../parts/copy.js';
import { Icon } from '../../parts/icon.js';
import { Hints } from '../../parts/text.js';
import { TopBar } from '../../parts/top-bar.js';
import { useKeys } from '../../parts/use-keys.js';
import { codeOfView } from './view-code.js';
import { ViewCard } from './view-card.js';
import './views.css';

/** The group of views whose code names none. */
const DEFAULT_GROUP = 'Views';

const SNIPPET = `import { createHistogram, registerView } from '@codomyrmex/telemetry';

const duration = createHistogram('checkout.duration', { unit: 'ms' });
duration.record(42, { provider: 'stripe-eu' });

registerView('checkout.duration', 'line', { by: ['provider'] });`;

/** The charts that programs registered, one group a page. */
export function Views(): JSX.Element {
  const all = (): readonly View[] => views()?.items ?? [];
  const groups = createMemo(() =>
    [...new Set(all().map((view) => view.group ?? DEFAULT_GROUP))].toSorted(),
  );
  const group = (): string => location().id || (groups()[0] ?? DEFAULT_GROUP);
  const shown = createMemo(() => viewsOf(all(), group()));
  // A card stays while its view changes: keyed by id.
  const ids = createMemo(() => shown().map((view) => view.id), undefined, {
    equals: (a, b) => a.length === b.length && a.every((id, i) => id === b[i]),
  });
  const spans = createMemo(() => cardSpans(shown().map((view) => view.chartType)));
  const metrics = createAnswer(() => {
    const { from, to, live } = range();
    return { live, query: { kind: 'metrics', from }, path: '/metrics', params: { from, to } };
  });
  const rows = createMemo(
    () => new Map((metrics.data()?.items ?? []).map((row): [string, MetricRow] => [row.name, row])),
  );
  const code = (): string => shown().map(codeOfView).join('\n');
  useKeys({ y: { run: () => void copyText(code()), label: 'copy the code of all cards' } });
  return (
    <>
      <TopBar
        trail={
          <nav class="trail" aria-label="Trail">
            <h1>Views</h1>
            <Show when={groups().length > 0}>
              <Icon name="chevron-right" size={13} class="t3" />
              <span class="t2">{group()}</span>
            </Show>
          </nav>
        }
      />
      <Show when={shown().length > 0} fallback={<NoViews />}>
        <div class="views-scroll">
          <GroupHead group={group()} shown={shown()} code={code()} />
          <div class="views-grid">
            <For each={ids()}>
              {(id, index) => (
                <Show when={shown().find((view) => view.id === id)}>
                  {(view) => (
                    <ViewCard
                      view={view()}
                      row={rows().get(view().metric)}
                      span={spans()[index()] ?? 6}
                      known={metrics.loaded() ? [...rows().keys()] : undefined}
                    />
                  )}
                </Show>
              )}
            </For>
          </div>
        </div>
      </Show>
      <Hints
        hints={[
          { keys: ['Y'], label: 'copy code' },
          { keys: ['T'], label: 'time range' },
          { keys: ['space'], label: 'pause live' },
        ]}
      />
    </>
  );
}

/** A group's views in the order that the code gives, then as they were registered. */
function viewsOf(all: readonly View[], group: string): View[] {
  const order = (view: View): number => view.order ?? Number.MAX_SAFE_INTEGER;
  return all
    .filter((view) => (view.group ?? DEFAULT_GROUP) === group)
    .toSorted(
      (a, b) => order(a) - order(b) || Number(a.createdUnixNano) - Number(b.createdUnixNano),
    );
}

function GroupHead(props: { group: string; shown: readonly View[]; code: string }): JSX.Element {
  const source = (): string => {
    const names = new Set(props.shown.map((view) => view.source ?? ''));
    return [...names].filter((name) => name !== '').join(', ');
  };
  return (
    <header class="views-head">
      <h1>{props.group}</h1>
      <em class="tag a">
        <Icon name="code" size={11} />
        from code
      </em>
      <Show when={source() !== ''}>
        <span class="m t3">{source()}</span>
      </Show>
      <span class="t3 views-count">
        · {props.shown.length === 1 ? '1 view' : `${props.shown.length} views`}
      </span>
      <span class="sp" />
      <CopyButton
        class="btn"
        icon="code"
        label="Copy the code of all cards"
        text={() => props.code}
      >
        Copy code
      </CopyButton>
    </header>
  );
}

function NoViews(): JSX.Element {
  return (
    <div class="views-empty">
      <h2>{views() === undefined ? 'Loading views' : 'A chart from one line of code'}</h2>
      <Show when={views() !== undefined}>
        <p class="t2">
          <span class="m">registerView(metric, chart)</span> puts a chart on this page at once, on
          every page that is open.
        </p>
        <div class="code">
          <pre class="m" tabindex={0} data-test="snippet">
            {SNIPPET}
          </pre>
          <CopyButton class="btn sm code-copy" label="Copy the snippet" text={() => SNIPPET}>
            Copy
          </CopyButton>
        </div>
      </Show>
    </div>
  );
}
