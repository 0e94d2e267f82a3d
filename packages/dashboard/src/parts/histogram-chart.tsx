import type { MetricDistribution } from '@codomyrmex/telemetry-query';
import { createMemo, For, Show, type JSX } from 'solid-js';
import { groupedText, metricValueText } from '../base/number.js';
import { drawBars } from '../canvas/bars.js';
import {
  bucketEnds,
  bucketQuantile,
  gridPosition,
  summedBuckets,
  type DistributionGrid,
} from '../layout/distribution.js';
import { CanvasView } from './canvas-view.js';
import './charts.css';

/** Labels under the bars. */
const LABELS = 5;

interface Summed {
  readonly axis: DistributionGrid;
  readonly p50: number | undefined;
  readonly p95: number | undefined;
}

function summedOf(distribution: MetricDistribution): Summed {
  const counts = summedBuckets(distribution);
  const { bounds } = distribution;
  const used = counts.some((count) => count > 0);
  const first = used ? counts.findIndex((count) => count > 0) : 0;
  const last = used ? counts.findLastIndex((count) => count > 0) : counts.length - 1;
  return {
    axis: {
      bounds,
      first,
      rows: last - first + 1,
      columns: 1,
      counts: Float64Array.from(counts.slice(first, last + 1)),
      total: counts.reduce((sum, count) => sum + count, 0),
    },
    p50: bucketQuantile(bounds, counts, 0.5),
    p95: bucketQuantile(bounds, counts, 0.95),
  };
}

function labelsOf(axis: DistributionGrid): number[] {
  const every = Math.max(1, Math.ceil(axis.rows / LABELS));
  const values: number[] = [];
  for (let row = 0; row < axis.rows; row += every) {
    values.push(bucketEnds(axis.bounds, axis.first + row)[0]);
  }
  values.push(bucketEnds(axis.bounds, axis.first + axis.rows - 1)[1]);
  return values;
}

/** A histogram summed over the time range: a bar a bucket, with the median and p95 marked. */
export function HistogramChart(props: {
  distribution: MetricDistribution;
  unit: string;
  /** 1…8 */
  colour: number;
}): JSX.Element {
  const summed = createMemo(() => summedOf(props.distribution));
  const marks = (): readonly (readonly [string, number | undefined])[] => [
    ['p50', summed().p50],
    ['p95', summed().p95],
  ];
  /** Beside its line on the side where there is room: p50 left, p95 right but for the right end. */
  const before = (name: string, value: number | undefined): boolean =>
    name === 'p50' || gridPosition(summed().axis, value ?? 0) > 0.8;
  const text = (value: number | undefined): string => metricValueText(value, props.unit);
  return (
    <div class="histogram-chart">
      <div class="histogram-note t2 n">
        {groupedText(summed().axis.total)} recorded
        <span class="sp" />
        {props.unit}
      </div>
      <div class="histogram-area">
        <CanvasView
          label={`p50 ${text(summed().p50)}, p95 ${text(summed().p95)}`}
          draw={(context, width, height, palette) => {
            const colour = palette.series[props.colour - 1] ?? palette.accent;
            drawBars(context, width, height, [{ counts: summed().axis.counts, colour }]);
          }}
        />
        <For each={marks()}>
          {([name, value]) => (
            <Show when={value !== undefined}>
              <i
                class="histogram-mark"
                style={{ left: `${gridPosition(summed().axis, value ?? 0) * 100}%` }}
              >
                <em class="n" classList={{ before: before(name, value) }}>
                  {name} {text(value)}
                </em>
              </i>
            </Show>
          )}
        </For>
      </div>
      <div class="chart-ends n">
        <For each={labelsOf(summed().axis)}>{(value) => <span>{text(value)}</span>}</For>
      </div>
    </div>
  );
}
