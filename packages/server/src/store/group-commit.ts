import { GROUP_LIMITS } from '../limits.js';
import {
  type CommitNotice,
  CommitRefused,
  type CommitRequest,
  type Committer,
  CommitUnavailable,
} from './commit.js';
import type { Engine } from './engine.js';
import { byteLengthOf, daySlices, newGroupId, noticeOf, takeGroup, without } from './group.js';
import { isRetryable } from './insert-faults.js';
import { Pace } from './pace.js';
import type { Group, GroupTable, RedoLog } from './redo-log.js';
import type { RequestHashes } from './request-hashes.js';
import { COLUMNS, type TableName } from './schema.js';
import { TIME_COLUMN, UNPARTITIONED } from './tables.js';

/** What /status hears of commits. */
export interface CommitObserver {
  /** A group is in the tables; `millis` from its first byte to the redo log until readable. */
  committed(group: { readonly millis: number; readonly notice: CommitNotice }): void;
  /** A request was answered `millis` after it was handed in. */
  answered(millis: number): void;
  /** Rows that were refused after the request had been decoded, or lost at recovery. */
  dropped(reason: string, rows: number): void;
  /** Something failed that is retried or concerns a listener. */
  trouble(message: string): void;
}

export interface GroupCommitOptions {
  readonly engine: Pick<Engine, 'insert'>;
  readonly redo: RedoLog;
  readonly hashes: RequestHashes;
  readonly observer: CommitObserver;
}

interface Pending {
  readonly request: CommitRequest;
  readonly byteLength: number;
  readonly rowCount: number;
  resolve(): void;
  reject(error: Error): void;
}

/** The requests that were not stored, and why. */
type Failed = Map<CommitRequest, Error>;

interface InsertOutcome {
  /** Tables that took the group, in full. */
  readonly inserted: readonly TableName[];
  readonly error: Error | undefined;
}

/** Milliseconds before each further attempt of a failed insert. */
const RETRY_DELAYS = [50, 500];
/** A group that could not be inserted is tried again this often. */
const LEFTOVER_RETRY_MILLIS = 5_000;

/**
 * Group commit with a redo log (architecture.md, Ingest).
 *
 *   commit() ─► queue ─► take a group ─► redo log, synced ─► insert table by table ─► hashes ─► answer
 *                 ▲ pace.ts                  │ crash: inserted again at start, same token
 *                 └ bytes bounded            └ refused: split in halves until the culprit is alone
 */
export class GroupCommit implements Committer {
  readonly #options: GroupCommitOptions;
  readonly #pace = new Pace();
  readonly #listeners = new Set<(notice: CommitNotice) => void>();
  /** By request hash: the same request again waits for the first one. */
  readonly #inFlight = new Map<string, Promise<void>>();
  #queue: Pending[] = [];
  #queuedBytes = 0;
  /** Of the queue alone, without the group that is being written. */
  #waitingBytes = 0;
  #leftovers: { group: Group; tables: readonly GroupTable[] }[] = [];
  #leftoverTimer: NodeJS.Timeout | undefined;
  #pumping: Promise<void> | undefined;
  /** The insert that runs; its end wakes the pump. */
  #inserting: Promise<void> | undefined;
  /** Groups that are inserted but not answered yet. */
  readonly #finishing = new Set<Promise<void>>();
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Bytes of rows that wait or are being written. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Inserts what an earlier process left; call once, before the first commit. */
  async recover(): Promise<void> {
    this.#leftovers = [...(await this.#options.redo.leftovers())];
    await this.#retryLeftovers();
  }

