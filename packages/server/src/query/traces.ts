import type { TracesAnswer } from '@codomyrmex/telemetry-query';

import type { Engine } from '../store/engine.js';
import { Bindings } from './bindings.js';
import { cursorNumber, decodeCursor, encodeCursor } from './cursor.js';
import { filterSql } from './filter-sql.js';
import type { Asking, ListQuestion } from './list-request.js';
import { ALL_TIME, inRange, type TimeRange } from './range.js';
import { runningIndexOf, type RunningSpan } from './running-index.js';
import { runningSpans } from './running.js';
import { IS_ERROR } from './span-rows.js';
import { traceRows } from './trace-rows.js';
import { traceStartsSource } from './trace-starts.js';

/** A traces list: every trace with at least one span that matches the whole query. */
export interface TracesQuestion extends ListQuestion {
  readonly sort: 'newest' | 'duration' | 'errors';
}

/** A trace that the list may show, with the value it is sorted by. */
interface Candidate {
  readonly id: string;
  readonly order: string;
  readonly hasRoot: number;
}

/** One row a trace, sorted, paged by (sort value, trace id). */
export async function listTraces(asking: Asking, question: TracesQuestion): Promise<TracesAnswer> {
  const found =
    question.sort === 'newest'
      ? await newestTraces(asking, question)
      : await rankedTraces(asking, question);
  const page = found.slice(0, question.limit);
  const ids = page.map((candidate) => candidate.id);
  const starts = question.sort === 'newest' ? startsFrom(page) : undefined;
  const rows = new Map((await traceRows(asking, ids, starts)).map((row) => [row.traceId, row]));
  const items = ids.flatMap((id) => rows.get(id) ?? []);
  const last = page.at(-1);
  if (found.length <= question.limit || last === undefined) return { items };
  return { items, nextCursor: encodeCursor([last.order, last.id]) };
}

const SECOND = 1_000_000_000n;

/** A child's clock may be behind its root's by this much. */
const SKEW_NANOS = 10n * SECOND;

/** The time that holds every span's start of traces that are sorted by their start. */
function startsFrom(page: readonly Candidate[]): TimeRange | undefined {
  const earliest = page.at(-1);
  if (earliest === undefined) return undefined;
  const from = BigInt(earliest.order) - SKEW_NANOS;
  return { from: from > 0n ? from : 0n, to: ALL_TIME.to };
}

/**
 * How far back the newest traces are first looked for: on a busy server the newest 50 began within
 * seconds, and reading only those seconds is what keeps the question fast; then ever wider. What
 * was wide enough is remembered, so that the next question needs one look.
 */
const FIRST_SLICE = 10n * SECOND;
const SLICE_GROWTH = 8n;
const SLICES = new WeakMap<Engine, Map<boolean, bigint>>();

/**
 * The newest traces by start. A slice [t, to) of the range holds at least one span of every trace
 * that began in it, so as soon as enough of those found began at t or later they are the newest.
 */
async function newestTraces(asking: Asking, question: TracesQuestion): Promise<Candidate[]> {
  const { range, limit } = question;
  const after = question.cursor === undefined ? undefined : readCursor(question.cursor);
  const anchor = after === undefined || after.order > range.to ? range.to : after.order;
  const widths = SLICES.get(asking.engine) ?? new Map<boolean, bigint>();
  SLICES.set(asking.engine, widths);
  const isFiltered = question.filter.type !== 'and' || question.filter.nodes.length > 0;
  for (let width = widths.get(isFiltered) ?? FIRST_SLICE; ; width *= SLICE_GROWTH) {
    const whole = anchor - width <= range.from;
    const slice = { from: whole ? range.from : anchor - width, to: range.to };
    const { candidates, cut } = await tracesBegunIn(asking, question, slice, after);
    // More than were asked for: the slice may be narrower next time.
    const narrower = cut !== undefined && width > FIRST_SLICE;
    widths.set(isFiltered, narrower ? width / SLICE_GROWTH : width);
    if (whole) return candidates;
    const oldest = cut === undefined || slice.from > cut ? slice.from : cut;
    const sure = candidates.filter((candidate) => BigInt(candidate.order) >= oldest);
    if (sure.length > limit) return sure;
  }
}

interface Cursor {
  readonly order: bigint;
  readonly id: string;
}

function readCursor(text: string): Cursor {
  const [order, id] = decodeCursor(text, 2);
  return { order: cursorNumber(order), id: id ?? '' };
}

