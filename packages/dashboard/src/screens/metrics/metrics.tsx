import type { Aggregation, MetricRow } from '@codomyrmex/telemetry-query';
import { createEffect, createMemo, createSignal, Show, type JSX } from 'solid-js';
import { createAnswer } from '../../data/connection.js';
import { href, location, navigate, param, range, setParams } from '../../data/location.js';
import { aggregationsOf } from '../../layout/series-summary.js';
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
  const open = (at: number): void => {
    const next = found()[Math.min(found().length - 1, Math.max(0, at))];
    if (next !== undefined) {
      navigate(href('metrics', next.name, { q: param('q') }), { replace: true });
    }
  };
  const index = (): number => found().findIndex((item) => item.name === name());
  const choose = (at: number): void => {
    const current = row();
    if (current === undefined) return;
    const agg: Aggregation | undefined = aggregationsOf(current.type, current.monotonic)[at];
    if (agg !== undefined) setParams({ agg }, { replace: true });
  };
  const digit = (n: number): { run: () => void; label: string } => ({
    run: () => choose(n - 1),
    label: `aggregation ${n}`,
  });
  useKeys({
    j: { run: () => open(index() + 1), label: 'next metric' },
    k: { run: () => open(index() - 1), label: 'previous metric' },
    ArrowDown: { run: () => open(index() + 1), label: 'next metric' },
    ArrowUp: { run: () => open(index() - 1), label: 'previous metric' },
    '1': digit(1),
    '2': digit(2),
    '3': digit(3),
    '4': digit(4),
    Escape: { run: () => setParams({ at: undefined }, { replace: true }), label: 'no moment' },
  });
  return (
    <>
      <TopBar title="Metrics" placeholder="Add filter for this metric" error={error()} />
      <Show
        when={items().length > 0}
        fallback={
          <Show when={loaded()} fallback={<Quiet title="Loading metrics" />}>
            <Quiet title="No metrics in this time">
              They appear by themselves: <span class="m">createCounter('orders').add(1)</span>.{' '}
              <a class="acc" href={href('overview')}>
                How to send some
              </a>
            </Quiet>
          </Show>
        }
      >
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
