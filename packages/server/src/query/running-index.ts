import type { CommitNotice, Committer } from '../store/commit.js';
import type { Engine } from '../store/engine.js';
import { Bindings } from './bindings.js';
import { arrivedIn, inRange, nowNanos, type TimeRange } from './range.js';

/** A span that has not ended, as far as is known. */
export interface RunningSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly start: bigint;
  /** Which process it runs in: service.instance.id, else the service. */
  readonly instance: string;
}

/** A running span whose process has been silent for this long is lost (contracts.md §3). */
const LOST_AFTER_NANOS = 15_000_000_000n;
/** Who has been heard of lately is asked at most this often. */
const INSTANCES_MILLIS = 2000;
/** Other processes may write to the same store: everything is read anew this often. */
const RELOAD_MILLIS = 10_000;
/**
 * Newest running spans that are known. Their ids are bound to questions, twice in some: 1,500 ×
 * 54 bytes × 2 = 162 kB of the 256 KiB that the engine takes for a statement.
 */
const MAX_RUNNING = 1500;
/** Senders that deliver later than an hour do not prove that a process lives now. */
const LATE_NANOS = 3_600_000_000_000n;

const INSTANCE = `if(ResourceAttributes['service.instance.id'] != '',
  ResourceAttributes['service.instance.id'], toString(ServiceName))`;

const SIGNAL_TABLES = [
  ['otel_running', undefined],
  ['otel_traces', 'Timestamp'],
  ['otel_logs', 'Timestamp'],
  ['otel_metrics_sum', 'TimeUnix'],
  ['otel_metrics_gauge', 'TimeUnix'],
  ['otel_metrics_histogram', 'TimeUnix'],
] as const;

interface Row {
  readonly traceId: string;
  readonly spanId: string;
  readonly start: string;
  readonly instance: string;
}

const RUNNING_COLUMNS = `TraceId AS traceId, SpanId AS spanId,
  toUnixTimestamp64Nano(Timestamp) AS start, ${INSTANCE} AS instance`;

/**
 * Which spans run. A snapshot in otel_running is of a running span until the finished one is in
 * otel_traces; finding that out by SQL costs tens of milliseconds whatever there is to find, and
 * most questions need it. So it is known here: read once, then kept up with each commit.
 * Without a committer to follow it is read for every question.
 */
