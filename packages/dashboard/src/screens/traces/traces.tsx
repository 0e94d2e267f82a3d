import type { TracesAnswer } from '@codomyrmex/telemetry-query';
import { createEffect, createMemo, createSignal, on, Show, untrack, type JSX } from 'solid-js';
import { groupedText } from '../../base/number.js';
import { splitTerms, withoutTerm } from '../../base/terms.js';
import { getJson } from '../../data/api.js';
import { followQuestion } from '../../data/connection.js';
import { announce } from '../../data/live-announcer.js';
import { href, navigate, param, range, setParams } from '../../data/location.js';
import { TracesList } from '../../data/traces-list.js';
import { chartTraces, facetTraces } from '../../layout/trace-charts.js';
import { copyText } from '../../parts/copy.js';
import { Hints, Quiet } from '../../parts/text.js';
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
/** Charts and facets follow the rows at most this often. */
const CHART_MILLIS = 250;

/** The list of traces: newest first, live. */
export function Traces(): JSX.Element {
  const list = new TracesList();
  let rows: RowsHandle | undefined;
  const [cursor, setCursor] = createSignal('');
  const [atTop, setAtTop] = createSignal(true);

  const { error, loaded } = followQuestion(
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

  createEffect(() => list.hold(!atTop()));
  const older = useOlderRows(list);
  const version = useSlow(() => list.version);
  const summary = createMemo(() => {
    version();
    return untrack(() => summarise(list));
  });

  const index = (): number => list.ids.indexOf(cursor());
  const move = (to: number): void => {
    const id = list.ids[Math.min(list.ids.length - 1, Math.max(0, to))];
    if (id === undefined) return;
    setCursor(id);
    rows?.reveal(list.ids.indexOf(id));
  };
  const open = (): void => {
    if (cursor() !== '') navigate(href('trace', cursor()));
  };
  const nextError = (step: 1 | -1): void => {
    for (let at = index() + step; at >= 0 && at < list.ids.length; at += step) {
      if ((list.row(list.ids[at] ?? '')?.errorCount ?? 0) > 0) {
        move(at);
        return;
      }
    }
  };
  useKeys({
    j: { run: () => move(index() + 1), label: 'next trace' },
    k: { run: () => move(index() - 1), label: 'previous trace' },
    ArrowDown: { run: () => move(index() + 1), label: 'next trace' },
    ArrowUp: { run: () => move(index() - 1), label: 'previous trace' },
    Enter: { run: open, label: 'open the trace' },
    e: { run: () => nextError(1), label: 'next error' },
    E: { run: () => nextError(-1), label: 'previous error' },
    Home: { run: () => move(0), label: 'newest' },
    y: {
      run: () => void copyText(window.location.origin + href('trace', cursor())),
      label: 'copy the link of a trace',
    },
  });

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
          <div class="bar">
            <span class="t2 n" data-test="traces-count">
              {groupedText(list.ids.length)}
              {list.complete ? '' : ' newest'} traces
            </span>
            <Show when={list.waiting > 0}>
              <button
                type="button"
                class="new-chip n"
                data-test="traces-new"
                onClick={() => {
                  rows?.toTop();
                  list.hold(false);
                }}
              >
                {groupedText(list.waiting)} new
              </button>
            </Show>
          </div>
          <div class="traces-grid traces-head" role="presentation">
            <span>Age</span>
            <span>Service and root operation</span>
            <span class="shape-column">Shape</span>
            <span class="r">Spans</span>
            <span>Services</span>
            <span class="r">Duration</span>
            <span />
          </div>
          <Show
            when={list.ids.length > 0}
            fallback={
              <Show when={loaded()} fallback={<Quiet title="Loading traces" />}>
                <NothingFound />
              </Show>
            }
          >
            <VirtualRows
              count={list.ids.length}
              rowHeight={ROW_PIXELS}
              keyAt={(at) => list.ids[at] ?? ''}
              role="grid"
              label="Traces, newest first"
              handle={(handle) => {
                rows = handle;
              }}
              onScroll={({ top, end, height }) => {
                setAtTop(top < ROW_PIXELS / 2);
                if (end - top - height < 20 * ROW_PIXELS) older();
              }}
              row={(id, at) => (
                <TraceListRow
                  row={list.row(id)}
                  longestNanos={summary().longestNanos}
                  p95Nanos={summary().charts.p95Nanos}
                  p99Nanos={summary().charts.p99Nanos}
                  rankable={summary().rankable}
                  selected={id === cursor()}
                  focusable={id === cursor() || (cursor() === '' && at() === 0)}
                  onSelect={() => setCursor(id)}
                />
              )}
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

/** A signal's value, passed on at most every CHART_MILLIS. */
function useSlow(read: () => number): () => number {
  const [slow, setSlow] = createSignal(0);
  let waiting = false;
  createEffect(
    on(read, () => {
      if (waiting) return;
      waiting = true;
      setTimeout(() => {
        waiting = false;
        setSlow(untrack(read));
      }, CHART_MILLIS);
    }),
  );
  return slow;
}

interface Summary {
  readonly charts: ReturnType<typeof chartTraces>;
  readonly facets: ReturnType<typeof facetTraces>;
  readonly longestNanos: number;
  /** Enough finished rows for a percentile to say something. */
  readonly rankable: boolean;
}

function summarise(list: TracesList): Summary {
  const rows = list.all();
  const { from, to } = rangeMillis();
  let start = from;
  let longestNanos = 1;
  for (const row of rows) longestNanos = Math.max(longestNanos, Number(row.durationNanos));
  // Rows that are not all there are would draw a cliff: the axis starts where they do.
  const oldest = list.oldestStart();
  if (!list.complete && oldest !== undefined) start = Math.max(from, Number(oldest) / 1e6);
  return {
    charts: chartTraces(rows, start, to, 56, 96, 22),
    facets: facetTraces(rows),
    longestNanos,
    rankable: rows.length >= 100,
  };
}

/** An empty list says why: no data at all, or which filter to take out. */
function NothingFound(): JSX.Element {
  const terms = (): ReturnType<typeof splitTerms> => splitTerms(param('q'));
  return (
    <Show
      when={terms().length > 0}
      fallback={
        <Quiet title="No traces in this time">
          They appear by themselves.{' '}
          <a class="acc" href={href('overview')}>
            How to send some
          </a>
        </Quiet>
      }
    >
      <Quiet title="No trace matches">
        <span class="traces-without">
          Without
          {terms().map((term) => (
            <button
              type="button"
              class="btn sm"
              onClick={() => setParams({ q: withoutTerm(param('q'), term.text) })}
            >
              {term.text}
            </button>
          ))}
          there may be some.
        </span>
      </Quiet>
    </Show>
  );
}
