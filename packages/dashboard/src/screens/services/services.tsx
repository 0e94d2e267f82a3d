import type { ServiceRow } from '@codomyrmex/telemetry-query';
import { createMemo, createSignal, Show, type JSX } from 'solid-js';
import { groupedText, percentOf } from '../../base/number.js';
import { quoteValue } from '../../base/terms.js';
import { createAnswer } from '../../data/connection.js';
import { href, navigate, param, range, setParams } from '../../data/location.js';
import { sortServices, type ServiceOrder } from '../../layout/health.js';
import { Icon } from '../../parts/icon.js';
import { listKeys, stepped } from '../../parts/list-keys.js';
import { NothingFound } from '../../parts/nothing-found.js';
import { ServiceTable } from '../../parts/service-table.js';
import { Hints } from '../../parts/text.js';
import { TopBar } from '../../parts/top-bar.js';
import { useKeys } from '../../parts/use-keys.js';

const ORDERS: readonly ServiceOrder[] = ['name', 'rate', 'errors', 'p50', 'p95', 'p99', 'seen'];

/** The services of the time range, with what they do and how well. */
export function Services(): JSX.Element {
  const { data, loaded, error } = createAnswer(() => {
    const { from, to, live } = range();
    const q = param('q');
    return {
      live,
      query: { kind: 'services', from, ...(q === '' ? {} : { q }) },
      path: '/services',
      params: { q, from, to },
    };
  });
  const [cursor, setCursor] = createSignal('');
  const order = (): ServiceOrder => ORDERS.find((name) => name === param('sort')) ?? 'name';
  const rows = createMemo(() => sortServices(data()?.items ?? [], order()));
  const worst = createMemo(() =>
    rows().reduce<ServiceRow | undefined>(
      (most, row) => (row.errorCount > 0 && row.errorRatio > (most?.errorRatio ?? 0) ? row : most),
      undefined,
    ),
  );
  const total = (): number => rows().reduce((sum, row) => sum + row.rate, 0);
  useServiceKeys(rows, cursor, setCursor);
  return (
    <>
      <TopBar title="Services" placeholder="Find a service, or filter its calls" error={error()} />
      <div class="bar">
        <span class="t2 n">
          {rows().length} services, {groupedText(total())} spans/s
        </span>
        <Show when={worst()}>
          {(row) => (
            <>
              <span class="t3">·</span>
              <span class="err svc">
                <Icon name="circle-alert" size={13} />
                {row().name} {percentOf(row().errorRatio)} % errors
              </span>
            </>
          )}
        </Show>
      </div>
      <Show when={rows().length > 0} fallback={<NothingFound loaded={loaded()} noun="services" />}>
        <ServiceTable
          rows={rows()}
          order={order()}
          onOrder={(next) =>
            setParams({ sort: next === 'name' ? undefined : next }, { replace: true })
          }
          cursor={cursor()}
          onCursor={setCursor}
        />
      </Show>
      <Hints
        hints={[
          { keys: ['J', 'K'], label: 'move' },
          { keys: ['↵'], label: 'traces of service' },
          { keys: ['O'], label: 'logs of service' },
          { keys: ['space'], label: 'pause live' },
        ]}
      />
    </>
  );
}

function useServiceKeys(
  rows: () => readonly ServiceRow[],
  cursor: () => string,
  setCursor: (name: string) => void,
): void {
  const move = (step: number): void => {
    const at = rows().findIndex((row) => row.name === cursor());
    setCursor(rows()[stepped(at, step, rows().length)]?.name ?? '');
  };
  const open = (screen: 'traces' | 'logs'): void => {
    if (cursor() !== '') navigate(href(screen, '', { q: `service=${quoteValue(cursor())}` }));
  };
  useKeys({
    ...listKeys({ noun: 'service', move }),
    Enter: { run: () => open('traces'), label: 'traces of the service' },
    o: { run: () => open('logs'), label: 'logs of the service' },
  });
}
