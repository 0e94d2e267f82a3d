import type { LogsAnswer } from '@codomyrmex/telemetry-query';
import {
  createEffect,
  createMemo,
  createSignal,
  on,
  onCleanup,
  Show,
  untrack,
  type JSX,
} from 'solid-js';
import { groupedText } from '../../base/number.js';
import { millisOfNanos } from '../../base/time.js';
import { followQuestion, type LiveStatus } from '../../data/connection.js';
import { announce } from '../../data/live-announcer.js';
import { param, range } from '../../data/location.js';
import { LogsList } from '../../data/logs-list.js';
import { chartLogs } from '../../layout/log-charts.js';
import { logTime } from '../../layout/log-time.js';
import { Icon } from '../../parts/icon.js';
import { NothingFound } from '../../parts/nothing-found.js';
import { createSlow } from '../../parts/slow.js';
import { Hints, Key } from '../../parts/text.js';
import { rangeMillis } from '../../parts/time-range.js';
import { TopBar } from '../../parts/top-bar.js';
import { VirtualRows } from '../../parts/virtual-rows.js';
import { LogFacetRail } from './log-facets.js';
import { LogPanel } from './log-panel.js';
import { LogRow } from './log-row.js';
import {
  createLogCursor,
  PAGE_LINES,
  useLogKeys,
  useOlderLines,
  type LogCursor,
} from './log-cursor.js';
import { LogVolume } from './log-volume.js';
import './logs.css';

const ROW_PIXELS = 26;
const CHART_MILLIS = 250;
const VOLUME_BARS = 120;

/** The log lines, newest at the bottom, live. */
export function Logs(): JSX.Element {
  const list = new LogsList();
  const cursor = createLogCursor(list);
  const { error, loaded } = followLogs(list, cursor);
  const charts = createLogCharts(list);
  useLogKeys(list, cursor);
  return (
    <>
      <TopBar title="Logs" placeholder="Search messages, or add a field filter" error={error()} />
      <LogVolume charts={charts()} complete={list.complete} at={cursor.chosen()?.log} />
      <div class="logs-body" classList={{ open: cursor.chosen() !== undefined }}>
        <LogFacetRail charts={charts()} complete={list.complete} count={charts().total} />
        <section class="logs-list" aria-label="Log lines">
          <div class="logs-grid logs-head" role="presentation">
            <span>Time</span>
            <span>Severity</span>
            <span>Service</span>
            <span>Message and fields</span>
            <span class="r">Trace</span>
          </div>
          <Show
            when={list.lines.length > 0}
            fallback={<NothingFound loaded={loaded()} noun="log lines" />}
          >
            <LogRows list={list} cursor={cursor} />
          </Show>
          <HeldBar list={list} cursor={cursor} />
        </section>
        <Show when={cursor.chosen()}>
          {(line) => <LogPanel log={line().log} onClose={() => cursor.choose(undefined)} />}
        </Show>
      </div>
      <Hints
        hints={[
          { keys: ['J', 'K'], label: 'move' },
          { keys: ['↵'], label: 'panel' },
          { keys: ['O'], label: 'trace' },
          { keys: ['E'], label: 'next error' },
          { keys: ['space'], label: 'pause' },
        ]}
      />
    </>
  );
}

function followLogs(list: LogsList, cursor: LogCursor): LiveStatus {
  return followQuestion(
    () => {
      const { from, to, live } = range();
      const q = param('q');
      return {
        live,
        query: { kind: 'logs', q, from, limit: PAGE_LINES },
        path: '/logs',
        params: { q, from, to, limit: PAGE_LINES },
      };
    },
    {
      snapshot: (data) => {
        list.reset(data);
        cursor.restore(param('log'));
      },
      delta: (data) => {
        list.append(data);
        announce(`${data.items.length} new log lines`);
      },
    },
    (answer) => ({
      items: (answer as LogsAnswer).items,
      skipped: (answer as LogsAnswer).nextCursor === undefined ? 0 : 1,
    }),
  );
}

function LogRows(props: { list: LogsList; cursor: LogCursor }): JSX.Element {
  const { list, cursor } = props;
  const [atEnd, setAtEnd] = createSignal(true);
  createEffect(() => cursor.setStuck(atEnd()));
  const older = useOlderLines(list, (count) => cursor.rows()?.shift(count));
  // New lines come into view while the end is in view and nothing is being read.
  createEffect(
    on(
      () => list.lines,
      () => {
        if (!untrack(atEnd) || untrack(cursor.chosen) !== undefined) return;
        const frame = requestAnimationFrame(() => cursor.rows()?.toEnd());
        onCleanup(() => cancelAnimationFrame(frame));
      },
    ),
  );
  const focusable = (at: number): boolean =>
    cursor.chosen() === undefined ? at === list.lines.length - 1 : cursor.isChosen(at);
  return (
    <VirtualRows
      count={list.lines.length}
      rowHeight={ROW_PIXELS}
      keyAt={(at) => list.lines[at]?.number ?? -1 - at}
      role="grid"
      label="Log lines, newest last"
      handle={(handle) => {
        cursor.setRows(handle);
        handle.toEnd();
      }}
      onScroll={({ top, end, height }) => {
        setAtEnd(end - top - height < ROW_PIXELS * 1.5);
        if (top < ROW_PIXELS * 10 && height > 0) older();
      }}
      row={(_, at) => (
        <LogRow
          log={list.lines[at()]?.log}
          selected={cursor.isChosen(at())}
          traceMarked={cursor.chosen()?.log.traceId ?? ''}
          focusable={focusable(at())}
          onSelect={() => cursor.choose(list.lines[at()])}
        />
      )}
    />
  );
}

/** Says that the list stands still, and what has come meanwhile. */
function HeldBar(props: { list: LogsList; cursor: LogCursor }): JSX.Element {
  const { list, cursor } = props;
  return (
    <Show when={cursor.held() && list.lines.length > 0}>
      <div class="logs-held" role="status" data-test="logs-held">
        <Icon name="pause" size={13} />
        {cursor.chosen() === undefined ? 'Held where you are' : 'Held at your selection'}
        <Show when={list.waiting > 0}>
          <span class="t3">·</span>
          <span class="ok n">{groupedText(list.waiting)} newer lines</span>
        </Show>
        <span class="sp" />
        <button type="button" class="btn pri sm" onClick={() => cursor.toNow()}>
          <Icon name="arrow-down" size={13} />
          Jump to now <Key name="End" />
        </button>
      </div>
    </Show>
  );
}

/** Counts over the lines, at most every CHART_MILLIS. */
function createLogCharts(list: LogsList): () => ReturnType<typeof chartLogs> {
  const lines = createSlow(() => list.lines, CHART_MILLIS);
  return createMemo(() => {
    const now = lines();
    return untrack(() => {
      const { from, to } = rangeMillis();
      const first = now[0];
      const oldest = first === undefined ? from : millisOfNanos(logTime(first.log));
      return chartLogs(
        now.map((line) => line.log),
        list.complete ? from : Math.max(from, oldest),
        to,
        VOLUME_BARS,
      );
    });
  });
}
