/** What goes through a sender, and what is said of its end. */
import type { DropReason } from './exporter.js';
import type { Signal } from './signal.js';

/** Some records on their way. */
export interface Chunk {
  readonly signal: Signal;
  readonly bytes: Uint8Array;
  /** 0 for what is no record: a view of spans that still run, a sign of life. */
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
  /** What the backend or the network said of it, where known: `error.type`. */
  readonly code?: string | undefined;
  /** From the first attempt to the end; absent where there was none. */
  readonly millis?: number;
  /** For a diagnostic line. */
  readonly message: string | undefined;
  /** How many more records are on disk now, or fewer. */
  readonly spilled: number;
  readonly heldBytes: number;
  /** 0: it tells of records on disk, not of chunks. */
  readonly chunkCount: number;
}

/** The backend took the batch, but for `rejected` records. */
export function takenOutcome(
  batch: readonly Chunk[],
  rejected: number,
  message: string | undefined,
): Outcome {
  const records = recordsOf(batch);
  const dropped = Math.min(rejected, records);
  const reason = dropped > 0 ? 'refused' : undefined;
  return { ...emptyOutcome(batch), sent: records - dropped, dropped, reason, message };
}

/** The batch is lost. */
export function droppedOutcome(
  batch: readonly Chunk[],
  reason: DropReason,
  message: string,
  code?: string,
): Outcome {
  return { ...emptyOutcome(batch), dropped: recordsOf(batch), reason, message, code };
}

/** The batch is on disk. */
export function keptOutcome(batch: readonly Chunk[]): Outcome {
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

/** The records of all chunks. */
export function recordsOf(batch: readonly Chunk[]): number {
  let count = 0;
  for (const chunk of batch) count += chunk.recordCount;
  return count;
}
