import type { Aggregation, MetricRow } from '@codomyrmex/telemetry-query';
import { param } from '../../data/location.js';
import { aggregationsOf, defaultAggregation } from '../../layout/series-summary.js';

/** How a metric is shown. */
export type MetricMode = 'heatmap' | 'lines' | 'distribution';

/** What the address says of the chart, with the metric's own defaults for what it leaves out. */
export interface MetricChoice {
  readonly mode: MetricMode;
  readonly agg: Aggregation;
  /** Empty for none. */
  readonly by: string;
}

/** Whether a metric has buckets. */
export function hasBuckets(row: MetricRow): boolean {
  return row.type === 'histogram' || row.type === 'exponentialHistogram';
}

/** Reads the choice from the address; tracks it. */
export function withDefaults(row: MetricRow): MetricChoice {
  const wanted = param('mode');
  const by = param('by');
  const fallback: MetricMode = hasBuckets(row) && by === '' ? 'heatmap' : 'lines';
  const mode: MetricMode =
    hasBuckets(row) && (wanted === 'heatmap' || wanted === 'distribution' || wanted === 'lines')
      ? wanted
      : fallback;
  const agg = aggregationsOf(row.type, row.monotonic).find((name) => name === param('agg'));
  return { mode, agg: agg ?? defaultAggregation(row.type, row.monotonic), by };
}

/** The line of code that registers what is shown. */
export function viewCode(row: MetricRow, choice: MetricChoice): string {
  const chart =
    choice.mode === 'heatmap' ? 'heatmap' : choice.mode === 'distribution' ? 'histogram' : 'line';
  const options: string[] = [];
  if (choice.by !== '') options.push(`by: ['${choice.by}']`);
  if (choice.mode === 'lines' && choice.agg !== defaultAggregation(row.type, row.monotonic)) {
    options.push(`aggregation: '${choice.agg}'`);
  }
  const filter = param('q');
  if (filter !== '') options.push(`filter: ${JSON.stringify(filter)}`);
  const tail = options.length === 0 ? '' : `, { ${options.join(', ')} }`;
  return `registerView('${row.name.replace(/['\\]/g, '\\$&')}', '${chart}'${tail});`;
}
