import type { MetricQueryAnswer } from '@codomyrmex/telemetry-query';
import { metricValueText } from '../base/number.js';
import { millisOfNanos, type TimeZone } from '../base/time.js';
import { readPalette } from '../canvas/palette.js';
import type { PlotOptions, PlotThreshold } from '../canvas/series-plot.js';
import { currentTheme } from '../data/theme.js';
import { isRate, seriesName, unitOf } from '../layout/series-summary.js';

/** Series drawn at most; the rest is in the table. */
export const MOST_SERIES = 12;

/** How a view or a screen wants an answer drawn. */
export interface PlotWish {
  readonly kind: PlotOptions['kind'];
  readonly zone: TimeZone;
  readonly mark?: number | undefined;
  readonly thresholds?: readonly PlotThreshold[] | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Instead of the metric's own. */
  readonly unit?: string | undefined;
}

/** A metric's answer as a chart over time; tracks the theme. */
export function plotOptionsOf(answer: MetricQueryAnswer, wish: PlotWish): PlotOptions {
  const palette = readPalette(currentTheme());
  const unit = unitOf(answer.type, answer.agg, wish.unit ?? answer.unit);
  return {
    kind: wish.kind,
    times: answer.timesUnixNano.map(millisOfNanos),
    series: answer.series.slice(0, MOST_SERIES).map((series, i) => ({
      name: seriesName(series, answer.name),
      values: series.values,
      colour: palette.series[i % palette.series.length] ?? palette.accent,
      dashed: i >= palette.series.length,
    })),
    thresholds: wish.thresholds ?? [],
    min: wish.min,
    max: wish.max,
    zone: wish.zone,
    mark: wish.mark,
    format: (value) => metricValueText(value, unit, isRate(answer.agg)),
  };
}
