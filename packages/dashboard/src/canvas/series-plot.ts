import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clockText, type TimeZone } from '../base/time.js';
import type { Palette } from './palette.js';

/** What is drawn. */
export interface PlotSeries {
  readonly name: string;
  /** One value a time; null is a gap. */
  readonly values: readonly (number | null)[];
  readonly colour: string;
  readonly dashed?: boolean;
}

/** A line across the chart. */
export interface PlotThreshold {
  readonly value: number;
  readonly level: 'ok' | 'warn' | 'error';
}

/** A chart over time. */
export interface PlotOptions {
  readonly kind: 'line' | 'area' | 'bar';
  /** Milliseconds, ascending. */
  readonly times: readonly number[];
  readonly series: readonly PlotSeries[];
  readonly thresholds: readonly PlotThreshold[];
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly zone: TimeZone;
  /** A time that is marked by a line, in milliseconds. */
  readonly mark: number | undefined;
  readonly format: (value: number) => string;
}

/** What the chart tells. */
export interface PlotEvents {
  /** Index of the time under the pointer; undefined when it left. */
  readonly onHover: (index: number | undefined) => void;
  readonly onPick: (millis: number) => void;
  /** A range was dragged, in milliseconds. */
  readonly onRange: (from: number, to: number) => void;
}

/** A chart that stands in an element until it is destroyed. */
export interface SeriesPlot {
  readonly update: (options: PlotOptions, palette: Palette) => void;
  readonly resize: (width: number, height: number) => void;
  readonly destroy: () => void;
}

/** Stacks series upward; a gap counts as nothing. */
export function stacked(series: readonly PlotSeries[]): (number | null)[][] {
  const sums: number[] = [];
  return series.map(({ values }) =>
    values.map((value, i) => {
      const sum = (sums[i] ?? 0) + (value ?? 0);
      sums[i] = sum;
      return value === null && sum === 0 ? null : sum;
    }),
  );
}

/** Draws series over time with uPlot; a new shape (series, kind, theme) makes a new chart. */
export function createSeriesPlot(root: HTMLElement, events: PlotEvents): SeriesPlot {
  let plot: uPlot | undefined;
  let shape = '';
  let current: PlotOptions | undefined;
  let width = root.clientWidth;
  let height = root.clientHeight;

  const dataOf = (options: PlotOptions): uPlot.AlignedData => {
    const stack = options.kind !== 'line' && options.series.length > 1;
    const columns = stack
      ? stacked(options.series).toReversed()
      : options.series.map(({ values }) => [...values]);
    return [[...options.times], ...columns];
  };

  const make = (options: PlotOptions, palette: Palette): void => {
    plot?.destroy();
    plot = new uPlot(
      plotOptions(options, palette, width, height, events, () => current),
      dataOf(options),
      root,
    );
  };

  return {
    update: (options, palette) => {
      current = options;
      const next = JSON.stringify([
        options.kind,
        options.zone,
        options.series.map(({ name, colour, dashed }) => [name, colour, dashed]),
        palette.text3,
        options.min,
        options.max,
      ]);
      if (plot === undefined || next !== shape) make(options, palette);
      else plot.setData(dataOf(options));
      shape = next;
    },
    resize: (nextWidth, nextHeight) => {
      width = nextWidth;
      height = nextHeight;
      plot?.setSize({ width, height });
    },
    destroy: () => plot?.destroy(),
  };
}

