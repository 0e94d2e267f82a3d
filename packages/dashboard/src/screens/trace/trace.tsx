import {
  createEffect,
  createMemo,
  createSignal,
  Match,
  onCleanup,
  Show,
  Switch,
  type JSX,
} from 'solid-js';
import { groupedText, percentOf } from '../../base/number.js';
import { ageText, clockText, durationOf } from '../../base/time.js';
import { href, param, setParams } from '../../data/location.js';
import { announce } from '../../data/live-announcer.js';
import { now, status, timeZone } from '../../data/shared.js';
import { followTrace, type TraceShown } from '../../data/trace-live.js';
import { millisAt } from '../../layout/trace-store.js';
import { CopyButton } from '../../parts/copy.js';
import { Icon } from '../../parts/icon.js';
import { Hints, Key, Measure } from '../../parts/text.js';
import { TopBar } from '../../parts/top-bar.js';
import { useKeys } from '../../parts/use-keys.js';
import { SpanPanel } from './span-panel.js';
import { createTraceState, type TraceState } from './trace-state.js';
import { TraceLogs } from './trace-logs.js';
import { TraceSearch } from './trace-search.js';
import { Waterfall } from './waterfall.js';
import './trace.css';

/** An unknown id is waited for this long before the page says what may have become of it. */
const PATIENCE_MILLIS = 10_000;

/** One trace, as it grows. */
export function Trace(props: { traceId: string }): JSX.Element {
  const live = followTrace(props.traceId);
  const state = createTraceState(live);
  const tab = (): string => (param('tab') === 'logs' ? 'logs' : 'waterfall');
  const count = createMemo(() => state.shown().store.count);
  createEffect(() => announce(`${count()} spans`));
  useKeys({
    '1': { run: () => setParams({ tab: undefined }, { replace: true }), label: 'waterfall' },
    '2': { run: () => setParams({ tab: 'logs' }, { replace: true }), label: 'logs' },
  });
  return (
    <>
      <TopBar
        timeless
        trail={
          <nav class="trail" aria-label="Trail">
            <a href={href('traces', '', { q: param('q') })}>Traces</a>
            <Icon name="chevron-right" size={13} class="t3" />
            <span class="m t2" title={props.traceId}>
              {props.traceId.slice(0, 16)}…{props.traceId.slice(-5)}
            </span>
            <CopyButton text={() => props.traceId} label="Copy trace id" />
          </nav>
        }
      />
      <Show
        when={count() > 0}
        fallback={<NotHere traceId={props.traceId} loaded={live.loaded()} />}
      >
        <TraceHead state={state} />
        <Tabs state={state} tab={tab()} />
        <div class="trace-wrap">
          <Switch>
            <Match when={tab() === 'waterfall'}>
              <Waterfall state={state} />
            </Match>
            <Match when={tab() === 'logs'}>
              <TraceLogs state={state} />
            </Match>
          </Switch>
          <SpanPanel state={state} traceId={props.traceId} />
        </div>
        <Hints
          hints={[
            { keys: ['J', 'K'], label: 'span' },
            { keys: ['H', 'L'], label: 'collapse, expand' },
            { keys: ['W', 'A', 'S', 'D'], label: 'zoom, pan' },
            { keys: ['E'], label: 'next error' },
            { keys: ['P'], label: 'critical path' },
            { keys: ['0'], label: 'whole trace' },
          ]}
        />
      </Show>
    </>
  );
}

function Tabs(props: { state: TraceState; tab: string }): JSX.Element {
  return (
    <div class="tabs">
      <div role="tablist" aria-label="Trace" class="tablist">
        <Tab name="Waterfall" digit="1" on={props.tab === 'waterfall'} to={undefined} />
        <Tab
          name="Logs"
          digit="2"
          on={props.tab === 'logs'}
          to="logs"
          count={props.state.live.logs().length}
        />
      </div>
      <span class="sp" />
      <Show when={props.tab === 'waterfall'}>
        <TraceSearch state={props.state} />
        <button
          type="button"
          class="btn"
          classList={{ on: props.state.pathOn() }}
          aria-pressed={props.state.pathOn()}
          onClick={() => props.state.setPathOn((on) => !on)}
        >
          <Icon name="activity" />
          Critical path
        </button>
      </Show>
    </div>
  );
}

function Tab(props: {
  name: string;
  digit: string;
  on: boolean;
  to: string | undefined;
  count?: number;
}): JSX.Element {
  return (
    <button
      type="button"
      role="tab"
      class="tab"
      aria-selected={props.on}
      tabindex={props.on ? 0 : -1}
      data-test={`tab-${props.name.toLowerCase()}`}
      onClick={() => setParams({ tab: props.to }, { replace: true })}
    >
      {props.name}
      <Show when={props.count !== undefined}>
        <span class="t3 n">{groupedText(props.count ?? 0)}</span>
      </Show>
      <Key name={props.digit} />
    </button>
  );
}

