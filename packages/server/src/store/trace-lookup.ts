import { LOOKUP_LIMITS } from '../limits.js';
import type { CommitObserver } from './commit-observer.js';
import type { CommitRequest } from './commit.js';
import type { Engine } from './engine.js';
import { messageOf } from './message-of.js';
import { LOOKUP_TABLE } from './tables.js';

/**
 * Rows of otel_traces that the lookup table may not tell of yet: their IngestTime lies in
 * [from, to], nanoseconds; parts are pruned by it (partitions.ts).
 */
export interface LookupWindow {
  /** The groups in the redo log that brought them. */
  readonly ids: readonly string[];
  readonly rowCount: number;
  readonly from: bigint;
  readonly to: bigint;
}

export interface TraceLookupOptions {
  readonly engine: Pick<Engine, 'write'>;
  /** Forgets the headers of groups whose traces the lookup table knows. */
  readonly redo: { removeHeaders(ids: readonly string[]): Promise<void> };
  readonly observer: Pick<CommitObserver, 'trouble'>;
  /** Makes a table's inserts outlive a power cut; undefined with --no-fsync. */
  readonly syncTable?: ((table: string) => Promise<void>) | undefined;
  /** Milliseconds that rows gather. Default LOOKUP_LIMITS.batchMillis. */
  readonly batchMillis?: number;
}

/**
 * Fills otel_traces_trace_id_ts (trace id → where in time its spans begin) in batches: a
 * materialised view cost every insert of spans 14 ms of CPU, which was more than the insert.
 *
 *   group inserted ─► add() ─► pending ─ a second, or many rows ─► INSERT … SELECT ─► header gone
 *                                 │
 *                                 └ questions read these rows of otel_traces themselves
 *
 * Exactly once: a request's rows share an IngestTime that no other request has, requests are
 * inserted in its order, and a batch takes the times after the last batch's. What comes out of
 * order (a group that had to wait for the disk) or was left by a process that was killed (the
 * group's header is still in the redo log) adds only what the table does not cover yet.
 */
export class TraceLookup {
  readonly #options: TraceLookupOptions;
  #pending: readonly LookupWindow[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  /** Newest IngestTime that a batch took. */
  #doneTo: bigint;
  /** Groups whose header is held by nobody else. */
  readonly #released = new Set<string>();
  /** Groups whose header is held by somebody else only. */
  readonly #written = new Set<string>();

  /** `now`: IngestTime of everything that follows is later, Unix nanoseconds. */
  constructor(options: TraceLookupOptions, now: bigint) {
    this.#options = options;
    this.#doneTo = now;
  }

  /** What the table may not know yet, as one window; undefined when it knows everything. */
  get pending(): LookupWindow | undefined {
    return this.#pending.length === 0 ? undefined : this.#pending.reduce(union);
  }

