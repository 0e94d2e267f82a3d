import type { LiveData, LogRecord, LogsAnswer } from '@codomyrmex/telemetry-query';
import { batch, createSignal, type Accessor, type Setter } from 'solid-js';
import { nanosBetween } from '../base/time.js';
import { logTime } from '../layout/log-time.js';

/** Lines kept at most; the oldest go first. About 1 kB each. */
const MAX_LINES = 5000;

/** A record with the number it got here: records have no id of their own. */
export interface LogLine {
  readonly number: number;
  readonly log: LogRecord;
}

/** The loaded log lines, oldest first. While it is held, new lines wait, counted, at the end. */
export class LogsList {
  readonly #lines: Accessor<readonly LogLine[]>;
  readonly #setLines: Setter<readonly LogLine[]>;
  readonly #waiting: Accessor<readonly LogLine[]>;
  readonly #setWaiting: Setter<readonly LogLine[]>;
  readonly #complete: Accessor<boolean>;
  readonly #setComplete: Setter<boolean>;
  #next = 0;
  #held = false;

  constructor() {
    [this.#lines, this.#setLines] = createSignal<readonly LogLine[]>([]);
    [this.#waiting, this.#setWaiting] = createSignal<readonly LogLine[]>([]);
    [this.#complete, this.#setComplete] = createSignal(true);
  }

  /** The lines that show; tracks. */
  get lines(): readonly LogLine[] {
    return this.#lines();
  }

  /** How many wait; tracks. */
  get waiting(): number {
    return this.#waiting().length;
  }

  /** Whether these are all there are in the range; tracks. */
  get complete(): boolean {
    return this.#complete();
  }

  /** Replaces everything; `items` come newest first. */
  reset(data: LiveData['logs']): void {
    batch(() => {
      this.#setLines(this.#numbered(data.items).toSorted(later));
      this.#setWaiting([]);
      this.#setComplete(data.skipped === 0);
    });
  }

  /** New records, newest first. */
  append(data: LiveData['logs']): void {
    const fresh = this.#numbered(data.items);
    batch(() => {
      if (data.skipped > 0) this.#setComplete(false);
      if (this.#held) this.#setWaiting((before) => this.#limited(merged(before, fresh)));
      else this.#setLines((before) => this.#limited(merged(before, fresh)));
    });
  }

  /** An older page, newest first; returns how many lines came before the first. */
  prepend(answer: LogsAnswer): number {
    const first = this.#lines()[0];
    const older = this.#numbered(answer.items).filter(
      ({ log }) => first === undefined || nanosBetween(logTime(log), logTime(first.log)) < 0,
    );
    batch(() => {
      this.#setLines((before) => [...older, ...before]);
      this.#setComplete(answer.nextCursor === undefined);
    });
    return older.length;
  }

  /** Holds the list, or lets the waiting lines in. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held || this.#waiting().length === 0) return;
    batch(() => {
      this.#setLines((before) => this.#limited(merged(before, this.#waiting())));
      this.#setWaiting([]);
    });
  }

  #numbered(items: readonly LogRecord[]): LogLine[] {
    const lines: LogLine[] = [];
    for (let i = items.length - 1; i >= 0; i -= 1) {
      const log = items[i];
      if (log === undefined) continue;
      lines.push({ number: this.#next, log });
      this.#next += 1;
    }
    return lines;
  }

  #limited(lines: readonly LogLine[]): readonly LogLine[] {
    if (lines.length <= MAX_LINES) return lines;
    this.#setComplete(false);
    return lines.slice(lines.length - MAX_LINES);
  }
}

/**
 * Adds lines that are mostly newer than all that are there: batches of other programs may be some
 * seconds late, so the tail is sorted as far back as the earliest of them belongs.
 */
function merged(before: readonly LogLine[], fresh: readonly LogLine[]): readonly LogLine[] {
  const earliest = fresh.reduce<LogLine | undefined>(
    (first, line) => (first === undefined || later(first, line) > 0 ? line : first),
    undefined,
  );
  if (earliest === undefined) return before;
  let cut = before.length;
  while (cut > 0) {
    const line = before[cut - 1];
    if (line === undefined || later(line, earliest) <= 0) break;
    cut -= 1;
  }
  return [...before.slice(0, cut), ...[...before.slice(cut), ...fresh].toSorted(later)];
}

function later(a: LogLine, b: LogLine): number {
  return nanosBetween(logTime(a.log), logTime(b.log)) || a.number - b.number;
}
