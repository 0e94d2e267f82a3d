import type { ServiceRow, TraceRow, TracesAnswer } from '@codomyrmex/telemetry-query';
import { createEffect, createMemo, createSignal, For, onCleanup, Show, type JSX } from 'solid-js';
import { serviceClass } from '../../base/colour.js';
import { groupedText, percentOf } from '../../base/number.js';
import { logPosition } from '../../base/scale.js';
import { quoteValue } from '../../base/terms.js';
import { ageText, millisOfNanos } from '../../base/time.js';
import { getJson } from '../../data/api.js';
import { createAnswer, followQuestion } from '../../data/connection.js';
import { href, navigate, range } from '../../data/location.js';
import { now, status } from '../../data/shared.js';
import { TracesList } from '../../data/traces-list.js';
import { healthReason, sortServices, type HealthReason } from '../../layout/health.js';
import { Icon } from '../../parts/icon.js';
import { listKeys, stepped } from '../../parts/list-keys.js';
import { ServiceTable } from '../../parts/service-table.js';
import { Duration, Hints, ServiceDot } from '../../parts/text.js';
import { TopBar } from '../../parts/top-bar.js';
import { useKeys } from '../../parts/use-keys.js';

const MOST_TRACES = 6;
const SLOWEST_MILLIS = 5000;

interface Issue {
  readonly row: ServiceRow;
  readonly reason: HealthReason;
}

/** Services that need a look, all services, the newest errors, the slowest and the running. */
export function Health(): JSX.Element {
  const { data } = createAnswer(() => {
    const { from, to, live } = range();
    return { live, query: { kind: 'services', from }, path: '/services', params: { from, to } };
  });
  const rows = createMemo(() => sortServices(data()?.items ?? [], 'name'));
  const issues = createMemo((): Issue[] =>
    rows().flatMap((row) => {
      const reason = healthReason(row, now(), millisOfNanos(row.lastSeenUnixNano));
      return reason === undefined ? [] : [{ row, reason }];
    }),
  );
  const [cursor, setCursor] = createSignal('');
  const move = (step: number): void => {
    const at = rows().findIndex((row) => row.name === cursor());
    setCursor(rows()[stepped(at, step, rows().length)]?.name ?? '');
  };
  const open = (): void => {
    if (cursor() !== '') navigate(href('traces', '', { q: `service=${quoteValue(cursor())}` }));
  };
  useKeys({
    ...listKeys({ noun: 'service', move }),
    Enter: { run: open, label: 'traces of the service' },
  });
  return (
    <>
      <TopBar
        trail={
          <>
            <h1>Overview</h1>
            <IngestLine />
          </>
        }
      />
      <div class="health" data-test="health">
        <Hero rows={rows()} issues={issues().length} />
        <Show when={issues().length > 0}>
          <div class="issues">
            <For each={issues()}>{(issue) => <IssueRow issue={issue} />}</For>
          </div>
        </Show>
        <header class="health-head">
          <h2>Services</h2>
          <span class="t3 n">{rows().length}</span>
          <span class="sp" />
          <a class="acc" href={href('services')}>
            All services
          </a>
        </header>
        <ServiceTable rows={rows()} order="name" cursor={cursor()} onCursor={setCursor} />
        <div class="health-cards">
          <TraceCard
            title="Newest errors"
            q="status=error"
            none="No trace failed in this time"
            more={href('traces', '', { q: 'status=error' })}
          />
          <SlowestCard />
        </div>
      </div>
      <Hints
        hints={[
          { keys: ['J', 'K'], label: 'move' },
          { keys: ['↵'], label: 'traces of service' },
          { keys: ['space'], label: 'pause live' },
        ]}
      />
    </>
  );
}

function Hero(props: { rows: readonly ServiceRow[]; issues: number }): JSX.Element {
  const words = (): string => {
    if (props.issues === 0) return 'All services look well';
    return props.issues === 1 ? '1 service needs a look' : `${props.issues} services need a look`;
  };
  const sum = (of: (row: ServiceRow) => number): string =>
    groupedText(props.rows.reduce((total, row) => total + of(row), 0));
  return (
    <section class="hero" aria-label="Health">
      <h2>{words()}</h2>
      <p>
        {groupedText(props.rows.length)} services, {sum((row) => row.spanCount)} spans,{' '}
        {sum((row) => row.errorCount)} of them failed.
      </p>
    </section>
  );
}

function IngestLine(): JSX.Element {
  const dropped = (): number =>
    (status()?.dropped ?? []).reduce((sum, { count }) => sum + count, 0);
  return (
    <div class="ingest-line">
      <span>
        Spans <b>{groupedText(status()?.rates.spans ?? 0)}/s</b>
      </span>
      <span>
        Logs <b>{groupedText(status()?.rates.logs ?? 0)}/s</b>
      </span>
      <span>
        Points <b>{groupedText(status()?.rates.points ?? 0)}/s</b>
      </span>
      <span>
        Dropped <b classList={{ warn: dropped() > 0 }}>{groupedText(dropped())}</b>
      </span>
      <Show when={(status()?.freshness.p95Millis ?? 0) > 0}>
        <span>
          End to readable p95 <b>{Math.round(status()?.freshness.p95Millis ?? 0)} ms</b>
        </span>
      </Show>
    </div>
  );
}

