import type { LiveData, TraceRow, TracesAnswer } from '@codomyrmex/telemetry-query';
import { batch, createSignal, type Accessor, type Setter } from 'solid-js';
import { millisOfNanos } from '../base/time.js';

/** Rows kept at most; the oldest go first. About 1 kB each. */
const MAX_ROWS = 2000;

/** One row of the list, which changes in place while its trace grows. */
interface Slot {
  readonly row: Accessor<TraceRow>;
  readonly set: Setter<TraceRow>;
  startMillis: number;
}

/**
 * The loaded traces, newest start first. While it is held, rows change in place but none moves in:
 * they wait, counted, until it is let go.
 */
export class TracesList {
  readonly #slots = new Map<string, Slot>();
  readonly #ids: Accessor<readonly string[]>;
  readonly #setIds: Setter<readonly string[]>;
  readonly #waiting: Accessor<readonly string[]>;
  readonly #setWaiting: Setter<readonly string[]>;
  readonly #version: Accessor<number>;
  readonly #bump: Setter<number>;
  readonly #complete: Accessor<boolean>;
  readonly #setComplete: Setter<boolean>;
  #held = false;

  constructor() {
    [this.#ids, this.#setIds] = createSignal<readonly string[]>([]);
    [this.#waiting, this.#setWaiting] = createSignal<readonly string[]>([]);
    [this.#version, this.#bump] = createSignal(0);
    [this.#complete, this.#setComplete] = createSignal(true);
  }

  /** Ids in order; tracks. */
  get ids(): readonly string[] {
    return this.#ids();
  }

  /** How many rows wait; tracks. */
  get waiting(): number {
    return this.#waiting().length;
  }

  /** Whether the rows are all there are in the range; tracks. */
  get complete(): boolean {
    return this.#complete();
  }

  /** Changes with every change of any row; tracks. For what is computed over all rows. */
  get version(): number {
    return this.#version();
  }

  /** One row; tracks that row alone. */
  row(id: string): TraceRow | undefined {
    return this.#slots.get(id)?.row();
  }

  /** All rows in order, without tracking each: read `version` to follow them. */
  all(): TraceRow[] {
    const rows: TraceRow[] = [];
    for (const id of this.#ids()) {
      const slot = this.#slots.get(id);
      if (slot !== undefined) rows.push(slot.row());
    }
    return rows;
  }

  /** Replaces everything. Rows that stay keep their place in memory, and on the page. */
  reset(data: LiveData['traces']): void {
    batch(() => {
      const keep = new Set<string>();
      for (const row of data.items) {
        keep.add(row.traceId);
        this.#upsert(row);
      }
      for (const id of this.#slots.keys()) if (!keep.has(id)) this.#slots.delete(id);
      this.#setWaiting([]);
      this.#setIds(this.#sorted(keep));
      this.#setComplete(data.skipped === 0);
      this.#bump((count) => count + 1);
    });
  }

  /** New and changed rows. */
  merge(data: LiveData['traces']): void {
    batch(() => {
      const shown = new Set(this.#ids());
      const waiting = new Set(this.#waiting());
      let moved = false;
      for (const row of data.items) {
        moved = this.#upsert(row) || moved;
        if (shown.has(row.traceId)) continue;
        if (this.#held) waiting.add(row.traceId);
        else shown.add(row.traceId);
        moved = true;
      }
      if (this.#held) this.#setWaiting([...waiting]);
      else if (moved) this.#setIds(this.#sorted(shown));
      if (data.skipped > 0) this.#setComplete(false);
      this.#bump((count) => count + 1);
    });
  }

  /** Older rows, from a further page. */
  append(answer: TracesAnswer): void {
    batch(() => {
      const shown = new Set(this.#ids());
      for (const row of answer.items) {
        this.#upsert(row);
        shown.add(row.traceId);
      }
      this.#setIds(this.#sorted(shown, Number.POSITIVE_INFINITY));
      this.#setComplete(answer.nextCursor === undefined);
      this.#bump((count) => count + 1);
    });
  }

  /** Holds the list, or lets the waiting rows in. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held || this.#waiting().length === 0) return;
    batch(() => {
      this.#setIds(this.#sorted(new Set([...this.#waiting(), ...this.#ids()])));
      this.#setWaiting([]);
      this.#bump((count) => count + 1);
    });
  }

  /** Start of the oldest loaded row, as the API takes it; undefined when there is none. */
  oldestStart(): string | undefined {
    const last = this.#ids().at(-1);
    return last === undefined ? undefined : this.#slots.get(last)?.row().startTimeUnixNano;
  }

  /** Takes a row in; true when its place in the order may have changed. */
  #upsert(row: TraceRow): boolean {
    const startMillis = millisOfNanos(row.startTimeUnixNano);
    const known = this.#slots.get(row.traceId);
    if (known === undefined) {
      const [read, set] = createSignal(row);
      this.#slots.set(row.traceId, { row: read, set, startMillis });
      return true;
    }
    const moved = known.startMillis !== startMillis;
    known.startMillis = startMillis;
    known.set(row);
    return moved;
  }

  #sorted(ids: ReadonlySet<string>, limit: number = MAX_ROWS): string[] {
    const start = (id: string): number => this.#slots.get(id)?.startMillis ?? 0;
    const sorted = [...ids]
      .filter((id) => this.#slots.has(id))
      .toSorted((a, b) => start(b) - start(a));
    for (const id of sorted.slice(limit)) this.#slots.delete(id);
    return sorted.slice(0, limit);
  }
}
