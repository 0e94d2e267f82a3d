import type { TraceRow } from '@codomyrmex/telemetry-query';
import { For, Show, type JSX } from 'solid-js';
import { serviceClass } from '../../base/colour.js';
import { logPosition } from '../../base/scale.js';
import { ageText, millisOfNanos } from '../../base/time.js';
import { drawShape } from '../../canvas/shape.js';
import { href, navigate } from '../../data/location.js';
import { now } from '../../data/shared.js';
import { CanvasView } from '../../parts/canvas-view.js';
import { Icon } from '../../parts/icon.js';
import { Duration, ServiceDot } from '../../parts/text.js';

/** Dots beside each other before the rest is a number. */
const MOST_DOTS = 4;
/** The duration bar's scale starts here: what is faster is a sliver. */
const SHORTEST_NANOS = 250_000;
/** And reaches at least this far, or all bars of fast traces would be full. */
const LEAST_LONGEST_NANOS = 10_000_000;

/** One trace of the list. */
export function TraceListRow(props: {
  row: TraceRow | undefined;
  longestNanos: number;
  p95Nanos: number;
  p99Nanos: number;
  selected: boolean;
  focusable: boolean;
  onSelect: () => void;
}): JSX.Element {
  return (
    <Show when={props.row}>
      {(row) => (
        <a
          class="traces-grid traces-row fade-in"
          classList={{ cur: props.selected }}
          role="row"
          href={href('trace', row().traceId)}
          tabindex={props.focusable ? 0 : -1}
          aria-selected={props.selected}
          data-test="traces-row"
          data-trace-id={row().traceId}
          data-running={row().running}
          onFocus={() => props.onSelect()}
          onKeyDown={(event) => {
            // A row is one place to be, its link is how the mouse opens it.
            if (event.key !== 'Enter') return;
            event.preventDefault();
            navigate(href('trace', row().traceId));
          }}
        >
          <Age row={row()} />
          <Name row={row()} />
          <Shape row={row()} />
          <span role="gridcell" class="n r">
            {row().spanCount}
          </span>
          <Services row={row()} />
          <span role="gridcell" class="traces-duration">
            <DurationBar row={row()} longestNanos={props.longestNanos} />
            <Duration nanos={durationNow(row())} />
          </span>
          <Badge row={row()} p95={props.p95Nanos} p99={props.p99Nanos} />
        </a>
      )}
    </Show>
  );
}

function Age(props: { row: TraceRow }): JSX.Element {
  const age = (): number => now() - millisOfNanos(props.row.startTimeUnixNano);
  return (
    <span role="gridcell" class="m n" classList={{ ok: props.row.running, t3: !props.row.running }}>
      {props.row.running ? 'now' : `−${ageText(age())}`}
    </span>
  );
}

function Name(props: { row: TraceRow }): JSX.Element {
  return (
    <span role="gridcell" class="traces-name">
      <ServiceDot name={props.row.rootService} />
      <span class="t2">{props.row.rootService}</span>
      <b title={props.row.rootName}>{props.row.rootName}</b>
      <Show when={props.row.errorCount > 0}>
        <em class="tag e" title={`${props.row.errorCount} spans with errors`}>
          <Icon name="circle-alert" size={11} />
          {props.row.errorCount}
        </em>
      </Show>
      <Show when={props.row.rootMissing}>
        <em class="tag" title="The root span has not arrived">
          no root yet
        </em>
      </Show>
    </span>
  );
}

function Shape(props: { row: TraceRow }): JSX.Element {
  return (
    <span role="gridcell" class="traces-shape shape-column">
      <CanvasView
        draw={(context, width, height, palette) =>
          drawShape(context, width, height, palette, props.row.shape)
        }
      />
    </span>
  );
}

function Services(props: { row: TraceRow }): JSX.Element {
  const services = (): TraceRow['services'] => props.row.services;
  return (
    <span
      role="gridcell"
      class="traces-dots"
      aria-label={services()
        .map(({ name }) => name)
        .join(', ')}
    >
      <For each={services().slice(0, MOST_DOTS)}>
        {(service) => <span class={`dot ${serviceClass(service.name)}`} title={service.name} />}
      </For>
      <Show when={services().length > MOST_DOTS}>
        <span class="t3 n traces-more">+{services().length - MOST_DOTS}</span>
      </Show>
    </span>
  );
}

/** A running trace's duration goes on between frames; it never goes back. */
function durationNow(row: TraceRow): number {
  if (!row.running) return Number(row.durationNanos);
  const since = (now() - millisOfNanos(row.startTimeUnixNano)) * 1e6;
  return Math.max(Number(row.durationNanos), since);
}

function DurationBar(props: { row: TraceRow; longestNanos: number }): JSX.Element {
  const share = (): number =>
    logPosition(
      durationNow(props.row),
      SHORTEST_NANOS,
      Math.max(props.longestNanos, LEAST_LONGEST_NANOS),
    );
  return (
    <span class="db">
      <i
        classList={{ e: props.row.errorCount > 0, run: props.row.running }}
        style={{ width: `${Math.max(3, share() * 100)}%` }}
      />
    </span>
  );
}

function Badge(props: { row: TraceRow; p95: number; p99: number }): JSX.Element {
  const nanos = (): number => Number(props.row.durationNanos);
  return (
    <span role="gridcell">
      <Show when={!props.row.running} fallback={<em class="tag o">live</em>}>
        <Show when={nanos() >= props.p95}>
          <Show when={nanos() >= props.p99} fallback={<em class="tag">p95</em>}>
            <em class="tag w">p99</em>
          </Show>
        </Show>
      </Show>
    </span>
  );
}
