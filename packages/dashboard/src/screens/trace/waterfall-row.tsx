import type { Span } from '@codomyrmex/telemetry-query';
import { createMemo, For, Show, type JSX } from 'solid-js';
import { serviceClass } from '../../base/colour.js';
import { attributeText, groupedText } from '../../base/number.js';
import { durationOf, nanosBetween } from '../../base/time.js';
import { spanRole, type SpanRole } from '../../layout/span-kind.js';
import { LOST, RUNNING } from '../../layout/trace-store.js';
import { ORIGIN, PROPAGATED } from '../../layout/trace-tree.js';
import { Icon } from '../../parts/icon.js';
import type { IconName } from '../../parts/icons.js';
import { Measure } from '../../parts/text.js';
import type { TraceState } from './trace-state.js';

const ROLE_ICONS: { readonly [role in SpanRole]: IconName } = {
  server: 'server',
  client: 'arrow-up-right',
  database: 'database',
  message: 'mail',
  model: 'sparkles',
  agent: 'bot',
  tool: 'wrench',
  internal: 'box',
};

const INDENT_PIXELS = 16;
/** Deeper than this the indent grows slowly, so that names stay in the column. */
const DEEP_LEVEL = 11;
const DEEP_INDENT_PIXELS = 2;
const MOST_INDENT_PIXELS = 236;
/** Events drawn in a row; more would be a smear. */
const MOST_EVENTS = 24;

function indentOf(depth: number): number {
  const shallow = Math.min(depth, DEEP_LEVEL) * INDENT_PIXELS;
  const deep = Math.max(0, depth - DEEP_LEVEL) * DEEP_INDENT_PIXELS;
  return Math.min(MOST_INDENT_PIXELS, shallow + deep);
}

interface RowNow {
  readonly node: number;
  readonly span: Span | undefined;
  readonly depth: number;
  readonly children: number;
  readonly hidden: number;
  readonly start: number;
  readonly end: number;
  readonly running: boolean;
  readonly lost: boolean;
  readonly error: number;
  readonly cut: boolean;
}

/** One span, or the place of one that has not arrived. */
export function WaterfallRow(props: {
  state: TraceState;
  rowKey: string;
  focusable: boolean;
}): JSX.Element {
  const state = props.state;
  const row = createMemo((): RowNow => {
    const { store, tree } = state.shown();
    const node = state.nodeOf(props.rowKey);
    const flags = store.flags[node] ?? 0;
    return {
      node,
      span: store.spans[node],
      depth: tree.depth[node] ?? 0,
      children: tree.childCount[node] ?? 0,
      hidden: (tree.size[node] ?? 1) - 1,
      start: tree.start[node] ?? 0,
      end: tree.end[node] ?? 0,
      running: (flags & RUNNING) !== 0,
      lost: (flags & LOST) !== 0,
      error: tree.errorKind[node] ?? 0,
      cut: (tree.cut[node] ?? 0) !== 0,
    };
  });
  const folded = (): boolean => state.collapsed().has(props.rowKey);
  const selected = (): boolean => state.selected() === props.rowKey;
  return (
    <div
      class={`wf-row ${serviceClass(row().span?.service ?? '')}`}
      classList={{
        cur: selected(),
        hit: state.hitSet().has(row().node),
        gone: row().span === undefined,
      }}
      role="row"
      aria-level={row().depth + 1}
      aria-expanded={row().children > 0 ? !folded() : undefined}
      aria-selected={selected()}
      tabindex={props.focusable ? 0 : -1}
      data-test="span-row"
      data-span-id={row().span?.spanId}
      data-running={row().running}
      onClick={() => state.select(props.rowKey)}
      onDblClick={() => state.fold(props.rowKey, !folded())}
    >
      <RowName state={state} row={row()} rowKey={props.rowKey} folded={folded()} />
      <RowBar state={state} row={row()} />
    </div>
  );
}

function RowName(props: {
  state: TraceState;
  row: RowNow;
  rowKey: string;
  folded: boolean;
}): JSX.Element {
  const row = (): RowNow => props.row;
  return (
    <div
      role="gridcell"
      class="wf-name"
      style={{ 'padding-left': `${10 + indentOf(row().depth)}px` }}
    >
      <i class="wf-guides" style={{ width: `${indentOf(Math.min(row().depth, DEEP_LEVEL))}px` }} />
      <Show when={row().children > 0} fallback={<span class="wf-fold" />}>
        <button
          type="button"
          class="wf-fold"
          tabindex={-1}
          aria-label={props.folded ? 'Expand' : 'Collapse'}
          onClick={(event) => {
            event.stopPropagation();
            props.state.fold(props.rowKey, !props.folded);
          }}
        >
          <Icon name={props.folded ? 'chevron-right' : 'chevron-down'} size={12} />
        </button>
      </Show>
      <i class="sw" />
      <Show
        when={row().span}
        fallback={
          <>
            <Icon name="unlink" size={13} class="t3" />
            <span class="wf-op">missing parent span {short(props.rowKey.slice(1))}</span>
          </>
        }
      >
        {(span) => (
          <>
            <Show
              when={row().error === ORIGIN}
              fallback={<Icon name={ROLE_ICONS[spanRole(span())]} size={13} class="t3" />}
            >
              <Icon name="circle-alert" size={13} class="err" />
            </Show>
            <span class="wf-op" classList={{ err: row().error === ORIGIN }} title={span().name}>
              {span().name}
            </span>
            <Marks row={row()} span={span()} folded={props.folded} />
            <span class="wf-service">{span().service}</span>
          </>
        )}
      </Show>
    </div>
  );
}

