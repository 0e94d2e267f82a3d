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
  RETRY_TOTAL_MILLIS,
} from '../common/limits.js';
import type { DropReason } from './exporter.js';
import type { ExportSettings } from './settings.js';
import type { Signal } from './signal.js';
import { SpillQueue } from './spill-queue.js';
import type { SpillPlace, SpillSettings } from './spill.js';
import { Transmitter } from './transmitter.js';
import type { Attempt } from './transmitter.js';

/** Some records on their way. */
export interface Chunk {
  readonly signal: Signal;
  readonly bytes: Uint8Array;
  readonly recordCount: number;
  /** What it takes from the byte budget: the memory behind it, not only its content. */
  readonly heldBytes: number;
}

/** What became of a batch of chunks. */
export interface Outcome {
  readonly signal: Signal;
  readonly sent: number;
  readonly dropped: number;
  readonly reason: DropReason | undefined;
  /** For a diagnostic line. */
  readonly message: string | undefined;
  /** How many more records are on disk now, or fewer. */
  readonly spilled: number;
  readonly heldBytes: number;
  readonly chunkCount: number;
}

interface Waiter {
  readonly lastNumber: number;
  remaining: number;
  readonly resolve: () => void;
}

type Queued = Chunk & { readonly number: number };
type Batch = readonly Queued[];

/** One sender; never throws. */
export class Sender {
  #settings: ExportSettings;
  readonly #transmitter: Transmitter;
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
  /** Ends an attempt under way, as {@link close} does. */
  readonly #cancels = new Set<() => void>();
  readonly #sleepers = new Set<() => void>();

  /**
   * `done` hears of each batch's end. `run` calls what makes requests, so that the caller can
   * switch tracing off around it. `warn` hears what is wrong with the disk.
   */
  constructor(
    settings: ExportSettings,
    done: (outcome: Outcome) => void,
    run: (work: () => void) => void = (work) => work(),
    warn: (message: string) => void = () => undefined,
  ) {
    this.#settings = settings;
    this.#transmitter = new Transmitter(settings.maxInFlight);
    this.#done = done;
    this.#run = run;
    this.#spill = settings.spill === undefined ? undefined : this.#openSpill(settings.spill, warn);
  }

  /** Sends elsewhere from now on; batches waiting for a retry go there too. */
  configure(settings: ExportSettings): void {
    this.#settings = settings;
    for (const wake of this.#sleepers) wake();
  }

  /** Queues a chunk; the byte limit is the caller's. */
  add(chunk: Chunk): void {
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

  /** Ends everything under way; what is left is dropped and counted, or on disk. */
  async close(): Promise<void> {
    this.#closed = true;
    this.drain();
    for (const cancel of this.#cancels) cancel();
    this.#transmitter.close();
    this.#spill?.close();
    await this.flush();
    this.#tellSafe();
  }

  #pump(): void {
    while (this.#underWay.size < this.#settings.maxInFlight && this.#queue.length > 0) {
      const batch = this.#take();
      this.#underWay.set(batch, undefined);
      this.#run(() => {
        void this.#deliver(batch);
      });
    }
  }

  #take(): Queued[] {
    const first = this.#queue[0]!;
    const batch: Queued[] = [];
    const rest: Queued[] = [];
    const most = this.#mostBytes(first.signal);
    let size = 0;
    for (const chunk of this.#queue) {
      const fits = batch.length === 0 || size + chunk.bytes.length <= most;
      if (chunk.signal === first.signal && fits) {
        batch.push(chunk);
        size += chunk.bytes.length;
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
    const deadline = performance.now() + RETRY_TOTAL_MILLIS;
    let lastFailures = 0;
    for (let attempt = 0; ; attempt++) {
      const result = await this.#attempt(batch);
      if (result === undefined) {
        const place = this.#underWay.get(batch);
        const message = 'the program ended before an answer came';
        this.#finish(batch, place ? keptOutcome(batch) : droppedOutcome(batch, 'exit', message));
        return;
      }
      if (result.kind === 'taken' || result.kind === 'refused') {
        this.#finish(batch, answeredOutcome(batch, result));
        return;
      }
      const retryMillis = result.kind === 'busy' ? result.retryMillis : undefined;
      if (this.#keepAll(batch, retryMillis)) {
        this.#finish(batch, keptOutcome(batch));
        return;
      }
      if (this.#draining && result.kind === 'failed') lastFailures++;
      const isNobody = result.kind === 'failed' && result.isNobody && lastFailures > 0;
      const millis = retryMillis ?? backoffMillis(attempt);
      if (isNobody || lastFailures === LAST_ATTEMPTS) {
        this.#finish(batch, droppedOutcome(batch, 'exit', result.message));
        return;
      }
      if (performance.now() + millis > deadline) {
        this.#finish(batch, droppedOutcome(batch, 'retries exhausted', result.message));
        return;
      }
      await this.#sleep(millis);
    }
  }

  /** `undefined` when the sender was closed before an answer came. */
  #attempt(batch: Batch): Promise<Attempt | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const cancel = (): void => resolve(undefined);
      this.#cancels.add(cancel);
      const pieces = batch.map((chunk) => chunk.bytes);
      void this.#transmit(batch[0]!.signal, pieces)
        .then(resolve)
        .finally(() => this.#cancels.delete(cancel));
    });
  }

