import type { LogRecord } from '@codomyrmex/telemetry-query';
import { createSignal, For, Show, type JSX } from 'solid-js';
import { groupedText } from '../../base/number.js';
import { clockText, millisOfNanos } from '../../base/time.js';
import { drawBars } from '../../canvas/bars.js';
import { timeZone } from '../../data/shared.js';
import { logTime } from '../../layout/log-time.js';
import type { LogCharts } from '../../layout/log-charts.js';
import { CanvasView } from '../../parts/canvas-view.js';
import { chooseAbsolute } from '../../parts/time-range.js';

const TICKS = 6;

/** Lines over time by severity; dragging zooms the time. */
export function LogVolume(props: {
  charts: LogCharts;
  complete: boolean;
  at: LogRecord | undefined;
}): JSX.Element {
  const [drag, setDrag] = createSignal<readonly [number, number] | undefined>();
  const charts = (): LogCharts => props.charts;
  const span = (): number => Math.max(1, charts().toMillis - charts().fromMillis);
  const share = (event: PointerEvent & { currentTarget: HTMLElement }): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width)));
  };
  const zoom = (): void => {
    const chosen = drag();
    setDrag(undefined);
    if (chosen === undefined) return;
    const [a, b] = [Math.min(...chosen), Math.max(...chosen)];
    if (b - a < 0.01) return;
    chooseAbsolute(charts().fromMillis + a * span(), charts().fromMillis + b * span());
  };
  const marker = (): number | undefined => {
    if (props.at === undefined) return undefined;
    const at = (millisOfNanos(logTime(props.at)) - charts().fromMillis) / span();
    return at >= 0 && at <= 1 ? at : undefined;
  };
  return (
    <section class="logs-volume" aria-label="Volume">
      <h2>
        <b class="n" data-test="logs-count">
          {groupedText(charts().total)}
          {props.complete ? '' : ' newest'} lines
        </b>
        <span class="legend n">
          <i class="error" />
          Error {groupedText(charts().error.total)}
        </span>
        <span class="legend n">
          <i class="warn" />
          Warn {groupedText(charts().warn.total)}
        </span>
        <span class="legend n">
          <i class="info" />
          Info {groupedText(charts().info.total)}
        </span>
        <span class="legend n">
          <i class="debug" />
          Debug {groupedText(charts().debug.total)}
        </span>
        <span class="sp" />
        <span class="t3 chart-hint">drag to zoom</span>
      </h2>
      <div
        class="logs-plot"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag([share(event), share(event)]);
        }}
        onPointerMove={(event) => {
          const from = drag();
          if (from !== undefined) setDrag([from[0], share(event)]);
        }}
        onPointerUp={zoom}
        onPointerCancel={() => setDrag(undefined)}
      >
        <CanvasView
          label={`${groupedText(charts().error.total)} errors, ${groupedText(charts().warn.total)} warnings over time`}
          draw={(context, width, height, palette) =>
            drawBars(context, width, height, [
              { counts: charts().error.bars, colour: palette.error },
              { counts: charts().warn.bars, colour: palette.warn, alpha: 0.9 },
              {
                counts: charts().info.bars,
                colour: palette.series[0] ?? palette.accent,
                alpha: 0.6,
              },
              { counts: charts().debug.bars, colour: palette.text3, alpha: 0.5 },
            ])
          }
        />
        <Show when={drag()}>
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
        <Show when={marker() !== undefined}>
          <i class="logs-marker" style={{ left: `${(marker() ?? 0) * 100}%` }} />
        </Show>
      </div>
      <div class="chart-ends n">
        <For each={Array.from({ length: TICKS }, (_, tick) => tick)}>
          {(tick) => (
            <span>
              {clockText(charts().fromMillis + (tick / (TICKS - 1)) * span(), timeZone())}
            </span>
          )}
        </For>
      </div>
    </section>
  );
}
