import type { TracesAnswer } from '@codomyrmex/telemetry-query';
import { createEffect, createMemo, createSignal, Show, untrack, type JSX } from 'solid-js';
import { groupedText } from '../../base/number.js';
import { getJson } from '../../data/api.js';
import { followQuestion, type LiveStatus } from '../../data/connection.js';
import { announce } from '../../data/live-announcer.js';
import { href, navigate, param, range } from '../../data/location.js';
import { TracesList } from '../../data/traces-list.js';
import { chartTraces, facetTraces } from '../../layout/trace-charts.js';
import { copyText } from '../../parts/copy.js';
import { listKeys, stepped } from '../../parts/list-keys.js';
import { NothingFound } from '../../parts/nothing-found.js';
import { createSlow } from '../../parts/slow.js';
import { Hints } from '../../parts/text.js';
import { rangeMillis } from '../../parts/time-range.js';
import { TopBar } from '../../parts/top-bar.js';
import { useKeys } from '../../parts/use-keys.js';
import { VirtualRows, type RowsHandle } from '../../parts/virtual-rows.js';
import { TraceChartStrip } from './trace-charts-strip.js';
import { TraceFacetRail } from './trace-facets.js';
import { TraceListRow } from './trace-row.js';
import './traces.css';

/** Rows asked for at once: a page that covers a quiet quarter of an hour, about 500 kB. */
const PAGE_ROWS = 500;
const ROW_PIXELS = 34;
/** Older rows are asked for this far before the end is reached. */
const AHEAD_PIXELS = 20 * ROW_PIXELS;
/** Charts and facets follow the rows at most this often. */
const CHART_MILLIS = 250;
/** With fewer rows a percentile says nothing. */
const RANKABLE_ROWS = 100;

/** The list of traces: newest first, live. */
export function Traces(): JSX.Element {
  const list = new TracesList();
  const [cursor, setCursor] = createSignal('');
  let rows: RowsHandle | undefined;
  const { error, loaded } = followTraces(list);
  const summary = createSummary(list);
  const select = (at: number): void => {
    const id = list.ids[at];
    if (id === undefined) return;
    setCursor(id);
    rows?.reveal(at);
  };
  useTraceKeys(list, cursor, select);
  return (
    <>
      <TopBar title="Traces" placeholder="Add filter, or type a trace id" error={error()} />
      <TraceChartStrip charts={summary().charts} complete={list.complete} count={list.ids.length} />
      <div class="traces-body">
        <TraceFacetRail
          facets={summary().facets}
          complete={list.complete}
          count={list.ids.length}
        />
        <section class="traces-list" aria-label="Traces">
          <ListBar
            list={list}
            onNew={() => {
              rows?.toTop();
              list.hold(false);
            }}
          />
          <ListHead />
          <Show
            when={list.ids.length > 0}
            fallback={<NothingFound loaded={loaded()} noun="traces" />}
          >
            <TraceRows
              list={list}
              summary={summary()}
              cursor={cursor()}
              onCursor={setCursor}
              handle={(handle) => {
                rows = handle;
              }}
            />
          </Show>
        </section>
      </div>
      <Hints
        hints={[
          { keys: ['J', 'K'], label: 'move' },
          { keys: ['↵'], label: 'open' },
          { keys: ['E'], label: 'next error' },
          { keys: ['/'], label: 'filter' },
          { keys: ['space'], label: 'pause live' },
        ]}
      />
    </>
  );
}

function followTraces(list: TracesList): LiveStatus {
  return followQuestion(
    () => {
      const { from, to, live } = range();
      const q = param('q');
      return {
        live,
        query: { kind: 'traces', q, from, limit: PAGE_ROWS },
        path: '/traces',
        params: { q, from, to, limit: PAGE_ROWS },
      };
    },
    {
      snapshot: (data) => list.reset(data),
      delta: (data) => {
        list.merge(data);
        const failed = data.items.filter((row) => row.errorCount > 0).length;
        announce(`${data.items.length} traces changed, ${failed} with errors`);
      },
    },
    (answer) => ({
      items: (answer as TracesAnswer).items,
      skipped: (answer as TracesAnswer).nextCursor === undefined ? 0 : 1,
    }),
  );
}

function useTraceKeys(list: TracesList, cursor: () => string, select: (at: number) => void): void {
  const index = (): number => list.ids.indexOf(cursor());
  const nextError = (step: 1 | -1): void => {
    for (let at = index() + step; at >= 0 && at < list.ids.length; at += step) {
      if ((list.row(list.ids[at] ?? '')?.errorCount ?? 0) > 0) {
        select(at);
        return;
      }
    }
  };
  const link = (): string => href('trace', cursor());
  useKeys({
    ...listKeys({
      noun: 'trace',
      move: (step) => select(stepped(index(), step, list.ids.length)),
    }),
    Enter: {
      run: () => {
        if (cursor() !== '') navigate(link());
      },
      label: 'open the trace',
    },
    e: { run: () => nextError(1), label: 'next error' },
    E: { run: () => nextError(-1), label: 'previous error' },
    Home: { run: () => select(0), label: 'newest' },
    y: {
      run: () => void copyText(window.location.origin + link()),
      label: 'copy the link of a trace',
    },
  });
}

