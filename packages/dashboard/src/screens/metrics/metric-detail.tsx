import type { MetricQueryAnswer, MetricRow } from '@codomyrmex/telemetry-query';
import { createMemo, createSignal, For, Match, Show, Switch, type JSX } from 'solid-js';
import { serviceColour } from '../../base/colour.js';
import { metricValueText } from '../../base/number.js';
import { ageText, clockText, millisOfNanos } from '../../base/time.js';
import { createAnswer } from '../../data/connection.js';
import { param, range, setParams } from '../../data/location.js';
import { now, timeZone } from '../../data/shared.js';
import { aggregationsOf, isRate, unitOf } from '../../layout/series-summary.js';
import { CopyButton, copyText } from '../../parts/copy.js';
import { HeatmapChart } from '../../parts/heatmap-chart.js';
import { HistogramChart } from '../../parts/histogram-chart.js';
import { Icon } from '../../parts/icon.js';
import { plotOptionsOf } from '../../parts/plot-options.js';
import { SeriesChart } from '../../parts/series-chart.js';
import { Key, Quiet } from '../../parts/text.js';
import { chooseAbsolute } from '../../parts/time-range.js';
import { useKeys } from '../../parts/use-keys.js';
import { hasBuckets, viewCode, type MetricChoice, type MetricMode } from './metric-choice.js';
import { unitText } from './metric-list.js';
import { MetricMoment } from './metric-moment.js';
import { SeriesTable } from './series-table.js';

const TYPE_NAMES: { readonly [type in MetricRow['type']]: string } = {
  gauge: 'gauge',
  sum: 'counter',
  histogram: 'histogram',
  exponentialHistogram: 'exponential histogram',
  summary: 'summary',
};

/** One metric over time: its chart, its series, and the way to the traces of a moment. */
export function MetricDetail(props: { row: MetricRow; choice: MetricChoice }): JSX.Element {
  const row = (): MetricRow => props.row;
  const choice = (): MetricChoice => props.choice;
  const name = createMemo(() => row().name);
  const agg = createMemo(() => choice().agg);
  const { data, error } = createAnswer(() => {
    const { from, to, live } = range();
    const asked = { name: name(), agg: agg(), by: choice().by, q: param('q'), from };
    return {
      live,
      query: {
        kind: 'series',
        name: asked.name,
        agg: asked.agg,
        from,
        ...(asked.by === '' ? {} : { by: asked.by }),
        ...(asked.q === '' ? {} : { q: asked.q }),
      },
      path: '/metrics/query',
      params: { ...asked, to },
    };
  });
  // An answer to the question before is not shown under this metric's name.
  const answer = createMemo(() => (data()?.name === name() ? data() : undefined));
  const [hover, setHover] = createSignal<number | undefined>();
  const mark = (): number | undefined => {
    const at = Number(param('at'));
    return at > 0 ? at : undefined;
  };
  useKeys({
    y: { run: () => void copyText(viewCode(row(), choice())), label: 'copy registerView()' },
    b: { run: () => nextBy(row(), choice()), label: 'group by the next attribute' },
  });
  return (
    <section class="metric-detail" aria-label={row().name} data-test="metric-detail">
      <MetricHead row={row()} choice={choice()} />
      <MetricControls row={row()} choice={choice()} />
      <div class="metric-plot">
        <Show when={answer()} fallback={<Quiet title={error()?.message ?? 'Loading'} />}>
          {(current) => (
            <MetricPlot
              row={row()}
              choice={choice()}
              answer={current()}
              mark={mark()}
              onHover={setHover}
            />
          )}
        </Show>
      </div>
      <Show when={answer()}>
        {(current) => (
          <>
            <Show when={mark()}>
              {(at) => <MetricMoment row={row()} answer={current()} atMillis={at()} />}
            </Show>
            <SeriesTitle answer={current()} choice={choice()} hover={hover()} />
            <SeriesTable answer={current()} hover={hover()} />
          </>
        )}
      </Show>
      <div class="metric-code">
        <span class="t3">As code</span>
        <code class="m el">{viewCode(row(), choice())}</code>
        <span class="sp" />
        <CopyButton text={() => viewCode(row(), choice())} label="Copy the code" />
      </div>
    </section>
  );
}

/** The chart in the chosen way. A click chooses a moment, a drag zooms. */
function MetricPlot(props: {
  row: MetricRow;
  choice: MetricChoice;
  answer: MetricQueryAnswer;
  mark: number | undefined;
  onHover: (index: number | undefined) => void;
}): JSX.Element {
  const pick = (millis: number): void =>
    setParams({ at: String(Math.round(millis)) }, { replace: true });
  return (
    <Switch>
      <Match when={props.choice.mode === 'heatmap' && props.answer.distribution}>
        {(distribution) => (
          <HeatmapChart
            times={props.answer.timesUnixNano.map(millisOfNanos)}
            toMillis={millisOfNanos(props.answer.toUnixNano)}
            distribution={distribution()}
            unit={props.row.unit}
            mark={props.mark}
            onPick={pick}
          />
        )}
      </Match>
      <Match when={props.choice.mode === 'distribution' && props.answer.distribution}>
        {(distribution) => (
          <HistogramChart
            distribution={distribution()}
            unit={props.row.unit}
            colour={serviceColour(props.row.name)}
          />
        )}
      </Match>
      <Match when={true}>
        <SeriesChart
          label={`${props.row.name}, ${props.choice.agg}`}
          options={plotOptionsOf(props.answer, {
            kind: 'line',
            mark: props.mark,
            zone: timeZone(),
          })}
          events={{ onHover: props.onHover, onPick: pick, onRange: chooseAbsolute }}
        />
      </Match>
    </Switch>
  );
}

