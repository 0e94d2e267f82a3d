import type {
  Aggregation,
  MetricQueryAnswer,
  MetricSeries,
  MetricType,
  QueryNode,
} from '@codomyrmex/telemetry-query';

import type { Engine } from '../store/engine.js';
import { Bindings } from './bindings.js';
import { exponentialObserved } from './exponential-series.js';
import { distributionOf, histogramObserved, observedCells } from './histogram-series.js';
import type { Asking } from './list-request.js';
import type { Cell, MetricQuestion } from './metric-question.js';
import { numberCells } from './number-series.js';
import { METRIC_TABLES, METRIC_TYPES } from './point-rows.js';
import { inRange, type TimeRange } from './range.js';
import { RequestError } from './request-error.js';
import { summaryCells } from './summary-series.js';

/** GET /metrics/query, checked; what is left out has a default that depends on the metric. */
export interface MetricAsked {
  readonly name: string;
  readonly aggregation?: Aggregation;
  readonly by: readonly string[];
  readonly filter: QueryNode;
  readonly range: TimeRange;
  readonly stepNanos?: bigint;
}

/** Steps of one answer: more than a wide screen has pixels. */
const MAX_STEPS = 2000n;
const DEFAULT_STEPS = 120n;
/** Series of one answer: a chart with more lines says nothing. */
const MAX_SERIES = 100;

/** A metric's series by step; an unknown name has type undefined and no series. */
export async function queryMetric(asking: Asking, asked: MetricAsked): Promise<MetricQueryAnswer> {
  const stepNanos = stepOf(asked);
  const from = asked.range.from - (asked.range.from % stepNanos);
  const range = { from, to: asked.range.to };
  const stepCount = Number((range.to - from + stepNanos - 1n) / stepNanos);
  const found = await describe(asking, asked.name, range);
  const aggregation = asked.aggregation ?? defaultAggregation(found);
  const answer = {
    name: asked.name,
    type: found?.type,
    unit: found?.unit ?? '',
    agg: aggregation,
    fromUnixNano: String(range.from),
    toUnixNano: String(range.to),
    stepNanos: String(stepNanos),
    timesUnixNano: Array.from({ length: stepCount }, (_, step) =>
      String(from + BigInt(step) * stepNanos),
    ),
  };
  if (found === undefined) return { ...answer, series: [] };
  const { name, by, filter } = asked;
  const { type } = found;
  const monotonic = found.monotonic === 1;
  const question = { name, type, monotonic, aggregation, by, filter, range, stepNanos, stepCount };
  const { cells, distribution } = await cellsOf(asking, question);
  const series = seriesOf(cells, question);
  return {
    ...answer,
    series: series.slice(0, MAX_SERIES),
    ...(distribution === undefined ? {} : { distribution }),
    ...(series.length > MAX_SERIES
      ? { truncated: `only the ${MAX_SERIES} largest of ${series.length} series are shown` }
      : {}),
  };
}

function stepOf(asked: MetricAsked): bigint {
  const length = asked.range.to - asked.range.from;
  if (asked.stepNanos === undefined) {
    const step = length / DEFAULT_STEPS;
    return step > 0n ? step : 1n;
  }
  if (length / asked.stepNanos <= MAX_STEPS) return asked.stepNanos;
  throw new RequestError(
    'bad_parameter',
    `step is too short for the range: more than ${MAX_STEPS} steps`,
    `at least ${(length / MAX_STEPS / 1_000_000n + 1n).toString()}ms`,
  );
}

interface Described {
  readonly type: MetricType;
  readonly unit: string;
  readonly monotonic: number;
}

/** A metric's type and unit hardly ever change, and live charts ask four times a second. */
const DESCRIBED_MILLIS = 10_000;
const MAX_DESCRIBED = 1000;
const DESCRIBED = new WeakMap<Engine, Map<string, { found: Described; until: number }>>();

/** The type of the newest point of that name; what was found is remembered for 10 s. */
async function describe(
  asking: Asking,
  name: string,
  range: TimeRange,
): Promise<Described | undefined> {
  const known =
    DESCRIBED.get(asking.engine) ?? new Map<string, { found: Described; until: number }>();
  DESCRIBED.set(asking.engine, known);
  const now = performance.now();
  const remembered = known.get(name);
  if (remembered !== undefined && remembered.until > now) return remembered.found;
  const found = await readDescription(asking, name, range);
  if (known.size >= MAX_DESCRIBED) known.clear();
  if (found === undefined) known.delete(name);
  else known.set(name, { found, until: now + DESCRIBED_MILLIS });
  return found;
}

