import { For, type JSX } from 'solid-js';
import { groupedText, percentOf, threeDigits } from '../../base/number.js';
import { decades, logPosition } from '../../base/scale.js';
import { durationText } from '../../base/time.js';
import { drawBars } from '../../canvas/bars.js';
import { drawHeatmap } from '../../canvas/heatmap.js';
import { drawSparkline } from '../../canvas/sparkline.js';
import type { TraceCharts } from '../../layout/trace-charts.js';
import { BrushArea } from '../../parts/brush.js';
import { CanvasView } from '../../parts/canvas-view.js';
import { ChartEnds } from '../../parts/chart-ends.js';
import { Duration } from '../../parts/text.js';
import { chooseAbsolute } from '../../parts/time-range.js';

/** Below this share the error line would fill its box with next to nothing. */
const LEAST_ERROR_SCALE = 0.05;

/** Rate, errors and durations of the loaded traces; dragging over the durations zooms the time. */
export function TraceChartStrip(props: {
  charts: TraceCharts;
  complete: boolean;
  count: number;
}): JSX.Element {
  const covered = (): string =>
    props.complete ? 'in this time' : `of the newest ${groupedText(props.count)}`;
  return (
    <div class="traces-charts">
      <RateBox charts={props.charts} covered={covered()} />
      <ErrorBox charts={props.charts} covered={covered()} />
      <DurationBox charts={props.charts} />
    </div>
  );
}

function RateBox(props: { charts: TraceCharts; covered: string }): JSX.Element {
  const charts = (): TraceCharts => props.charts;
  return (
    <section class="chart-box" aria-label="Rate">
      <h2>Rate</h2>
      <div class="chart-number n">
        {threeDigits(charts().perMinute)}
        <small> traces/min</small>
      </div>
      <div class="chart-note t3">{props.covered}</div>
      <div class="chart-canvas">
        <CanvasView
          label={`${threeDigits(charts().perMinute)} traces a minute`}
          draw={(context, width, height, palette) => {
            const good = Array.from(
              charts().counts,
              (count, bar) => count - (charts().errors[bar] ?? 0),
            );
            drawBars(context, width, height, [
              { counts: charts().errors, colour: palette.error },
              { counts: good, colour: palette.series[0] ?? palette.accent, alpha: 0.75 },
            ]);
          }}
        />
      </div>
      <ChartEnds fromMillis={charts().fromMillis} toMillis={charts().toMillis} count={2} />
    </section>
  );
}

function ErrorBox(props: { charts: TraceCharts; covered: string }): JSX.Element {
  const charts = (): TraceCharts => props.charts;
  const line = (): number[] =>
    Array.from(charts().counts, (count, bar) =>
      count === 0 ? 0 : (charts().errors[bar] ?? 0) / count,
    );
  return (
    <section class="chart-box" aria-label="Errors">
      <h2>Errors</h2>
      <div class="chart-number n" classList={{ err: charts().errorRatio > 0 }}>
        {percentOf(charts().errorRatio)}
        <small> %</small>
      </div>
      <div class="chart-note t3">{props.covered}</div>
      <div class="chart-canvas">
        <CanvasView
          label={`${percentOf(charts().errorRatio)} per cent with errors`}
          draw={(context, width, height, palette) =>
            drawSparkline(context, width, height, line(), {
              colour: palette.error,
              max: Math.max(LEAST_ERROR_SCALE, ...line()),
            })
          }
        />
      </div>
      <ChartEnds fromMillis={charts().fromMillis} toMillis={charts().toMillis} count={2} />
    </section>
  );
}

function DurationBox(props: { charts: TraceCharts }): JSX.Element {
  const charts = (): TraceCharts => props.charts;
  const at = (share: number): number =>
    charts().fromMillis + share * (charts().toMillis - charts().fromMillis);
  return (
    <section class="chart-box" aria-label="Duration">
      <DurationHead charts={charts()} />
      <div class="heat">
        <For each={decades(charts().minNanos, charts().maxNanos)}>
          {(tick) => (
            <span
              class="heat-tick n"
              style={{
                bottom: `${logPosition(tick, charts().minNanos, charts().maxNanos) * 100}%`,
              }}
            >
              {decadeText(tick)}
            </span>
          )}
        </For>
        <BrushArea
          class="heat-plot"
          test="duration-heatmap"
          onRange={(from, to) => chooseAbsolute(at(from), at(to))}
        >
          <CanvasView
            label={`Half below ${durationText(charts().p50Nanos)}`}
            draw={(context, width, height, palette) =>
              drawHeatmap(context, width, height, palette, {
                columns: charts().columns,
                rows: charts().rows,
                counts: charts().cells,
              })
            }
          />
        </BrushArea>
      </div>
      <ChartEnds
        class="heat-ends"
        fromMillis={charts().fromMillis}
        toMillis={charts().toMillis}
        count={4}
      />
    </section>
  );
}

/** Powers of ten in seconds stay in seconds: `100 s`, not `1 m 40 s`. */
function decadeText(nanos: number): string {
  return nanos >= 60e9 ? `${nanos / 1e9} s` : durationText(nanos);
}

function DurationHead(props: { charts: TraceCharts }): JSX.Element {
  return (
    <h2>
      Duration <span class="t3">·</span>
      <span>
        p50{' '}
        <b>
          <Duration nanos={props.charts.p50Nanos} />
        </b>
      </span>
      <span>
        p95{' '}
        <b>
          <Duration nanos={props.charts.p95Nanos} />
        </b>
      </span>
      <span>
        p99{' '}
        <b class="warn">
          <Duration nanos={props.charts.p99Nanos} />
        </b>
      </span>
      <span class="sp" />
      <span class="t3 chart-hint">drag to zoom</span>
    </h2>
  );
}
