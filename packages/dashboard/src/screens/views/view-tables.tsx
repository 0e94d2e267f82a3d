import type { MetricQueryAnswer, MetricSeries, View } from '@codomyrmex/telemetry-query';
import { createMemo, Index, type JSX } from 'solid-js';
import { seriesClass } from '../../base/colour.js';
import { metricValueOf, metricValueText } from '../../base/number.js';
import { isRate, seriesName, summariseSeries, unitOf } from '../../layout/series-summary.js';
import { Measure } from '../../parts/text.js';
import { levelOf } from './view-numbers.js';

const MOST_ROWS = 8;

interface Entry {
  readonly series: MetricSeries;
  readonly last: number | undefined;
  readonly avg: number | undefined;
  readonly max: number | undefined;
}

function entriesOf(answer: MetricQueryAnswer): Entry[] {
  return answer.series
    .map((series) => ({ series, ...summariseSeries(series.values) }))
    .toSorted((a, b) => (b.last ?? b.avg ?? 0) - (a.last ?? a.avg ?? 0))
    .slice(0, MOST_ROWS);
}

/** The series as rows: last, average and highest value. */
export function TableCard(props: { view: View; answer: MetricQueryAnswer }): JSX.Element {
  const entries = createMemo(() => entriesOf(props.answer));
  const unit = (): string =>
    unitOf(props.answer.type, props.answer.agg, props.view.unit ?? props.answer.unit);
  const cell = (value: number | undefined): JSX.Element => (
    <Measure of={metricValueOf(value, unit(), isRate(props.answer.agg))} />
  );
  return (
    <div class="card-table" role="table" aria-label={props.view.title ?? props.view.metric}>
      <div class="card-row card-row-head" role="row">
        <span role="columnheader">{props.view.by?.join(', ') ?? props.answer.agg}</span>
        <span role="columnheader" class="r">
          Last
        </span>
        <span role="columnheader" class="r">
          Avg
        </span>
        <span role="columnheader" class="r">
          Max
        </span>
      </div>
      <Index each={entries()}>
        {(entry, i) => (
          <div class={`card-row ${seriesClass(i)}`} role="row">
            <span role="cell" class="svc">
              <i class="dot square" />
              <span class="el">{seriesName(entry().series, props.answer.name)}</span>
            </span>
            <span
              role="cell"
              class="r"
              classList={{ err: levelOf(entry().last, props.view.thresholds) === 'error' }}
            >
              {cell(entry().last)}
            </span>
            <span role="cell" class="r t2">
              {cell(entry().avg)}
            </span>
            <span role="cell" class="r t2">
              {cell(entry().max)}
            </span>
          </div>
        )}
      </Index>
    </div>
  );
}

/** The largest series as bars. */
export function TopCard(props: { view: View; answer: MetricQueryAnswer }): JSX.Element {
  const entries = createMemo(() => entriesOf(props.answer));
  const most = (): number => Math.max(0, ...entries().map((entry) => entry.last ?? entry.avg ?? 0));
  const share = (entry: Entry): number =>
    most() > 0 ? Math.max(0.02, (entry.last ?? entry.avg ?? 0) / most()) : 0;
  const unit = (): string =>
    unitOf(props.answer.type, props.answer.agg, props.view.unit ?? props.answer.unit);
  return (
    <div class="card-top">
      <Index each={entries()}>
        {(entry, i) => (
          <div class={`card-top-row ${seriesClass(i)}`}>
            <s
              style={{
                width: `${share(entry()) * 100}%`,
              }}
            />
            <i class="dot" />
            <span class="el">{seriesName(entry().series, props.answer.name)}</span>
            <span class="sp" />
            <span class="n">
              {metricValueText(entry().last ?? entry().avg, unit(), isRate(props.answer.agg))}
            </span>
          </div>
        )}
      </Index>
    </div>
  );
}
