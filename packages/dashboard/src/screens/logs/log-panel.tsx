import type { LogRecord, LogsAnswer, TracesAnswer, TraceRow } from '@codomyrmex/telemetry-query';
import {
  createEffect,
  createMemo,
  createSignal,
  For,
  on,
  onCleanup,
  Show,
  type JSX,
} from 'solid-js';
import { serviceClass } from '../../base/colour.js';
import { attributeText } from '../../base/number.js';
import { quoteValue, withTerm } from '../../base/terms.js';
import {
  clockText,
  durationText,
  millisOfNanos,
  nanosBetween,
  nanosOfMillis,
} from '../../base/time.js';
import { drawShape } from '../../canvas/shape.js';
import { getJson } from '../../data/api.js';
import { href, param, setParams } from '../../data/location.js';
import { timeZone } from '../../data/shared.js';
import { logTime } from '../../layout/log-time.js';
import { exceptionOf } from '../../layout/span-kind.js';
import { AttributeList } from '../../parts/attributes.js';
import { CanvasView } from '../../parts/canvas-view.js';
import { CopyButton } from '../../parts/copy.js';
import { Icon } from '../../parts/icon.js';
import { Key } from '../../parts/text.js';
import { Severity, severityLevel } from '../../parts/severity.js';
import { Stack } from '../../parts/stack.js';
import { messageOf } from './log-row.js';

/** Everything that is known of one record, its trace, and what was logged around it. */
export function LogPanel(props: { log: LogRecord; onClose: () => void }): JSX.Element {
  const log = (): LogRecord => props.log;
  const exception = createMemo(() => exceptionOf(log().attributes));
  const addTerm = (term: string): void => setParams({ q: withTerm(param('q'), term) });
  const structured = (): boolean => typeof log().body === 'object' && log().body !== null;
  const failed = (): boolean => /error|fatal/.test(severityLevel(log().severityNumber));
  return (
    <aside class="panel log-panel" aria-label="Log record" data-test="log-panel">
      <div class="sec">
        <h2>
          <i class={`sw ${failed() ? 'error' : serviceClass(log().service)}`} />
          <span class="el">{exception()?.type ?? (log().eventName || log().service)}</span>
          <Severity number={log().severityNumber} text={log().severityText} />
          <span class="sp" />
          <CopyButton text={() => JSON.stringify(log(), undefined, 2)} label="Copy as JSON" />
          <button
            type="button"
            class="btn ic bare"
            aria-label="Close"
            onClick={() => props.onClose()}
          >
            <Icon name="x" />
          </button>
        </h2>
        <div class="t3 log-sub n">
          {log().service}
          {log().scope.name === '' ? '' : ` · ${log().scope.name}`} ·{' '}
          {clockText(millisOfNanos(logTime(log())), timeZone(), true)}
        </div>
        <pre class="m log-body">
          {structured() ? JSON.stringify(log().body, undefined, 2) : messageOf(log())}
        </pre>
      </div>
      <Show when={log().traceId !== ''}>
        <LogTrace log={log()} />
      </Show>
      <Show when={exception()}>
        {(found) => (
          <div class="sec">
            <div class="exception">
              <b>{found().type}</b> {found().message}
              <Show when={found().stack !== ''}>
                <Stack stack={found().stack} class="t2" />
              </Show>
            </div>
          </div>
        )}
      </Show>
      <AttributeList
        title="Fields"
        attributes={log().attributes}
        dropped={log().droppedAttributesCount}
        onTerm={addTerm}
      />
      <LogsAround log={log()} />
      <AttributeList
        title="Resource"
        folded
        attributes={log().resource.attributes}
        onTerm={(term) =>
          addTerm(term.startsWith('-') ? `-resource.${term.slice(1)}` : `resource.${term}`)
        }
      />
    </aside>
  );
}

/** The row of a record's trace; undefined until it is found. */
function useTraceRow(log: () => LogRecord): () => TraceRow | undefined {
  const [trace, setTrace] = createSignal<TraceRow | undefined>();
  createEffect(
    on(
      () => log().traceId,
      (traceId) => {
        setTrace(undefined);
        const abort = new AbortController();
        onCleanup(() => abort.abort());
        const at = millisOfNanos(logTime(log()));
        getJson<TracesAnswer>(
          '/traces',
          {
            q: `trace=${traceId}`,
            // A long trace may have begun an hour before this line.
            from: nanosOfMillis(at - 3_600_000),
            to: nanosOfMillis(at + 3_600_000),
            limit: 1,
          },
          abort.signal,
        ).then(
          (answer) => setTrace(answer.items.find((row) => row.traceId === traceId)),
          () => {
            // The link below works without the picture.
          },
        );
      },
    ),
  );
  return trace;
}

