import { createMemo, createSignal, type Accessor, type Setter } from 'solid-js';
import { param, setParams } from '../../data/location.js';
import type { TraceLive, TraceShown } from '../../data/trace-live.js';
import { visibleNodes } from '../../layout/trace-tree.js';

/** The part of the time axis that is shown, in nanoseconds of trace time. */
export interface Zoom {
  readonly from: number;
  readonly to: number;
}

/** What the parts of the trace screen share. */
export interface TraceState {
  readonly live: TraceLive;
  readonly shown: Accessor<TraceShown>;
  /** Nodes of the rows, top to bottom. */
  readonly rows: Accessor<Int32Array>;
  /** Row keys: span ids; of a placeholder the missing id after a colon. */
  readonly keyOf: (node: number) => string;
  readonly nodeOf: (key: string) => number;
  /** Key of the selected row. */
  readonly selected: Accessor<string>;
  readonly select: (key: string) => void;
  readonly collapsed: Accessor<ReadonlySet<string>>;
  readonly fold: (key: string, folded: boolean) => void;
  readonly setCollapsed: Setter<ReadonlySet<string>>;
  readonly zoom: Accessor<Zoom>;
  /** Undefined for the whole. */
  readonly setZoom: (zoom: Zoom | undefined) => void;
  readonly search: Accessor<string>;
  readonly setSearch: Setter<string>;
  readonly hits: Accessor<readonly number[]>;
  readonly hitSet: Accessor<ReadonlySet<number>>;
  readonly pathOn: Accessor<boolean>;
  readonly setPathOn: Setter<boolean>;
}

/** The state of the trace screen; selection and zoom live in the address. */
export function createTraceState(live: TraceLive): TraceState {
  const { shown } = live;
  const [collapsed, setCollapsed] = createSignal<ReadonlySet<string>>(new Set());
  const [search, setSearch] = createSignal('');
  const [pathOn, setPathOn] = createSignal(true);

  const keyOf = (node: number): string => {
    const { store, tree } = shown();
    return node < store.count
      ? (store.spans[node]?.spanId ?? '')
      : `:${tree.missing[node - store.count] ?? ''}`;
  };
  const nodeOf = (key: string): number => {
    const { store, tree } = shown();
    if (!key.startsWith(':')) return store.indexOf.get(key) ?? -1;
    const at = tree.missing.indexOf(key.slice(1));
    return at < 0 ? -1 : store.count + at;
  };
  const rows = createMemo(() => {
    const nodes = new Set<number>();
    for (const key of collapsed()) {
      const node = nodeOf(key);
      if (node >= 0) nodes.add(node);
    }
    return visibleNodes(shown().tree, nodes);
  });
  const zoom = createZoom(shown);
  const hits = createMemo(() => findSpans(shown(), search()));
  const hitSet = createMemo((): ReadonlySet<number> => new Set(hits()));

  return {
    live,
    shown,
    rows,
    keyOf,
    nodeOf,
    selected: () => param('span'),
    select: (key) => setParams({ span: key }, { replace: true }),
    collapsed,
    setCollapsed,
    fold: (key, folded) =>
      setCollapsed((before) => {
        const next = new Set(before);
        if (folded) next.add(key);
        else next.delete(key);
        return next;
      }),
    zoom,
    setZoom: keepZoom,
    search,
    setSearch,
    hits,
    hitSet,
    pathOn,
    setPathOn,
  };
}

function createZoom(shown: Accessor<TraceShown>): Accessor<Zoom> {
  return createMemo(
    (): Zoom => {
      const whole = { from: 0, to: shown().tree.durationNanos };
      const words = /^(\d+)\.\.(\d+)$/.exec(param('zoom'));
      if (words === null) return whole;
      const from = Number(words[1]);
      const to = Number(words[2]);
      return to > from ? { from, to } : whole;
    },
    undefined,
    { equals: (a, b) => a.from === b.from && a.to === b.to },
  );
}

function keepZoom(next: Zoom | undefined): void {
  const words =
    next === undefined
      ? undefined
      : `${Math.max(0, Math.round(next.from))}..${Math.round(next.to)}`;
  setParams({ zoom: words }, { replace: true });
}

/** Nodes, in order, whose name, service or a text attribute holds the words. */
function findSpans({ store, tree }: TraceShown, words: string): number[] {
  const wanted = words.trim().toLowerCase();
  const found: number[] = [];
  if (wanted === '') return found;
  for (let at = 0; at < tree.count; at += 1) {
    const node = tree.order[at] ?? 0;
    const span = store.spans[node];
    if (span === undefined) continue;
    if (
      span.name.toLowerCase().includes(wanted) ||
      span.service.toLowerCase().includes(wanted) ||
      span.spanId === wanted ||
      attributeHolds(span.attributes, wanted)
    ) {
      found.push(node);
    }
  }
  return found;
}

function attributeHolds(attributes: { readonly [key: string]: unknown }, wanted: string): boolean {
  for (const key in attributes) {
    const value = attributes[key];
    if (typeof value === 'string' && value.toLowerCase().includes(wanted)) return true;
  }
  return false;
}
