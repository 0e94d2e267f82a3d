import {
  type CommitNotice,
  CommitRefused,
  type CommitRequest,
  CommitUnavailable,
} from './commit.js';
import type { CommitObserver } from './commit-observer.js';
import type { Engine } from './engine.js';
import { noticeOf, without } from './group.js';
import { isRetryable } from './insert-faults.js';
import { messageOf } from './message-of.js';
import type { Group, GroupTable, RedoLog } from './redo-log.js';
import type { RequestHashes } from './request-hashes.js';
import { MalformedRows } from './native.js';
import type { TableName } from './schema.js';
import { lookupWindow, type TraceLookup } from './trace-lookup.js';

export interface GroupStoreOptions {
  readonly engine: Pick<Engine, 'insert'>;
  readonly redo: RedoLog;
  readonly hashes: RequestHashes;
  readonly observer: CommitObserver;
  readonly lookup: Pick<TraceLookup, 'add' | 'release' | 'flush' | 'close'>;
  /** Makes a table's inserts outlive a power cut; undefined with --no-fsync. */
  readonly syncTable?: ((table: string) => Promise<void>) | undefined;
  /** What of a group that an earlier process left is to be inserted. */
  readonly missingRows?: (group: Group, table: GroupTable) => Promise<GroupTable>;
  /** A group is in the tables, `millis` after its inserts began. */
  announce(notice: CommitNotice, millis: number): void;
}

/** The requests that were not stored, and why. */
export type Failed = Map<CommitRequest, Error>;

/** How the inserts of a group went. */
export interface InsertOutcome {
  /** Tables that took the group, in full. */
  readonly inserted: readonly TableName[];
  readonly error: Error | undefined;
}

/** A group that is in the tables; its redo log is to be forgotten. */
interface Stored {
  readonly group: Group;
  readonly tables: readonly GroupTable[];
}

/** Milliseconds before each further attempt of a failed insert. */
const RETRY_DELAYS = [50, 500];
/** A group that could not be inserted is tried again this often. */
const LEFTOVER_RETRY_MILLIS = 5_000;

/**
 * Stores one group: redo log, inserts, hashes; and what follows when that fails. Once it is in the
 * tables its senders may be told: the hashes are known at once and written beside the next group,
 * and until they are the redo log holds them. A group whose rows the engine refuses is split until
 * the culprit is alone; one that cannot be inserted now stays in the redo log and is tried again
 * with the same token, here or by the next process.
 */
export class GroupStore {
  readonly #options: GroupStoreOptions;
  #leftovers: Stored[] = [];
  #leftoverTimer: NodeJS.Timeout | undefined;
  /** In the tables, to be forgotten by the redo log. */
  #stored: Stored[] = [];
  #tidying: Promise<void> | undefined;

  constructor(options: GroupStoreOptions) {
    this.#options = options;
  }

  /** Inserts what an earlier process left. */
  async recover(): Promise<void> {
    const { groups, lookups } = await this.#options.redo.leftovers();
    for (const window of lookups) {
      this.#options.lookup.add(window);
      for (const id of window.ids) await this.#options.lookup.release(id);
    }
    for (const { group, tables } of groups) {
      this.#leftovers.push({ group, tables: await this.#missing(group, tables) });
    }
    await this.#retryLeftovers();
    await this.#tidying;
    await this.#options.lookup.flush();
  }

