/**
 * The program's end of the sender thread. Chunks go over by transfer once the thread has said that
 * it is ready; until then they are kept here, so that a thread that cannot start loses nothing.
 */
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { ABANDON_WAIT_MILLIS, CLOSE_WAIT_MILLIS, START_POLL_MILLIS } from '../common/limits.js';
import type { Chunk, Outcome } from './chunk.js';
import { CELLS, CELL_BYTES, CELL_CHUNKS, CELL_TAKEN } from './sender-protocol.js';
import type { FromSender, SenderData, ToSender } from './sender-protocol.js';
import type { ExportSettings } from './settings.js';

/** Who hears what the thread says. */
export interface SenderThreadHooks {
  settle(outcome: Outcome): void;
  /** The thread could not start or died; `left` is what it never got. */
  failed(left: readonly Chunk[], message: string): void;
  warn(message: string): void;
}

/** A sender in a thread of its own, which does not keep the program alive. */
export class SenderThread {
  readonly #worker: Worker;
  readonly #answers: MessagePort;
  readonly #cells: Int32Array;
  readonly #hooks: SenderThreadHooks;
  #kept: Chunk[] | undefined = [];
  readonly #keptFlushes: ToSender[] = [];
  #flushId = 0;
  readonly #flushes = new Map<number, () => void>();
  #isOver = false;
  #closed: (() => void) | undefined;
  #fault: string | undefined;

