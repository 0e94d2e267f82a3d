import type { Aggregation, MetricSeries, MetricType } from '@codomyrmex/telemetry-query';

/** What the table under a chart says of a series; undefined without values. */
export interface SeriesSummary {
  readonly last: number | undefined;
  readonly min: number | undefined;
  readonly avg: number | undefined;
  readonly max: number | undefined;
  /** Steps with a value. */
  readonly steps: number;
}

/** Sums up one series. */
export function summariseSeries(values: readonly (number | null)[]): SeriesSummary {
  let last: number | undefined;
  let min: number | undefined;
  let max: number | undefined;
  let sum = 0;
  let steps = 0;
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    last = value;
    min = min === undefined || value < min ? value : min;
    max = max === undefined || value > max ? value : max;
    sum += value;
    steps += 1;
  }
  return { last, min, avg: steps === 0 ? undefined : sum / steps, max, steps };
}

/** What a series is called: the values of its labels, or the metric's own name. */
export function seriesName(series: MetricSeries, fallback: string): string {
  const values = Object.values(series.labels);
  if (values.length === 0) return fallback;
  return values.map((value) => (value === '' ? '(none)' : value)).join(' · ');
}

const BY_TYPE: { readonly [type in MetricType]: readonly Aggregation[] } = {
  histogram: ['p50', 'p95', 'p99', 'avg', 'rate'],
  exponentialHistogram: ['p50', 'p95', 'p99', 'avg', 'rate'],
  summary: ['avg', 'rate'],
  sum: ['rate', 'sum', 'last'],
  gauge: ['avg', 'min', 'max', 'last'],
};

/** The aggregations worth a button for a metric of this type; the first four have keys 1–4. */
export function aggregationsOf(type: MetricType, monotonic: boolean): readonly Aggregation[] {
  if (type === 'sum' && !monotonic) return ['sum', 'last', 'avg', 'max'];
  return BY_TYPE[type];
}

/** The aggregation the server takes when none is named. */
export function defaultAggregation(type: MetricType, monotonic: boolean): Aggregation {
  if (type === 'sum') return monotonic ? 'rate' : 'sum';
  return type === 'histogram' || type === 'exponentialHistogram' ? 'p95' : 'avg';
}

/** Whether a value of this aggregation is a count a second, whatever the metric's own unit. */
export function isRate(aggregation: Aggregation): boolean {
  return aggregation === 'rate';
}

/** The unit in which values of this aggregation are: a histogram's rate counts its records. */
export function unitOf(
  type: MetricType | undefined,
  aggregation: Aggregation,
  unit: string,
): string {
  const counted = aggregation === 'count' || (aggregation === 'rate' && type !== 'sum');
  return counted ? '1' : unit;
}

/** The first part of a metric's name that groups it in the list, and the rest. */
export function metricGroup(name: string): { group: string; rest: string } {
  const parts = name.split(/[./]/);
  if (parts.length < 2) {
    const under = name.indexOf('_');
    if (under > 0) return { group: name.slice(0, under), rest: name.slice(under + 1) };
    return { group: name, rest: name };
  }
  const first = parts[0] ?? name;
  // `http.server.request.duration` stands under `http.server`, `payments.charge.duration` under
  // `payments`: the conventions' own two-part namespaces are known.
  const deep = /^(http|rpc|db|messaging|process|system|gen_ai|v8js|dotnet|jvm)$/.test(first);
  const length = deep && parts.length > 2 ? 2 : 1;
  const group = parts.slice(0, length).join('.');
  return { group, rest: name.slice(group.length + 1) };
}
