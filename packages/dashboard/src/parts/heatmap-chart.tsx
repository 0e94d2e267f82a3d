import type { MetricDistribution } from '@codomyrmex/telemetry-query';
import { createMemo, createSignal, For, Show, type JSX } from 'solid-js';
import { metricValueText } from '../base/number.js';
import { clockText } from '../base/time.js';
import { drawHeatmap } from '../canvas/heatmap.js';
import type { Palette } from '../canvas/palette.js';
import { timeZone } from '../data/shared.js';
import {
  bucketEnds,
  bucketQuantile,
  distributionGrid,
  gridPosition,
  gridTicks,
  type DistributionGrid,
} from '../layout/distribution.js';
import { CanvasView } from './canvas-view.js';
import { ChartEnds } from './chart-ends.js';
import './charts.css';

const LINES: readonly { readonly q: number; readonly name: string; readonly dash: number[] }[] = [
  { q: 0.5, name: 'p50', dash: [] },
  { q: 0.95, name: 'p95', dash: [5, 4] },
  { q: 0.99, name: 'p99', dash: [1.5, 3] },
];

/** What a heatmap shows. */
export interface HeatmapChartProps {
  /** Start of each step, milliseconds. */
  readonly times: readonly number[];
  readonly toMillis: number;
  readonly distribution: MetricDistribution;
  readonly unit: string;
  /** Fewer ticks and no names at the right. Default false. */
  readonly small?: boolean;
  /** A marked time, milliseconds. */
  readonly mark?: number | undefined;
  readonly onPick?: (millis: number) => void;
}

/** A place over the plot, shares of its width and height from the top left. */
interface Place {
  readonly x: number;
  readonly y: number;
}

/** One of the lines over the heat. */
interface QuantileLine {
  readonly name: string;
  readonly dash: number[];
  readonly values: readonly (number | undefined)[];
  readonly last: number | undefined;
}

/** A histogram over time with its median, p95 and p99. */
export function HeatmapChart(props: HeatmapChartProps): JSX.Element {
  const grid = createMemo(() => distributionGrid(props.distribution));
  const lines = createMemo((): QuantileLine[] =>
    LINES.map(({ q, name, dash }) => {
      const { bounds, counts } = props.distribution;
      const values = counts.map((step) => bucketQuantile(bounds, step, q));
      return { name, dash, values, last: values.findLast((value) => value !== undefined) };
    }),
  );
  const from = (): number => props.times[0] ?? 0;
  const [hover, setHover] = createSignal<Place | undefined>();
  return (
    <div class="heat-chart" classList={{ small: props.small === true }}>
      <div
        class="heat-area"
        onPointerMove={(event) => setHover(placeOf(event))}
        onPointerLeave={() => setHover(undefined)}
        onClick={(event) => props.onPick?.(from() + placeOf(event).x * (props.toMillis - from()))}
      >
        <Axis grid={grid()} unit={props.unit} count={props.small === true ? 4 : 6} />
        <CanvasView
          label={lines()
            .map(({ name, last }) => `${name} ${metricValueText(last, props.unit)}`)
            .join(', ')}
          draw={(context, width, height, palette) => {
            drawHeatmap(context, width, height, palette, grid());
            drawLines(context, width, height, palette, lines(), grid());
            if (props.mark === undefined) return;
            context.fillStyle = palette.accent;
            const share = (props.mark - from()) / Math.max(1, props.toMillis - from());
            context.fillRect(share * width, 0, 1, height);
          }}
        />
        <Show when={hover()}>
          {(at) => <HoverTip at={at()} grid={grid()} times={props.times} unit={props.unit} />}
        </Show>
        <Show when={props.small !== true}>
          <LineNames lines={lines()} grid={grid()} unit={props.unit} />
        </Show>
      </div>
      <ChartEnds
        class="heat-times"
        fromMillis={from()}
        toMillis={props.toMillis}
        count={props.small === true ? 4 : 6}
      />
    </div>
  );
}

function placeOf(event: MouseEvent & { currentTarget: HTMLElement }): Place {
  const box = event.currentTarget.getBoundingClientRect();
  const share = (at: number, from: number, length: number): number =>
    Math.min(0.9999, Math.max(0, (at - from) / Math.max(1, length)));
  return {
    x: share(event.clientX, box.left, box.width),
    y: share(event.clientY, box.top, box.height),
  };
}

function Axis(props: { grid: DistributionGrid; unit: string; count: number }): JSX.Element {
  return (
    <For each={gridTicks(props.grid, props.count)}>
      {(tick) => (
        <>
          <i class="heat-line" style={{ bottom: `${tick.at * 100}%` }} />
          <span class="heat-tick n" style={{ bottom: `${tick.at * 100}%` }}>
            {metricValueText(tick.value, props.unit)}
          </span>
        </>
      )}
    </For>
  );
}

function HoverTip(props: {
  at: Place;
  grid: DistributionGrid;
  times: readonly number[];
  unit: string;
}): JSX.Element {
  const cell = (): { millis: number; count: number; low: number; high: number } => {
    const { grid, at } = props;
    const column = Math.floor(at.x * grid.columns);
    const row = Math.floor((1 - at.y) * grid.rows);
    const [low, high] = bucketEnds(grid.bounds, grid.first + row);
    const count = grid.counts[column * grid.rows + row] ?? 0;
    return { millis: props.times[column] ?? 0, count, low, high };
  };
  const bucket = (): string =>
    `${metricValueText(cell().low, props.unit)} – ${metricValueText(cell().high, props.unit)}`;
  return (
    <>
      <i class="heat-cross" style={{ left: `${props.at.x * 100}%` }} />
      <span
        class="heat-tip n"
        classList={{ left: props.at.x > 0.6 }}
        style={{ left: `${props.at.x * 100}%` }}
      >
        <b>{clockText(cell().millis, timeZone())}</b> {bucket()} · {Math.round(cell().count)}
      </span>
    </>
  );
}

/** A name is this share of the plot tall: lines that meet would have theirs on each other. */
const NAME_SHARE = 0.055;

/** Names at the right end of the lines, from the bottom up, each above the one before. */
function LineNames(props: {
  lines: readonly QuantileLine[];
  grid: DistributionGrid;
  unit: string;
}): JSX.Element {
  const named = createMemo(() => {
    let below = Number.NEGATIVE_INFINITY;
    return props.lines.map((line) => {
      below = Math.max(below + NAME_SHARE, gridPosition(props.grid, line.last ?? 0));
      return { ...line, at: below };
    });
  });
  return (
    <For each={named()}>
      {(line) => (
        <Show when={line.last !== undefined}>
          <span class="heat-name n" style={{ bottom: `${line.at * 100}%` }}>
            <span class="t3">{line.name}</span> <b>{metricValueText(line.last, props.unit)}</b>
          </span>
        </Show>
      )}
    </For>
  );
}

function drawLines(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  palette: Palette,
  lines: readonly QuantileLine[],
  grid: DistributionGrid,
): void {
  context.strokeStyle = palette.text;
  context.lineWidth = 1.4;
  for (const { values, dash } of lines) {
    const step = width / Math.max(1, values.length);
    let drawing = false;
    context.setLineDash(dash);
    context.beginPath();
    values.forEach((value, i) => {
      if (value === undefined) {
        drawing = false;
        return;
      }
      const x = (i + 0.5) * step;
      const y = height - gridPosition(grid, value) * height;
      if (drawing) context.lineTo(x, y);
      else context.moveTo(x, y);
      drawing = true;
    });
    context.stroke();
  }
  context.setLineDash([]);
}
