/**
 * Posts chunks: several requests in flight, small chunks of one signal joined into one body,
 * retries as OTLP says. Runs in the sender thread or, the same code, in the program's own.
 *
 *     add ──► queue ──► take (join up to maxExportBytes) ──► post ──► done | retry | dropped
 */
import {
  LAST_ATTEMPTS,
  LAST_PAUSE_MILLIS,
  RETRY_FIRST_MILLIS,
  RETRY_LAST_MILLIS,
  RETRY_TOTAL_MILLIS,
} from '../common/limits.js';
import type { Delivery } from './delivery.js';
import type { DropReason } from './exporter.js';
import type { GrpcConnections } from './grpc-connection.js';
import { createAgents, destroyAgents, post } from './post.js';
import type { Agents } from './post.js';
import type { Destination, ExportSettings } from './settings.js';
import type { Signal } from './signal.js';

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
  readonly heldBytes: number;
  readonly chunkCount: number;
}

interface Waiter {
  readonly lastNumber: number;
  remaining: number;
  readonly resolve: () => void;
}

type Queued = Chunk & { readonly number: number };
type Verdict =
  | {
      readonly retryMillis: number | undefined;
      readonly message: string;
      /** The network failed: nobody answered, and `nobody` will at this address. */
      readonly failure?: 'nobody' | 'other';
    }
  | { readonly outcome: Outcome };

/** One sender; never throws. */
export class Sender {
  #settings: ExportSettings;
  #agents: Agents;
  #grpc: GrpcConnections | undefined;
  readonly #done: (outcome: Outcome) => void;
  readonly #run: (work: () => void) => void;
  #queue: Queued[] = [];
  #inFlight = 0;
  #added = 0;
  #pending = 0;
  #waiters: Waiter[] = [];
  #draining = false;
  #closed = false;
  /** Ends an attempt under way, as {@link close} does. */
  readonly #cancels = new Set<() => void>();
  readonly #sleepers = new Set<() => void>();

  /**
   * `done` hears of each batch's end. `run` calls what makes requests, so that the caller can
   * switch tracing off around it.
   */
  constructor(
    settings: ExportSettings,
    done: (outcome: Outcome) => void,
    run: (work: () => void) => void = (work) => work(),
  ) {
    this.#settings = settings;
    this.#agents = createAgents(settings.maxInFlight);
    this.#done = done;
    this.#run = run;
  }

  /** Sends elsewhere from now on; batches waiting for a retry go there too. */
  configure(settings: ExportSettings): void {
    this.#settings = settings;
    for (const wake of this.#sleepers) wake();
  }

  /** Queues a chunk; the byte limit is the caller's. */
  add(chunk: Chunk): void {
    this.#draining = false;
    this.#pending++;
    this.#queue.push({ ...chunk, number: ++this.#added });
    this.#pump();
  }

  /**
   * Resolves when all that was added before is done. With `last`, what cannot be delivered now
   * because nobody answers is given up instead of tried again: the program wants to end.
   */
  flush(last: boolean = false): Promise<void> {
    if (last) this.drain();
    if (this.#pending === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ lastNumber: this.#added, remaining: this.#pending, resolve });
    });
  }

