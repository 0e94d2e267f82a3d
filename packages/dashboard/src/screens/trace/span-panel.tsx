import type { Span, SpanEvent } from '@codomyrmex/telemetry-query';
import { createMemo, For, Show, type JSX } from 'solid-js';
import { serviceClass } from '../../base/colour.js';
import { attributeText, percentOf } from '../../base/number.js';
import { durationOf, durationText, nanosBetween } from '../../base/time.js';
import { href, navigate } from '../../data/location.js';
import { spanException, type SpanException } from '../../layout/span-kind.js';
import type { TraceTree } from '../../layout/trace-tree.js';
import { AttributeList } from '../../parts/attributes.js';
import { CopyButton } from '../../parts/copy.js';
import { Icon } from '../../parts/icon.js';
import { Measure } from '../../parts/text.js';
import { Stack } from '../../parts/stack.js';
import { SpanLogs } from './span-logs.js';
import { SpanMetrics } from './span-metrics.js';
import type { TraceState } from './trace-state.js';

/** Beside the waterfall: everything that is known of one span; the root's until one is chosen. */
export function SpanPanel(props: { state: TraceState; traceId: string }): JSX.Element {
  const state = props.state;
  const node = createMemo(() => {
    const chosen = state.nodeOf(state.selected());
    return chosen >= 0 ? chosen : state.shown().tree.root;
  });
  const span = createMemo(() => state.shown().store.spans[node()]);
  return (
    <aside class="panel span-panel" aria-label="Span" data-test="span-panel">
      <Show
        when={span()}
        fallback={
          <div class="sec">
            <h2>Missing parent</h2>
            <p class="t2">
              Spans name <span class="m">{state.selected().slice(1)}</span> as their parent. It has
              not arrived: still running, lost on its way, or not sampled. It takes this place when
              it comes.
            </p>
          </div>
        }
      >
        {(found) => (
          <SpanDetail state={state} node={node()} span={found()} traceId={props.traceId} />
        )}
      </Show>
    </aside>
  );
}

function SpanDetail(props: {
  state: TraceState;
  node: number;
  span: Span;
  traceId: string;
}): JSX.Element {
  const span = (): Span => props.span;
  const exception = createMemo(() => spanException(span()));
  const filter = (term: string): void => navigate(href('traces', '', { q: term }));
  return (
    <>
      <SpanHead span={span()} node={props.node} tree={props.state.shown().tree} />
      <Show when={exception() ?? statusOf(span())}>
        {(found) => <ExceptionBlock exception={found()} />}
      </Show>
      <AttributeList
        title="Attributes"
        attributes={span().attributes}
        dropped={span().droppedAttributesCount}
        onTerm={filter}
      />
      <SpanEvents span={span()} />
      <SpanLinks span={span()} />
      <SpanLogs state={props.state} span={span()} traceId={props.traceId} />
      <SpanMetrics state={props.state} node={props.node} service={span().service} />
      <AttributeList
        title="Resource"
        folded
        attributes={span().resource.attributes}
        dropped={span().resource.droppedAttributesCount}
        onTerm={(term) =>
          filter(term.startsWith('-') ? `-resource.${term.slice(1)}` : `resource.${term}`)
        }
      />
    </>
  );
}