export class RunningIndex {
  readonly #engine: Engine;
  #spans = new Map<string, RunningSpan>();
  #followed = false;
  #loadedAt = -Infinity;
  #arrived: TimeRange | undefined;
  #reading: Promise<void> | undefined;
  #heard = new Set<string>();
  #heardAt = -Infinity;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Keeps up with what is committed. */
  follow(committer: Committer): void {
    if (this.#followed) return;
    this.#followed = true;
    committer.onCommit((notice) => this.#note(notice));
  }

  /** The running spans that began in the range, of one trace if it is given. */
  async find(range: TimeRange, traceId?: string): Promise<readonly RunningSpan[]> {
    await this.#current();
    const found: RunningSpan[] = [];
    for (const span of this.#spans.values()) {
      if (span.start < range.from || span.start >= range.to) continue;
      if (traceId === undefined || span.traceId === traceId) found.push(span);
    }
    return found;
  }

  /** Whether nothing of the span's process has arrived for 15 s. Read what `find` gave first. */
  isLost(span: RunningSpan): boolean {
    return !this.#heard.has(span.instance);
  }

  #note(notice: CommitNotice): void {
    const { rows, ingestFrom, ingestTo } = notice;
    const begun = (rows.otel_running ?? 0) > 0;
    const ended = (rows.otel_traces ?? 0) > 0 && this.#spans.size > 0;
    if (!begun && !ended && this.#arrived === undefined) return;
    const known = this.#arrived;
    this.#arrived = {
      from: known !== undefined && known.from < ingestFrom ? known.from : ingestFrom,
      to: known !== undefined && known.to > ingestTo ? known.to : ingestTo,
    };
  }

  /** One read at a time; who asks meanwhile waits for it and looks again. */
  async #current(): Promise<void> {
    while (this.#reading !== undefined) await this.#reading;
    const now = performance.now();
    const reload = !this.#followed || now - this.#loadedAt > RELOAD_MILLIS;
    if (!reload && this.#arrived === undefined && !this.#mustListen(now)) return;
    this.#reading = this.#read(reload, now).finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  #mustListen(now: number): boolean {
    return this.#spans.size > 0 && (!this.#followed || now - this.#heardAt > INSTANCES_MILLIS);
  }

  async #read(reload: boolean, now: number): Promise<void> {
    const arrived = this.#arrived;
    this.#arrived = undefined;
    if (reload) {
      this.#loadedAt = now;
      await this.#load();
    } else if (arrived !== undefined) {
      await this.#advance(arrived);
    }
    if (this.#mustListen(now)) {
      this.#heardAt = now;
      await this.#listen();
    }
  }

  async #load(): Promise<void> {
    const rows = await this.#engine.query<Row>(
      `SELECT ${RUNNING_COLUMNS} FROM otel_running
       WHERE (TraceId, SpanId) NOT IN (
         SELECT TraceId, SpanId FROM otel_traces
         WHERE TraceId IN (SELECT TraceId FROM otel_running)
           AND Timestamp >= (SELECT min(Timestamp) FROM otel_running))
       ORDER BY Timestamp DESC LIMIT ${MAX_RUNNING}`,
    );
    this.#spans = new Map();
    this.#add(rows);
  }

  /** What began and what ended in the window; the two may have been committed in any order. */
  async #advance(arrived: TimeRange): Promise<void> {
    const bindings = new Bindings();
    const begun = await this.#engine.query<Row>(
      `SELECT ${RUNNING_COLUMNS} FROM otel_running WHERE ${arrivedIn(bindings, arrived)}
       ORDER BY Timestamp DESC LIMIT ${MAX_RUNNING}`,
      bindings.values,
    );
    this.#add(begun);
    await this.#removeEnded([...this.#spans.values()], arrived);
    const added = begun.flatMap((row) => this.#spans.get(row.traceId + row.spanId) ?? []);
    await this.#removeEnded(added);
  }

  /** A finished span has its snapshot's start, so looking from the earliest start on finds it. */
  async #removeEnded(spans: readonly RunningSpan[], arrived?: TimeRange): Promise<void> {
    if (spans.length === 0) return;
    const bindings = new Bindings();
    const starts = spans.map((span) => span.start);
    const range = {
      from: starts.reduce((a, b) => (a < b ? a : b)),
      to: starts.reduce((a, b) => (a > b ? a : b)) + 1n,
    };
    const ids = bindings.bind('Array(String)', [...new Set(spans.map((span) => span.spanId))]);
    const fresh = arrived === undefined ? '1' : arrivedIn(bindings, arrived);
    const ended = await this.#engine.query<{ traceId: string; spanId: string }>(
      `SELECT TraceId AS traceId, SpanId AS spanId FROM otel_traces
       WHERE ${inRange(bindings, 'Timestamp', range)} AND ${fresh} AND SpanId IN ${ids}`,
      bindings.values,
    );
    for (const { traceId, spanId } of ended) this.#spans.delete(traceId + spanId);
  }

  /** Rows come newest first; the oldest are the first to be forgotten. */
  #add(rows: readonly Row[]): void {
    for (const { traceId, spanId, start, instance } of rows.toReversed()) {
      this.#spans.set(traceId + spanId, { traceId, spanId, start: BigInt(start), instance });
    }
    for (const key of this.#spans.keys()) {
      if (this.#spans.size <= MAX_RUNNING) break;
      this.#spans.delete(key);
    }
  }

  async #listen(): Promise<void> {
    const bindings = new Bindings();
    const now = nowNanos();
    const arrived = bindings.time(now - LOST_AFTER_NANOS);
    const late = bindings.time(now - LATE_NANOS);
    // A snapshot of a long span arrives anew with an old start; its table is small.
    const sources = SIGNAL_TABLES.map(
      ([table, recent]) => `SELECT ${INSTANCE} AS instance FROM ${table}
        WHERE IngestTime >= ${arrived} AND ${recent === undefined ? '1' : `${recent} >= ${late}`}`,
    );
    const rows = await this.#engine.query<{ instance: string }>(
      `SELECT DISTINCT instance FROM (${sources.join(' UNION ALL ')})`,
      bindings.values,
    );
    this.#heard = new Set(rows.map((row) => row.instance));
  }
}

const INDEXES = new WeakMap<Engine, RunningIndex>();

/** The one index of an engine. */
export function runningIndexOf(engine: Engine): RunningIndex {
  const known = INDEXES.get(engine);
  if (known !== undefined) return known;
  const index = new RunningIndex(engine);
  INDEXES.set(engine, index);
  return index;
}