function IssueRow(props: { issue: Issue }): JSX.Element {
  const row = (): ServiceRow => props.issue.row;
  const why = (): string => {
    switch (props.issue.reason) {
      case 'errors':
        return `${groupedText(row().errorCount)} of ${groupedText(row().spanCount)} spans failed`;
      default:
        return `silent for ${ageText(now() - millisOfNanos(row().lastSeenUnixNano))}`;
    }
  };
  const q = (): string =>
    `service=${quoteValue(row().name)}${props.issue.reason === 'errors' ? ' status=error' : ''}`;
  return (
    <div class="issue" data-test="issue">
      <span class="svc">
        <Icon
          name={props.issue.reason === 'errors' ? 'circle-alert' : 'triangle-alert'}
          class={props.issue.reason === 'errors' ? 'err' : 'warn'}
        />
        <ServiceDot name={row().name} />
        <b class="el">{row().name}</b>
      </span>
      <span class="n">
        <span class="t3">errors</span>{' '}
        <b classList={{ err: row().errorRatio >= 0.01 }}>{percentOf(row().errorRatio)} %</b>
      </span>
      <span class="n">
        <span class="t3">p95</span>{' '}
        <b>
          <Duration nanos={Number(row().p95Nanos)} />
        </b>
      </span>
      <span class="t2 el">{why()}</span>
      <a class="btn pri sm" href={href('traces', '', { q: q() })}>
        Traces <Icon name="arrow-right" size={13} />
      </a>
    </div>
  );
}

/** The newest traces that match, live. */
function TraceCard(props: { title: string; q: string; none: string; more: string }): JSX.Element {
  const list = new TracesList();
  followQuestion(
    () => {
      const { from, to, live } = range();
      return {
        live,
        query: { kind: 'traces', q: props.q, from, limit: MOST_TRACES },
        path: '/traces',
        params: { q: props.q, from, to, limit: MOST_TRACES },
      };
    },
    { snapshot: (data) => list.reset(data), delta: (data) => list.merge(data) },
    (answer) => ({ items: (answer as TracesAnswer).items, skipped: 0 }),
  );
  const shown = (): readonly string[] => list.ids.slice(0, MOST_TRACES);
  return (
    <section class="health-card" aria-label={props.title}>
      <header>
        <h2>{props.title}</h2>
        <span class="sp" />
        <a class="acc" href={props.more}>
          All
        </a>
      </header>
      <For
        each={shown()}
        fallback={
          <div class="health-none">
            <Icon name="check" class="ok" />
            {props.none}
          </div>
        }
      >
        {(id) => <Show when={list.row(id)}>{(row) => <SmallTrace row={row()} longest={0} />}</Show>}
      </For>
    </section>
  );
}

/** The running traces first, then the slowest of the time range. */
function SlowestCard(): JSX.Element {
  const running = new TracesList();
  const [slowest, setSlowest] = createSignal<readonly TraceRow[]>([]);
  followQuestion(
    () => ({
      live: range().live,
      query: { kind: 'traces', q: 'running=true', from: range().from, limit: MOST_TRACES },
      path: '/traces',
      params: { q: 'running=true', from: range().from, to: range().to, limit: MOST_TRACES },
    }),
    { snapshot: (data) => running.reset(data), delta: (data) => running.merge(data) },
    (answer) => ({ items: (answer as TracesAnswer).items, skipped: 0 }),
  );
  createEffect(() => {
    const { from, to, live } = range();
    const abort = new AbortController();
    const ask = (): void => {
      getJson<TracesAnswer>(
        '/traces',
        { sort: 'duration', from, to, limit: MOST_TRACES },
        abort.signal,
      ).then(
        (answer) => setSlowest(answer.items),
        () => {
          // The next round asks again; the old rows stay.
        },
      );
    };
    ask();
    const timer = live ? setInterval(ask, SLOWEST_MILLIS) : undefined;
    onCleanup(() => {
      abort.abort();
      clearInterval(timer);
    });
  });
  const rows = createMemo((): TraceRow[] => {
    const active = running.ids.flatMap((id) => {
      const row = running.row(id);
      // One that has ended stays in the list until the next snapshot.
      return row?.running === true ? [row] : [];
    });
    const known = new Set(active.map((row) => row.traceId));
    return [...active, ...slowest().filter((row) => !known.has(row.traceId))].slice(0, MOST_TRACES);
  });
  const longest = (): number => Math.max(1, ...rows().map((row) => Number(row.durationNanos)));
  return (
    <section class="health-card" aria-label="Running and slowest">
      <header>
        <h2>Running and slowest</h2>
      </header>
      <For each={rows()} fallback={<div class="health-none">No trace in this time</div>}>
        {(row) => <SmallTrace row={row} longest={longest()} />}
      </For>
    </section>
  );
}

function SmallTrace(props: { row: TraceRow; longest: number }): JSX.Element {
  const row = (): TraceRow => props.row;
  const since = (): number => now() - millisOfNanos(row().startTimeUnixNano);
  const nanos = (): number =>
    row().running
      ? Math.max(Number(row().durationNanos), since() * 1e6)
      : Number(row().durationNanos);
  const share = (): number =>
    Math.max(0.03, logPosition(nanos(), 1e6, Math.max(1e7, props.longest)));
  return (
    <a
      class={`small-trace ${serviceClass(row().rootService)}`}
      href={href('trace', row().traceId)}
      data-test="small-trace"
    >
      <span class="dot" />
      <span class="el">
        <span class="t2">{row().rootService}</span> <b>{row().rootName}</b>
        <Show when={row().errorCount > 0}>
          {' '}
          <em class="tag e">
            <Icon name="circle-alert" size={11} />
            {row().errorCount}
          </em>
        </Show>
      </span>
      <Show when={props.longest > 0} fallback={<span />}>
        <span class="db">
          <i
            classList={{ e: row().errorCount > 0, run: row().running }}
            style={{
              width: `${share() * 100}%`,
            }}
          />
        </span>
      </Show>
      <span class="r">
        <Duration nanos={nanos()} />
      </span>
      <Show when={!row().running} fallback={<em class="tag o">live</em>}>
        <span class="m t3 n r">−{ageText(since())}</span>
      </Show>
    </a>
  );
}