function SpanHead(props: { span: Span; node: number; tree: TraceTree }): JSX.Element {
  const span = (): Span => props.span;
  const tree = (): TraceTree => props.tree;
  const duration = (): number => (tree().end[props.node] ?? 0) - (tree().start[props.node] ?? 0);
  return (
    <div class="sec">
      <h2>
        <i class={`sw ${serviceClass(span().service)}`} />
        <span class="el" title={span().name} data-test="span-name">
          {span().name}
        </span>
        <Show when={span().running}>
          <em class={`tag ${span().lost === true ? 'w' : 'o'}`}>
            {span().lost === true ? 'lost' : 'running'}
          </em>
        </Show>
      </h2>
      <div class="t3 span-sub">
        <span>
          {span().service} · {span().kind.toLowerCase()}
          {span().scope.name === '' ? '' : ` · ${span().scope.name}`}
        </span>
        <span class="sp" />
        <span class="m">{span().spanId.slice(0, 8)}</span>
        <CopyButton text={() => span().spanId} label="Copy span id" />
      </div>
      <div class="span-stats">
        <div class="stat-pair">
          <span>Duration</span>
          <b>
            <Measure of={durationOf(duration())} />
          </b>
        </div>
        <div class="stat-pair">
          <span>Self</span>
          <b>
            <Measure of={durationOf(tree().self[props.node] ?? 0)} />
          </b>
        </div>
        <div class="stat-pair">
          <span>Of trace</span>
          <b>{percentOf(duration() / tree().durationNanos)} %</b>
        </div>
        <div class="stat-pair">
          <span>Start</span>
          <b>+{durationText(tree().start[props.node] ?? 0)}</b>
        </div>
      </div>
    </div>
  );
}

/** A failed span without an exception still says what its status says. */
function statusOf(span: Span): SpanException | undefined {
  if (span.status.code !== 'ERROR') return undefined;
  const type = attributeText(span.attributes['error.type']);
  return { type: type === '' ? 'Error' : `Error ${type}`, message: span.status.message, stack: '' };
}

function ExceptionBlock(props: { exception: SpanException }): JSX.Element {
  return (
    <div class="sec">
      <div class="exception" data-test="exception">
        <b>{props.exception.type}</b> {props.exception.message}
        <Show when={props.exception.stack !== ''}>
          <Stack stack={props.exception.stack} class="t2" />
        </Show>
      </div>
    </div>
  );
}

function SpanEvents(props: { span: Span }): JSX.Element {
  const fields = (event: SpanEvent): string =>
    Object.entries(event.attributes)
      .filter(([key]) => key !== 'exception.stacktrace')
      .map(([key, value]) => `${key}=${attributeText(value)}`)
      .join(' ');
  return (
    <Show when={props.span.events.length > 0 || props.span.droppedEventsCount > 0}>
      <section class="sec">
        <h3>
          Events <span class="t3 n">{props.span.events.length}</span>
        </h3>
        <For each={props.span.events}>
          {(event) => (
            <div class="span-event" data-test="span-event">
              <span class="m t3 n">
                +{durationText(nanosBetween(event.timeUnixNano, props.span.startTimeUnixNano))}
              </span>
              <span class="el" title={`${event.name} ${fields(event)}`}>
                {event.name} <span class="m t3">{fields(event)}</span>
              </span>
            </div>
          )}
        </For>
        <Show when={props.span.droppedEventsCount > 0}>
          <div class="warn">{props.span.droppedEventsCount} dropped by the program's limits</div>
        </Show>
      </section>
    </Show>
  );
}

function SpanLinks(props: { span: Span }): JSX.Element {
  return (
    <Show when={props.span.links.length > 0 || props.span.droppedLinksCount > 0}>
      <section class="sec">
        <h3>
          Links <span class="t3 n">{props.span.links.length}</span>
        </h3>
        <For each={props.span.links}>
          {(link) => (
            <a
              class="span-link"
              data-test="span-link"
              href={href('trace', link.traceId, { span: link.spanId })}
            >
              <Icon name="link" size={13} />
              <span class="m acc">{link.traceId.slice(0, 8)}</span>
              <span class="el t3">
                {Object.entries(link.attributes)
                  .map(([key, value]) => `${key}=${attributeText(value)}`)
                  .join(' ')}
              </span>
            </a>
          )}
        </For>
        <Show when={props.span.droppedLinksCount > 0}>
          <div class="warn">{props.span.droppedLinksCount} dropped by the program's limits</div>
        </Show>
      </section>
    </Show>
  );
}
