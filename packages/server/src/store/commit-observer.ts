import type { CommitNotice } from './commit.js';

/** What /status hears of commits. */
export interface CommitObserver {
  /** A group is in the tables; `millis` from its first byte to the redo log until readable. */
  committed(group: { readonly millis: number; readonly notice: CommitNotice }): void;
  /** A request was answered `millis` after it was handed in. */
  answered(millis: number): void;
  /** Rows that were refused after the request had been decoded, or lost at recovery. */
  dropped(reason: string, rows: number): void;
  /** Something failed that is retried or concerns a listener. */
  trouble(message: string): void;
}
