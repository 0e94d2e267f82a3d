import type { LogsAnswer } from '@codomyrmex/telemetry-query';
import { createEffect, createMemo, createSignal, type Accessor } from 'solid-js';
import { getJson } from '../../data/api.js';
import { href, navigate, param, range, setParams } from '../../data/location.js';
import type { LogLine, LogsList } from '../../data/logs-list.js';
import { logTime } from '../../layout/log-time.js';
import { listKeys, stepped } from '../../parts/list-keys.js';
import { useKeys } from '../../parts/use-keys.js';
import type { RowsHandle } from '../../parts/virtual-rows.js';

/** Lines asked for at once, about 1 MB. */
export const PAGE_LINES = 1000;

/** The line that is read, and where the list stands. */
export interface LogCursor {
  readonly chosen: Accessor<LogLine | undefined>;
  readonly choose: (line: LogLine | undefined) => void;
  readonly isChosen: (index: number) => boolean;
  /** Index of the chosen line, −1 for none. */
  readonly index: Accessor<number>;
  /** Chooses by index and brings it into view. */
  readonly moveTo: (index: number) => void;
  /** Finds the line that the address names, by its time. */
  readonly restore: (time: string) => void;
  /** Whether new lines wait. */
  readonly held: Accessor<boolean>;
  /** The end is in view, or not. */
  readonly setStuck: (stuck: boolean) => void;
  readonly toNow: () => void;
  readonly rows: Accessor<RowsHandle | undefined>;
  readonly setRows: (handle: RowsHandle) => void;
}

/** The cursor over a list of lines; a line that is being read stays where it is. */
export function createLogCursor(list: LogsList): LogCursor {
  const [chosen, setChosen] = createSignal<LogLine | undefined>();
  const [stuck, setStuck] = createSignal(true);
  let handle: RowsHandle | undefined;
  const held = createMemo(() => !stuck() || chosen() !== undefined);
  createEffect(() => list.hold(held()));
  const choose = (line: LogLine | undefined): void => {
    setChosen(line);
    setParams({ log: line === undefined ? undefined : logTime(line.log) }, { replace: true });
  };
  const index = (): number => list.lines.findIndex((line) => line.number === chosen()?.number);
  return {
    chosen,
    choose,
    isChosen: (at) => {
      const line = chosen();
      return line !== undefined && list.lines[at]?.number === line.number;
    },
    index,
    moveTo: (at) => {
      choose(list.lines[at]);
      handle?.reveal(at);
    },
    restore: (time) => {
      setChosen(time === '' ? undefined : list.lines.find(({ log }) => logTime(log) === time));
      queueMicrotask(() => {
        if (index() >= 0) handle?.reveal(index());
        else handle?.toEnd();
      });
    },
    held,
    setStuck,
    toNow: () => {
      choose(undefined);
      setStuck(true);
      list.hold(false);
      queueMicrotask(() => handle?.toEnd());
    },
    rows: () => handle,
    setRows: (next) => {
      handle = next;
    },
  };
}

/** The keys of the log. */
export function useLogKeys(list: LogsList, cursor: LogCursor): void {
  const at = (absent: number): number => (cursor.index() < 0 ? absent : cursor.index());
  const nextError = (step: 1 | -1): void => {
    for (let i = at(list.lines.length) + step; i >= 0 && i < list.lines.length; i += step) {
      if ((list.lines[i]?.log.severityNumber ?? 0) >= 17) {
        cursor.moveTo(i);
        return;
      }
    }
  };
  const openTrace = (): void => {
    const log = cursor.chosen()?.log;
    if (log !== undefined && log.traceId !== '') {
      navigate(href('trace', log.traceId, { span: log.spanId }));
    }
  };
  useKeys({
    ...listKeys({
      noun: 'line',
      move: (step) => cursor.moveTo(stepped(at(list.lines.length), step, list.lines.length)),
    }),
    Enter: { run: () => cursor.moveTo(at(list.lines.length - 1)), label: 'open the panel' },
    o: { run: openTrace, label: 'open its trace' },
    e: { run: () => nextError(1), label: 'next error' },
    E: { run: () => nextError(-1), label: 'previous error' },
    End: { run: () => cursor.toNow(), label: 'jump to now' },
    Escape: { run: () => cursor.choose(undefined), label: 'close the panel' },
  });
}

/** Loads the page before the first line, one request at a time; tells how many came. */
export function useOlderLines(list: LogsList, arrived: (count: number) => void): () => void {
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
        if (asked === `${param('q')} ${range().from}`) arrived(list.prepend(answer));
      },
      () => {
        // The next scroll asks again; what is loaded stays.
        loading = false;
      },
    );
  };
}
