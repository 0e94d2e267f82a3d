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
import { splitTerms, withoutTerm } from '../../base/terms.js';
import { millisOfNanos } from '../../base/time.js';
import { getJson } from '../../data/api.js';
import { followQuestion } from '../../data/connection.js';
import { announce } from '../../data/live-announcer.js';
import { href, navigate, param, range, setParams } from '../../data/location.js';
import { LogsList, type LogLine } from '../../data/logs-list.js';
import { logTime } from '../../layout/log-time.js';
import { chartLogs } from '../../layout/log-charts.js';
import { Icon } from '../../parts/icon.js';
import { Hints, Key, Quiet } from '../../parts/text.js';
import { rangeMillis } from '../../parts/time-range.js';
import { TopBar } from '../../parts/top-bar.js';
import { useKeys } from '../../parts/use-keys.js';
import { VirtualRows, type RowsHandle } from '../../parts/virtual-rows.js';
import { LogFacetRail } from './log-facets.js';
import { LogPanel } from './log-panel.js';
import { LogRow } from './log-row.js';
import { LogVolume } from './log-volume.js';
import './logs.css';

const PAGE_LINES = 1000;
const ROW_PIXELS = 26;
const CHART_MILLIS = 250;
const VOLUME_BARS = 120;

/** The log lines, newest at the bottom, live. */
export function Logs(): JSX.Element {
  const list = new LogsList();
  let rows: RowsHandle | undefined;
  const [atEnd, setAtEnd] = createSignal(true);
  const [chosen, setChosen] = createSignal<LogLine | undefined>();

  const { error, loaded } = followQuestion(
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
        setAtEnd(true);
        list.reset(data);
        setChosen(undefined);
        const time = param('log');
        if (time !== '') chooseByTime(time);
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

  const choose = (line: LogLine | undefined): void => {
    setChosen(line);
    setParams({ log: line === undefined ? undefined : logTime(line.log) }, { replace: true });
  };
  const index = (): number => list.lines.findIndex((line) => line.number === chosen()?.number);
  const chooseByTime = (time: string): void => {
    const line = list.lines.find(({ log }) => logTime(log) === time);
    if (line === undefined) return;
    setChosen(line);
    queueMicrotask(() => rows?.reveal(index()));
  };
  // A line that is being read stays where it is.
  createEffect(() => list.hold(!atEnd() || chosen() !== undefined));
  createEffect(
    on(
      () => list.lines,
      () => {
        if (untrack(atEnd) && untrack(chosen) === undefined) {
          const frame = requestAnimationFrame(() => rows?.toEnd());
          onCleanup(() => cancelAnimationFrame(frame));
        }
      },
    ),
  );
  const older = useOlderLines(list, (count) => rows?.shift(count));
  const jumpToNow = (): void => {
    choose(undefined);
    setAtEnd(true);
    list.hold(false);
    queueMicrotask(() => rows?.toEnd());
  };
  const move = (to: number): void => {
    const at = Math.min(list.lines.length - 1, Math.max(0, to));
    choose(list.lines[at]);
    rows?.reveal(at);
  };
  const nextError = (step: 1 | -1): void => {
    const from = index() < 0 ? list.lines.length : index();
    for (let at = from + step; at >= 0 && at < list.lines.length; at += step) {
      if ((list.lines[at]?.log.severityNumber ?? 0) >= 17) {
        move(at);
        return;
      }
    }
  };
  const openTrace = (): void => {
    const log = chosen()?.log;
    if (log !== undefined && log.traceId !== '') {
      navigate(href('trace', log.traceId, { span: log.spanId }));
    }
  };
  const down = (): void => move(index() < 0 ? list.lines.length - 1 : index() + 1);
  const up = (): void => move((index() < 0 ? list.lines.length : index()) - 1);
  useKeys({
    j: { run: down, label: 'next line' },
    k: { run: up, label: 'previous line' },
    ArrowDown: { run: down, label: 'next line' },
    ArrowUp: { run: up, label: 'previous line' },
    Enter: {
      run: () => move(index() < 0 ? list.lines.length - 1 : index()),
      label: 'open the panel',
    },
    o: { run: openTrace, label: 'open its trace' },
    e: { run: () => nextError(1), label: 'next error' },
    E: { run: () => nextError(-1), label: 'previous error' },
    End: { run: jumpToNow, label: 'jump to now' },
    Escape: { run: () => choose(undefined), label: 'close the panel' },
  });
  const charts = useLogCharts(list);

  return (
    <>
      <TopBar title="Logs" placeholder="Search messages, or add a field filter" error={error()} />
      <LogVolume charts={charts()} complete={list.complete} at={chosen()?.log} />
      <div class="logs-body" classList={{ open: chosen() !== undefined }}>
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
            fallback={
              <Show when={loaded()} fallback={<Quiet title="Loading logs" />}>
                <NoLines />
              </Show>
            }
          >
            <VirtualRows
              count={list.lines.length}
              rowHeight={ROW_PIXELS}
              keyAt={(at) => list.lines[at]?.number ?? -1 - at}
              role="grid"
              label="Log lines, newest last"
              handle={(handle) => {
                rows = handle;
                handle.toEnd();
              }}
              onScroll={({ top, end, height }) => {
                setAtEnd(end - top - height < ROW_PIXELS * 1.5);
                if (top < ROW_PIXELS * 10 && height > 0) older();
              }}
              row={(_, at) => (
                <LogRow
                  log={list.lines[at()]?.log}
                  selected={list.lines[at()]?.number === chosen()?.number && chosen() !== undefined}
                  traceMarked={chosen()?.log.traceId ?? ''}
                  focusable={
                    chosen() === undefined
                      ? at() === list.lines.length - 1
                      : list.lines[at()]?.number === chosen()?.number
                  }
                  onSelect={() => choose(list.lines[at()])}
                />
              )}
            />
          </Show>
          <Show when={(!atEnd() || chosen() !== undefined) && list.lines.length > 0}>
            <div class="logs-held" role="status" data-test="logs-held">
              <Icon name="pause" size={13} />
              {chosen() === undefined ? 'Held where you are' : 'Held at your selection'}
              <Show when={list.waiting > 0}>
                <span class="t3">·</span>
                <span class="ok n">{groupedText(list.waiting)} newer lines</span>
              </Show>
              <span class="sp" />
              <button type="button" class="btn pri sm" onClick={jumpToNow}>
                <Icon name="arrow-down" size={13} />
                Jump to now <Key name="End" />
              </button>
            </div>
          </Show>
        </section>
        <Show when={chosen()}>
          {(line) => <LogPanel log={line().log} onClose={() => choose(undefined)} />}
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

function useOlderLines(list: LogsList, shift: (count: number) => void): () => void {
  let loading = false;
  return () => {
    const first = list.lines[0];
    if (loading || list.complete || first === undefined) return;
    loading = true;
    const asked = `${param('q')} ${range().from}`;
    getJson<LogsAnswer>('/logs', {
      q: param('q'),
      from: range().from,
      to: logTime(first.log),
      limit: PAGE_LINES,
    }).then(
      (answer) => {
        loading = false;
        if (asked === `${param('q')} ${range().from}`) shift(list.prepend(answer));
      },
      () => {
        // The next scroll asks again; what is loaded stays.
        loading = false;
      },
    );
  };
}

/** Counts over the lines, at most every CHART_MILLIS. */
function useLogCharts(list: LogsList): () => ReturnType<typeof chartLogs> {
  const [version, setVersion] = createSignal(0);
  let waiting = false;
  createEffect(
    on(
      () => list.lines,
      () => {
        if (waiting) return;
        waiting = true;
        setTimeout(() => {
          waiting = false;
          setVersion((count) => count + 1);
        }, CHART_MILLIS);
      },
    ),
  );
  return createMemo(() => {
    version();
    return untrack(() => {
      const { from, to } = rangeMillis();
      const first = list.lines[0];
      const oldest = first === undefined ? from : millisOfNanos(logTime(first.log));
      return chartLogs(
        list.lines.map((line) => line.log),
        list.complete ? from : Math.max(from, oldest),
        to,
        VOLUME_BARS,
      );
    });
  });
}

function NoLines(): JSX.Element {
  const terms = (): ReturnType<typeof splitTerms> => splitTerms(param('q'));
  return (
    <Show
      when={terms().length > 0}
      fallback={
        <Quiet title="No log lines in this time">
          They appear by themselves.{' '}
          <a class="acc" href={href('overview')}>
            How to send some
          </a>
        </Quiet>
      }
    >
      <Quiet title="No line matches">
        {terms().map((term) => (
          <button
            type="button"
            class="btn sm"
            onClick={() => setParams({ q: withoutTerm(param('q'), term.text) })}
          >
            Without {term.text}
          </button>
        ))}
      </Quiet>
    </Show>
  );
}