function TraceHead(props: { state: TraceState }): JSX.Element {
  const shown = props.state.shown;
  const root = () => shown().store.spans[shown().tree.root];
  const startMillis = (): number => millisAt(shown().store, 0);
  return (
    <header class="trace-head">
      <div class="trace-name">
        <h1>
          <span class="el" data-test="trace-name">
            {root()?.name}
          </span>
          <TraceTags shown={shown()} />
        </h1>
        <span class="t3 trace-when n">
          {root()?.service} · {clockText(startMillis(), timeZone(), true)} ·{' '}
          {ageText(now() - startMillis())} ago
        </span>
      </div>
      <span class="sp" />
      <div class="stat-pair">
        <span>Duration</span>
        <b data-test="trace-duration">
          <Measure of={durationOf(shown().tree.durationNanos)} />
        </b>
      </div>
      <Show when={shown().path.shares[0]}>
        {(share) => (
          <div class="stat-pair trace-path">
            <span>Critical path</span>
            <b>
              {share().service} {percentOf(Math.round(share().ratio * 100) / 100)} %
            </b>
          </div>
        )}
      </Show>
      <div class="stat-pair">
        <span>Spans</span>
        <b data-test="trace-spans">{groupedText(shown().store.count)}</b>
      </div>
      <div class="stat-pair">
        <span>Services</span>
        <b>{shown().store.services.length}</b>
      </div>
      <Tokens state={props.state} />
    </header>
  );
}

function TraceTags(props: { shown: TraceShown }): JSX.Element {
  const origins = createMemo(() =>
    props.shown.tree.errorKind.reduce((sum, kind) => sum + (kind === 1 ? 1 : 0), 0),
  );
  const lost = (): number =>
    props.shown.store.spans.reduce((sum, span) => sum + (span.lost === true ? 1 : 0), 0);
  return (
    <>
      <Show when={origins() > 0}>
        <em class="tag e" title="Spans in which an error began">
          <Icon name="circle-alert" size={11} />
          {origins() === 1 ? '1 error' : `${origins()} errors`}
        </em>
      </Show>
      <Show when={props.shown.store.running > lost()}>
        <em class="tag o" data-test="trace-running">
          <span class="dot live small" />
          {props.shown.store.running - lost() === 1
            ? '1 span running'
            : `${props.shown.store.running - lost()} spans running`}
        </em>
      </Show>
      <Show when={lost() > 0}>
        <em class="tag w" title="Their process has been silent for 15 s">
          {lost()} lost
        </em>
      </Show>
      <Show when={props.shown.tree.missing.length > 0}>
        <em class="tag" title="Spans name parents that have not arrived">
          {props.shown.tree.missing.length === 1
            ? '1 parent missing'
            : `${props.shown.tree.missing.length} parents missing`}
        </em>
      </Show>
    </>
  );
}

/** Tokens of model calls, counted where they were used: sums in spans above are left out. */
function Tokens(props: { state: TraceState }): JSX.Element {
  const total = createMemo(() => {
    const { store, tree } = props.state.shown();
    const below = new Uint8Array(tree.count);
    let sum = 0;
    for (let at = tree.count - 1; at >= 0; at -= 1) {
      const node = tree.order[at] ?? 0;
      const attributes = store.spans[node]?.attributes;
      const used =
        numberOf(attributes?.['gen_ai.usage.input_tokens']) +
        numberOf(attributes?.['gen_ai.usage.output_tokens']);
      if (used > 0 && !below[node]) sum += used;
      const above = tree.parent[node] ?? -1;
      if (above >= 0 && (used > 0 || below[node])) below[above] = 1;
    }
    return sum;
  });
  return (
    <Show when={total() > 0}>
      <div class="stat-pair">
        <span>LLM</span>
        <b>{groupedText(total())} tok</b>
      </div>
    </Show>
  );
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function NotHere(props: { traceId: string; loaded: boolean }): JSX.Element {
  const [late, setLate] = createSignal(false);
  const timer = setTimeout(() => setLate(true), PATIENCE_MILLIS);
  onCleanup(() => clearTimeout(timer));
  const kept = (): string => {
    const nanos = Number(status()?.retention.maxAgeNanos ?? 0);
    if (nanos === 0) return 'Nothing is removed by age here.';
    const { value, unit } = durationOf(nanos);
    return `What is older than ${value} ${unit} is removed here.`;
  };
  return (
    <Show
      when={props.loaded}
      fallback={
        <div class="quiet" role="status">
          Loading
        </div>
      }
    >
      <div class="quiet" role="status" data-test="trace-not-here">
        <span class="pulse" aria-hidden="true">
          <i />
          <i />
          <b />
        </span>
        <b>Not here (yet)</b>
        <div class="t2">
          No span of <span class="m">{props.traceId}</span> has arrived. This page waits for it.
        </div>
        <Show when={late()}>
          <div class="t3">
            Was it sampled, and sent to this server? {kept()}{' '}
            <a class="acc" href={href('traces')}>
              All traces
            </a>
          </div>
        </Show>
      </div>
    </Show>
  );
}