function LogTrace(props: { log: LogRecord }): JSX.Element {
  const trace = useTraceRow(() => props.log);
  const offset = (row: TraceRow): number =>
    nanosBetween(logTime(props.log), row.startTimeUnixNano) /
    Math.max(1, Number(row.durationNanos));
  return (
    <section class="sec">
      <h3 class="log-trace-head">
        <Show when={trace()} fallback={<span class="m t2">{props.log.traceId.slice(0, 16)}…</span>}>
          {(row) => (
            <>
              <span class={`dot ${serviceClass(row().rootService)}`} />
              <b class="el">{row().rootName}</b>
            </>
          )}
        </Show>
        <span class="sp" />
        <a
          class="acc"
          data-test="log-open-trace"
          href={href('trace', props.log.traceId, { span: props.log.spanId })}
        >
          Open trace
        </a>
        <Key name="O" />
      </h3>
      <Show when={trace()}>
        {(row) => (
          <div class="log-shape">
            <CanvasView
              draw={(context, width, height, palette) =>
                drawShape(context, width, height, palette, row().shape)
              }
            />
            <i
              class="logs-marker"
              style={{ left: `${Math.min(1, Math.max(0, offset(row()))) * 100}%` }}
            />
            <div class="log-shape-axis n">
              <span>0</span>
              <span class="t2">
                +{durationText(nanosBetween(logTime(props.log), row().startTimeUnixNano))}
              </span>
              <span>{durationText(Number(row().durationNanos))}</span>
            </div>
          </div>
        )}
      </Show>
    </section>
  );
}

type Scope = 'service' | 'trace' | 'all';

/** How far before and after is looked. */
const AROUND_MILLIS = 5000;
const AROUND_LINES = 6;

/** The lines written just before and after, of the service, the trace or all. */
function LogsAround(props: { log: LogRecord }): JSX.Element {
  const [scope, setScope] = createSignal<Scope>('service');
  const [near, setNear] = createSignal<readonly LogRecord[]>([]);
  const q = (): string => {
    if (scope() === 'service') return `service=${quoteValue(props.log.service)}`;
    return scope() === 'trace' ? `trace=${props.log.traceId}` : '';
  };
  createEffect(
    on([() => props.log, scope], ([log]) => {
      const at = millisOfNanos(logTime(log));
      const abort = new AbortController();
      onCleanup(() => abort.abort());
      getJson<LogsAnswer>(
        '/logs',
        {
          q: q(),
          from: nanosOfMillis(at - AROUND_MILLIS),
          to: nanosOfMillis(at + AROUND_MILLIS),
          limit: 500,
        },
        abort.signal,
      ).then(
        (answer) => setNear(nearest(answer.items, log)),
        () => {
          if (!abort.signal.aborted) setNear([]);
        },
      );
    }),
  );
  const scopes = (): readonly Scope[] =>
    props.log.traceId === '' ? ['service', 'all'] : ['service', 'trace', 'all'];
  return (
    <section class="sec">
      <h3>
        Around this <span class="t3">± 5 s</span>
        <span class="sp" />
        <div class="seg small" role="group" aria-label="Around this">
          <For each={scopes()}>
            {(name) => (
              <button
                type="button"
                classList={{ on: scope() === name }}
                aria-pressed={scope() === name}
                onClick={() => setScope(name)}
              >
                {name[0]?.toUpperCase()}
                {name.slice(1)}
              </button>
            )}
          </For>
        </div>
      </h3>
      <For each={near()} fallback={<div class="t3">Nothing else was logged</div>}>
        {(other) => (
          <div class="span-log around">
            <span class="m t3 n">{signed(nanosBetween(logTime(other), logTime(props.log)))}</span>
            <Severity number={other.severityNumber} text={other.severityText} />
            <span class="m el" title={attributeText(other.body)}>
              {messageOf(other)}
            </span>
          </div>
        )}
      </For>
    </section>
  );
}

function signed(nanos: number): string {
  return nanos < 0 ? `−${durationText(-nanos)}` : `+${durationText(nanos)}`;
}

/** The nearest lines on both sides, in time, without the record itself. */
function nearest(items: readonly LogRecord[], log: LogRecord): LogRecord[] {
  const own = JSON.stringify(log);
  const others = items
    .map((item) => ({ item, nanos: nanosBetween(logTime(item), logTime(log)) }))
    .filter(({ item }) => JSON.stringify(item) !== own)
    .toSorted((a, b) => a.nanos - b.nanos);
  const before = others.filter(({ nanos }) => nanos < 0).slice(-AROUND_LINES);
  const after = others.filter(({ nanos }) => nanos >= 0).slice(0, AROUND_LINES);
  return [...before, ...after].map(({ item }) => item);
}
