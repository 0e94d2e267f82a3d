/** The exporter: counts and bounds what waits, and hands it to a sender in a thread or in this. */
import { report } from '../common/diagnostics.js';
import { SHUTDOWN_FLUSH_MILLIS } from '../common/limits.js';
import type { DropReason, ExportStats, Exporter } from './exporter.js';
import { Sender } from './sender.js';
import type { Chunk, Outcome } from './sender.js';
import { SenderThread } from './sender-thread.js';
import type { ExportSettings } from './settings.js';
import type { Signal } from './signal.js';
import { untraced } from './suppress.js';

const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs'];

/** What a thread of requests offers: {@link Sender} in this thread, SenderThread in another. */
interface Transport {
  add(chunk: Chunk): void;
  flush(last: boolean): Promise<void>;
  configure(settings: ExportSettings): void;
  /** For process 'exit': blocks up to `millis`. */
  finishNow(millis: number): void;
  close(): Promise<void>;
}

/** Sends by OTLP/HTTP. Bounded in bytes: past `maxQueueBytes` whole chunks are dropped, counted. */
export class OtlpExporter implements Exporter {
  #settings: ExportSettings;
  #transport: Transport | undefined;
  #thread: SenderThread | undefined;
  #mainBytes = 0;
  #closed = false;
  readonly #sent: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  readonly #dropped: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  readonly #droppedBy: Partial<Record<DropReason, number>> = {};
  /** Handed over and neither answered, nor dropped, nor on disk. */
  readonly #waiting: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  readonly #spilled: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };

  /** Connects to nothing and starts no thread before the first chunk. */
  constructor(settings: ExportSettings) {
    this.#settings = settings;
  }

  enqueue(signal: Signal, chunk: Uint8Array, recordCount: number): void {
    if (this.#settings.destinations[signal] === undefined) return;
    if (this.#closed) {
      this.#drop(signal, recordCount, 'shut down', undefined);
      return;
    }
    const heldBytes = chunk.buffer.byteLength;
    const waiting = this.#heldBytes();
    if (waiting + heldBytes > this.#settings.maxQueueBytes) {
      this.#drop(signal, recordCount, 'queue full', 'the backend is slower than this program');
      return;
    }
    this.#waiting[signal] += recordCount;
    this.#open().add({ signal, bytes: chunk, recordCount, heldBytes });
  }

  async flush(last: boolean = false): Promise<void> {
    const transport = this.#transport;
    await transport?.flush(last);
    // The thread may have failed in between; what it never got is with the other transport now.
    if (this.#transport !== transport) await this.#transport?.flush(last);
  }

  hasUnsent(): boolean {
    return this.#heldBytes() > 0;
  }

  #heldBytes(): number {
    return this.#thread?.heldBytes() ?? this.#mainBytes;
  }

  async shutdown(): Promise<void> {
    this.#closed = true;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SHUTDOWN_FLUSH_MILLIS);
    });
    await Promise.race([this.flush(true), limit]);
    clearTimeout(timer);
    await this.#transport?.close();
    // A thread that was too busy to say what it dropped.
    this.#dropWaiting([], 'the sender thread did not end in time');
  }

  configure(settings: ExportSettings): void {
    this.#settings = settings;
    this.#transport?.configure(settings);
  }

  /**
   * For process 'exit', where no event can arrive any more: waits up to `waitMillis` for the
   * sender thread. Without a thread what is left goes to the spill, or is lost.
   */
  finishNow(waitMillis: number): void {
    this.#transport?.finishNow(waitMillis);
  }

  stats(): ExportStats {
    return {
      sent: { ...this.#sent },
      dropped: { ...this.#dropped },
      droppedBy: { ...this.#droppedBy },
      ...(this.#settings.spill === undefined ? {} : { spilled: { ...this.#spilled } }),
    };
  }

  #open(): Transport {
    if (this.#transport !== undefined) return this.#transport;
    if (this.#settings.transport !== 'main') {
      const settle = (outcome: Outcome): void => this.#settle(outcome);
      const failed = (left: readonly Chunk[], message: string): void => this.#fall(left, message);
      const warn = (message: string): void => report('warn', message);
      this.#thread = SenderThread.start(this.#settings, { settle, failed, warn });
    }
    this.#transport = this.#thread ?? this.#openMain();
    return this.#transport;
  }

  #openMain(): Transport {
    const sender = new Sender(
      this.#settings,
      (outcome) => {
        this.#mainBytes -= outcome.heldBytes;
        this.#settle(outcome);
      },
      untraced,
      (message) => report('warn', message),
    );
    return {
      add: (chunk) => {
        this.#mainBytes += chunk.heldBytes;
        sender.add(chunk);
      },
      flush: (last) => sender.flush(last),
      configure: (settings) => sender.configure(settings),
      // No answer can come any more, but what is here can go to the disk.
      finishNow: () => sender.drain(),
      close: () => sender.close(),
    };
  }

  /** The thread could not start or died: go on in this one with the chunks that it never got. */
  #fall(left: readonly Chunk[], message: string): void {
    if (this.#settings.transport === 'worker') report('warn', `sending without thread: ${message}`);
    this.#thread = undefined;
    this.#transport = this.#openMain();
    this.#dropWaiting(left, `the sender thread died: ${message}`);
    for (const chunk of left) this.#transport.add(chunk);
  }

  /** Counts what the thread had and will not answer for. */
  #dropWaiting(left: readonly Chunk[], message: string): void {
    for (const signal of SIGNALS) {
      let kept = 0;
      for (const chunk of left) if (chunk.signal === signal) kept += chunk.recordCount;
      const lost = this.#waiting[signal] - kept;
      this.#waiting[signal] = kept;
      if (lost > 0) this.#drop(signal, lost, 'exit', message);
    }
  }

  #settle(outcome: Outcome): void {
    // An outcome without chunks is of records on disk.
    if (outcome.chunkCount > 0) {
      this.#waiting[outcome.signal] -= outcome.sent + outcome.dropped + outcome.spilled;
    }
    this.#sent[outcome.signal] += outcome.sent;
    this.#spilled[outcome.signal] += outcome.spilled;
    if (outcome.reason === undefined) return;
    this.#drop(outcome.signal, outcome.dropped, outcome.reason, outcome.message);
  }

  #drop(signal: Signal, count: number, reason: DropReason, message: string | undefined): void {
    this.#dropped[signal] += count;
    this.#droppedBy[reason] = (this.#droppedBy[reason] ?? 0) + count;
    const because = message === undefined ? '' : `: ${message}`;
    report('warn', `dropped ${count} records of ${signal} (${reason})${because}`);
  }
}