function SeriesTitle(props: {
  answer: MetricQueryAnswer;
  choice: MetricChoice;
  hover: number | undefined;
}): JSX.Element {
  return (
    <div class="metric-title">
      <h3>
        {props.choice.agg}
        {props.choice.by === '' ? '' : ` by ${props.choice.by}`}
      </h3>
      <span class="t3 n">
        {props.answer.series.length} series
        {props.answer.truncated === undefined ? '' : ` · ${props.answer.truncated}`}
      </span>
      <span class="sp" />
      <span class="t3 n">{hoverText(props.answer, props.hover)}</span>
    </div>
  );
}

function hoverText(answer: MetricQueryAnswer, index: number | undefined): string {
  const time = index === undefined ? undefined : answer.timesUnixNano[index];
  if (index === undefined || time === undefined) return '';
  const value = answer.series[0]?.values[index];
  const unit = unitOf(answer.type, answer.agg, answer.unit);
  const text = metricValueText(value ?? undefined, unit, isRate(answer.agg));
  const at = clockText(millisOfNanos(time), timeZone());
  return answer.series.length === 1 ? `${at} · ${text}` : `at ${at}`;
}

function nextBy(row: MetricRow, choice: MetricChoice): void {
  const keys = ['', ...row.attributeKeys];
  const next = keys[(keys.indexOf(choice.by) + 1) % keys.length];
  setParams({ by: next, mode: next === '' ? undefined : 'lines' }, { replace: true });
}

function MetricHead(props: { row: MetricRow; choice: MetricChoice }): JSX.Element {
  const temporality = (): string => {
    const { temporality: kind, monotonic, type } = props.row;
    const parts = [
      type === 'sum' && !monotonic ? 'up and down' : '',
      kind === 'UNSPECIFIED' ? '' : kind.toLowerCase(),
    ];
    return parts.filter((part) => part !== '').join(', ');
  };
  return (
    <header class="metric-head">
      <div class="metric-head-text">
        <h2>
          <span class="el" data-test="metric-name">
            {props.row.name}
          </span>
          <em class="tag">{TYPE_NAMES[props.row.type]}</em>
          <Show when={unitText(props.row.unit) !== '' && props.row.unit !== '1'}>
            <em class="tag">{unitText(props.row.unit)}</em>
          </Show>
          <Show when={temporality() !== ''}>
            <em class="tag">{temporality()}</em>
          </Show>
        </h2>
        <p class="el">
          <Show when={props.row.description !== ''}>{props.row.description} · </Show>
          <span class="n">
            {props.row.attributeKeys.length === 1
              ? '1 attribute'
              : `${props.row.attributeKeys.length} attributes`}{' '}
            · {props.row.seriesCount} series · {props.row.services.join(', ')} · seen{' '}
            {ageText(now() - millisOfNanos(props.row.lastSeenUnixNano))} ago
          </span>
        </p>
      </div>
      <span class="sp" />
      <CopyButton
        class="btn pri"
        icon="code"
        label="Copy the code of this view"
        text={() => viewCode(props.row, props.choice)}
      >
        Copy registerView()
      </CopyButton>
    </header>
  );
}

const MODES: readonly (readonly [MetricMode, string])[] = [
  ['heatmap', 'Heatmap'],
  ['lines', 'Lines'],
  ['distribution', 'Distribution'],
];

function MetricControls(props: { row: MetricRow; choice: MetricChoice }): JSX.Element {
  const aggregations = (): readonly string[] => aggregationsOf(props.row.type, props.row.monotonic);
  return (
    <div class="metric-controls">
      <Show when={hasBuckets(props.row)}>
        <div class="seg" role="group" aria-label="Chart">
          <For each={MODES}>
            {([mode, label]) => (
              <button
                type="button"
                classList={{ on: props.choice.mode === mode }}
                aria-pressed={props.choice.mode === mode}
                onClick={() => setParams({ mode }, { replace: true })}
              >
                {label}
              </button>
            )}
          </For>
        </div>
        <span class="metric-rule" />
      </Show>
      <div class="seg" role="group" aria-label="Aggregation">
        <For each={aggregations()}>
          {(agg) => (
            <button
              type="button"
              classList={{ on: props.choice.agg === agg && props.choice.mode === 'lines' }}
              aria-pressed={props.choice.agg === agg}
              data-test={`agg-${agg}`}
              onClick={() =>
                setParams(
                  { agg, mode: hasBuckets(props.row) ? 'lines' : undefined },
                  { replace: true },
                )
              }
            >
              {agg}
            </button>
          )}
        </For>
      </div>
      <label class="btn metric-by">
        <span class="t3">by</span>
        <select
          aria-label="Group by"
          data-test="metric-by"
          value={props.choice.by}
          onChange={(event) => {
            const by = event.currentTarget.value;
            setParams({ by, mode: by === '' ? undefined : 'lines' }, { replace: true });
          }}
        >
          <option value="">nothing</option>
          <For each={[...new Set([...props.row.attributeKeys, 'service.name'])]}>
            {(key) => (
              <option value={key} selected={key === props.choice.by}>
                {key}
              </option>
            )}
          </For>
        </select>
        <Icon name="chevron-down" size={12} />
        <Key name="B" />
      </label>
      <span class="sp" />
      <span class="t3 chart-hint">drag to zoom, click for the traces of a moment</span>
    </div>
  );
}