  /** Rows are in otel_traces; call before anybody is told. */
  add(window: LookupWindow): void {
    const last = this.#pending.at(-1);
    const isMany = this.#pending.length >= LOOKUP_LIMITS.windows;
    this.#pending =
      isMany && last !== undefined
        ? [...this.#pending.slice(0, -1), union(last, window)]
        : [...this.#pending, window];
    const rows = this.#pending.reduce((sum, one) => sum + one.rowCount, 0);
    if (rows >= LOOKUP_LIMITS.batchRows) this.#schedule(0);
    else this.#schedule(this.#options.batchMillis ?? LOOKUP_LIMITS.batchMillis);
  }

  /** Nobody else needs the header of this group any more: it goes when its spans are looked up. */
  async release(id: string): Promise<void> {
    if (this.#written.delete(id)) await this.#options.redo.removeHeaders([id]);
    else this.#released.add(id);
  }

  /** Writes what is pending; resolves when it is written, or has failed and stays pending. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#flush());
    return this.#flushing;
  }

  /** Writes what is pending; what fails is done by the next process. */
  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
  }

  #schedule(millis: number): void {
    if (this.#timer !== undefined && millis > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), millis).unref();
  }

  async #flush(): Promise<void> {
    const taken = this.#pending;
    if (taken.length === 0) return;
    const late = taken.filter((window) => window.from <= this.#doneTo);
    const fresh = taken.filter((window) => window.from > this.#doneTo);
    try {
      if (fresh.length > 0) await this.#write(batchSql(fresh));
      this.#doneTo = fresh.reduce((to, window) => later(to, window.to), this.#doneTo);
      this.#forget(fresh);
      if (late.length > 0) await this.#write(missingSql(late));
      this.#forget(late);
      await this.#options.syncTable?.(LOOKUP_TABLE);
      const ids = taken.flatMap((window) => window.ids);
      for (const id of ids) if (!this.#released.has(id)) this.#written.add(id);
      await this.#options.redo.removeHeaders(ids.filter((id) => this.#released.delete(id)));
    } catch (error) {
      // Part of it may be written: next time only what is missing.
      this.#doneTo = taken.reduce((to, window) => later(to, window.to), this.#doneTo);
      this.#options.observer.trouble(`cannot write the lookup of traces: ${messageOf(error)}`);
      if (this.#pending.length > 0) this.#schedule(LOOKUP_LIMITS.retryMillis);
    }
  }

  #write(select: string): Promise<void> {
    // Many inserts of spans at once, each of which may have touched a partition of its own.
    const settings = 'max_partitions_per_insert_block = 0, max_threads = 1, max_insert_threads = 1';
    return this.#options.engine.write(
      `INSERT INTO ${LOOKUP_TABLE} (TraceId, Start, End, IngestTime)
       SETTINGS ${settings} ${select}`,
    );
  }

  #forget(windows: readonly LookupWindow[]): void {
    this.#pending = this.#pending.filter((window) => !windows.includes(window));
  }
}

/** The rows of these requests that are spans; undefined when there are none. */
export function lookupWindow(
  id: string,
  requests: readonly CommitRequest[],
): LookupWindow | undefined {
  let window: LookupWindow | undefined;
  for (const { batches, ingestTime } of requests) {
    for (const { table, rowCount } of batches) {
      if (table !== 'otel_traces' || rowCount === 0) continue;
      const one = { ids: [id], rowCount, from: ingestTime, to: ingestTime };
      window = window === undefined ? one : union(window, one);
    }
  }
  return window === undefined ? undefined : { ...window, ids: [id] };
}

function union(a: LookupWindow, b: LookupWindow): LookupWindow {
  return {
    ids: [...a.ids, ...b.ids],
    rowCount: a.rowCount + b.rowCount,
    from: earlier(a.from, b.from),
    to: later(a.to, b.to),
  };
}

function earlier(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Other names than the columns': an alias would stand for its aggregate in WHERE too. */
const TRACES_OF = `SELECT TraceId, min(Timestamp) AS first, max(Timestamp) AS last,
    max(IngestTime) AS arrived FROM otel_traces`;

function batchSql(windows: readonly LookupWindow[]): string {
  return `${TRACES_OF} WHERE ${arrived(windows)} GROUP BY TraceId`;
}

/** Only what the table does not cover: it may have been written before. */
function missingSql(windows: readonly LookupWindow[]): string {
  const where = arrived(windows);
  return `SELECT found.TraceId, found.first, found.last, found.arrived
    FROM (${TRACES_OF} WHERE ${where} GROUP BY TraceId) AS found
    LEFT JOIN (
      SELECT TraceId, min(Start) AS first, max(End) AS last, count() AS rows
      FROM ${LOOKUP_TABLE}
      WHERE TraceId IN (SELECT TraceId FROM otel_traces WHERE ${where})
      GROUP BY TraceId) AS known ON found.TraceId = known.TraceId
    WHERE known.rows = 0 OR found.first < known.first OR found.last > known.last`;
}

function arrived(windows: readonly LookupWindow[]): string {
  const whole = windows.map(
    ({ from, to }) => `IngestTime BETWEEN ${timeSql(from)} AND ${timeSql(to)}`,
  );
  return `TraceId != '' AND (${whole.join(' OR ')})`;
}

function timeSql(nanos: bigint): string {
  return `fromUnixTimestamp64Nano(toInt64(${nanos}))`;
}

const LOOKUPS = new WeakMap<object, TraceLookup>();

/** Makes the lookup known to who asks the engine. */
export function registerLookup(engine: object, lookup: TraceLookup): void {
  LOOKUPS.set(engine, lookup);
}

/** The lookup of the traces that this process stores; undefined when another process does. */
export function lookupOf(engine: object): TraceLookup | undefined {
  return LOOKUPS.get(engine);
}
