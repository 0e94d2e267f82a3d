/**
 * Sends chunks: several requests in flight, small chunks of one signal joined into one body,
 * retries as OTLP says. Runs in the sender thread or, the same code, in the program's own.
 *
 *     add ──► queue ──► take (join up to maxExportBytes) ──► transmit ──► done | retry | dropped
 *        │                                                      │ no answer, busy
 *        └──────── while the backend is away ──► spill ◄────────┘  (when there is one)
 */
import {
  JSON_EXPORT_BYTES,
  LAST_ATTEMPTS,
  LAST_PAUSE_MILLIS,
  RETRY_FIRST_MILLIS,
  RETRY_LAST_MILLIS,
} from '../common/limits.js';
import { droppedOutcome, keptOutcome, recordsOf, takenOutcome } from './chunk.js';
import type { Chunk, Outcome } from './chunk.js';
import type { ExportSettings } from './settings.js';
import type { Signal } from './signal.js';
import { SpillQueue } from './spill-queue.js';
import type { SpillPlace, SpillSettings } from './spill.js';
import { realSurroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';
import type { Attempt } from './transmitter.js';

interface Waiter {
  readonly lastNumber: number;
  remaining: number;
  readonly resolve: () => void;
}

type Queued = Chunk & { readonly number: number };
type Batch = readonly Queued[];

const UNANSWERED = 'the program ended before an answer came';

/** How a sender talks to its owner; all of it optional. */
export interface SenderHooks {
  /** Calls what makes requests, so that the caller can switch tracing off around it. */
  run?(work: () => void): void;
  /** Hears what is wrong with the disk. */
  warn?(message: string): void;
}

/** One sender; never throws. */
export class Sender {
  #settings: ExportSettings;
  readonly #surroundings: Surroundings;
  readonly #done: (outcome: Outcome) => void;
  readonly #run: (work: () => void) => void;
  readonly #spill: SpillQueue | undefined;
  #queue: Queued[] = [];
  /** With where it is on disk too, if it is. */
  readonly #underWay = new Map<Batch, SpillPlace | undefined>();
  #added = 0;
  #pending = 0;
  #waiters: Waiter[] = [];
  #draining = false;
  #closed = false;
  /** Outcomes of what is safe on disk, told when it was sent or cannot be: 'exit' waits for it. */
  #safe: Outcome[] = [];
  readonly #sleepers = new Set<() => void>();

  /** `done` hears of each batch's end. */
  constructor(
    settings: ExportSettings,
    done: (outcome: Outcome) => void,
    hooks: SenderHooks = {},
    surroundings: Surroundings = realSurroundings(settings.maxInFlight),
  ) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#done = done;
    this.#run = hooks.run ?? ((work) => work());
    const { spill } = settings;
    this.#spill = spill === undefined ? undefined : this.#openSpill(spill, hooks);
  }

  /** Sends elsewhere from now on; batches waiting for a retry go there too. */
  configure(settings: ExportSettings): void {
    this.#settings = settings;
    for (const wake of this.#sleepers) wake();
  }

  /** Queues a chunk; the byte limit is the caller's. */
  add(chunk: Chunk): void {
    if (this.#closed) {
      this.#done(this.#keepChunk(chunk) ? keptOutcome([chunk]) : dropped([chunk]));
      return;
    }
    this.#draining = false;
    if (this.#spill?.isActive === true && this.#keepChunk(chunk)) {
      this.#done(keptOutcome([chunk]));
      this.#sendSpilled();
      return;
    }
    this.#pending++;
    this.#queue.push({ ...chunk, number: ++this.#added });
    this.#pump();
  }

  /**
   * Resolves when all that was added before is done, or safe on disk while nobody takes it. With
   * `last`, what cannot be delivered now because nobody answers is given up instead of tried
   * again: the program wants to end.
   */
  async flush(last: boolean = false): Promise<void> {
    if (last) this.drain();
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#waiters.push({ lastNumber: this.#added, remaining: this.#pending, resolve });
      });
    }
    this.#sendSpilled();
    await this.#spill?.whenIdle();
  }

  /**
   * From now until the next chunk, a refused connection is final, so is the third failure of
   * another kind, and waits are cut short. With a spill all there is goes to the disk at once.
   */
  drain(): void {
    this.#draining = true;
    this.#secure();
    for (const wake of this.#sleepers) wake();
    this.#sendSpilled();
  }

  /**
   * The end, at once: what no answer has come for is on disk when this returns, or dropped and
   * counted. What is added later is treated the same.
   */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#draining = true;
    this.#secure();
    this.#spill?.close();
    for (const [batch, place] of this.#underWay) {
      this.#finish(batch, place === undefined ? dropped(batch) : keptOutcome(batch));
    }
    for (const chunk of this.#queue.splice(0)) this.#settled([chunk], dropped([chunk]));
    this.#tellSafe();
    for (const wake of this.#sleepers) wake();
  }

  /** {@link abandon}, and closes the connections. */
  close(): void {
    this.abandon();
    this.#surroundings.disconnect();
  }

  #pump(): void {
    while (this.#hasRoom() && this.#queue.length > 0) {
      const batch = this.#take();
      this.#underWay.set(batch, undefined);
      this.#run(() => {
        void this.#deliver(batch);
      });
    }
  }

  #hasRoom(): boolean {
    const flying = this.#underWay.size + (this.#spill?.inFlight ?? 0);
    return !this.#closed && flying < this.#settings.maxInFlight;
  }

  #take(): Queued[] {
    const first = this.#queue[0]!;
    const batch: Queued[] = [];
    const rest: Queued[] = [];
    const most = this.#mostBytes(first.signal);
    const mostRecords = this.#settings.maxExportRecords[first.signal] ?? Infinity;
    let size = 0;
    let records = 0;
    for (const chunk of this.#queue) {
      const fits =
        batch.length === 0 ||
        (size + chunk.bytes.length <= most && records + chunk.recordCount <= mostRecords);
      if (chunk.signal === first.signal && fits) {
        batch.push(chunk);
        size += chunk.bytes.length;
        records += chunk.recordCount;
      } else {
        rest.push(chunk);
      }
    }
    this.#queue = rest;
    return batch;
  }

  /** JSON is made in one go and is larger: a request's worth of it must not hold the thread up. */
  #mostBytes(signal: Signal): number {
    const isJson = this.#settings.destinations[signal]?.protocol === 'http/json';
    const { maxExportBytes } = this.#settings;
    return isJson ? Math.min(maxExportBytes, JSON_EXPORT_BYTES) : maxExportBytes;
  }

  async #deliver(batch: Batch): Promise<void> {
    const { nowMillis } = this.#surroundings;
    const pieces = batch.map((chunk) => chunk.bytes);
    const began = nowMillis();
    const deadline = began + this.#settings.totalMillis[batch[0]!.signal];
    const finish = (outcome: Outcome): void => {
      this.#finish(batch, { ...outcome, millis: nowMillis() - began });
    };
    let lastFailures = 0;
    for (let attempt = 0; ; attempt++) {
      const result = await this.#transmit(batch[0]!.signal, pieces);
      if (this.#closed) return;
      if (result.kind === 'taken') {
        finish(takenOutcome(batch, result.rejected, result.message));
        return;
      }
      if (result.kind === 'refused') {
        finish(droppedOutcome(batch, 'refused', result.message, result.code));
        return;
      }
      const retryMillis = result.kind === 'busy' ? result.retryMillis : undefined;
      if (this.#keepAll(batch, retryMillis)) {
        this.#finish(batch, keptOutcome(batch));
        return;
      }
      if (this.#draining && result.kind === 'failed') lastFailures++;
      const isNobody = result.kind === 'failed' && result.isNobody && lastFailures > 0;
      if (isNobody || lastFailures === LAST_ATTEMPTS) {
        finish(droppedOutcome(batch, 'exit', result.message, result.code));
        return;
      }
      const millis = retryMillis ?? this.#backoffMillis(attempt);
      if (nowMillis() + millis > deadline) {
        finish(droppedOutcome(batch, 'retries exhausted', result.message, result.code));
        return;
      }
      await this.#sleep(millis);
      if (this.#closed) return;
    }
  }

  #transmit(signal: Signal, pieces: readonly Uint8Array[]): Promise<Attempt> {
    const destination = this.#settings.destinations[signal];
    if (destination !== undefined) return this.#surroundings.transmit(signal, destination, pieces);
    return Promise.resolve({ kind: 'refused', message: `exports of ${signal} are switched off` });
  }

  #openSpill(settings: SpillSettings, hooks: SenderHooks): SpillQueue {
    return new SpillQueue(
      settings,
      {
        deliver: (signal, body) =>
          new Promise((resolve) => {
            this.#run(() => {
              void this.#transmit(signal, [body]).then(resolve);
            });
          }),
        hasRoom: () => this.#hasRoom(),
        maxExportBytes: (signal) => this.#mostBytes(signal),
        pause: (retryMillis, attempt) => this.#sleep(retryMillis ?? this.#backoffMillis(attempt)),
        changed: (change) => this.#done({ ...change, heldBytes: 0, chunkCount: 0 }),
        progressed: () => this.#pump(),
        warn: hooks.warn ?? (() => undefined),
      },
      this.#surroundings,
    );
  }

  #keepChunk({ signal, bytes, recordCount }: Chunk): boolean {
    // A view of spans that still run says nothing when they have ended.
    if (recordCount === 0) return this.#spill !== undefined;
    return this.#spill?.keep(signal, [bytes], recordCount, false) !== undefined;
  }

  /** The backend is away: puts all there is on disk. True when `batch` is there, or no loss. */
  #keepAll(batch: Batch, retryMillis: number | undefined): boolean {
    this.#spill?.away(retryMillis);
    this.#secure();
    const isView = this.#spill !== undefined && recordsOf(batch) === 0;
    return isView || this.#underWay.get(batch) !== undefined;
  }

  /** Puts on disk what is under way, oldest first, and moves there what waits. */
  #secure(): void {
    const spill = this.#spill;
    if (spill === undefined) return;
    for (const [batch, place] of this.#underWay) {
      if (place !== undefined || recordsOf(batch) === 0) continue;
      const pieces = batch.map((chunk) => chunk.bytes);
      this.#underWay.set(batch, spill.keep(batch[0]!.signal, pieces, recordsOf(batch), true));
    }
    const queue = this.#queue;
    this.#queue = [];
    for (const chunk of queue) {
      if (this.#keepChunk(chunk)) this.#settled([chunk], keptOutcome([chunk]));
      else this.#queue.push(chunk);
    }
  }

  #sendSpilled(): void {
    if (this.#spill === undefined || this.#closed) return;
    if (this.#spill.isActive) this.#spill.run();
    void this.#spill.whenIdle().then(() => this.#tellSafe());
  }

  #tellSafe(): void {
    const safe = this.#safe;
    this.#safe = [];
    for (const outcome of safe) this.#done(outcome);
  }

  #sleep(millis: number): Promise<void> {
    if (this.#draining) millis = Math.min(millis, LAST_PAUSE_MILLIS);
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#sleepers.delete(wake);
        resolve();
      };
      const cancel = this.#surroundings.after(millis, wake);
      this.#sleepers.add(wake);
    });
  }

  /** The wait before attempt `attempt` + 2: 1 s doubling to 5 s, with ±20 % of jitter. */
  #backoffMillis(attempt: number): number {
    const base = Math.min(RETRY_FIRST_MILLIS * 2 ** attempt, RETRY_LAST_MILLIS);
    return base * (0.8 + this.#surroundings.random() * 0.4);
  }

  #finish(batch: Batch, outcome: Outcome): void {
    const place = this.#underWay.get(batch);
    this.#underWay.delete(batch);
    if (place !== undefined) {
      if (outcome.spilled > 0) this.#spill?.release(place);
      else this.#spill?.finish(place);
    }
    this.#settled(batch, outcome);
    this.#pump();
    this.#sendSpilled();
  }

  #settled(batch: Batch, outcome: Outcome): void {
    this.#pending -= batch.length;
    if (outcome.spilled > 0 && this.#draining) this.#safe.push(outcome);
    else this.#done(outcome);
    for (const waiter of this.#waiters) {
      for (const chunk of batch) if (chunk.number <= waiter.lastNumber) waiter.remaining--;
      if (waiter.remaining === 0) waiter.resolve();
    }
    this.#waiters = this.#waiters.filter((waiter) => waiter.remaining > 0);
  }
}

function dropped(batch: readonly Chunk[]): Outcome {
  return droppedOutcome(batch, 'exit', UNANSWERED);
}
