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
import { rowWindow, type RowWindow } from '../layout/row-window.js';

/** What the owner of the rows can do with the scroller. */
export interface RowsHandle {
  /** Brings a row into view, if it is not. */
  readonly reveal: (index: number) => void;
  readonly toTop: () => void;
  readonly toEnd: () => void;
  /** Keeps what is seen in its place after `count` rows were put before it. */
  readonly shift: (count: number) => void;
}

/** Where the list is scrolled to, in px of rows. */
export interface RowsPlace {
  readonly top: number;
  readonly end: number;
  readonly height: number;
}

/** A list of rows. */
export interface VirtualRowsProps<K extends string | number> {
  readonly count: number;
  readonly rowHeight: number;
  readonly keyAt: (index: number) => K;
  /** One row; it is placed by the list. */
  readonly row: (key: K, index: Accessor<number>) => JSX.Element;
  readonly role: 'grid' | 'treegrid' | 'list';
  readonly label: string;
  readonly class?: string;
  readonly handle?: (handle: RowsHandle) => void;
  /** Told whenever the place or the view's height changes. */
  readonly onScroll?: (place: RowsPlace) => void;
}

/** Fixed-height rows of which only the visible ones exist; each is keyed: rows move, not change. */
export function VirtualRows<K extends string | number>(props: VirtualRowsProps<K>): JSX.Element {
  let scroller!: HTMLDivElement;
  const [offset, setOffset] = createSignal(0);
  const [height, setHeight] = createSignal(0);
  const shown = createMemo((): RowWindow =>
    rowWindow(props.count, props.rowHeight, offset(), height()),
  );
  const keys = createMemo(() => {
    const visible: K[] = [];
    for (let i = shown().first; i < shown().last; i += 1) visible.push(props.keyAt(i));
    return visible;
  });
  const tell = (): void => {
    setOffset(scroller.scrollTop);
    props.onScroll?.({ top: shown().top, end: shown().total, height: height() });
  };
  onMount(() => {
    const observer = new ResizeObserver(() => {
      setHeight(scroller.clientHeight);
      tell();
    });
    observer.observe(scroller);
    setHeight(scroller.clientHeight);
    onCleanup(() => observer.disconnect());
    props.handle?.(handleOf(scroller, () => props.rowHeight, shown, height));
  });
  // The browser scrolls a list that became shorter than its offset, without an event in time.
  createEffect(
    on(
      () => shown().total,
      () => queueMicrotask(tell),
      { defer: true },
    ),
  );
  return (
    <div
      ref={scroller}
      class={`rows ${props.class ?? ''}`}
      role={props.role}
      aria-label={props.label}
      aria-rowcount={props.count}
      onScroll={tell}
    >
      <div class="rows-all" role="presentation" style={{ height: `${shown().physical}px` }}>
        <For each={keys()}>
          {(key, at) => {
            const index = (): number => shown().first + at();
            const place = (): number => index() * props.rowHeight - shown().top + offset();
            return (
              <div
                class="rows-row"
                role="presentation"
                style={{ height: `${props.rowHeight}px`, transform: `translateY(${place()}px)` }}
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

function handleOf(
  scroller: HTMLElement,
  rowHeight: () => number,
  shown: Accessor<RowWindow>,
  height: Accessor<number>,
): RowsHandle {
  return {
    reveal: (index) => {
      const { top, stretch } = shown();
      const at = index * rowHeight();
      if (at < top) scroller.scrollTop = at / stretch;
      else if (at + rowHeight() > top + height()) {
        scroller.scrollTop = (at + rowHeight() - height()) / stretch;
      }
    },
    toTop: () => {
      scroller.scrollTop = 0;
    },
    toEnd: () => {
      scroller.scrollTop = scroller.scrollHeight;
    },
    shift: (count) => {
      scroller.scrollTop += (count * rowHeight()) / shown().stretch;
    },
  };
}
