/** The exporter: counts and bounds what waits, and hands it to a sender in a thread or in this. */
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { report } from '../common/diagnostics.js';
import { HOPE_MILLIS, SHUTDOWN_FLUSH_MILLIS, TAKEN_LATELY_MILLIS } from '../common/limits.js';
import type { DropReason, ExportProgress, ExportStats, Exporter } from './exporter.js';
import type { Chunk, Outcome } from './chunk.js';
import type * as SenderModule from './sender.js';
import { clockMillis } from './sender-protocol.js';
import { SenderThread } from './sender-thread.js';
import type { ExportSettings } from './settings.js';
import type { ExportOperation } from './sdk-counts.js';
import type { Signal } from './signal.js';
import { untraced } from './suppress.js';

const require: NodeJS.Require = createRequire(import.meta.url);
const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs'];

/** What a thread of requests offers: {@link Sender} in this thread, SenderThread in another. */
interface Transport {
  add(chunk: Chunk): void;
  flush(last: boolean): Promise<void>;
  configure(settings: ExportSettings): void;
  /** For process 'exit': blocks up to `millis`; false when it had to give something up. */
  finishNow(millis: number): boolean;
  close(): Promise<void> | void;
}

/** Bounded in bytes: past `maxQueueBytes` whole chunks are dropped and counted. */
export class OtlpExporter implements Exporter {
  #settings: ExportSettings;
  #transport: Transport | undefined;
  #thread: SenderThread | undefined;
  #mainBytes = 0;
  #mainTakenMillis = 0;
  /** When the transport was opened. */
  #startMillis = 0;
  #closed = false;
  /** Process 'exit' has waited in vain: all that comes now is lost. */
  #gaveUp = false;
  /** The senders that a spill had, so that the next one is their heir. */
  readonly #senders: string[] = [];
  readonly #sent: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  readonly #dropped: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  readonly #droppedBy: Partial<Record<DropReason, number>> = {};
  /** Handed over and neither answered, nor dropped, nor on disk. */
  readonly #waiting: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  readonly #accepted: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  readonly #failed: Record<Signal, Record<string, number>> = { traces: {}, metrics: {}, logs: {} };
  readonly #ended: (operation: ExportOperation) => void;
  readonly #spilled: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };

  /**
   * Connects to nothing and starts no thread before the first chunk. `ended` hears of each export
   * with its retries.
   */
  constructor(
    settings: ExportSettings,
    ended: (operation: ExportOperation) => void = () => undefined,
  ) {
    this.#settings = settings;
    this.#ended = ended;
  }