function Marks(props: { row: RowNow; span: Span; folded: boolean }): JSX.Element {
  const statusCode = (): string => {
    const { attributes } = props.span;
    const code = attributes['http.response.status_code'] ?? attributes['http.status_code'];
    return props.row.error === ORIGIN && code !== undefined ? attributeText(code) : '';
  };
  return (
    <>
      <Show when={statusCode() !== ''}>
        <em class="tag e">{statusCode()}</em>
      </Show>
      <Show when={props.row.error === PROPAGATED}>
        <span class="wf-passed" title="Failed because a span below it did">
          <Icon name="circle-alert" size={11} />
        </span>
      </Show>
      <Show when={props.folded && props.row.hidden > 0}>
        <em class="tag">+{groupedText(props.row.hidden)}</em>
      </Show>
      <Show when={props.row.cut}>
        <em class="tag w" title="Its parents form a circle, cut here">
          circle
        </em>
      </Show>
    </>
  );
}

/** `4bf92f…e4` */
function short(id: string): string {
  return id.length > 8 ? `${id.slice(0, 4)}…${id.slice(-2)}` : id;
}

function RowBar(props: { state: TraceState; row: RowNow }): JSX.Element {
  const row = (): RowNow => props.row;
  const span = (): number => props.state.zoom().to - props.state.zoom().from;
  /** Where a time stands, in per cent of the axis; far outside it is cut, browsers round there. */
  const at = (nanos: number): number =>
    Math.min(120, Math.max(-20, ((nanos - props.state.zoom().from) / span()) * 100));
  const left = (): number => at(row().start);
  const width = (): number => Math.max(0, at(row().end) - left());
  const outside = (): boolean => left() > 100 || left() + width() < 0;
  const onPath = createMemo(() => {
    const { path } = props.state.shown();
    const from = path.from[row().node] ?? Number.NaN;
    const to = path.to[row().node] ?? Number.NaN;
    return props.state.pathOn() && to > from ? { from, to } : undefined;
  });
  return (
    <div role="gridcell" class="wf-line">
      <Show when={onPath()}>
        {(path) => (
          <span
            class="wf-path"
            style={{
              left: `${at(path().from)}%`,
              width: `max(2px, ${at(path().to) - at(path().from)}%)`,
            }}
          />
        )}
      </Show>
      <Show
        when={row().span}
        fallback={
          <span
            class="wf-missing"
            style={{ left: `${left()}%`, width: `max(12px, ${width()}%)` }}
          />
        }
      >
        <span
          class="wf-bar"
          classList={{ e: row().error === ORIGIN, run: row().running, lost: row().lost }}
          style={{ left: `${left()}%`, width: `max(2px, ${width()}%)` }}
        />
      </Show>
      <Events row={row()} at={at} store={props.state} />
      <Show when={!outside()}>
        <BarLabel row={row()} left={left()} width={width()} />
      </Show>
    </div>
  );
}

function Events(props: {
  row: RowNow;
  at: (nanos: number) => number;
  store: TraceState;
}): JSX.Element {
  const events = createMemo((): number[] => {
    const span = props.row.span;
    if (span === undefined || span.events.length === 0) return [];
    return span.events
      .slice(0, MOST_EVENTS)
      .map((event) => props.row.start + nanosBetween(event.timeUnixNano, span.startTimeUnixNano));
  });
  return (
    <For each={events()}>
      {(nanos) => <span class="wf-event" style={{ left: `${props.at(nanos)}%` }} />}
    </For>
  );
}

/** The duration: in a wide bar, else after it, else before it. */
function BarLabel(props: { row: RowNow; left: number; width: number }): JSX.Element {
  const tokens = (): string => {
    const input = props.row.span?.attributes['gen_ai.usage.input_tokens'];
    const output = props.row.span?.attributes['gen_ai.usage.output_tokens'];
    if (typeof input !== 'number' && typeof output !== 'number') return '';
    return `${groupedText(Number(input ?? 0))} → ${groupedText(Number(output ?? 0))} tok`;
  };
  const inside = (): boolean => props.width > 22 && !props.row.running;
  /** What comes after the bar must end before the axis does; tokens are twice as long. */
  const before = (): boolean =>
    !inside() && props.left + props.width > (tokens() === '' ? 78 : 58) && props.left > 20;
  const style = (): JSX.CSSProperties => {
    if (inside()) return { left: `calc(${Math.max(0, props.left)}% + 7px)` };
    if (before()) return { right: `calc(${100 - Math.max(0, props.left)}% + 6px)` };
    return { left: `calc(${props.left + props.width}% + 6px)` };
  };
  return (
    <span
      class="wf-label n"
      classList={{
        in: inside(),
        ok: props.row.running && !props.row.lost,
        warn: props.row.span === undefined || props.row.lost,
      }}
      style={style()}
    >
      <Show when={props.row.span} fallback="parent not received yet">
        <Show when={props.row.running}>{props.row.lost ? 'lost after ' : 'running '}</Show>
        <Measure of={durationOf(props.row.end - props.row.start)} />
        <Show when={tokens() !== ''}>
          <em>{tokens()}</em>
        </Show>
      </Show>
    </span>
  );
}
