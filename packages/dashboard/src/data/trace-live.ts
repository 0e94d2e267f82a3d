import type { LogRecord, LogsAnswer, Span, TraceAnswer } from '@codomyrmex/telemetry-query';
import { createEffect, createMemo, createSignal, on, onCleanup, type Accessor } from 'solid-js';
import { logTime } from '../layout/log-time.js';
import { criticalPath, type CriticalPath } from '../layout/critical-path.js';
import { buildTraceStore, nanosAt, type TraceStore } from '../layout/trace-store.js';
import { buildTraceTree, type TraceTree } from '../layout/trace-tree.js';
import { getJson } from './api.js';
import { followQuestion } from './connection.js';
import type { LiveError } from './live.js';
import { livePaused } from './connection.js';
import { now, status } from './shared.js';

/** A trace as it is shown: one moment of it. */
export interface TraceShown {
  readonly store: TraceStore;
  readonly tree: TraceTree;
  readonly path: CriticalPath;
}

/** A trace that grows. */
export interface TraceLive {
  readonly shown: Accessor<TraceShown>;
  readonly logs: Accessor<readonly LogRecord[]>;
  readonly loaded: Accessor<boolean>;
  readonly error: Accessor<LiveError | undefined>;
}

/** While spans run their bars grow this often. */
const RUNNING_MILLIS = 250;
/** Building may take this share of the time, so that a huge trace stays usable while it grows. */
const BUILD_SHARE = 0.2;
/** Logs are asked for again at most this often while the trace grows. */
const LOGS_MILLIS = 1000;

/** Follows a trace: its spans, its tree, its logs. */
export function followTrace(traceId: string): TraceLive {
  const spans = new Map<string, Span>();
  const [version, setVersion] = createSignal(0);
  const [clock, setClock] = createSignal(0);
  let cost = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const changed = (): void => {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        setVersion((count) => count + 1);
      },
      Math.min(2000, cost / BUILD_SHARE),
    );
  };
  onCleanup(() => clearTimeout(timer));

  const { error, loaded } = followQuestion(
    () => ({
      live: true,
      query: { kind: 'trace', traceId },
      path: `/traces/${traceId}`,
    }),
    {
      snapshot: (data) => {
        spans.clear();
        for (const span of data.spans) spans.set(span.spanId, span);
        // The first picture is not put off.
        setVersion((count) => count + 1);
      },
      delta: (data) => {
        for (const span of data.spans) spans.set(span.spanId, span);
        changed();
      },
    },
    (answer) => ({ spans: (answer as TraceAnswer).spans }),
  );

  const store = createMemo(() => {
    version();
    return buildTraceStore(spans.values());
  });
  const ticking = createMemo(() => store().running > 0 && !livePaused());
  createEffect(
    on(ticking, (runs) => {
      if (!runs) return;
      const interval = setInterval(() => setClock((count) => count + 1), RUNNING_MILLIS);
      onCleanup(() => clearInterval(interval));
    }),
  );
  const shown = createMemo((): TraceShown => {
    const columns = store();
    if (columns.running > 0) clock();
    const before = performance.now();
    const offset = status() === undefined ? 0 : now() - Date.now();
    const nowNanos = Math.max(columns.lastNanos, nanosAt(columns, Date.now() + offset));
    const tree = buildTraceTree(columns, columns.running > 0 ? nowNanos : columns.lastNanos);
    const path = criticalPath(columns, tree);
    cost = performance.now() - before;
    return { store: columns, tree, path };
  });
  return { shown, logs: followLogs(traceId, version), loaded, error };
}

function followLogs(traceId: string, version: Accessor<number>): Accessor<readonly LogRecord[]> {
  const [logs, setLogs] = createSignal<readonly LogRecord[]>([]);
  const abort = new AbortController();
  let last = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => {
    abort.abort();
    clearTimeout(timer);
  });
  const ask = (): void => {
    timer = undefined;
    last = performance.now();
    getJson<LogsAnswer>(`/traces/${traceId}/logs`, { limit: 1000 }, abort.signal).then(
      (answer) => setLogs(sortedByTime(answer.items)),
      () => {
        // No logs, or none yet: the trace stands without them, the next growth asks again.
      },
    );
  };
  createEffect(
    on(version, (count) => {
      if (count === 0) return;
      timer ??= setTimeout(ask, Math.max(0, last + LOGS_MILLIS - performance.now()));
    }),
  );
  return logs;
}

function sortedByTime(items: readonly LogRecord[]): LogRecord[] {
  // Texts of equal length sort as numbers do.
  const key = (log: LogRecord): string => logTime(log).padStart(20, '0');
  return items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
