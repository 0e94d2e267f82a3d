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

/** A histogram summed over the time range: a bar a bucket, with the median and p95 marked. */
export function HistogramChart(props: {
  distribution: MetricDistribution;
  unit: string;
  /** Class that sets the bars' colour. */
  colour: number;
}): JSX.Element {
  const summed = createMemo(() => {
    const counts = summedBuckets(props.distribution);
    const { bounds } = props.distribution;
    let first = counts.findIndex((count) => count > 0);
    let last = counts.findLastIndex((count) => count > 0);
    if (first < 0) {
      first = 0;
      last = Math.max(0, counts.length - 1);
    }
    const rows = last - first + 1;
    const axis: DistributionGrid = {
      bounds,
      first,
      rows,
      columns: 1,
      counts: Float64Array.from(counts.slice(first, last + 1)),
      total: counts.reduce((sum, count) => sum + count, 0),
    };
    return {
      counts,
      axis,
      p50: bucketQuantile(bounds, counts, 0.5),
      p95: bucketQuantile(bounds, counts, 0.95),
    };
  });
  const ends = (): number[] => {
    const { axis } = summed();
    const every = Math.max(1, Math.ceil(axis.rows / 5));
    const values: number[] = [];
    for (let row = 0; row < axis.rows; row += every) {
      values.push(bucketEnds(axis.bounds, axis.first + row)[0]);
    }
    values.push(bucketEnds(axis.bounds, axis.first + axis.rows - 1)[1]);
    return values;
  };
  return (
    <div class="histogram-chart">
      <div class="histogram-note t2 n">
        {groupedText(summed().axis.total)} recorded
        <span class="sp" />
        {props.unit}
      </div>
      <div class="histogram-area">
        <CanvasView
          label={`p50 ${metricValueText(summed().p50, props.unit)}, p95 ${metricValueText(summed().p95, props.unit)}`}
          draw={(context, width, height, palette) =>
            drawBars(context, width, height, [
              {
                counts: summed().axis.counts,
                colour: palette.series[props.colour - 1] ?? palette.accent,
              },
            ])
          }
        />
        <For each={[['p50', summed().p50] as const, ['p95', summed().p95] as const]}>
          {([name, value]) => (
            <Show when={value !== undefined}>
              <i
                class="histogram-mark"
                style={{ left: `${gridPosition(summed().axis, value ?? 0) * 100}%` }}
              >
                <em class="n">
                  {name} {metricValueText(value, props.unit)}
                </em>
              </i>
            </Show>
          )}
        </For>
      </div>
      <div class="chart-ends n">
        <For each={ends()}>{(value) => <span>{metricValueText(value, props.unit)}</span>}</For>
      </div>
    </div>
  );
}