async function readDescription(
  asking: Asking,
  name: string,
  range: TimeRange,
): Promise<Described | undefined> {
  const bindings = new Bindings();
  const named = `MetricName = ${bindings.text(name)}`;
  const near = inRange(bindings, 'TimeUnix', range);
  const parts = METRIC_TYPES.map(
    (type) => `SELECT '${type}' AS type, argMax(MetricUnit, TimeUnix) AS unit,
      toUInt8(${type === 'sum' ? 'any(IsMonotonic)' : '0'}) AS monotonic, max(TimeUnix) AS last
    FROM ${METRIC_TABLES[type]} WHERE ${named} AND ${near} HAVING count() > 0`,
  );
  const rows = await asking.engine.query<Described>(
    `SELECT type, unit, monotonic FROM (${parts.join(' UNION ALL ')}) ORDER BY last DESC LIMIT 1`,
    bindings.values,
    asking.options,
  );
  return rows[0];
}

function defaultAggregation(found: Described | undefined): Aggregation {
  switch (found?.type) {
    case 'sum':
      return found.monotonic === 1 ? 'rate' : 'sum';
    case 'histogram':
    case 'exponentialHistogram':
      return 'p95';
    default:
      return 'avg';
  }
}

interface Cells {
  readonly cells: readonly Cell[];
  readonly distribution?: MetricQueryAnswer['distribution'];
}

async function cellsOf(asking: Asking, question: MetricQuestion): Promise<Cells> {
  switch (question.type) {
    case 'gauge':
    case 'sum':
      return { cells: await numberCells(asking, question) };
    case 'summary':
      return { cells: await summaryCells(asking, question) };
    default: {
      const { observed, bounds } =
        question.type === 'histogram'
          ? await histogramObserved(asking, question)
          : await exponentialObserved(asking, question);
      return {
        cells: observedCells(observed, question.aggregation),
        distribution: distributionOf(observed, bounds, question.stepCount),
      };
    }
  }
}

/** The cells as series over all steps, the largest first. */
function seriesOf(cells: readonly Cell[], question: MetricQuestion): MetricSeries[] {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = JSON.stringify(cell.labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [cell]);
    else group.push(cell);
  }
  const series = [...groups.values()].map((group) => ({
    labels: Object.fromEntries(
      question.by.map((key, index) => [key, group[0]?.labels[index] ?? '']),
    ),
    values: valuesOf(group, question),
  }));
  return series.toSorted((a, b) => weight(b) - weight(a));
}

function weight(series: MetricSeries): number {
  return series.values.reduce<number>((sum, value) => sum + Math.abs(value ?? 0), 0);
}

/** How much longer than usual the time between two points may be before it is a gap. */
const HELD_INTERVALS = 2.5;

/**
 * The values by step. When points come less often than steps, the steps between two points have a
 * value too; what is longer than 2.5 of the series' usual intervals stays a gap.
 */
function valuesOf(group: readonly Cell[], question: MetricQuestion): (number | null)[] {
  const values = Array.from<number | null>({ length: question.stepCount }).fill(null);
  const sorted = group.toSorted((a, b) => a.step - b.step);
  const step = Number(question.stepNanos);
  const between = betweenPoints(question);
  const covers = sorted.flatMap((cell) => (cell.coverNanos > 0 ? cell.coverNanos : []));
  covers.sort((a, b) => a - b);
  const longest = (covers[Math.floor(covers.length / 2)] ?? 0) * HELD_INTERVALS;
  let last: Cell | undefined;
  for (const cell of sorted) {
    const value = finite(cell.value);
    if (last !== undefined && cell.coverNanos <= longest && between !== 'gap') {
      const fill = between === 'hold' ? finite(last.value) : value;
      const first = Math.max(last.step + 1, cell.step - Math.floor(cell.coverNanos / step));
      for (let index = first; index < cell.step; index++) values[index] = fill;
    }
    if (cell.step >= 0 && cell.step < values.length) values[cell.step] = value;
    last = cell;
  }
  return values;
}

/**
 * What holds in steps between two points: a rate or a quantile of what was observed until the
 * later one is the later one's; a level holds until it is measured again; amounts belong to one
 * step and are not repeated.
 */
function betweenPoints({ type, monotonic, aggregation }: MetricQuestion): 'later' | 'hold' | 'gap' {
  if (aggregation === 'rate') return 'later';
  if (aggregation === 'count') return 'gap';
  if (type === 'gauge') return 'hold';
  if (aggregation === 'sum') return type === 'sum' && !monotonic ? 'hold' : 'gap';
  return type === 'sum' ? 'hold' : 'later';
}

function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}