/** Traces with spans in the slice by true start; `cut`: traces that began before it are missing. */
async function tracesBegunIn(
  asking: Asking,
  question: TracesQuestion,
  slice: TimeRange,
  after: Cursor | undefined,
): Promise<{ candidates: Candidate[]; cut: bigint | undefined }> {
  const running = await runningIndexOf(asking.engine).find(slice);
  const bindings = new Bindings();
  // Twice the page: some turn out to have begun before the slice.
  const most = question.limit * 2 + 50;
  const rows = await asking.engine.query<Candidate>(
    `SELECT TraceId AS id, toUnixTimestamp64Nano(min(Timestamp)) AS order,
       max(ParentSpanId = '') AS hasRoot
     FROM (${spansOfMatching(bindings, question, slice, running)})
     GROUP BY TraceId
     HAVING ${after === undefined ? '1' : `(order, id) < (${keysetOf(bindings, after)})`}
     ORDER BY order DESC, id DESC
     LIMIT ${bindings.bind('UInt32', most)}`,
    bindings.values,
    asking.options,
  );
  const cut = rows.length < most ? undefined : BigInt(rows.at(-1)?.order ?? 0);
  const candidates = await withTrueStarts(asking, rows);
  return {
    candidates: candidates.filter((row) => after === undefined || isAfter(row, after)),
    cut,
  };
}

function keysetOf(bindings: Bindings, after: Cursor): string {
  return `${bindings.bind('Int64', after.order)}, ${bindings.text(after.id)}`;
}

function isAfter(row: Candidate, after: Cursor): boolean {
  const order = BigInt(row.order);
  return order < after.order || (order === after.order && row.id < after.id);
}

/** SELECT of TraceId, Timestamp, ParentSpanId, … of all spans in `slice` of the matching traces. */
function spansOfMatching(
  bindings: Bindings,
  { filter, range }: TracesQuestion,
  slice: TimeRange,
  running: readonly RunningSpan[],
): string {
  const near = inRange(bindings, 'Timestamp', slice);
  const columns = `TraceId, SpanId, Timestamp, EndTime, ParentSpanId, StatusCode`;
  const where = (isRunning: boolean): string =>
    filterSql(filter, { records: 'spans', bindings, running: isRunning, range });
  const open =
    running.length === 0
      ? ''
      : `UNION DISTINCT
        SELECT TraceId FROM ${runningSpans(bindings, running, '1')} WHERE ${where(true)}`;
  const all = filter.type === 'and' && filter.nodes.length === 0;
  const matching = all
    ? '1'
    : `TraceId IN (
        SELECT TraceId FROM otel_traces WHERE ${near} AND (${where(false)})
        ${open})`;
  const others =
    running.length === 0
      ? ''
      : `UNION ALL SELECT ${columns} FROM ${runningSpans(bindings, running, matching)}`;
  return `SELECT ${columns} FROM otel_traces WHERE ${near} AND ${matching}
    ${others}`;
}

/** A trace without a root in the slice may have begun before it: the lookup table knows. */
async function withTrueStarts(asking: Asking, rows: readonly Candidate[]): Promise<Candidate[]> {
  const unsure = rows.filter((row) => row.hasRoot === 0).map((row) => row.id);
  if (unsure.length === 0) return [...rows];
  const bindings = new Bindings();
  const ids = bindings.bind('Array(String)', unsure);
  const known = await asking.engine.query<{ id: string; start: string }>(
    `SELECT TraceId AS id, toUnixTimestamp64Nano(min(Start)) AS start
     FROM ${traceStartsSource(asking.engine, bindings, `TraceId IN ${ids}`)}
     GROUP BY id`,
    bindings.values,
    asking.options,
  );
  const starts = new Map(known.map((row) => [row.id, row.start]));
  return rows
    .map((row) => ({ ...row, order: starts.get(row.id) ?? row.order }))
    .toSorted((a, b) => (isAfter(b, { order: BigInt(a.order), id: a.id }) ? -1 : 1));
}

/** The slowest traces, or those with the most failed spans; reads the whole range. */
async function rankedTraces(asking: Asking, question: TracesQuestion): Promise<Candidate[]> {
  const { range } = question;
  const running = await runningIndexOf(asking.engine).find(range);
  const bindings = new Bindings();
  const after = question.cursor === undefined ? undefined : readCursor(question.cursor);
  const order =
    question.sort === 'errors'
      ? `toInt64(countIf(${IS_ERROR}))`
      : 'toUnixTimestamp64Nano(max(EndTime)) - toUnixTimestamp64Nano(min(Timestamp))';
  return asking.engine.query<Candidate>(
    `SELECT TraceId AS id, ${order} AS order, 1 AS hasRoot
     FROM (${spansOfMatching(bindings, question, range, running)})
     GROUP BY TraceId
     HAVING ${after === undefined ? '1' : `(order, id) < (${keysetOf(bindings, after)})`}
     ORDER BY order DESC, id DESC
     LIMIT ${bindings.bind('UInt32', question.limit + 1)}`,
    bindings.values,
    asking.options,
  );
}
