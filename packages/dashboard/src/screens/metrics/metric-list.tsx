import type { MetricQueryAnswer, MetricRow } from '@codomyrmex/telemetry-query';
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
import { countText } from '../../base/number.js';
import { drawSparkline } from '../../canvas/sparkline.js';
import { getJson } from '../../data/api.js';
import { href, param, range } from '../../data/location.js';
import { metricGroup } from '../../layout/series-summary.js';
import { CanvasView } from '../../parts/canvas-view.js';
import { Icon } from '../../parts/icon.js';
import type { IconName } from '../../parts/icons.js';

const TYPE_ICONS: { readonly [type in MetricRow['type']]: IconName } = {
  histogram: 'chart-column',
  exponentialHistogram: 'chart-column',
  summary: 'chart-column',
  sum: 'trending-up',
  gauge: 'activity',
};
/** More series than this cost memory everywhere: the number turns amber. */
const MANY_SERIES = 1000;
/** Sparklines are asked for one after the other, each again after this long. */
const SPARK_MILLIS = 20_000;
const SPARK_STEPS = 40;
const MOST_SPARKS = 60;

/** The list of metrics, in groups by the beginning of their names. */
export function MetricList(props: {
  rows: readonly MetricRow[];
  total: number;
  name: string;
  search: string;
  onSearch: (words: string) => void;
}): JSX.Element {
  const [folded, setFolded] = createSignal<ReadonlySet<string>>(new Set());
  const groups = createMemo(() => {
    const byGroup = new Map<string, MetricRow[]>();
    for (const row of props.rows) {
      const { group } = metricGroup(row.name);
      const rows = byGroup.get(group);
      if (rows === undefined) byGroup.set(group, [row]);
      else rows.push(row);
    }
    return byGroup;
  });
  const names = createMemo(() => [...groups().keys()], undefined, { equals: sameList });
  const sparks = useSparklines(() => props.rows.map((row) => row.name));
  return (
    <aside class="metric-tree" aria-label="Metrics">
      <ListHead search={props.search} total={props.total} onSearch={props.onSearch} />
      <div class="metric-groups" role="tree" aria-label="Metrics">
        <For each={names()}>
          {(group) => (
            <>
              <button
                type="button"
                class="metric-group"
                role="treeitem"
                aria-level={1}
                aria-expanded={!folded().has(group)}
                onClick={() =>
                  setFolded((before) => {
                    const next = new Set(before);
                    if (!next.delete(group)) next.add(group);
                    return next;
                  })
                }
              >
                <Icon
                  name={folded().has(group) ? 'chevron-right' : 'chevron-down'}
                  size={12}
                  class="t3"
                />
                <b>{group}</b>
                <span class="t3 n">{groups().get(group)?.length}</span>
              </button>
              <Show when={!folded().has(group)}>
                <MetricItems
                  rows={groups().get(group) ?? []}
                  name={props.name}
                  spark={(name) => sparks().get(name)}
                />
              </Show>
            </>
          )}
        </For>
      </div>
    </aside>
  );
}

function ListHead(props: {
  search: string;
  total: number;
  onSearch: (words: string) => void;
}): JSX.Element {
  return (
    <>
      <div class="metric-search">
        <div class="q">
          <Icon name="search" class="t3" />
          <input
            class="q-input"
            aria-label="Search metrics"
            placeholder="Search metrics"
            value={props.search}
            spellcheck={false}
            onInput={(event) => props.onSearch(event.currentTarget.value)}
          />
          <span class="t3 n metric-total">{props.total}</span>
        </div>
      </div>
      <div class="metric-columns">
        <span>Name</span>
        <span class="u">Unit</span>
        <span class="k">Series</span>
      </div>
    </>
  );
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function MetricItems(props: {
  rows: readonly MetricRow[];
  name: string;
  spark: (name: string) => readonly (number | null)[] | undefined;
}): JSX.Element {
  const names = createMemo(() => props.rows.map((row) => row.name), undefined, {
    equals: sameList,
  });
  const row = (name: string): MetricRow | undefined =>
    props.rows.find((item) => item.name === name);
  return (
    <For each={names()}>
      {(name) => (
        <a
          class="metric-item"
          classList={{ on: name === props.name }}
          role="treeitem"
          aria-level={2}
          aria-selected={name === props.name}
          href={href('metrics', name, { q: param('q') })}
          title={`${name}${row(name)?.description ? `\n${row(name)?.description}` : ''}`}
          data-test="metric-row"
          data-metric={name}
        >
          <Icon name={TYPE_ICONS[row(name)?.type ?? 'gauge']} size={13} class="t3" />
          <span class="el">{metricGroup(name).rest}</span>
          <span class="metric-spark">
            <Show when={props.spark(name)}>
              {(values) => (
                <CanvasView
                  draw={(context, width, height, palette) =>
                    drawSparkline(context, width, height, values(), {
                      colour: name === props.name ? palette.accent : palette.text3,
                    })
                  }
                />
              )}
            </Show>
          </span>
          <span class="t3 u el">{unitText(row(name)?.unit ?? '')}</span>
          <span class="n k" classList={{ t3: !many(row(name)), warn: many(row(name)) }}>
            {countText(row(name)?.seriesCount ?? 0)}
          </span>
        </a>
      )}
    </For>
  );
}

function many(row: MetricRow | undefined): boolean {
  return (row?.seriesCount ?? 0) > MANY_SERIES;
}

/** `{request}` reads as `request`. */
export function unitText(unit: string): string {
  return unit.replace(/^\{(.*)\}$/, '$1');
}

/** One small series a metric, asked for in turn so that the server has time for everything else. */
function useSparklines(
  names: () => readonly string[],
): () => ReadonlyMap<string, readonly (number | null)[]> {
  const [sparks, setSparks] = createSignal<ReadonlyMap<string, readonly (number | null)[]>>(
    new Map(),
  );
  const wanted = createMemo(() => names().slice(0, MOST_SPARKS), undefined, { equals: sameList });
  createEffect(
    on([wanted, range], ([list, at]) => {
      const abort = new AbortController();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const round = async (): Promise<void> => {
        for (const name of list) {
          if (abort.signal.aborted) return;
          try {
            const answer = await getJson<MetricQueryAnswer>(
              '/metrics/query',
              { name, from: at.from, to: at.to, step: stepOf(at) },
              abort.signal,
            );
            const values = answer.series[0]?.values ?? [];
            setSparks((before) => new Map(before).set(name, values.slice(-SPARK_STEPS)));
          } catch {
            // This one stays without its line until the next round.
          }
        }
        if (at.live && !abort.signal.aborted) {
          timer = setTimeout(() => void round(), SPARK_MILLIS);
        }
      };
      void round();
      onCleanup(() => {
        abort.abort();
        clearTimeout(timer);
      });
    }),
  );
  return sparks;
}

function stepOf(at: { from: string; to: string }): string | undefined {
  const relative = /^now-(\d+)([smhdw])$/.exec(at.from);
  if (relative === null || at.to !== 'now') return undefined;
  const units: { readonly [unit: string]: number } = {
    s: 1,
    m: 60,
    h: 3600,
    d: 86_400,
    w: 604_800,
  };
  const seconds = Number(relative[1]) * (units[relative[2] ?? ''] ?? 60);
  return `${Math.max(1, Math.ceil(seconds / SPARK_STEPS))}s`;
}
