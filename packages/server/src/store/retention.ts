import { DISK_LIMITS } from '../limits.js';
import type { CommitObserver } from './commit-observer.js';
import type { Engine } from './engine.js';
import { messageOf } from './message-of.js';
import { sqlString } from './parameters.js';
import { AGED_TABLES, LOOKUP_TABLE, quoteName } from './tables.js';

export interface RetentionOptions {
  readonly engine: Pick<Engine, 'query' | 'command'>;
  readonly observer: Pick<CommitObserver, 'dropped' | 'trouble'>;
  /** What all tables may take together, bytes; undefined: no limit. */
  readonly maxBytes: number | undefined;
  /** Milliseconds between two looks. Default 5,000. */
  readonly intervalMillis?: number;
}

interface Part {
  readonly table: string;
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  /** When its newest row arrived, Unix seconds. */
  readonly newest: number;
}

/**
 * Retention by age and by size, both counted from arrival. The engine would drop expired parts
 * itself, but may take many minutes on a quiet server; and of size it knows nothing.
 * When the tables take more than the limit, the parts whose newest row arrived first are dropped,
 * of whichever table, until a twentieth of the limit is free again. Dropping a part removes its
 * files within seconds and costs nothing; parts are kept small enough for that (tables.ts,
 * `max_bytes_to_merge_at_max_space_in_pool`).
 */
export class Retention {
  readonly #options: RetentionOptions;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Looks now, and again after every interval. */
  start(): void {
    if (this.#closed) return;
    this.#working = this.#look();
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#working;
  }

  async #look(): Promise<void> {
    try {
      await this.enforce();
    } catch (error) {
      this.#options.observer.trouble(`cannot drop old records: ${messageOf(error)}`);
    }
    if (this.#closed) return;
    const millis = this.#options.intervalMillis ?? DISK_LIMITS.intervalMillis;
    this.#timer = setTimeout(() => this.start(), millis).unref();
  }

  /** Drops what is too old and what is too much. Throws EngineError. */
  async enforce(): Promise<void> {
    for (const part of await this.#expiredParts()) {
      if (!this.#closed) await this.#drop(part);
    }
    const { maxBytes } = this.#options;
    if (maxBytes === undefined) return;
    let excess = (await this.#usedBytes()) - maxBytes;
    if (excess <= 0) return;
    excess += maxBytes * DISK_LIMITS.freedShare;
    for (const part of await this.#partsByArrival()) {
      if (excess <= 0 || this.#closed) return;
      if (!(await this.#drop(part))) continue;
      excess -= part.bytes;
      // The lookup table's rows are not records of anybody.
      if (part.table === LOOKUP_TABLE) continue;
      this.#options.observer.dropped('deleted, oldest first, to keep to --max-disk', part.rows);
    }
  }

  /** False when it could not be dropped: a merge took it, and the next look finds its successor. */
  async #drop(part: Pick<Part, 'table' | 'name'>): Promise<boolean> {
    const { engine, observer } = this.#options;
    try {
      const table = quoteName(part.table);
      await engine.command(`ALTER TABLE ${table} DROP PART ${sqlString(part.name)}`);
      return true;
    } catch (error) {
      observer.trouble(`cannot drop a part of ${part.table}: ${messageOf(error)}`);
      return false;
    }
  }

  /** Parts in which every row has expired, as the engine noted when it wrote them. */
  #expiredParts(): Promise<readonly Pick<Part, 'table' | 'name'>[]> {
    return this.#options.engine.query(
      `SELECT table, name FROM system.parts
       WHERE database = currentDatabase() AND active AND table IN {tables:Array(String)}
         AND delete_ttl_info_max > toDateTime(0) AND delete_ttl_info_max < now()`,
      { tables: [...AGED_TABLES, 'otel_running'] },
    );
  }

  /** Parts that were replaced or dropped go within seconds: counting them would drop too much. */
  async #usedBytes(): Promise<number> {
    const [row] = await this.#options.engine.query<{ bytes: string }>(
      `SELECT sum(bytes_on_disk) AS bytes FROM system.parts
       WHERE database = currentDatabase() AND active`,
    );
    return Number(row?.bytes ?? 0);
  }

  async #partsByArrival(): Promise<readonly Part[]> {
    const { engine } = this.#options;
    const parts = await engine.query<Omit<Part, 'newest'>>(
      `SELECT table, name, toFloat64(rows) AS rows, toFloat64(bytes_on_disk) AS bytes
       FROM system.parts WHERE database = currentDatabase() AND active
         AND table IN {tables:Array(String)}`,
      { tables: AGED_TABLES },
    );
    const arrivals = new Map<string, number>();
    for (const table of new Set(parts.map((part) => part.table))) {
      for (const [name, newest] of await this.#arrivals(table)) {
        arrivals.set(`${table}/${name}`, newest);
      }
    }
    // A part that is too new for the second question is too new to be dropped.
    const newestOf = (part: { table: string; name: string }): number =>
      arrivals.get(`${part.table}/${part.name}`) ?? Infinity;
    return parts
      .map((part) => ({ ...part, newest: newestOf(part) }))
      .toSorted((a, b) => a.newest - b.newest);
  }

  async #arrivals(table: string): Promise<readonly (readonly [string, number])[]> {
    const rows = await this.#options.engine.query<{ name: string; newest: number }>(
      `SELECT _part AS name, toFloat64(max(IngestTime)) AS newest
       FROM ${quoteName(table)} GROUP BY name`,
      {},
      { timeoutMillis: DISK_LIMITS.queryMillis },
    );
    return rows.map(({ name, newest }) => [name, newest]);
  }
}
