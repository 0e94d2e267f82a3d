import { createSignal, For, Show, type JSX } from 'solid-js';
import { groupedText, percentOf, threeDigits } from '../../base/number.js';
import { decades, logPosition } from '../../base/scale.js';
import { clockText, durationText } from '../../base/time.js';
import { drawBars } from '../../canvas/bars.js';
import { drawHeatmap } from '../../canvas/heatmap.js';
import { drawSparkline } from '../../canvas/sparkline.js';
import { setParams } from '../../data/location.js';
import { timeZone } from '../../data/shared.js';
import { nanosOfMillis } from '../../base/time.js';
import type { TraceCharts } from '../../layout/trace-charts.js';
import { CanvasView } from '../../parts/canvas-view.js';
import { Duration } from '../../parts/text.js';

/** Rate, errors and durations of the loaded traces; dragging over the durations zooms the time. */
export function TraceChartStrip(props: {
  charts: TraceCharts;
  complete: boolean;
  count: number;
}): JSX.Element {
  const charts = (): TraceCharts => props.charts;
  const covered = (): string =>
    props.complete ? 'in this time' : `of the newest ${groupedText(props.count)}`;
  const errorLine = (): (number | null)[] =>
    Array.from(charts().counts, (count, bar) =>
      count === 0 ? 0 : (charts().errors[bar] ?? 0) / count,
    );
  return (
    <div class="traces-charts">
      <section class="chart-box" aria-label="Rate">
        <h2>Rate</h2>
        <div class="chart-number n">
          {threeDigits(charts().perMinute)}
          <small> traces/min</small>
        </div>
        <div class="chart-note t3">{covered()}</div>
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
        <Ends charts={charts()} />
      </section>
      <section class="chart-box" aria-label="Errors">
        <h2>Errors</h2>
        <div class="chart-number n" classList={{ err: charts().errorRatio > 0 }}>
          {percentOf(charts().errorRatio)}
          <small> %</small>
        </div>
        <div class="chart-note t3">{covered()}</div>
        <div class="chart-canvas">
          <CanvasView
            label={`${percentOf(charts().errorRatio)} per cent with errors`}
            draw={(context, width, height, palette) =>
              drawSparkline(context, width, height, errorLine(), {
                colour: palette.error,
                max: Math.max(0.05, ...errorLine().map((value) => value ?? 0)),
              })
            }
          />
        </div>
        <Ends charts={charts()} />
      </section>
      <DurationHeatmap charts={charts()} />
    </div>
  );
}

function Ends(props: { charts: TraceCharts }): JSX.Element {
  return (
    <div class="chart-ends n">
      <span>{clockText(props.charts.fromMillis, timeZone()).slice(0, 8)}</span>
      <span>{clockText(props.charts.toMillis, timeZone()).slice(0, 8)}</span>
    </div>
  );
}

function DurationHeatmap(props: { charts: TraceCharts }): JSX.Element {
  const [brush, setBrush] = createSignal<readonly [number, number] | undefined>();
  const charts = (): TraceCharts => props.charts;
  const fraction = (event: PointerEvent & { currentTarget: HTMLElement }): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width)));
  };
  const zoom = (): void => {
    const chosen = brush();
    setBrush(undefined);
    if (chosen === undefined) return;
    const [a, b] = [Math.min(...chosen), Math.max(...chosen)];
    if (b - a < 0.01) return;
    const { fromMillis, toMillis } = charts();
    const at = (share: number): string =>
      nanosOfMillis(fromMillis + share * (toMillis - fromMillis));
    setParams({ from: at(a), to: at(b), live: undefined });
  };
  const ticks = (): number[] => decades(charts().minNanos, charts().maxNanos);
  return (
    <section class="chart-box" aria-label="Duration">
      <h2>
        Duration <span class="t3">·</span>
        <span>
          p50{' '}
          <b>
            <Duration nanos={charts().p50Nanos} />
          </b>
        </span>
        <span>
          p95{' '}
          <b>
            <Duration nanos={charts().p95Nanos} />
          </b>
        </span>
        <span>
          p99{' '}
          <b class="warn">
            <Duration nanos={charts().p99Nanos} />
          </b>
        </span>
        <span class="sp" />
        <span class="t3 chart-hint">drag to zoom</span>
      </h2>
      <div class="heat">
        <For each={ticks()}>
          {(tick) => (
            <span
              class="heat-tick n"
              style={{
                bottom: `${logPosition(tick, charts().minNanos, charts().maxNanos) * 100}%`,
              }}
            >
              {durationText(tick)}
            </span>
          )}
        </For>
        <div
          class="heat-plot"
          data-test="duration-heatmap"
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            setBrush([fraction(event), fraction(event)]);
          }}
          onPointerMove={(event) => {
            const chosen = brush();
            if (chosen !== undefined) setBrush([chosen[0], fraction(event)]);
          }}
          onPointerUp={zoom}
          onPointerCancel={() => setBrush(undefined)}
        >
          <CanvasView
            label={`Durations: half below ${durationText(charts().p50Nanos)}, 95 % below ${durationText(charts().p95Nanos)}`}
            draw={(context, width, height, palette) =>
              drawHeatmap(context, width, height, palette, {
                columns: charts().columns,
                rows: charts().rows,
                counts: charts().cells,
              })
            }
          />
          <Show when={brush()}>
            {(chosen) => (
              <div
                class="brush"
                style={{
                  left: `${Math.min(...chosen()) * 100}%`,
                  width: `${Math.abs(chosen()[1] - chosen()[0]) * 100}%`,
                }}
              />
            )}
          </Show>
        </div>
      </div>
      <div class="chart-ends heat-ends n">
        <For each={[0, 1, 2, 3]}>
          {(part) => (
            <span>
              {clockText(
                charts().fromMillis + (part / 3) * (charts().toMillis - charts().fromMillis),
                timeZone(),
              )}
            </span>
          )}
        </For>
      </div>
    </section>
  );
}
