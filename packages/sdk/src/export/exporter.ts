/** The one door out of the program, shared by all signals. */

import type { ExportSettings } from './settings.js';
import type { Signal } from './signal.js';

export type { Signal } from './signal.js';

/** Why records were dropped; counted by {@link Exporter.stats}. */
export type DropReason =
  | 'queue full'
  | 'refused'
  | 'retries exhausted'
  | 'exit'
  | 'shut down'
  | 'sender died'
  | 'spill full'
  | 'damaged';

/** What went out and what did not, in records. */
export interface ExportStats {
  readonly sent: Readonly<Record<Signal, number>>;
  readonly dropped: Readonly<Record<Signal, number>>;
  readonly droppedBy: Readonly<Partial<Record<DropReason, number>>>;
  /** On disk now, also what other processes left there; absent without a spill. */
  readonly spilled?: Readonly<Record<Signal, number>>;
}

/** Where records are between the program and the end of their export. */
export interface ExportProgress {
  /** Taken over by the exporter, whatever became of them. */
  readonly accepted: Readonly<Record<Signal, number>>;
  /** Taken over, and neither answered nor dropped nor on disk. */
  readonly waiting: Readonly<Record<Signal, number>>;
  /** Dropped, by `error.type`: queue_full, already_shutdown, a status, an error's code … */
  readonly failed: Readonly<Record<Signal, Readonly<Record<string, number>>>>;
}

/**
 * Takes encoded records and sends them on its own time, in bounded memory. Nothing here throws
 * or blocks.
 */
export interface Exporter {
  /** Records stay in this process: there is no backend to ask what it wants. */
  readonly isInProcess?: boolean;
  /**
   * Queues one chunk: a complete Export…ServiceRequest, to which others of its signal may be
   * appended (protobuf messages concatenate). The memory behind it, the whole ArrayBuffer,
   * becomes the exporter's: it may be transferred to another thread. Past the byte limit the
   * chunk is dropped and its `recordCount` counted.
   */
  enqueue(signal: Signal, chunk: Uint8Array, recordCount: number): void;
  /**
   * Resolves when all that was queued before has been answered or dropped; never rejects. With
   * `last` nothing is tried again when nobody listens: the program wants to end.
   */
  flush(last?: boolean): Promise<void>;
  /** Flushes and stops; later chunks are dropped and counted. */
  shutdown(): Promise<void>;
  /** Sends elsewhere or otherwise from now on, what is queued included. */
  configure?(settings: ExportSettings): void;
  /** True while chunks wait or are under way. */
  hasUnsent?(): boolean;
  /** For process 'exit': blocks up to `waitMillis` until all is sent. */
  finishNow?(waitMillis: number): void;
  /** Counts since the start. */
  stats(): ExportStats;
  /** More of them, for metrics of the SDK about itself. */
  progress?(): ExportProgress;
}
