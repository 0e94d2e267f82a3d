import {
  createEffect,
  createMemo,
  createSignal,
  For,
  on,
  onCleanup,
  onMount,
  type Accessor,
  type JSX,
} from 'solid-js';

/**
 * Browsers end an element's height at about 16.7 million px. Above this many the scroller's height
 * stays here and its offset is stretched to the rows: 640,000 rows of 26 px scroll one to one.
 */
const MAX_HEIGHT_PIXELS = 15_000_000;
/** Rows kept ready above and below what is visible: one wheel notch. */
const OVERDRAW_ROWS = 6;

/** What the owner of the rows can do with the scroller. */
export interface RowsHandle {
  /** Brings a row into view, if it is not. */
  readonly reveal: (index: number) => void;
  readonly toTop: () => void;
  readonly toEnd: () => void;
  /** Keeps what is seen in its place after `count` rows were put before it. */
  readonly shift: (count: number) => void;
}

/** Fixed-height rows of which only the visible ones exist; each is keyed, so rows move, not change. */
export function VirtualRows<K extends string | number>(props: {
  count: number;
  rowHeight: number;
  keyAt: (index: number) => K;
  /** One row; it is placed by the list. */
  row: (key: K, index: Accessor<number>) => JSX.Element;
  role: 'grid' | 'treegrid' | 'list' | 'rowgroup';
  label: string;
  class?: string;
  handle?: (handle: RowsHandle) => void;
  /** Told whenever the scroll offset in px, its end or the view's height changes. */
  onScroll?: (at: { top: number; end: number; height: number }) => void;
}): JSX.Element {
  let scroller!: HTMLDivElement;
  const [offset, setOffset] = createSignal(0);
  const [height, setHeight] = createSignal(0);
  const total = createMemo(() => props.count * props.rowHeight);
  const physical = createMemo(() => Math.min(total(), MAX_HEIGHT_PIXELS));
  // Virtual px for each px of scrolling: 1 except in very long lists.
  const stretch = createMemo(() => {
    const room = physical() - height();
    return room > 0 && total() > physical() ? (total() - height()) / room : 1;
  });
  const top = createMemo(() => offset() * stretch());
  const first = createMemo(() => Math.max(0, Math.floor(top() / props.rowHeight) - OVERDRAW_ROWS));
  const last = createMemo(() =>
    Math.min(props.count, Math.ceil((top() + height()) / props.rowHeight) + OVERDRAW_ROWS),
  );
  const keys = createMemo(() => {
    const visible: K[] = [];
    for (let i = first(); i < last(); i += 1) visible.push(props.keyAt(i));
    return visible;
  });

  const tell = (): void => {
    setOffset(scroller.scrollTop);
    props.onScroll?.({ top: top(), end: total(), height: height() });
  };
  onMount(() => {
    const observer = new ResizeObserver(() => {
      setHeight(scroller.clientHeight);
      tell();
    });
    observer.observe(scroller);
    setHeight(scroller.clientHeight);
    onCleanup(() => observer.disconnect());
    props.handle?.({
      reveal: (index) => {
        const at = index * props.rowHeight;
        if (at < top()) scroller.scrollTop = at / stretch();
        else if (at + props.rowHeight > top() + height()) {
          scroller.scrollTop = (at + props.rowHeight - height()) / stretch();
        }
      },
      toTop: () => {
        scroller.scrollTop = 0;
      },
      toEnd: () => {
        scroller.scrollTop = scroller.scrollHeight;
      },
      shift: (count) => {
        scroller.scrollTop += (count * props.rowHeight) / stretch();
      },
    });
  });
  // A list that becomes shorter than its offset is scrolled by the browser without an event in time.
  createEffect(on(total, () => queueMicrotask(tell), { defer: true }));

  return (
    <div
      ref={scroller}
      class={`rows ${props.class ?? ''}`}
      role={props.role}
      aria-label={props.label}
      aria-rowcount={props.count}
      onScroll={tell}
    >
      <div class="rows-all" role="presentation" style={{ height: `${physical()}px` }}>
        <For each={keys()}>
          {(key, at) => {
            const index = (): number => first() + at();
            return (
              <div
                class="rows-row"
                role="presentation"
                style={{
                  height: `${props.rowHeight}px`,
                  transform: `translateY(${index() * props.rowHeight - top() + offset()}px)`,
                }}
              >
                {props.row(key, index)}
              </div>
            );
          }}
        </For>
      </div>
    </div>
  );
}
