import type { MetricRow } from '@codomyrmex/telemetry-query';
import { createEffect, createMemo, createSignal, Show, type JSX } from 'solid-js';
import { createAnswer } from '../../data/connection.js';
import { href, location, navigate, param, range, setParams } from '../../data/location.js';
import { aggregationsOf } from '../../layout/series-summary.js';
import { listKeys, stepped } from '../../parts/list-keys.js';
import { Hints, Quiet } from '../../parts/text.js';
import { TopBar } from '../../parts/top-bar.js';
import { useKeys } from '../../parts/use-keys.js';
import { MetricDetail } from './metric-detail.js';
import { MetricList } from './metric-list.js';
import { withDefaults } from './metric-choice.js';
import './metrics.css';

/** Every metric, and one of them over time. */
export function Metrics(): JSX.Element {
  const { data, loaded, error } = createAnswer(() => {
    const { from, to, live } = range();
    return {
      live,
      // The list is of all metrics; the filter in the bar narrows the chart.
      query: { kind: 'metrics', from },
      path: '/metrics',
      params: { from, to },
    };
  });
  const items = (): readonly MetricRow[] => data()?.items ?? [];
  const [search, setSearch] = createSignal('');
  const found = createMemo(() => {
    const words = search().trim().toLowerCase();
    return items()
      .filter((row) => row.name.toLowerCase().includes(words))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  });
  const name = (): string => location().id;
  const row = createMemo(() => items().find((item) => item.name === name()));
  // Without a name in the address the first metric shows, in the address too.
  createEffect(() => {
    const first = found()[0];
    if (name() === '' && first !== undefined && search() === '') {
      navigate(href('metrics', first.name, { q: param('q') }), { replace: true });
    }
  });
  useMetricKeys(found, row);
  return (
    <>
      <TopBar title="Metrics" placeholder="Add filter for this metric" error={error()} />
      <Show when={items().length > 0} fallback={<NoMetrics loaded={loaded()} />}>
        <div class="metrics-body">
          <MetricList
            rows={found()}
            total={items().length}
            name={name()}
            search={search()}
            onSearch={setSearch}
          />
          <Show
            when={row()}
            fallback={
              <Quiet title={`No metric named ${name()} in this time`}>
                It appears here by itself once it is recorded.
              </Quiet>
            }
          >
            {(current) => <MetricDetail row={current()} choice={withDefaults(current())} />}
          </Show>
        </div>
      </Show>
      <Hints
        hints={[
          { keys: ['J', 'K'], label: 'metric' },
          { keys: ['1–4'], label: 'aggregation' },
          { keys: ['B'], label: 'group by' },
          { keys: ['Y'], label: 'copy code' },
        ]}
      />
    </>
  );
}

function useMetricKeys(found: () => readonly MetricRow[], row: () => MetricRow | undefined): void {
  const move = (step: number): void => {
    const index = found().findIndex((item) => item.name === location().id);
    const next = found()[stepped(index, step, found().length)];
    if (next === undefined) return;
    navigate(href('metrics', next.name, { q: param('q') }), { replace: true });
  };
  const aggregate = (at: number): { run: () => void; label: string } => ({
    run: () => {
      const current = row();
      if (current === undefined) return;
      const agg = aggregationsOf(current.type, current.monotonic)[at];
      if (agg !== undefined) setParams({ agg, mode: 'lines' }, { replace: true });
    },
    label: `aggregation ${at + 1}`,
  });
  useKeys({
    ...listKeys({ noun: 'metric', move }),
    '1': aggregate(0),
    '2': aggregate(1),
    '3': aggregate(2),
    '4': aggregate(3),
    Escape: { run: () => setParams({ at: undefined }, { replace: true }), label: 'no moment' },
  });
}

function NoMetrics(props: { loaded: boolean }): JSX.Element {
  return (
    <Show when={props.loaded} fallback={<Quiet title="Loading metrics" />}>
      <Quiet title="No metrics in this time">
        They appear by themselves: <span class="m">createCounter('orders').add(1)</span>.{' '}
        <a class="acc" href={href('overview')}>
          How to send some
        </a>
      </Quiet>
    </Show>
  );
}