  enqueue(signal: Signal, chunk: Uint8Array, recordCount: number): void {
    if (this.#settings.destinations[signal] === undefined) return;
    if (this.#closed || this.#gaveUp) {
      this.#drop(signal, recordCount, this.#gaveUp ? 'exit' : 'shut down', undefined);
      return;
    }
    const heldBytes = chunk.buffer.byteLength;
    const mostRecords = this.#settings.maxQueueRecords[signal] ?? Number.POSITIVE_INFINITY;
    const isFull = this.#waiting[signal] + recordCount > mostRecords;
    if (isFull || !this.#hasRoomFor(heldBytes)) {
      this.#drop(signal, recordCount, 'queue full', 'the backend is slower than this program');
      return;
    }
    this.#accepted[signal] += recordCount;
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

  #hasRoomFor(bytes: number): boolean {
    const total = this.#heldBytes() + bytes;
    const { maxQueueBytes, burstQueueBytes } = this.#settings;
    if (total <= maxQueueBytes) return true;
    return total <= burstQueueBytes && this.#isTaking();
  }

  /** The backend takes records; or so it may, for a moment after the start. */
  #isTaking(): boolean {
    const taken = this.#thread?.takenMillis() ?? this.#mainTakenMillis;
    const [since, limit] =
      taken === 0 ? [this.#startMillis, HOPE_MILLIS] : [taken, TAKEN_LATELY_MILLIS];
    return ((clockMillis() - since) | 0) < limit;
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
    this.#dropWaiting([], 'exit', 'the sender thread did not end in time');
  }

  configure(settings: ExportSettings): void {
    this.#settings = settings;
    this.#transport?.configure(settings);
  }

  /**
   * For process 'exit', where no event can arrive any more: waits up to `waitMillis` for the
   * sender thread. Without a thread what is left goes to the spill, or is lost. The counts are
   * complete afterwards.
   */
  finishNow(waitMillis: number): void {
    if (this.#transport === undefined || this.#gaveUp) return;
    if (this.#transport.finishNow(waitMillis)) return;
    const left = this.#thread?.takeBack() ?? [];
    if (left.length > 0) {
      // What a thread that is too slow to start never got can still go to the disk.
      this.#fall(left, 'the thread did not start in time');
      this.#transport.finishNow(0);
      return;
    }
    this.#dropWaiting([], 'exit', 'the sender thread did not end in time');
    this.#gaveUp = true;
  }

  stats(): ExportStats {
    return {
      sent: { ...this.#sent },
      dropped: { ...this.#dropped },
      droppedBy: { ...this.#droppedBy },
      ...(this.#settings.spill === undefined ? {} : { spilled: { ...this.#spilled } }),
    };
  }

  progress(): ExportProgress {
    return {
      accepted: { ...this.#accepted },
      waiting: { ...this.#waiting },
      failed: structuredClone(this.#failed),
    };
  }

  #open(): Transport {
    if (this.#transport !== undefined) return this.#transport;
    this.#startMillis = clockMillis();
    if (this.#settings.transport !== 'main') {
      const settle = (outcome: Outcome): void => this.#settle(outcome);
      const failed = (left: readonly Chunk[], message: string): void => this.#fall(left, message);
      const warn = (message: string): void => report('warn', message);
      this.#thread = SenderThread.start(this.#ownSettings(), { settle, failed, warn });
    }
    this.#transport = this.#thread ?? this.#openMain();
    return this.#transport;
  }

  /** With a name for one more sender in the spill. */
  #ownSettings(): ExportSettings {
    const { spill } = this.#settings;
    if (spill === undefined) return this.#settings;
    const sender = randomBytes(6).toString('hex');
    const heirOf = [...this.#senders];
    this.#senders.push(sender);
    return { ...this.#settings, spill: { ...spill, sender, heirOf } };
  }

  #openMain(): Transport {
    // HTTP, TLS and compression take 10 ms to load: not in the thread that needs none of them.
    // By require, because process 'exit' cannot wait.
    const { Sender } = require('./sender.js') as typeof SenderModule;
    const sender = new Sender(
      this.#ownSettings(),
      (outcome) => {
        this.#mainBytes -= outcome.heldBytes;
        if (outcome.sent > 0) this.#mainTakenMillis = clockMillis();
        this.#settle(outcome);
      },
      { run: untraced, warn: (message) => report('warn', message) },
    );
    return {
      add: (chunk) => {
        this.#mainBytes += chunk.heldBytes;
        sender.add(chunk);
      },
      flush: (last) => sender.flush(last),
      configure: (settings) => sender.configure(settings),
      // No answer can come any more, but what is here can go to the disk.
      finishNow: () => {
        sender.abandon();
        return true;
      },
      close: () => sender.close(),
    };
  }

  /** The thread could not start or died: go on in this one with the chunks that it never got. */
  #fall(left: readonly Chunk[], message: string): void {
    if (this.#settings.transport === 'worker') report('warn', `sending without thread: ${message}`);
    this.#thread = undefined;
    // The heir counts again what it finds.
    for (const signal of SIGNALS) this.#spilled[signal] = 0;
    this.#transport = this.#openMain();
    this.#dropWaiting(left, 'sender died', message);
    for (const chunk of left) this.#transport.add(chunk);
  }

  /** Counts what the thread had and will not answer for. */
  #dropWaiting(left: readonly Chunk[], reason: DropReason, message: string): void {
    for (const signal of SIGNALS) {
      let kept = 0;
      for (const chunk of left) if (chunk.signal === signal) kept += chunk.recordCount;
      const lost = this.#waiting[signal] - kept;
      this.#waiting[signal] = kept;
      if (lost > 0) this.#drop(signal, lost, reason, message);
    }
  }

  #settle(outcome: Outcome): void {
    // An outcome without chunks is of records on disk.
    if (outcome.chunkCount > 0) {
      this.#waiting[outcome.signal] -= outcome.sent + outcome.dropped + outcome.spilled;
    }
    this.#sent[outcome.signal] += outcome.sent;
    this.#spilled[outcome.signal] += outcome.spilled;
    const { signal, reason, millis } = outcome;
    if (millis !== undefined && outcome.sent + outcome.dropped > 0) {
      const errorType = reason && errorTypeOf(reason, outcome.code);
      this.#ended({ signal, seconds: millis / 1000, errorType });
    }
    if (reason === undefined) return;
    this.#drop(signal, outcome.dropped, reason, outcome.message, outcome.code);
  }

  #drop(
    signal: Signal,
    count: number,
    reason: DropReason,
    message: string | undefined,
    code?: string,
  ): void {
    this.#dropped[signal] += count;
    const errorType = errorTypeOf(reason, code);
    this.#failed[signal][errorType] = (this.#failed[signal][errorType] ?? 0) + count;
    this.#droppedBy[reason] = (this.#droppedBy[reason] ?? 0) + count;
    const because = message === undefined ? '' : `: ${message}`;
    report('warn', `dropped ${count} records of ${signal} (${reason})${because}`);
  }
}

/** `error.type` as the conventions have it: what was said of the failure, else what it was. */
function errorTypeOf(reason: DropReason, code: string | undefined): string {
  if (reason === 'shut down') return 'already_shutdown';
  return code ?? (reason === 'refused' ? 'rejected' : reason.replace(' ', '_'));
}