  commit(request: CommitRequest): Promise<void> {
    if (this.#closed) return Promise.reject(unavailable('the server is stopping'));
    if (this.#options.hashes.has(request.requestHash)) return Promise.resolve();
    const known = this.#inFlight.get(request.requestHash);
    if (known !== undefined) return known;
    // A leftover's rows may be in already: it is stored by itself, not by being sent again.
    if (this.#isLeftover(request.requestHash)) {
      return Promise.reject(unavailable('this request is still being stored'));
    }
    const refusal = this.#admit(request);
    if (refusal !== undefined) return Promise.reject(refusal);
    const stored = this.#enqueue(request);
    this.#inFlight.set(request.requestHash, stored);
    const settled = (): void => {
      this.#inFlight.delete(request.requestHash);
    };
    stored.then(settled, settled);
    this.#pumping ??= this.#pump();
    return stored;
  }

  onCommit(listener: (notice: CommitNotice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stores what is queued, then stops; later commits are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#leftoverTimer);
    this.#wake?.();
    await this.#pumping;
    await Promise.all(this.#finishing);
    await this.#options.hashes.close();
  }

  #admit(request: CommitRequest): Error | undefined {
    const bytes = byteLengthOf(request);
    if (this.#queuedBytes + bytes > GROUP_LIMITS.maxQueuedBytes && this.#queuedBytes > 0) {
      return unavailable('too much is waiting to be stored');
    }
    const days = Math.max(0, ...request.batches.map((batch) => batch.days.length));
    if (days <= GROUP_LIMITS.maxRequestDays) return undefined;
    return new CommitRefused(
      `the records of this request lie on ${days} different days;` +
        ` send at most ${GROUP_LIMITS.maxRequestDays} days in one request`,
    );
  }

  #enqueue(request: CommitRequest): Promise<void> {
    const byteLength = byteLengthOf(request);
    const rowCount = request.batches.reduce((sum, batch) => sum + batch.rowCount, 0);
    if (rowCount === 0) return Promise.resolve();
    const arrived = performance.now();
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#queuedBytes -= byteLength;
        this.#options.observer.answered(performance.now() - arrived);
      };
      this.#queuedBytes += byteLength;
      this.#waitingBytes += byteLength;
      this.#queue.push({
        request,
        byteLength,
        rowCount,
        resolve: () => {
          done();
          resolve();
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      this.#wake?.();
    });
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#waitForTurn();
      const taken = takeGroup(this.#queue);
      this.#queue = this.#queue.slice(taken.length);
      for (const pending of taken) this.#waitingBytes -= pending.byteLength;
      await this.#storeTaken(taken);
    }
    this.#pumping = undefined;
  }

  /**
   * Returns when the next group should be taken: when the pace allows it and nothing is being
   * inserted, or earlier when so much waits that its redo log had better be ready by then.
   * Each arriving request asks anew.
   */
  async #waitForTurn(): Promise<void> {
    for (;;) {
      const delay = this.#turnDelay();
      if (delay <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = delay === Infinity ? undefined : setTimeout(resolve, delay);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
  }

  #turnDelay(): number {
    if (this.#inserting !== undefined && this.#waitingBytes < GROUP_LIMITS.earlyBytes) {
      return Infinity; // the end of the insert wakes
    }
    if (this.#closed) return 0;
    return this.#pace.delay(performance.now(), this.#waitingBytes, this.#queue.length);
  }

  /**
   * Writes the group's redo log beside the insert of the one before it, waits for that insert, and
   * returns when its own has begun: the engine is never idle while work waits, and answering one
   * group does not hold up the next.
   */
  async #storeTaken(taken: readonly Pending[]): Promise<void> {
    const group = { id: newGroupId(), requests: taken.map((pending) => pending.request) };
    const tables = await this.#logged(group);
    await this.#inserting;
    if (tables instanceof Error) {
      answer(taken, failAll(group, tables));
      return;
    }
    const start = performance.now();
    this.#pace.began(start);
    const inserted = this.#insertTables(group, tables);
    const free = (): void => {
      this.#pace.ended(performance.now());
      this.#inserting = undefined;
      this.#wake?.();
    };
    this.#inserting = inserted.then(free);
    const stored = inserted.then((outcome) => this.#finish(group, tables, outcome, start));
    const settled = stored.then((failed) => answer(taken, failed));
    this.#finishing.add(settled);
    void settled.finally(() => this.#finishing.delete(settled));
  }

  /** Stores a group from its redo log to its hashes: for halves of a group that was refused. */
  async #store(group: Group): Promise<Failed> {
    const tables = await this.#logged(group);
    if (tables instanceof Error) return failAll(group, tables);
    return this.#insertLogged(group, tables, false);
  }

  /** Writes the redo log; an Error (not thrown) when the disk does not take it. */
  async #logged(group: Group): Promise<readonly GroupTable[] | Error> {
    try {
      return await this.#options.redo.write(group);
    } catch (error) {
      this.#options.observer.trouble(`cannot write the redo log: ${messageOf(error)}`);
      return unavailable(`cannot write to disk: ${messageOf(error)}`, error);
    }
  }

