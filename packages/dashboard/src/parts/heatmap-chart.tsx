import type { MetricDistribution } from '@codomyrmex/telemetry-query';
import { createMemo, createSignal, For, Show, type JSX } from 'solid-js';
import { metricValueText } from '../base/number.js';
import { clockText } from '../base/time.js';
import { drawHeatmap } from '../canvas/heatmap.js';
import { timeZone } from '../data/shared.js';
import {
  bucketEnds,
  bucketQuantile,
  distributionGrid,
  gridPosition,
  gridTicks,
} from '../layout/distribution.js';
import { CanvasView } from './canvas-view.js';
import './charts.css';

const LINES: readonly { readonly q: number; readonly name: string; readonly dash: number[] }[] = [
  { q: 0.5, name: 'p50', dash: [] },
  { q: 0.95, name: 'p95', dash: [5, 4] },
  { q: 0.99, name: 'p99', dash: [1.5, 3] },
];
const TIME_TICKS = 6;

/** A histogram over time with its median, p95 and p99. */
export function HeatmapChart(props: {
  times: readonly number[];
  toMillis: number;
  distribution: MetricDistribution;
  unit: string;
  /** Fewer ticks and no names at the right. Default false. */
  small?: boolean;
  mark?: number | undefined;
  onPick?: (millis: number) => void;
}): JSX.Element {
  const grid = createMemo(() => distributionGrid(props.distribution));
  const quantiles = createMemo(() =>
    LINES.map(({ q }) =>
      props.distribution.counts.map((step) => bucketQuantile(props.distribution.bounds, step, q)),
    ),
  );
  const from = (): number => props.times[0] ?? 0;
  const [hover, setHover] = createSignal<{ x: number; y: number } | undefined>();
  const place = (event: MouseEvent & { currentTarget: HTMLElement }): { x: number; y: number } => {
    const box = event.currentTarget.getBoundingClientRect();
    return {
      x: Math.min(0.9999, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width))),
      y: Math.min(0.9999, Math.max(0, (event.clientY - box.top) / Math.max(1, box.height))),
    };
  };
  const hovered = createMemo(() => {
    const at = hover();
    if (at === undefined || grid().columns === 0) return undefined;
    const column = Math.floor(at.x * grid().columns);
    const row = Math.floor((1 - at.y) * grid().rows);
    const [low, high] = bucketEnds(grid().bounds, grid().first + row);
    return {
      x: at.x,
      millis: props.times[column] ?? 0,
      count: grid().counts[column * grid().rows + row] ?? 0,
      low,
      high,
    };
  });
  const lasts = createMemo(() =>
    LINES.map(({ name }, i) => {
      const value = quantiles()[i]?.findLast((item) => item !== undefined);
      return { name, value, at: value === undefined ? 0 : gridPosition(grid(), value) };
    }),
  );
  return (
    <div class="heat-chart" classList={{ small: props.small === true }}>
      <div
        class="heat-area"
        onPointerMove={(event) => setHover(place(event))}
        onPointerLeave={() => setHover(undefined)}
        onClick={(event) => {
          const { x } = place(event);
          props.onPick?.(from() + x * (props.toMillis - from()));
        }}
      >
        <For each={gridTicks(grid(), props.small === true ? 4 : 6)}>
          {(tick) => (
            <>
              <i class="heat-line" style={{ bottom: `${tick.at * 100}%` }} />
              <span class="heat-tick n" style={{ bottom: `${tick.at * 100}%` }}>
                {metricValueText(tick.value, props.unit)}
              </span>
            </>
          )}
        </For>
        <CanvasView
          label={lasts()
            .map(({ name, value }) => `${name} ${metricValueText(value, props.unit)}`)
            .join(', ')}
          draw={(context, width, height, palette) => {
            drawHeatmap(context, width, height, palette, grid());
            context.strokeStyle = palette.text;
            LINES.forEach(({ dash }, i) => {
              context.setLineDash(dash);
              context.lineWidth = 1.4;
              drawLine(context, width, height, quantiles()[i] ?? [], (value) =>
                gridPosition(grid(), value),
              );
            });
            context.setLineDash([]);
            if (props.mark !== undefined) {
              context.fillStyle = palette.accent;
              const x = ((props.mark - from()) / Math.max(1, props.toMillis - from())) * width;
              context.fillRect(x, 0, 1, height);
            }
          }}
        />
        <Show when={hovered()}>
          {(at) => (
            <>
              <i class="heat-cross" style={{ left: `${at().x * 100}%` }} />
              <span
                class="heat-tip n"
                classList={{ left: at().x > 0.6 }}
                style={{ left: `${at().x * 100}%` }}
              >
                <b>{clockText(at().millis, timeZone())}</b> {metricValueText(at().low, props.unit)}{' '}
                – {metricValueText(at().high, props.unit)} · {Math.round(at().count)}
              </span>
            </>
          )}
        </Show>
        <Show when={props.small !== true}>
          <For each={lasts()}>
            {(last) => (
              <Show when={last.value !== undefined}>
                <span class="heat-name n" style={{ bottom: `${last.at * 100}%` }}>
                  <span class="t3">{last.name}</span>{' '}
                  <b>{metricValueText(last.value, props.unit)}</b>
                </span>
              </Show>
            )}
          </For>
        </Show>
      </div>
      <div class="chart-ends heat-times n">
        <For each={Array.from({ length: props.small === true ? 4 : TIME_TICKS }, (_, i) => i)}>
          {(tick) => (
            <span>
              {clockText(
                from() +
                  (tick / ((props.small === true ? 4 : TIME_TICKS) - 1)) *
                    (props.toMillis - from()),
                timeZone(),
              ).slice(0, props.toMillis - from() < 8 * 60_000 ? 8 : 5)}
            </span>
          )}
        </For>
      </div>
    </div>
  );
}

function drawLine(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  values: readonly (number | undefined)[],
  position: (value: number) => number,
): void {
  const step = width / Math.max(1, values.length);
  let drawing = false;
  context.beginPath();
  values.forEach((value, i) => {
    if (value === undefined) {
      drawing = false;
      return;
    }
    const x = (i + 0.5) * step;
    const y = height - position(value) * height;
    if (drawing) context.lineTo(x, y);
    else context.moveTo(x, y);
    drawing = true;
  });
  context.stroke();
}