  /**
   * From now until the next chunk, a refused connection is final, so is the third failure of
   * another kind, and waits are cut short.
   */
  drain(): void {
    this.#draining = true;
    for (const wake of this.#sleepers) wake();
  }

  /** Ends everything under way; what is left is dropped and counted when this resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    this.drain();
    for (const cancel of this.#cancels) cancel();
    destroyAgents(this.#agents);
    this.#grpc?.destroy();
    await this.flush();
  }

  #pump(): void {
    while (this.#inFlight < this.#settings.maxInFlight && this.#queue.length > 0) {
      const batch = this.#take();
      this.#inFlight++;
      this.#run(() => {
        void this.#deliver(batch);
      });
    }
  }

  #take(): Queued[] {
    const first = this.#queue[0]!;
    const batch: Queued[] = [];
    const rest: Queued[] = [];
    let size = 0;
    for (const chunk of this.#queue) {
      const fits = batch.length === 0 || size + chunk.bytes.length <= this.#settings.maxExportBytes;
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

  async #deliver(batch: readonly Queued[]): Promise<void> {
    const deadline = performance.now() + RETRY_TOTAL_MILLIS;
    let outcome: Outcome | undefined;
    let lastFailures = 0;
    for (let attempt = 0; outcome === undefined; attempt++) {
      const verdict = await this.#attemptUnlessClosed(batch);
      if ('outcome' in verdict) {
        outcome = verdict.outcome;
        break;
      }
      if (this.#draining && verdict.failure !== undefined) lastFailures++;
      const millis = verdict.retryMillis ?? backoffMillis(attempt);
      if (verdict.failure === 'nobody' && lastFailures > 0) {
        outcome = dropped(batch, 'exit', verdict.message);
      } else if (lastFailures === LAST_ATTEMPTS) {
        outcome = dropped(batch, 'exit', verdict.message);
      } else if (performance.now() + millis > deadline) {
        outcome = dropped(batch, 'retries exhausted', verdict.message);
      } else {
        await this.#sleep(millis);
      }
    }
    this.#finish(batch, outcome);
  }

  #attemptUnlessClosed(batch: readonly Queued[]): Promise<Verdict> {
    const ended = { outcome: dropped(batch, 'exit', 'the program ended before an answer came') };
    if (this.#closed) return Promise.resolve(ended);
    return new Promise((resolve) => {
      const cancel = (): void => resolve(ended);
      this.#cancels.add(cancel);
      void this.#attempt(batch).then((verdict) => {
        this.#cancels.delete(cancel);
        resolve(verdict);
      });
    });
  }

  async #attempt(batch: readonly Queued[]): Promise<Verdict> {
    const signal = batch[0]!.signal;
    const destination = this.#settings.destinations[signal];
    if (destination === undefined) return { outcome: dropped(batch, 'refused', undefined) };
    try {
      const pieces = batch.map((chunk) => chunk.bytes);
      return judge(batch, await this.#post(signal, destination, pieces));
    } catch (error: unknown) {
      const message = `${destination.url}: ${error instanceof Error ? error.message : 'failed'}`;
      const isNobody = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
      return { retryMillis: undefined, message, failure: isNobody ? 'nobody' : 'other' };
    }
  }

  /** What HTTP with protobuf does not need is loaded when it is asked for. */
  async #post(
    signal: Signal,
    destination: Destination,
    pieces: readonly Uint8Array[],
  ): Promise<Delivery> {
    switch (destination.protocol) {
      case 'http/protobuf':
        return post(this.#agents, destination, pieces);
      case 'http/json': {
        const { toJsonBody } = await import('./json-body.js');
        return post(this.#agents, destination, [toJsonBody(signal, pieces)]);
      }
      case 'grpc': {
        const { grpcPost } = await import('./grpc-post.js');
        const connection = await import('./grpc-connection.js');
        this.#grpc ??= new connection.GrpcConnections();
        return grpcPost(this.#grpc, destination, pieces);
      }
    }
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

  #finish(batch: readonly Queued[], outcome: Outcome): void {
    this.#inFlight--;
    this.#pending -= batch.length;
    this.#done(outcome);
    for (const waiter of this.#waiters) {
      for (const chunk of batch) if (chunk.number <= waiter.lastNumber) waiter.remaining--;
      if (waiter.remaining === 0) waiter.resolve();
    }
    this.#waiters = this.#waiters.filter((waiter) => waiter.remaining > 0);
    this.#pump();
  }
}

function judge(batch: readonly Queued[], delivery: Delivery): Verdict {
  switch (delivery.kind) {
    case 'taken': {
      const { rejected, message } = delivery;
      return { outcome: outcomeOf(batch, rejected, rejected > 0 ? 'refused' : undefined, message) };
    }
    case 'busy':
      return delivery;
    case 'refused':
      return { outcome: dropped(batch, 'refused', delivery.message) };
  }
}

/** The wait before attempt `attempt` + 2: 1 s doubling to 5 s, with ±20 % of jitter. */
function backoffMillis(attempt: number): number {
  const base = Math.min(RETRY_FIRST_MILLIS * 2 ** attempt, RETRY_LAST_MILLIS);
  return base * (0.8 + Math.random() * 0.4);
}

function dropped(
  batch: readonly Queued[],
  reason: DropReason,
  message: string | undefined,
): Outcome {
  return outcomeOf(batch, Number.POSITIVE_INFINITY, reason, message);
}

function outcomeOf(
  batch: readonly Queued[],
  rejected: number,
  reason: DropReason | undefined,
  message: string | undefined,
): Outcome {
  let recordCount = 0;
  let heldBytes = 0;
  for (const chunk of batch) {
    recordCount += chunk.recordCount;
    heldBytes += chunk.heldBytes;
  }
  const droppedCount = Math.min(rejected, recordCount);
  return {
    signal: batch[0]!.signal,
    sent: recordCount - droppedCount,
    dropped: droppedCount,
    reason,
    message,
    heldBytes,
    chunkCount: batch.length,
  };
}
