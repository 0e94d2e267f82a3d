import type { MetricQueryAnswer, MetricRow, MetricsAnswer } from '@codomyrmex/telemetry-query';
import {
  createEffect,
  createMemo,
  createSignal,
  For,
  on,
  onCleanup,
  Show,
  type JSX,
} from 'solid-js';
import { serviceColour } from '../../base/colour.js';
import { metricValueText } from '../../base/number.js';
import { quoteValue } from '../../base/terms.js';
import { millisOfNanos, nanosOfMillis } from '../../base/time.js';
import { drawSparkline } from '../../canvas/sparkline.js';
import { getJson } from '../../data/api.js';
import { href } from '../../data/location.js';
import { millisAt } from '../../layout/trace-store.js';
import { CanvasView } from '../../parts/canvas-view.js';
import type { TraceState } from './trace-state.js';

/** How far before and after the span its service's metrics are shown. */
const AROUND_MILLIS = 5 * 60_000;
const MOST_METRICS = 4;
/** Moving through spans with the keyboard asks nothing until it rests. */
const REST_MILLIS = 180;

interface Chart {
  readonly row: MetricRow;
  readonly answer: MetricQueryAnswer;
}

/** Durations say most beside a span, then what is counted, then states. */
function rank(row: MetricRow): number {
  if (row.type === 'histogram' || row.type === 'exponentialHistogram') return 0;
  return row.type === 'sum' ? 1 : 2;
}

async function load(
  service: string,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<Chart[]> {
  const q = `service=${quoteValue(service)}`;
  const list = await getJson<MetricsAnswer>('/metrics', { q, from, to }, signal);
  const rows = list.items.toSorted((a, b) => rank(a) - rank(b)).slice(0, MOST_METRICS);
  return Promise.all(
    rows.map(async (row) => ({
      row,
      answer: await getJson<MetricQueryAnswer>(
        '/metrics/query',
        { name: row.name, q, from, to },
        signal,
      ),
    })),
  );
}

/** The metrics of the span's service around its time, with the span marked in each. */
export function SpanMetrics(props: {
  state: TraceState;
  node: number;
  service: string;
}): JSX.Element {
  const [charts, setCharts] = createSignal<readonly Chart[]>([]);
  const spanMillis = createMemo(() => {
    const { store, tree } = props.state.shown();
    return {
      from: millisAt(store, tree.start[props.node] ?? 0),
      to: millisAt(store, tree.end[props.node] ?? 0),
    };
  });
  // To the minute: a span that runs on does not ask again with every frame.
  const window = createMemo(() => {
    const minute = Math.floor(spanMillis().from / 60_000) * 60_000;
    return `${props.service}\n${minute}`;
  });
  createEffect(
    on(window, () => {
      const start = spanMillis().from;
      const abort = new AbortController();
      const timer = setTimeout(() => {
        load(
          props.service,
          nanosOfMillis(start - AROUND_MILLIS),
          nanosOfMillis(start + AROUND_MILLIS),
          abort.signal,
        ).then(setCharts, () => {
          if (!abort.signal.aborted) setCharts([]);
        });
      }, REST_MILLIS);
      onCleanup(() => {
        clearTimeout(timer);
        abort.abort();
      });
    }),
  );
  return (
    <Show when={charts().length > 0}>
      <section class="sec" data-test="span-metrics">
        <h3>
          Metrics of {props.service} <span class="t3">± 5 min</span>
        </h3>
        <For each={charts()}>
          {(chart) => <SpanMetric chart={chart} service={props.service} at={spanMillis()} />}
        </For>
      </section>
    </Show>
  );
}

function SpanMetric(props: {
  chart: Chart;
  service: string;
  at: { from: number; to: number };
}): JSX.Element {
  const values = (): readonly (number | null)[] => props.chart.answer.series[0]?.values ?? [];
  const last = (): number | undefined =>
    values().findLast((value): value is number => value !== null);
  const share = (millis: number): number => {
    const from = millisOfNanos(props.chart.answer.fromUnixNano);
    const to = millisOfNanos(props.chart.answer.toUnixNano);
    return Math.min(1, Math.max(0, (millis - from) / Math.max(1, to - from)));
  };
  const answer = (): MetricQueryAnswer => props.chart.answer;
  return (
    <a
      class="span-metric"
      data-test="span-metric"
      href={href('metrics', answer().name, {
        q: `service=${quoteValue(props.service)}`,
        from: answer().fromUnixNano,
        to: answer().toUnixNano,
      })}
    >
      <div class="span-metric-head">
        <span class="el t2">{answer().name}</span>
        <span class="t3">{answer().agg}</span>
        <span class="sp" />
        <b class="n">{metricValueText(last(), answer().unit, answer().agg === 'rate')}</b>
      </div>
      <div class="span-metric-plot">
        <CanvasView
          label={`${answer().name}, ${answer().agg}`}
          draw={(context, width, height, palette) => {
            const left = share(props.at.from) * width;
            const wide = Math.max(2, (share(props.at.to) - share(props.at.from)) * width);
            context.fillStyle = palette.accent;
            context.globalAlpha = 0.55;
            context.fillRect(Math.min(left, width - wide), 0, wide, height);
            context.globalAlpha = 1;
            drawSparkline(context, width, height, values(), {
              colour: palette.series[serviceColour(props.service) - 1] ?? palette.text2,
            });
          }}
        />
      </div>
    </a>
  );
}
