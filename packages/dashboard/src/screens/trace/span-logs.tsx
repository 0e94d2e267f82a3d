import type { LogRecord, Span } from '@codomyrmex/telemetry-query';
import { createMemo, For, Show, type JSX } from 'solid-js';
import { attributeText } from '../../base/number.js';
import { durationText } from '../../base/time.js';
import { nanosBetween } from '../../base/time.js';
import { href } from '../../data/location.js';
import { logTime } from '../../layout/log-time.js';
import { Severity } from '../../parts/severity.js';
import type { TraceState } from './trace-state.js';

const MOST_LINES = 30;

/** The log records that were written within this span. */
export function SpanLogs(props: { state: TraceState; span: Span; traceId: string }): JSX.Element {
  const logs = createMemo((): LogRecord[] =>
    props.state.live.logs().filter((log) => log.spanId === props.span.spanId),
  );
  return (
    <Show when={logs().length > 0}>
      <section class="sec" data-test="span-logs">
        <h3>
          Logs in this span <span class="t3 n">{logs().length}</span>
          <span class="sp" />
          <a
            class="acc"
            href={href('logs', '', { q: `trace=${props.traceId} span=${props.span.spanId}` })}
          >
            Open in Logs
          </a>
        </h3>
        <For each={logs().slice(0, MOST_LINES)}>
          {(log) => (
            <div class="span-log" data-test="span-log">
              <span class="m t3 n">
                +{durationText(nanosBetween(logTime(log), props.span.startTimeUnixNano))}
              </span>
              <Severity number={log.severityNumber} text={log.severityText} />
              <span class="m el" title={attributeText(log.body)}>
                {attributeText(log.body) || log.eventName}
              </span>
            </div>
          )}
        </For>
        <Show when={logs().length > MOST_LINES}>
          <div class="t3">{logs().length - MOST_LINES} more in Logs</div>
        </Show>
      </section>
    </Show>
  );
}