  /** Starts the thread; `undefined` where threads are not allowed. */
  static start(
    settings: ExportSettings,
    hooks: SenderThreadHooks,
    program: URL = new URL('./sender-worker.js', import.meta.url),
  ): SenderThread | undefined {
    try {
      const shared = new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT);
      const { port1, port2 } = new MessageChannel();
      const data: SenderData = { settings, shared, answers: port2 };
      const worker = new Worker(program, {
        name: 'codomyrmex-telemetry-sender',
        workerData: data,
        transferList: [port2],
        // Neither loaders nor --import: the thread must not instrument itself.
        execArgv: [],
        env: {},
        resourceLimits: { maxYoungGenerationSizeMb: 16 },
      });
      return new SenderThread(worker, port1, shared, hooks);
    } catch {
      // The permission model or the platform forbids threads; the caller sends from this one.
      return undefined;
    }
  }

  private constructor(
    worker: Worker,
    answers: MessagePort,
    shared: SharedArrayBuffer,
    hooks: SenderThreadHooks,
  ) {
    this.#worker = worker;
    this.#answers = answers;
    this.#cells = new Int32Array(shared);
    this.#hooks = hooks;
    answers.on('message', (message: FromSender) => this.#hear(message));
    worker.on('error', (error: Error) => {
      this.#fault = error.message;
    });
    worker.on('exit', (code) => this.#end(this.#fault ?? `the sender thread ended with ${code}`));
    // After the listeners: adding one makes the thread count again.
    answers.unref();
    worker.unref();
  }

  /** Bytes that wait or are under way, as of now: the thread counts down in shared memory. */
  heldBytes(): number {
    return Atomics.load(this.#cells, CELL_BYTES);
  }

  /** When the backend last took records, by the protocol's clock; 0: never. */
  takenMillis(): number {
    return Atomics.load(this.#cells, CELL_TAKEN);
  }

  add(chunk: Chunk): void {
    Atomics.add(this.#cells, CELL_BYTES, chunk.heldBytes);
    Atomics.add(this.#cells, CELL_CHUNKS, 1);
    if (this.#kept === undefined) this.#post(chunk);
    else this.#kept.push(chunk);
  }

  flush(last: boolean): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    const id = ++this.#flushId;
    return new Promise((resolve) => {
      this.#flushes.set(id, resolve);
      const message: ToSender = { kind: 'flush', id, last };
      // Not before the thread is ready: it may yet turn out that it cannot start.
      if (this.#kept === undefined) this.#tell(message);
      else this.#keptFlushes.push(message);
    });
  }

  configure(settings: ExportSettings): void {
    this.#tell({ kind: 'configure', settings });
  }

  /** Ends the thread; what it had left has been counted when this resolves. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#handOver();
    await new Promise<void>((resolve) => {
      // Not unref'd: it keeps the program alive until the thread has counted what it drops.
      const timer = setTimeout(resolve, CLOSE_WAIT_MILLIS);
      this.#closed = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#tell({ kind: 'close' });
    });
    this.#isOver = true;
    this.#hearAll();
    this.#answers.close();
    void this.#worker.terminate();
  }

  /**
   * Blocks up to `millis` until the thread has nothing left, and a moment longer while it counts
   * what it drops. What it says is heard before this returns. False when it had to drop something.
   */
  finishNow(millis: number): boolean {
    if (this.#isOver) return true;
    const deadline = performance.now() + millis;
    if (!this.#awaitStart(deadline)) return false;
    this.#tell({ kind: 'drain' });
    const isDone = this.#wait(deadline - performance.now());
    if (!isDone) {
      this.#tell({ kind: 'abandon' });
      this.#wait(ABANDON_WAIT_MILLIS);
    }
    this.#hearAll();
    return isDone;
  }

  /** What a thread that has not started never got; it gets nothing any more. */
  takeBack(): readonly Chunk[] {
    const left = this.#kept ?? [];
    if (this.#kept === undefined) return left;
    this.#isOver = true;
    this.#kept = undefined;
    void this.#worker.terminate();
    return left;
  }

  /** Blocks until the thread has started; false when it has not in time. */
  #awaitStart(deadline: number): boolean {
    if (this.#kept?.length === 0) return true;
    for (;;) {
      this.#hearAll();
      const remaining = deadline - performance.now();
      if (this.#kept === undefined || remaining <= 0) return this.#kept === undefined;
      // Nothing changes this cell meanwhile: a nap.
      const chunks = Atomics.load(this.#cells, CELL_CHUNKS);
      Atomics.wait(this.#cells, CELL_CHUNKS, chunks, Math.min(remaining, START_POLL_MILLIS));
    }
  }

  #wait(millis: number): boolean {
    const deadline = performance.now() + millis;
    for (;;) {
      const left = Atomics.load(this.#cells, CELL_CHUNKS);
      const remaining = deadline - performance.now();
      if (left <= 0 || remaining <= 0) return left <= 0;
      Atomics.wait(this.#cells, CELL_CHUNKS, left, remaining);
    }
  }

  /** What the thread has said and the event loop has not brought yet. */
  #hearAll(): void {
    for (;;) {
      const next = receiveMessageOnPort(this.#answers);
      if (next === undefined) return;
      this.#hear(next.message as FromSender);
    }
  }

  #hear(message: FromSender): void {
    switch (message.kind) {
      case 'ready':
        this.#handOver();
        break;
      case 'outcome':
        this.#hooks.settle(message.outcome);
        break;
      case 'flushed':
        this.#flushes.get(message.id)?.();
        this.#flushes.delete(message.id);
        break;
      case 'warning':
        this.#hooks.warn(message.message);
        break;
      case 'closed':
        this.#closed?.();
        break;
    }
  }

  /** Gives the thread what was kept; from now on chunks go straight over. */
  #handOver(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const chunk of kept) this.#post(chunk);
    for (const message of this.#keptFlushes.splice(0)) this.#tell(message);
  }

  #post(chunk: Chunk): void {
    const message: ToSender = { kind: 'chunk', chunk };
    this.#worker.postMessage(message, [chunk.bytes.buffer as ArrayBuffer]);
  }

  #tell(message: ToSender): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
    this.#worker.postMessage(message);
  }

  #end(message: string): void {
    if (this.#isOver) return;
    this.#hearAll();
    this.#isOver = true;
    this.#answers.close();
    const left = this.#kept ?? [];
    this.#kept = undefined;
    this.#hooks.failed(left, message);
    for (const resolve of this.#flushes.values()) resolve();
    this.#flushes.clear();
    this.#closed?.();
  }
}