  #transmit(signal: Signal, pieces: readonly Uint8Array[]): Promise<Attempt> {
    const destination = this.#settings.destinations[signal];
    if (destination !== undefined) return this.#transmitter.transmit(signal, destination, pieces);
    return Promise.resolve({ kind: 'refused', message: `exports of ${signal} are switched off` });
  }

  #openSpill(settings: SpillSettings, warn: (message: string) => void): SpillQueue {
    return new SpillQueue(settings, {
      deliver: (signal, body) =>
        new Promise((resolve) => {
          this.#run(() => {
            void this.#transmit(signal, [body]).then(resolve);
          });
        }),
      maxExportBytes: (signal) => this.#mostBytes(signal),
      pause: (retryMillis, attempt) => this.#sleep(retryMillis ?? backoffMillis(attempt)),
      changed: (change) => this.#done({ ...change, heldBytes: 0, chunkCount: 0 }),
      warn,
    });
  }

  #keepChunk({ signal, bytes, recordCount }: Chunk): boolean {
    return this.#spill?.keep(signal, [bytes], recordCount, false) !== undefined;
  }

  /** The backend is away: puts all there is on disk. True when `batch` is there. */
  #keepAll(batch: Batch, retryMillis: number | undefined): boolean {
    this.#spill?.away(retryMillis);
    this.#secure();
    return this.#underWay.get(batch) !== undefined;
  }

  /** Puts on disk what is under way, oldest first, and moves there what waits. */
  #secure(): void {
    const spill = this.#spill;
    if (spill === undefined) return;
    for (const [batch, place] of this.#underWay) {
      if (place !== undefined) continue;
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

  /** The spill has its turn when no other request is under way: no record is sent by both. */
  #sendSpilled(): void {
    if (this.#spill === undefined || this.#underWay.size > 0) return;
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
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, millis);
      timer.unref();
      this.#sleepers.add(wake);
    });
  }

  #finish(batch: Batch, outcome: Outcome): void {
    const place = this.#underWay.get(batch);
    this.#underWay.delete(batch);
    if (place !== undefined && outcome.spilled === 0) this.#spill?.finish(place);
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

/** The wait before attempt `attempt` + 2: 1 s doubling to 5 s, with ±20 % of jitter. */
function backoffMillis(attempt: number): number {
  const base = Math.min(RETRY_FIRST_MILLIS * 2 ** attempt, RETRY_LAST_MILLIS);
  return base * (0.8 + Math.random() * 0.4);
}

function answeredOutcome(
  batch: Batch,
  result: Extract<Attempt, { kind: 'taken' | 'refused' }>,
): Outcome {
  if (result.kind === 'refused') return droppedOutcome(batch, 'refused', result.message);
  const outcome = emptyOutcome(batch);
  const dropped = Math.min(result.rejected, recordsOf(batch));
  return {
    ...outcome,
    sent: recordsOf(batch) - dropped,
    dropped,
    reason: dropped > 0 ? 'refused' : undefined,
    message: result.message,
  };
}

function droppedOutcome(batch: Batch, reason: DropReason, message: string): Outcome {
  return { ...emptyOutcome(batch), dropped: recordsOf(batch), reason, message };
}

function keptOutcome(batch: readonly Chunk[]): Outcome {
  return { ...emptyOutcome(batch), spilled: recordsOf(batch) };
}

function emptyOutcome(batch: readonly Chunk[]): Outcome {
  let heldBytes = 0;
  for (const chunk of batch) heldBytes += chunk.heldBytes;
  return {
    signal: batch[0]!.signal,
    sent: 0,
    dropped: 0,
    reason: undefined,
    message: undefined,
    spilled: 0,
    heldBytes,
    chunkCount: batch.length,
  };
}

function recordsOf(batch: readonly Chunk[]): number {
  let count = 0;
  for (const chunk of batch) count += chunk.recordCount;
  return count;
}