function plotOptions(
  options: PlotOptions,
  palette: Palette,
  width: number,
  height: number,
  events: PlotEvents,
  current: () => PlotOptions | undefined,
): uPlot.Options {
  const stack = options.kind !== 'line' && options.series.length > 1;
  const drawn = stack ? options.series.toReversed() : options.series;
  const axis = { stroke: palette.text3, font: '11px Geist', ticks: { show: false } };
  return {
    width,
    height,
    ms: 1,
    pxAlign: 1,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    cursor: {
      y: false,
      points: { size: 6, width: 1.5 },
      drag: { x: true, y: false, setScale: false, dist: 5 },
    },
    scales: {
      x: { time: true },
      y: { range: (_, low, high) => valueRange(low, high, current() ?? options) },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        space: 90,
        values: (_, ticks) => ticks.map((tick) => tickClock(tick, options)),
      },
      {
        ...axis,
        grid: { stroke: palette.line, width: 1 },
        size: (self, values) => axisSize(self, values),
        gap: 8,
        space: 44,
        values: (_, ticks) => ticks.map((tick) => options.format(tick)),
      },
    ],
    series: [{}, ...drawn.map((series) => lineOf(series, options.kind))],
    hooks: {
      setCursor: [(self) => events.onHover(self.cursor.idx ?? undefined)],
      setSelect: [
        (self) => {
          const { left, width: wide } = self.select;
          if (wide < 5) return;
          events.onRange(self.posToVal(left, 'x'), self.posToVal(left + wide, 'x'));
          self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        },
      ],
      ready: [
        (self) =>
          self.over.addEventListener('click', () => {
            if (self.cursor.left !== undefined && self.cursor.left >= 0 && self.select.width < 5) {
              events.onPick(self.posToVal(self.cursor.left, 'x'));
            }
          }),
      ],
      draw: [(self) => drawOver(self, current() ?? options, palette)],
    },
  };
}

function lineOf(series: PlotSeries, kind: PlotOptions['kind']): uPlot.Series {
  const bars = uPlot.paths.bars;
  return {
    label: series.name,
    stroke: series.colour,
    width: kind === 'bar' ? 0 : 1.5,
    spanGaps: false,
    points: { show: false },
    ...(series.dashed === true ? { dash: [4, 4] } : {}),
    ...(kind === 'bar'
      ? { fill: series.colour, ...(bars === undefined ? {} : { paths: bars({ size: [0.8, 24] }) }) }
      : {}),
    ...(kind === 'area' ? { fill: faded(series.colour) } : {}),
  };
}

function faded(colour: string): string {
  return `color-mix(in oklab, ${colour} 16%, transparent)`;
}

function valueRange(
  low: number | null,
  high: number | null,
  options: PlotOptions,
): [number, number] {
  let top = options.max ?? high ?? 1;
  for (const { value } of options.thresholds) top = Math.max(top, value);
  const bottom = options.min ?? Math.min(0, low ?? 0);
  if (!(top > bottom)) top = bottom + 1;
  return [bottom, options.max === undefined ? top + (top - bottom) * 0.06 : top];
}

/** As wide as the widest label, 11 px digits being about 6.2 px. */
function axisSize(_: uPlot, values: readonly string[] | null): number {
  const longest = (values ?? []).reduce((most, text) => Math.max(most, text.length), 0);
  return Math.max(36, Math.ceil(longest * 6.2) + 16);
}

function tickClock(tick: number, options: PlotOptions): string {
  const first = options.times[0] ?? 0;
  const last = options.times.at(-1) ?? 0;
  const text = clockText(tick, options.zone);
  return last - first < 8 * 60_000 ? text : text.slice(0, 5);
}

/** Thresholds and the marked time, over the series. */
function drawOver(self: uPlot, options: PlotOptions, palette: Palette): void {
  const { ctx: context, bbox } = self;
  context.save();
  context.lineWidth = window.devicePixelRatio || 1;
  for (const { value, level } of options.thresholds) {
    const y = self.valToPos(value, 'y', true);
    context.strokeStyle =
      level === 'error' ? palette.error : level === 'warn' ? palette.warn : palette.ok;
    context.setLineDash([4, 4]);
    context.beginPath();
    context.moveTo(bbox.left, y);
    context.lineTo(bbox.left + bbox.width, y);
    context.stroke();
  }
  if (options.mark !== undefined) {
    const x = self.valToPos(options.mark, 'x', true);
    context.setLineDash([]);
    context.strokeStyle = palette.accent;
    context.beginPath();
    context.moveTo(x, bbox.top);
    context.lineTo(x, bbox.top + bbox.height);
    context.stroke();
  }
  context.restore();
}
