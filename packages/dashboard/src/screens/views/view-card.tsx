import type {
  Aggregation,
  ChartType,
  MetricQueryAnswer,
  MetricRow,
  View,
} from '@codomyrmex/telemetry-query';
import { createMemo, For, Match, Show, Switch, type JSX } from 'solid-js';
import { metricValueText } from '../../base/number.js';
import { millisOfNanos } from '../../base/time.js';
import { createAnswer, type Question } from '../../data/connection.js';
import { href, range } from '../../data/location.js';
import { timeZone } from '../../data/shared.js';
import { isRate, seriesName, summariseSeries, unitOf } from '../../layout/series-summary.js';
import { seriesClass, serviceColour } from '../../base/colour.js';
import { CopyButton } from '../../parts/copy.js';
import { HeatmapChart } from '../../parts/heatmap-chart.js';
import { HistogramChart } from '../../parts/histogram-chart.js';
import { Icon } from '../../parts/icon.js';
import { plotOptionsOf } from '../../parts/plot-options.js';
import { SeriesChart } from '../../parts/series-chart.js';
import { isSmall } from '../../layout/card-rows.js';
import { codeOfView, nearestNames } from './view-code.js';
import { GaugeCard, levelOf, StatCard, type Level } from './view-numbers.js';
import { TableCard, TopCard } from './view-tables.js';

/** One registered chart, live. */
export function ViewCard(props: {
  view: View;
  /** The metric, if it has been recorded in this time. */
  row: MetricRow | undefined;
  /** All metrics' names; undefined until they are known. */
  known: readonly string[] | undefined;
  /** Columns of twelve. */
  span: number;
}): JSX.Element {
  const view = (): View => props.view;
  const { data, error } = createAnswer(() => questionOf(view()));
  const answer = createMemo(() => {
    const found = data();
    return found !== undefined &&
      found.series.length + (found.distribution === undefined ? 0 : 1) > 0
      ? found
      : undefined;
  });
  const title = (): string => view().title ?? view().metric;
  const level = createMemo(() => {
    const values = answer()?.series[0]?.values;
    return values === undefined
      ? undefined
      : levelOf(summariseSeries(values).last, view().thresholds);
  });
  const missing = (): boolean =>
    answer() === undefined && props.known !== undefined && props.row === undefined;
  return (
    <section
      class="card"
      style={{ '--span': String(props.span) }}
      classList={{
        'card-small': isSmall(view().chartType),
        bad: level() === 'error',
        gone: missing(),
      }}
      aria-label={title()}
      data-test="view-card"
      data-view-id={view().id}
      data-metric={view().metric}
      data-chart={view().chartType}
    >
      <CardHead view={view()} title={title()} level={level()} />
      <Switch fallback={<div class="card-wait t3">Waiting for the first values</div>}>
        <Match when={error()}>
          {(problem) => <div class="card-wait err">{problem().message}</div>}
        </Match>
        <Match when={missing()}>
          <NoMetric view={view()} known={props.known ?? []} />
        </Match>
        <Match when={answer()}>{(found) => <CardBody view={view()} answer={found()} />}</Match>
      </Switch>
    </section>
  );
}

/** What a view asks of its metric. */
function questionOf({ metric, aggregation, by, filter }: View): Question<'series'> {
  const { from, to, live } = range();
  const asked = {
    name: metric,
    from,
    ...(aggregation === undefined ? {} : { agg: aggregation }),
    ...(by === undefined || by.length === 0 ? {} : { by: by.join(',') }),
    ...(filter === undefined ? {} : { q: filter }),
  };
  return {
    live,
    query: { kind: 'series', ...asked },
    path: '/metrics/query',
    params: { ...asked, to },
  };
}

function CardHead(props: { view: View; title: string; level: Level | undefined }): JSX.Element {
  const view = (): View => props.view;
  return (
    <header>
      <Show when={props.level === 'error'}>
        <Icon name="triangle-alert" size={13} class="err" />
      </Show>
      <h3 class="el">{props.title}</h3>
      <Show when={props.level === 'error' || props.level === 'warn'}>
        <em class={`tag ${props.level === 'error' ? 'e' : 'w'}`}>over its threshold</em>
      </Show>
      <span class="sp" />
      <span class="m t3 card-metric el">{view().metric}</span>
      <span class="card-acts">
        <a
          class="btn ic bare"
          aria-label="Open in Metrics"
          title="Open in Metrics"
          href={href('metrics', view().metric, {
            by: view().by?.[0],
            agg: view().aggregation,
            q: view().filter,
          })}
        >
          <Icon name="arrow-up-right" size={13} />
        </a>
        <CopyButton icon="code" label="Copy code" text={() => codeOfView(view())} />
      </span>
    </header>
  );
}

