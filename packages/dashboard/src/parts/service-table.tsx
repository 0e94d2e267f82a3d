import type { ServiceRow } from '@codomyrmex/telemetry-query';
import { createMemo, For, Show, type JSX } from 'solid-js';
import { serviceColour } from '../base/colour.js';
import { percentOf, threeDigits } from '../base/number.js';
import { quoteValue } from '../base/terms.js';
import { ageText, millisOfNanos } from '../base/time.js';
import { drawSparkline } from '../canvas/sparkline.js';
import { href } from '../data/location.js';
import { now } from '../data/shared.js';
import { healthReason, type HealthReason, type ServiceOrder } from '../layout/health.js';
import { CanvasView } from './canvas-view.js';
import { Icon } from './icon.js';
import { Duration, ServiceDot } from './text.js';
import './service-table.css';

const COLUMNS: readonly (readonly [ServiceOrder, string])[] = [
  ['name', 'Service'],
  ['rate', 'Rate'],
  ['errors', 'Errors'],
  ['p50', 'p50'],
  ['p95', 'p95'],
  ['p99', 'p99'],
  ['seen', 'Last seen'],
];

const REASONS: { readonly [reason in HealthReason]: readonly [string, string] } = {
  errors: ['e', 'errors'],
  quiet: ['w', 'quiet'],
};

/** Services with their rate, errors and percentiles. Rows keep their place on the page by name. */
export function ServiceTable(props: {
  rows: readonly ServiceRow[];
  order: ServiceOrder;
  /** Without it the headings are no buttons. */
  onOrder?: (order: ServiceOrder) => void;
  cursor: string;
  onCursor: (name: string) => void;
}): JSX.Element {
  const names = createMemo(() => props.rows.map((row) => row.name), undefined, {
    equals: (a, b) => a.length === b.length && a.every((name, i) => name === b[i]),
  });
  const byName = createMemo(() => new Map(props.rows.map((row) => [row.name, row])));
  return (
    <div class="service-table" role="grid" aria-label="Services">
      <div class="service-grid service-head" role="row">
        <For each={COLUMNS}>
          {([order, name]) => (
            <>
              <span
                role="columnheader"
                class={order === 'name' ? '' : 'r'}
                aria-sort={
                  props.order === order ? (order === 'name' ? 'ascending' : 'descending') : 'none'
                }
              >
                <Show when={props.onOrder !== undefined} fallback={name}>
                  <button
                    type="button"
                    classList={{ on: props.order === order }}
                    onClick={() => props.onOrder?.(order)}
                  >
                    {name}
                    <Show when={props.order === order}>
                      <Icon name="arrow-down" size={11} />
                    </Show>
                  </button>
                </Show>
              </span>
              <Show when={order === 'rate'}>
                <span role="columnheader" aria-label="Rate over time" />
              </Show>
            </>
          )}
        </For>
      </div>
      <For each={names()}>
        {(name, index) => (
          <Show when={byName().get(name)}>
            {(row) => (
              <ServiceRowView
                row={row()}
                selected={props.cursor === name}
                focusable={props.cursor === name || (props.cursor === '' && index() === 0)}
                onSelect={() => props.onCursor(name)}
              />
            )}
          </Show>
        )}
      </For>
    </div>
  );
}

function ServiceRowView(props: {
  row: ServiceRow;
  selected: boolean;
  focusable: boolean;
  onSelect: () => void;
}): JSX.Element {
  const row = (): ServiceRow => props.row;
  const seen = (): number => millisOfNanos(row().lastSeenUnixNano);
  const reason = createMemo(() => healthReason(row(), now(), seen()));
  return (
    <a
      class="service-grid service-row"
      classList={{ cur: props.selected }}
      role="row"
      aria-selected={props.selected}
      tabindex={props.focusable ? 0 : -1}
      href={href('traces', '', { q: `service=${quoteValue(row().name)}` })}
      data-test="service-row"
      data-service={row().name}
      onFocus={() => props.onSelect()}
    >
      <span role="gridcell" class="service-name">
        <ServiceDot name={row().name} />
        <b class="el">{row().name}</b>
        <Show when={reason()}>
          {(found) => (
            <em class={`tag ${REASONS[found()][0]}`}>
              <Icon name={found() === 'errors' ? 'circle-alert' : 'triangle-alert'} size={11} />
              {REASONS[found()][1]}
            </em>
          )}
        </Show>
      </span>
      <span role="gridcell" class="n r" data-test="service-rate">
        {threeDigits(row().rate)}
        <u>/s</u>
      </span>
      <span role="gridcell" class="service-spark">
        <CanvasView
          draw={(context, width, height, palette) =>
            drawSparkline(context, width, height, row().sparkline, {
              colour: palette.series[serviceColour(row().name) - 1] ?? palette.text2,
              dot: true,
            })
          }
        />
      </span>
      <span
        role="gridcell"
        class="n r"
        classList={{ err: row().errorRatio >= 0.01, t2: row().errorRatio < 0.01 }}
      >
        {percentOf(row().errorRatio)} <u>%</u>
      </span>
      <span role="gridcell" class="r t2">
        <Duration nanos={Number(row().p50Nanos)} />
      </span>
      <span role="gridcell" class="r">
        <Duration nanos={Number(row().p95Nanos)} />
      </span>
      <span role="gridcell" class="r t2">
        <Duration nanos={Number(row().p99Nanos)} />
      </span>
      <span role="gridcell" class="n r t3">
        {ageText(now() - seen())}
      </span>
    </a>
  );
}