  /** The tables without what is in them already; as they are when that cannot be told. */
  async #missing(group: Group, tables: readonly GroupTable[]): Promise<readonly GroupTable[]> {
    const { missingRows, observer } = this.#options;
    if (missingRows === undefined) return tables;
    try {
      return await Promise.all(tables.map((table) => missingRows(group, table)));
    } catch (error) {
      observer.trouble(`cannot see what is stored already: ${messageOf(error)}`);
      return tables;
    }
  }

  /** Stops trying again; the redo log keeps what is left. */
  stop(): void {
    clearTimeout(this.#leftoverTimer);
  }

  /** Resolves when the redo log has forgotten what is stored, as far as the disk allows. */
  async close(): Promise<void> {
    await this.#tidying;
    await this.#options.lookup.close();
  }

  /** Stores a group from its redo log to its hashes: for halves of a group that was refused. */
  async store(group: Group): Promise<Failed> {
    const tables = await this.log(group);
    if (tables instanceof Error) return this.notLogged(group, tables);
    return this.#insertLogged(group, tables, false);
  }

  /** Writes the redo log; an Error (not thrown) when the disk does not take it. */
  async log(group: Group): Promise<readonly GroupTable[] | Error> {
    try {
      return await this.#options.redo.write(group);
    } catch (error) {
      if (error instanceof MalformedRows) return error;
      this.#options.observer.trouble(`cannot write the redo log: ${messageOf(error)}`);
      return unavailable(`cannot write to disk: ${messageOf(error)}`, error);
    }
  }

  /** What became of a group that has no redo log: one with a culprit is stored without it. */
  async notLogged(group: Group, error: Error): Promise<Failed> {
    if (error instanceof MalformedRows) return this.#split(group, [], [], error);
    return failAll(group, error);
  }

  async #insertLogged(
    group: Group,
    tables: readonly GroupTable[],
    isLeftover: boolean,
  ): Promise<Failed> {
    const start = performance.now();
    const outcome = await this.insert(group, tables);
    return this.finish(group, tables, outcome, start, isLeftover);
  }

  /** Inserts table by table. Never rejects. */
  async insert(group: Group, tables: readonly GroupTable[]): Promise<InsertOutcome> {
    const inserted: TableName[] = [];
    try {
      for (const table of tables) {
        await this.#insertTable(group.id, table);
        inserted.push(table.table);
      }
      return { inserted, error: undefined };
    } catch (error) {
      return { inserted, error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  /** Remembers the requests and tells who listens; or deals with the fault. */
  async finish(
    group: Group,
    tables: readonly GroupTable[],
    { inserted, error }: InsertOutcome,
    start: number,
    isLeftover = false,
  ): Promise<Failed> {
    if (error !== undefined) {
      return isRetryable(error)
        ? this.#postpone(group, tables, error, isLeftover)
        : this.#split(group, tables, inserted, error);
    }
    this.#options.hashes.remember(group.requests.map((request) => request.requestHash));
    this.#toLookup(group);
    this.#stored.push({ group, tables });
    this.#tidying ??= this.#tidy();
    this.#options.announce(noticeOf(group), performance.now() - start);
    return new Map();
  }

  /** True when the lookup will forget the group's header. */
  #toLookup(group: Group): boolean {
    const window = lookupWindow(group.id, group.requests);
    if (window !== undefined) this.#options.lookup.add(window);
    return window !== undefined;
  }

  /** Writes the hashes of what is stored, many groups at once when they come fast. */
  async #tidy(): Promise<void> {
    const { hashes, observer } = this.#options;
    while (this.#stored.length > 0) {
      const taken = this.#stored;
      this.#stored = [];
      const requests = taken.flatMap(({ group }) => group.requests);
      try {
        await this.#sync(taken.flatMap(({ tables }) => tables));
        await hashes.write(requests.map((request) => request.requestHash));
        for (const { group, tables } of taken) {
          await this.#forget(group, tables, lookupWindow(group.id, group.requests) !== undefined);
        }
      } catch (error) {
        observer.trouble(`cannot write what is stored: ${messageOf(error)}`);
        // Inserting them again later adds nothing, and leads here again.
        this.#leftovers.push(...taken);
        this.#retryLater();
      }
    }
    this.#tidying = undefined;
  }

  /** Before the redo log forgets groups. */
  async #sync(tables: readonly GroupTable[]): Promise<void> {
    const { syncTable } = this.#options;
    if (syncTable === undefined) return;
    await Promise.all([...new Set(tables.map((table) => table.table))].map(syncTable));
  }

  /** Forgets what is in the tables; of a group with spans the header when they are looked up. */
  async #forget(group: Group, tables: readonly GroupTable[], hasSpans: boolean): Promise<void> {
    const { redo, lookup } = this.#options;
    if (!hasSpans) return redo.remove(group.id, tables);
    await redo.removeRows(tables);
    await lookup.release(group.id);
  }

  async #insertTable(id: string, table: GroupTable): Promise<void> {
    const { columns, unless } = table;
    const rows = { file: table.file, format: table.format };
    const insert = { table: table.table, columns, rows, token: id, unless };
    for (const delay of RETRY_DELAYS) {
      try {
        return await this.#options.engine.insert(insert);
      } catch (error) {
        if (!isRetryable(error)) throw error;
        this.#options.observer.trouble(`an insert failed and is tried again: ${messageOf(error)}`);
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
    return this.#options.engine.insert(insert);
  }

  /** Keeps a group in the redo log for later: part of it may be in the tables already. */
  #postpone(
    group: Group,
    tables: readonly GroupTable[],
    error: unknown,
    isLeftover: boolean,
  ): Failed {
    if (!isLeftover) this.#leftovers.push({ group, tables });
    this.#retryLater();
    return failAll(
      group,
      unavailable(`the store cannot take rows now: ${messageOf(error)}`, error),
    );
  }

  #retryLater(): void {
    this.#leftoverTimer ??= setTimeout(() => {
      this.#leftoverTimer = undefined;
      void this.#retryLeftovers();
    }, LEFTOVER_RETRY_MILLIS).unref();
  }

  async #retryLeftovers(): Promise<void> {
    for (const leftover of this.#leftovers) {
      const { group, tables } = leftover;
      const failed = await this.#insertLogged(group, tables, true);
      const again = [...failed.values()].some((error) => error instanceof CommitUnavailable);
      if (again) return;
      this.#leftovers = this.#leftovers.filter((one) => one !== leftover);
    }
  }

  /** Whether a request is part of a group that waits to be inserted again, and is not known yet. */
  isLeftover(requestHash: string): boolean {
    return this.#leftovers.some(({ group }) =>
      group.requests.some((request) => request.requestHash === requestHash),
    );
  }

  /**
   * The engine refused the rows. Halves get ids derived from the group's, so that after a crash in
   * between the same halves carry the same tokens. Tables that took the whole group stay out.
   */
  async #split(
    group: Group,
    tables: readonly GroupTable[],
    inserted: readonly TableName[],
    error: unknown,
  ): Promise<Failed> {
    const [only, second] = group.requests;
    if (only === undefined || second === undefined) {
      await this.#options.redo.remove(group.id, tables).catch(() => undefined);
      return this.#refuse(only, error);
    }
    const middle = Math.ceil(group.requests.length / 2);
    const halves = [group.requests.slice(0, middle), group.requests.slice(middle)];
    const failed: Failed = new Map();
    for (const [index, half] of halves.entries()) {
      const requests = half.map((request) => without(request, inserted));
      const part = await this.store({ id: `${group.id}-${index}`, requests });
      for (const [at, request] of half.entries()) {
        const fault = part.get(requests[at] ?? request);
        if (fault !== undefined) failed.set(request, fault);
      }
    }
    const { redo } = this.#options;
    await this.#sync(tables).catch(() => undefined);
    const isWanted = inserted.includes('otel_traces') && this.#toLookup(group);
    await (isWanted ? redo.removeRows(tables) : redo.remove(group.id, tables)).catch(
      () => undefined,
    );
    return failed;
  }

  #refuse(request: CommitRequest | undefined, error: unknown): Failed {
    if (request === undefined) return new Map();
    const rows = request.batches.reduce((sum, batch) => sum + batch.rowCount, 0);
    this.#options.observer.dropped('refused by the store', rows);
    const message = `the store refused these records: ${messageOf(error)}`;
    return new Map([[request, new CommitRefused(message, { cause: error })]]);
  }
}

/** Every request of the group failed alike. */
export function failAll(group: Group, error: Error): Failed {
  return new Map(group.requests.map((request) => [request, error]));
}

/** An answer that asks to come back in a second. */
export function unavailable(reason: string, cause?: unknown): CommitUnavailable {
  return new CommitUnavailable(`${reason}; try again`, 1_000, { cause });
}
