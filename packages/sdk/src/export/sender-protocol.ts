/** What the program's thread and the sender thread say to each other, and what they share. */
import type { MessagePort } from 'node:worker_threads';
import type { Chunk, Outcome } from './chunk.js';
import type { ExportSettings } from './settings.js';

/** What the sender thread is made with. */
export interface SenderData {
  readonly settings: ExportSettings;
  /** Int32 cells, see below. */
  readonly shared: SharedArrayBuffer;
  /** Takes {@link FromSender}: a port of its own, because it can be read without an event loop. */
  readonly answers: MessagePort;
}

/** Cell of the bytes that wait or are under way. The program adds, the thread subtracts. */
export const CELL_BYTES = 0;
/** Cell of the chunks that wait or are under way; process 'exit' waits for it to become 0. */
export const CELL_CHUNKS = 1;
/** Cell of when the backend last took records, by {@link clockMillis}. */
export const CELL_TAKEN = 2;
/** All cells. */
export const CELLS = 3;

/** Milliseconds that all threads of a process agree on; 32 bits, so that differences count. */
export function clockMillis(): number {
  return Math.floor(performance.timeOrigin + performance.now()) | 0;
}

/** To the sender thread. A chunk's memory is transferred along. */
export type ToSender =
  | { readonly kind: 'chunk'; readonly chunk: Chunk }
  | { readonly kind: 'flush'; readonly id: number; readonly last: boolean }
  | { readonly kind: 'drain' }
  | { readonly kind: 'abandon' }
  | { readonly kind: 'configure'; readonly settings: ExportSettings }
  | { readonly kind: 'close' };

/** From the sender thread. */
export type FromSender =
  | { readonly kind: 'ready' }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  | { readonly kind: 'flushed'; readonly id: number }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'closed' };
