import type { LogRecord } from '@codomyrmex/telemetry-query';
import { createMemo, Show, type JSX } from 'solid-js';
import { attributeText } from '../../base/number.js';
import { durationText, splitNanos } from '../../base/time.js';
import { logTime } from '../../layout/log-time.js';
import { Quiet, Service } from '../../parts/text.js';
import { Severity } from '../../parts/severity.js';
import { useKeys } from '../../parts/use-keys.js';
import { VirtualRows, type RowsHandle } from '../../parts/virtual-rows.js';
import type { TraceState } from './trace-state.js';

const ROW_PIXELS = 26;

/** All log records of the trace, in time, each at its place on the trace's axis. */
export function TraceLogs(props: { state: TraceState }): JSX.Element {
  const state = props.state;
  let rows: RowsHandle | undefined;
  const logs = state.live.logs;
  const index = (): number => logs().findIndex((log) => log.spanId === state.selected());
  let cursor = -1;
  const move = (step: number): void => {
    const at = cursor < 0 ? index() : cursor;
    cursor = Math.min(logs().length - 1, Math.max(0, at + step));
    const log = logs()[cursor];
    if (log !== undefined && log.spanId !== '') state.select(log.spanId);
    rows?.reveal(cursor);
  };
  useKeys({
    j: { run: () => move(1), label: 'next line' },
    k: { run: () => move(-1), label: 'previous line' },
    ArrowDown: { run: () => move(1), label: 'next line' },
    ArrowUp: { run: () => move(-1), label: 'previous line' },
  });
  return (
    <div class="trace-logs">
      <Show
        when={logs().length > 0}
        fallback={
          <Quiet title="No logs in this trace">Records that carry its id appear here.</Quiet>
        }
      >
        <VirtualRows
          count={logs().length}
          rowHeight={ROW_PIXELS}
          keyAt={(at) => at}
          role="grid"
          label="Logs of the trace"
          handle={(handle) => {
            rows = handle;
          }}
          row={(at) => <TraceLogRow state={state} log={logs()[at]} />}
        />
      </Show>
    </div>
  );
}

function TraceLogRow(props: { state: TraceState; log: LogRecord | undefined }): JSX.Element {
  const offset = createMemo(() => {
    const log = props.log;
    if (log === undefined) return 0;
    const { store } = props.state.shown();
    const [seconds, nanos] = splitNanos(logTime(log));
    return (seconds - store.baseSeconds) * 1e9 + (nanos - store.baseNanos);
  });
  const share = (): number =>
    Math.min(1, Math.max(0, offset() / props.state.shown().tree.durationNanos));
  return (
    <Show when={props.log}>
      {(log) => (
        <div
          class="trace-log"
          role="row"
          classList={{ cur: log().spanId !== '' && log().spanId === props.state.selected() }}
          data-test="log-row"
          onClick={() => props.state.select(log().spanId)}
        >
          <span role="gridcell" class="m t3 n">
            +{durationText(offset())}
          </span>
          <span role="gridcell">
            <Severity number={log().severityNumber} text={log().severityText} />
          </span>
          <span role="gridcell" class="t2">
            <Service name={log().service} />
          </span>
          <span role="gridcell" class="m el" title={attributeText(log().body)}>
            {attributeText(log().body) || log().eventName}
          </span>
          <span role="gridcell" class="trace-log-axis" aria-hidden="true">
            <i style={{ left: `${share() * 100}%` }} />
          </span>
        </div>
      )}
    </Show>
  );
}
