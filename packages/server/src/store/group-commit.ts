import { GROUP_LIMITS } from '../limits.js';
import type { CommitNotice, CommitRequest, Committer } from './commit.js';
import { byteLengthOf, newGroupId, rowCountOf, takeGroup } from './group.js';
import { type Failed, GroupStore, type GroupStoreOptions, unavailable } from './group-store.js';
import { type Lane, laneOf, Lanes, type Waiting } from './lanes.js';
import { messageOf } from './message-of.js';

export type GroupCommitOptions = Omit<GroupStoreOptions, 'announce'>;

interface Pending {
  readonly request: CommitRequest;
  readonly byteLength: number;
  readonly rowCount: number;
  readonly lane: Lane;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Group commit with a redo log (architecture.md, Ingest).
 *
 *   commit() ─► queue ─► group ─► redo log, synced ─► insert by table ─► answer ─► hashes
 *                 ▲ pace.ts          │ crash: inserted again at start, same token
 *                 └ bytes bounded    └ refused: split in halves until the culprit is alone
 */
export class GroupCommit implements Committer {
  readonly #options: GroupCommitOptions;
  readonly #store: GroupStore;
  readonly #lanes = new Lanes();
  readonly #listeners = new Set<(notice: CommitNotice) => void>();
  /** By request hash: the same request again waits for the first one. */
  readonly #inFlight = new Map<string, Promise<void>>();
  #queue: Pending[] = [];
  #queuedBytes = 0;
  /** Of the queue alone, without the group that is being written. */
  #waitingBytes = 0;
  #pumping: Promise<void> | undefined;
  /** The insert that runs; its end wakes the pump. */
  #inserting: Promise<void> | undefined;
  /** Groups that are inserted but not answered yet. */
  readonly #finishing = new Set<Promise<void>>();
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#store = new GroupStore({
      ...options,
      announce: (notice, millis) => this.#announce(notice, millis),
    });
  }

  /** Bytes of rows that wait or are being written. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Inserts what an earlier process left; call once, before the first commit. */
  recover(): Promise<void> {
    return this.#store.recover();
  }

  commit(request: CommitRequest): Promise<void> {
    if (this.#closed) return Promise.reject(unavailable('the server is stopping'));
    if (this.#options.hashes.has(request.requestHash)) return Promise.resolve();
    if (rowCountOf(request) === 0) return Promise.resolve();
    const known = this.#inFlight.get(request.requestHash);
    if (known !== undefined) return known;
    // A leftover's rows may be in already: it is stored by itself, not by being sent again.
    if (this.#store.isLeftover(request.requestHash)) {
      return Promise.reject(unavailable('this request is still being stored'));
    }
    if (!this.#hasRoom(request)) {
      return Promise.reject(unavailable('too much is waiting to be stored'));
    }
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
    this.#store.stop();
    this.#wake?.();
    await this.#pumping;
    await Promise.all(this.#finishing);
    await this.#store.close();
    await this.#options.hashes.close();
  }

  #hasRoom(request: CommitRequest): boolean {
    const bytes = this.#queuedBytes + byteLengthOf(request);
    return bytes <= GROUP_LIMITS.maxQueuedBytes || this.#queuedBytes === 0;
  }

  #enqueue(request: CommitRequest): Promise<void> {
    const byteLength = byteLengthOf(request);
    const rowCount = rowCountOf(request);
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
        lane: laneOf(request),
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
      const taken = takeGroup(this.#ready());
      const isTaken = new Set(taken);
      this.#queue = this.#queue.filter((pending) => !isTaken.has(pending));
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
    return Math.min(...this.#delays().values());
  }

  /** Of each lane that has something waiting. */
  #delays(): Map<Lane, number> {
    const now = performance.now();
    const lanes = new Set(this.#queue.map((pending) => pending.lane));
    return new Map([...lanes].map((lane) => [lane, this.#lanes.delay(lane, now, this.#waiting())]));
  }

  #waiting(): Waiting {
    return { bytes: this.#waitingBytes, requests: this.#queue.length };
  }

  /** What may go into the next group: all that waits, but for lanes that have to wait longer. */
  #ready(): readonly Pending[] {
    if (this.#closed) return this.#queue;
    const delays = this.#delays();
    const ready = this.#queue.filter(({ lane }) => (delays.get(lane) ?? 0) <= 0);
    return ready.length === 0 ? this.#queue : ready;
  }

  /**
   * Writes the group's redo log beside the insert of the one before it, waits for that insert, and
   * returns when its own has begun: the engine is never idle while work waits, and answering one
   * group does not hold up the next.
   */
  async #storeTaken(taken: readonly Pending[]): Promise<void> {
    const group = { id: newGroupId(), requests: taken.map((pending) => pending.request) };
    const tables = await this.#store.log(group);
    await this.#inserting;
    if (tables instanceof Error) {
      answer(taken, await this.#store.notLogged(group, tables));
      return;
    }
    const start = performance.now();
    const cpu = process.cpuUsage();
    const inserted = this.#store.insert(group, tables);
    const free = (): void => {
      const { user, system } = process.cpuUsage(cpu);
      const spent = { start, end: performance.now(), cpuMillis: (user + system) / 1000 };
      const names = tables.map(({ table }) => table);
      this.#lanes.inserted({ requests: taken.length, tables: names }, spent, this.#waiting());
      this.#inserting = undefined;
      this.#wake?.();
    };
    this.#inserting = inserted.then(free);
    const stored = inserted.then((outcome) => this.#store.finish(group, tables, outcome, start));
    const settled = stored.then((failed) => answer(taken, failed));
    this.#finishing.add(settled);
    void settled.finally(() => this.#finishing.delete(settled));
  }

  #announce(notice: CommitNotice, millis: number): void {
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