function CardBody(props: { view: View; answer: MetricQueryAnswer }): JSX.Element {
  const chart = (): ChartType => props.view.chartType;
  const unit = (): string => props.view.unit ?? props.answer.unit;
  const times = createMemo(() => props.answer.timesUnixNano.map(millisOfNanos));
  return (
    <Switch>
      <Match when={chart() === 'stat'}>
        <StatCard view={props.view} answer={props.answer} />
      </Match>
      <Match when={chart() === 'gauge'}>
        <GaugeCard view={props.view} answer={props.answer} />
      </Match>
      <Match when={chart() === 'table'}>
        <TableCard view={props.view} answer={props.answer} />
      </Match>
      <Match when={chart() === 'top'}>
        <TopCard view={props.view} answer={props.answer} />
      </Match>
      <Match when={chart() === 'heatmap' && props.answer.distribution}>
        {(distribution) => (
          <div class="card-plot">
            <HeatmapChart
              small
              times={times()}
              toMillis={millisOfNanos(props.answer.toUnixNano)}
              distribution={distribution()}
              unit={unit()}
            />
          </div>
        )}
      </Match>
      <Match when={chart() === 'histogram' && props.answer.distribution}>
        {(distribution) => (
          <div class="card-plot">
            <HistogramChart
              distribution={distribution()}
              unit={unit()}
              colour={serviceColour(props.view.metric)}
            />
          </div>
        )}
      </Match>
      <Match when={chart() === 'heatmap' || chart() === 'histogram'}>
        <div class="card-wait t3">
          {props.view.metric} has no buckets: a {chart()} needs a histogram metric
        </div>
      </Match>
      <Match when={true}>
        <Legend answer={props.answer} unit={unit()} />
        <div class="card-series">
          <SeriesChart
            label={`${props.view.title ?? props.view.metric}, ${props.answer.agg}`}
            options={plotOptionsOf(props.answer, {
              kind: chart() === 'area' ? 'area' : chart() === 'bar' ? 'bar' : 'line',
              zone: timeZone(),
              thresholds: props.view.thresholds,
              min: props.view.min,
              max: props.view.max,
              unit: props.view.unit,
            })}
          />
        </div>
      </Match>
    </Switch>
  );
}

const MOST_LEGENDS = 5;

function Legend(props: { answer: MetricQueryAnswer; unit: string }): JSX.Element {
  const agg = (): Aggregation => props.answer.agg;
  const entries = createMemo(() =>
    props.answer.series.slice(0, MOST_LEGENDS).map((series) => ({
      name: Object.keys(series.labels).length === 0 ? agg() : seriesName(series, props.answer.name),
      last: summariseSeries(series.values).last,
    })),
  );
  return (
    <div class="card-legend">
      <For each={entries()}>
        {(entry, i) => (
          <span class={seriesClass(i())}>
            <i class="dot square" />
            <span class="el">{entry.name}</span>{' '}
            <b class="n">
              {metricValueText(
                entry.last,
                unitOf(props.answer.type, agg(), props.unit),
                isRate(agg()),
              )}
            </b>
          </span>
        )}
      </For>
      <Show when={props.answer.series.length > MOST_LEGENDS}>
        <span class="t3">+{props.answer.series.length - MOST_LEGENDS}</span>
      </Show>
    </div>
  );
}

/** The metric has not been recorded: which names come near, and that it appears by itself. */
function NoMetric(props: { view: View; known: readonly string[] }): JSX.Element {
  const near = createMemo(() => nearestNames(props.view.metric, props.known, 2));
  return (
    <div class="card-missing" data-test="view-missing">
      <div>
        no metric named <b class="m err">{props.view.metric}</b> yet
      </div>
      <Show when={near().length > 0}>
        <div class="card-near">
          did you mean
          <For each={near()}>
            {(name) => (
              <a class="btn sm pri m" href={href('metrics', name)}>
                {name}
              </a>
            )}
          </For>
        </div>
      </Show>
      <pre class="m t2">{codeOfView(props.view)}</pre>
      <div class="t3">Appears by itself once the metric does</div>
    </div>
  );
}
