import type { LogRecord } from '@codomyrmex/telemetry-query';
import { For, Show, type JSX } from 'solid-js';
import { groupedText } from '../../base/number.js';
import { millisOfNanos } from '../../base/time.js';
import { drawBars } from '../../canvas/bars.js';
import type { LogCharts } from '../../layout/log-charts.js';
import { logTime } from '../../layout/log-time.js';
import { BrushArea } from '../../parts/brush.js';
import { CanvasView } from '../../parts/canvas-view.js';
import { ChartEnds } from '../../parts/chart-ends.js';
import { chooseAbsolute } from '../../parts/time-range.js';

const TICKS = 6;
const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
const NAMES = { error: 'Error', warn: 'Warn', info: 'Info', debug: 'Debug' } as const;

/** Lines over time by severity; dragging zooms the time. */
export function LogVolume(props: {
  charts: LogCharts;
  complete: boolean;
  at: LogRecord | undefined;
}): JSX.Element {
  const charts = (): LogCharts => props.charts;
  const span = (): number => Math.max(1, charts().toMillis - charts().fromMillis);
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
        <For each={LEVELS}>
          {(level) => (
            <span class="legend n">
              <i class={level} />
              {NAMES[level]} {groupedText(charts()[level].total)}
            </span>
          )}
        </For>
        <span class="sp" />
        <span class="t3 chart-hint">drag to zoom</span>
      </h2>
      <BrushArea
        class="logs-plot"
        onRange={(from, to) =>
          chooseAbsolute(charts().fromMillis + from * span(), charts().fromMillis + to * span())
        }
      >
        <VolumeCanvas charts={charts()} />
        <Show when={marker() !== undefined}>
          <i class="logs-marker" style={{ left: `${(marker() ?? 0) * 100}%` }} />
        </Show>
      </BrushArea>
      <ChartEnds fromMillis={charts().fromMillis} toMillis={charts().toMillis} count={TICKS} />
    </section>
  );
}

function VolumeCanvas(props: { charts: LogCharts }): JSX.Element {
  const charts = (): LogCharts => props.charts;
  const label = (): string =>
    LEVELS.map((level) => `${groupedText(charts()[level].total)} ${level}`).join(', ');
  return (
    <CanvasView
      label={`Lines over time: ${label()}`}
      draw={(context, width, height, palette) => {
        const info = palette.series[0] ?? palette.accent;
        drawBars(context, width, height, [
          { counts: charts().error.bars, colour: palette.error },
          { counts: charts().warn.bars, colour: palette.warn, alpha: 0.9 },
          { counts: charts().info.bars, colour: info, alpha: 0.6 },
          { counts: charts().debug.bars, colour: palette.text3, alpha: 0.5 },
        ]);
      }}
    />
  );
}
