import type { MetricQueryAnswer, View } from '@codomyrmex/telemetry-query';
import { createMemo, Show, type JSX } from 'solid-js';
import { metricValueOf, metricValueText, threeDigits } from '../../base/number.js';
import type { Quantity } from '../../base/time.js';
import { drawSparkline } from '../../canvas/sparkline.js';
import { serviceColour } from '../../base/colour.js';
import { isRate, summariseSeries, unitOf } from '../../layout/series-summary.js';
import { CanvasView } from '../../parts/canvas-view.js';

/** How serious a value is. */
export type Level = 'ok' | 'warn' | 'error';

/** The level of the highest threshold that a value reaches; undefined below all of them. */
export function levelOf(
  value: number | undefined,
  thresholds: View['thresholds'],
): Level | undefined {
  if (value === undefined || thresholds === undefined) return undefined;
  let found: { readonly value: number; readonly level: Level } | undefined;
  for (const threshold of thresholds) {
    if (value >= threshold.value && (found === undefined || threshold.value >= found.value)) {
      found = threshold;
    }
  }
  return found?.level;
}

/** The values of all series in one: sums of what adds up, the largest of what does not. */
export function joined(answer: MetricQueryAnswer): (number | null)[] {
  const adds = answer.agg === 'rate' || answer.agg === 'sum' || answer.agg === 'count';
  if (answer.series.length === 1) return [...(answer.series[0]?.values ?? [])];
  return answer.timesUnixNano.map((_, i) => {
    let value: number | null = null;
    for (const series of answer.series) {
      const here = series.values[i] ?? null;
      if (here === null) continue;
      value = value === null ? here : adds ? value + here : Math.max(value, here);
    }
    return value;
  });
}

/** A rate below one a second is told by the minute. */
function rateOf(value: number | undefined, unit: string): Quantity {
  if (value !== undefined && Math.abs(value) < 1) {
    const shown = unit === '1' ? '' : unit.replace(/\{[^}]*\}/g, '');
    return { value: threeDigits(value * 60), unit: `${shown}/min` };
  }
  return metricValueOf(value, unit, true);
}

/** The newest value, large, over its own course. */
export function StatCard(props: { view: View; answer: MetricQueryAnswer }): JSX.Element {
  const values = createMemo(() => joined(props.answer));
  const summary = createMemo(() => summariseSeries(values()));
  const unit = (): string =>
    unitOf(props.answer.type, props.answer.agg, props.view.unit ?? props.answer.unit);
  const big = (): Quantity =>
    isRate(props.answer.agg)
      ? rateOf(summary().last, unit())
      : metricValueOf(summary().last, unit());
  const level = (): Level | undefined => levelOf(summary().last, props.view.thresholds);
  return (
    <>
      <div class="stat-body">
        <span
          class="stat-big n"
          classList={{ err: level() === 'error', warn: level() === 'warn' }}
          data-test="view-value"
        >
          {big().value}
          <small>{big().unit}</small>
        </span>
        <span class="stat-note t3 n">
          {props.answer.agg} · between{' '}
          {metricValueText(summary().min, unit(), isRate(props.answer.agg))} and{' '}
          {metricValueText(summary().max, unit(), isRate(props.answer.agg))}
        </span>
      </div>
      <div class="stat-spark">
        <CanvasView
          draw={(context, width, height, palette) =>
            drawSparkline(context, width, height, values(), {
              colour:
                level() === 'error'
                  ? palette.error
                  : (palette.series[serviceColour(props.view.metric) - 1] ?? palette.accent),
            })
          }
        />
      </div>
    </>
  );
}

const SWEEP = Math.PI;
const RADIUS = 54;
const CENTRE = { x: 70, y: 70 };

/** A point on the dial: 0 at the left, 1 at the right. */
function onDial(share: number, radius: number): string {
  const angle = Math.PI + SWEEP * Math.min(1, Math.max(0, share));
  const x = CENTRE.x + radius * Math.cos(angle);
  const y = CENTRE.y + radius * Math.sin(angle);
  return `${x.toFixed(2)} ${y.toFixed(2)}`;
}

function arc(from: number, to: number, radius: number): string {
  return `M ${onDial(from, radius)} A ${radius} ${radius} 0 0 1 ${onDial(to, radius)}`;
}

/** The newest value between min and max, on half a dial. */
export function GaugeCard(props: { view: View; answer: MetricQueryAnswer }): JSX.Element {
  const values = createMemo(() => joined(props.answer));
  const summary = createMemo(() => summariseSeries(values()));
  const unit = (): string =>
    unitOf(props.answer.type, props.answer.agg, props.view.unit ?? props.answer.unit);
  const min = (): number => props.view.min ?? Math.min(0, summary().min ?? 0);
  const max = (): number => {
    const highest = Math.max(
      summary().max ?? 1,
      ...(props.view.thresholds ?? []).map(({ value }) => value),
    );
    return props.view.max ?? (highest > min() ? highest : min() + 1);
  };
  const share = (value: number): number => (value - min()) / (max() - min());
  const level = (): Level => levelOf(summary().last, props.view.thresholds) ?? 'ok';
  const big = (): Quantity => metricValueOf(summary().last, unit(), isRate(props.answer.agg));
  /** The rim's stretches, each in the colour of the threshold it begins at. */
  const rim = createMemo(() => {
    const sorted = (props.view.thresholds ?? []).toSorted((a, b) => a.value - b.value);
    return sorted.map((threshold, i) => ({
      level: threshold.level,
      from: share(threshold.value),
      to: i + 1 < sorted.length ? share(sorted[i + 1]?.value ?? max()) : 1,
    }));
  });
  return (
    <div class="gauge-body">
      <div class="gauge-dial">
        <svg
          viewBox="0 0 140 80"
          width="140"
          height="80"
          role="img"
          aria-label={`${big().value} ${big().unit}`}
        >
          <path d={arc(0, 1, RADIUS)} class="gauge-track" />
          <Show when={summary().last !== undefined}>
            <path d={arc(0, share(summary().last ?? 0), RADIUS)} class={`gauge-value ${level()}`} />
          </Show>
          {rim().map((part) => (
            <path d={arc(part.from, part.to, RADIUS + 10)} class={`gauge-rim ${part.level}`} />
          ))}
        </svg>
        <span class="gauge-number n" data-test="view-value">
          {big().value}
          <small> {big().unit}</small>
        </span>
      </div>
      <dl class="n">
        <div>
          <dt>Highest</dt>
          <dd>{metricValueText(summary().max, unit(), isRate(props.answer.agg))}</dd>
        </div>
        <div>
          <dt>Lowest</dt>
          <dd>{metricValueText(summary().min, unit(), isRate(props.answer.agg))}</dd>
        </div>
        <div>
          <dt>Range</dt>
          <dd>
            {threeDigits(min())} – {threeDigits(max())}
          </dd>
        </div>
      </dl>
    </div>
  );
}