  async #insertLogged(
    group: Group,
    tables: readonly GroupTable[],
    isLeftover: boolean,
  ): Promise<Failed> {
    const start = performance.now();
    const outcome = await this.#insertTables(group, tables);
    return this.#finish(group, tables, outcome, start, isLeftover);
  }

  /** Inserts table by table. Never rejects. */
  async #insertTables(group: Group, tables: readonly GroupTable[]): Promise<InsertOutcome> {
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

  /** Remembers the requests, forgets the redo log, tells who listens; or deals with the fault. */
  async #finish(
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
    try {
      await this.#options.hashes.add(group.requests.map((request) => request.requestHash));
      await this.#options.redo.remove(group.id, tables);
    } catch (fault) {
      return this.#postpone(group, tables, fault, isLeftover);
    }
    this.#announce(group, performance.now() - start);
    return new Map();
  }

  async #insertTable(id: string, table: GroupTable): Promise<void> {
    const columns = COLUMNS[table.table];
    const rows = { file: table.file };
    const slices = UNPARTITIONED.has(table.table) ? [] : daySlices(table.days);
    if (slices.length <= 1) {
      return this.#insertPersistently({ table: table.table, columns, rows, token: id });
    }
    const column = TIME_COLUMN[table.table];
    for (const [index, { from, to }] of slices.entries()) {
      const token = `${id}.${index}`;
      const dayRange = { column, from, to };
      await this.#insertPersistently({ table: table.table, columns, rows, token, dayRange });
    }
  }

  async #insertPersistently(insert: Parameters<Engine['insert']>[0]): Promise<void> {
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
    this.#leftoverTimer ??= setTimeout(() => {
      this.#leftoverTimer = undefined;
      void this.#retryLeftovers();
    }, LEFTOVER_RETRY_MILLIS).unref();
    return failAll(
      group,
      unavailable(`the store cannot take rows now: ${messageOf(error)}`, error),
    );
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

  #isLeftover(requestHash: string): boolean {
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
      const part = await this.#store({ id: `${group.id}-${index}`, requests });
      for (const [at, request] of half.entries()) {
        const fault = part.get(requests[at] ?? request);
        if (fault !== undefined) failed.set(request, fault);
      }
    }
    await this.#options.redo.remove(group.id, tables).catch(() => undefined);
    return failed;
  }

  #refuse(request: CommitRequest | undefined, error: unknown): Failed {
    if (request === undefined) return new Map();
    const rows = request.batches.reduce((sum, batch) => sum + batch.rowCount, 0);
    this.#options.observer.dropped('refused by the store', rows);
    const message = `the store refused these records: ${messageOf(error)}`;
    return new Map([[request, new CommitRefused(message, { cause: error })]]);
  }

  #announce(group: Group, millis: number): void {
    const notice = noticeOf(group);
    this.#options.observer.committed({ millis, notice });
    for (const listener of this.#listeners) {
      try {
        listener(notice);
      } catch (error) {
        this.#options.observer.trouble(`a commit listener failed: ${messageOf(error)}`);
      }
    }
  }
}

function answer(taken: readonly Pending[], failed: Failed): void {
  for (const pending of taken) {
    const error = failed.get(pending.request);
    if (error === undefined) pending.resolve();
    else pending.reject(error);
  }
}

function failAll(group: Group, error: Error): Failed {
  return new Map(group.requests.map((request) => [request, error]));
}

function unavailable(reason: string, cause?: unknown): CommitUnavailable {
  return new CommitUnavailable(`${reason}; try again`, 1_000, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
