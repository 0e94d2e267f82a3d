import type { MetricQueryAnswer, MetricSeries } from '@codomyrmex/telemetry-query';
import { createMemo, Index, Show, type JSX } from 'solid-js';
import { seriesClass } from '../../base/colour.js';
import { groupedText, metricValueOf, percentOf } from '../../base/number.js';
import { drawSparkline } from '../../canvas/sparkline.js';
import {
  isRate,
  seriesName,
  summariseSeries,
  unitOf,
  type SeriesSummary,
} from '../../layout/series-summary.js';
import { CanvasView } from '../../parts/canvas-view.js';
import { Measure } from '../../parts/text.js';

const MOST_ROWS = 100;

/** The numbers under a chart: one row a series. */
export function SeriesTable(props: {
  answer: MetricQueryAnswer;
  hover: number | undefined;
}): JSX.Element {
  const unit = (): string => unitOf(props.answer.type, props.answer.agg, props.answer.unit);
  const rows = createMemo(() =>
    props.answer.series
      .slice(0, MOST_ROWS)
      .map((series) => ({ series, summary: summariseSeries(series.values) })),
  );
  const total = createMemo(() =>
    rows().reduce((sum, { summary }) => sum + Math.abs(summary.avg ?? 0), 0),
  );
  return (
    <div class="series-table" role="table" aria-label="Series">
      <div class="series-grid series-head" role="row">
        <span role="columnheader">Series</span>
        <span role="columnheader" aria-label="Trend" />
        <span role="columnheader" class="r">
          {props.hover === undefined ? 'Last' : 'Here'}
        </span>
        <span role="columnheader" class="r">
          Min
        </span>
        <span role="columnheader" class="r">
          Avg
        </span>
        <span role="columnheader" class="r">
          Max
        </span>
        <span role="columnheader" class="r">
          Steps
        </span>
        <span role="columnheader" class="r">
          Share
        </span>
      </div>
      <Index each={rows()}>
        {(row, index) => (
          <SeriesRow
            series={row().series}
            summary={row().summary}
            here={
              props.hover === undefined
                ? undefined
                : (row().series.values[props.hover] ?? undefined)
            }
            hovering={props.hover !== undefined}
            index={index}
            fallback={props.answer.name}
            unit={unit()}
            perSecond={isRate(props.answer.agg)}
            share={total() > 0 ? Math.abs(row().summary.avg ?? 0) / total() : 0}
          />
        )}
      </Index>
    </div>
  );
}

function SeriesRow(props: {
  series: MetricSeries;
  summary: SeriesSummary;
  here: number | undefined;
  hovering: boolean;
  index: number;
  fallback: string;
  unit: string;
  perSecond: boolean;
  share: number;
}): JSX.Element {
  const quantity = (value: number | undefined): JSX.Element => (
    <Measure of={metricValueOf(value, props.unit, props.perSecond)} />
  );
  return (
    <div
      class={`series-grid series-row ${seriesClass(props.index)}`}
      role="row"
      data-test="series-row"
    >
      <span role="cell" class="series-name">
        <i class="dot square" />
        <span class="m el" title={seriesName(props.series, props.fallback)}>
          {seriesName(props.series, props.fallback)}
        </span>
      </span>
      <span role="cell" class="series-spark">
        <CanvasView
          draw={(context, width, height, palette) =>
            drawSparkline(context, width, height, props.series.values, {
              colour: palette.series[props.index % palette.series.length] ?? palette.accent,
            })
          }
        />
      </span>
      <span role="cell" class="r">
        {quantity(props.hovering ? props.here : props.summary.last)}
      </span>
      <span role="cell" class="r t2">
        {quantity(props.summary.min)}
      </span>
      <span role="cell" class="r t2">
        {quantity(props.summary.avg)}
      </span>
      <span role="cell" class="r t2">
        {quantity(props.summary.max)}
      </span>
      <span role="cell" class="r t2 n">
        {groupedText(props.summary.steps)}
      </span>
      <span role="cell" class="series-share">
        <Show when={props.share > 0}>
          <span class="db">
            <i class="series-bar" style={{ width: `${props.share * 100}%` }} />
          </span>
          <span class="n">{percentOf(Math.round(props.share * 100) / 100)} %</span>
        </Show>
      </span>
    </div>
  );
}