function ListBar(props: { list: TracesList; onNew: () => void }): JSX.Element {
  return (
    <div class="bar">
      <span class="t2 n" data-test="traces-count">
        {groupedText(props.list.ids.length)}
        {props.list.complete ? '' : ' newest'} traces
      </span>
      <Show when={props.list.waiting > 0}>
        <button
          type="button"
          class="new-chip n"
          data-test="traces-new"
          onClick={() => props.onNew()}
        >
          {groupedText(props.list.waiting)} new
        </button>
      </Show>
    </div>
  );
}

function ListHead(): JSX.Element {
  return (
    <div class="traces-grid traces-head" role="presentation">
      <span>Age</span>
      <span>Service and root operation</span>
      <span class="shape-column">Shape</span>
      <span class="r">Spans</span>
      <span>Services</span>
      <span class="r">Duration</span>
      <span />
    </div>
  );
}

function TraceRows(props: {
  list: TracesList;
  summary: Summary;
  cursor: string;
  onCursor: (id: string) => void;
  handle: (handle: RowsHandle) => void;
}): JSX.Element {
  const list = props.list;
  const [atTop, setAtTop] = createSignal(true);
  createEffect(() => list.hold(!atTop()));
  const older = useOlderRows(list);
  return (
    <VirtualRows
      count={list.ids.length}
      rowHeight={ROW_PIXELS}
      keyAt={(at) => list.ids[at] ?? ''}
      role="grid"
      label="Traces, newest first"
      handle={(handle) => props.handle(handle)}
      onScroll={({ top, end, height }) => {
        setAtTop(top < ROW_PIXELS / 2);
        if (end - top - height < AHEAD_PIXELS) older();
      }}
      row={(id, at) => (
        <TraceListRow
          row={list.row(id)}
          longestNanos={props.summary.longestNanos}
          p95Nanos={props.summary.p95Nanos}
          p99Nanos={props.summary.p99Nanos}
          selected={id === props.cursor}
          focusable={id === props.cursor || (props.cursor === '' && at() === 0)}
          onSelect={() => props.onCursor(id)}
        />
      )}
    />
  );
}

/** Loads the page before the oldest row, one request at a time. */
function useOlderRows(list: TracesList): () => void {
  let loading = false;
  return () => {
    const oldest = list.oldestStart();
    if (loading || list.complete || oldest === undefined) return;
    loading = true;
    const asked = `${param('q')} ${range().from}`;
    getJson<TracesAnswer>('/traces', {
      q: param('q'),
      from: range().from,
      to: oldest,
      limit: PAGE_ROWS,
    }).then(
      (answer) => {
        loading = false;
        if (asked === `${param('q')} ${range().from}`) list.append(answer);
      },
      () => {
        // The next scroll asks again; what is loaded stays.
        loading = false;
      },
    );
  };
}

interface Summary {
  readonly charts: ReturnType<typeof chartTraces>;
  readonly facets: ReturnType<typeof facetTraces>;
  readonly longestNanos: number;
  /** Infinite while there are too few rows to rank. */
  readonly p95Nanos: number;
  readonly p99Nanos: number;
}

/** What is computed over all rows, at most every CHART_MILLIS. */
function createSummary(list: TracesList): () => Summary {
  const version = createSlow(() => list.version, CHART_MILLIS);
  return createMemo(() => {
    version();
    return untrack(() => summarise(list));
  });
}

function summarise(list: TracesList): Summary {
  const rows = list.all();
  const { from, to } = rangeMillis();
  const longestNanos = rows.reduce((most, row) => Math.max(most, Number(row.durationNanos)), 1);
  // Rows that are not all there are would draw a cliff: the axis starts where they do.
  const oldest = list.complete ? undefined : list.oldestStart();
  const start = oldest === undefined ? from : Math.max(from, Number(oldest) / 1e6);
  const charts = chartTraces(rows, start, to, 56, 96, 22);
  const rankable = rows.length >= RANKABLE_ROWS;
  return {
    charts,
    facets: facetTraces(rows),
    longestNanos,
    p95Nanos: rankable ? charts.p95Nanos : Number.POSITIVE_INFINITY,
    p99Nanos: rankable ? charts.p99Nanos : Number.POSITIVE_INFINITY,
  };
}
