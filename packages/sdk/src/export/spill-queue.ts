/**
 * The sender's side of the spill: keeps what cannot be delivered now, and sends it, oldest first
 * and one body at a time, as soon as the backend answers again.
 */
import { SPILL_ROUND_MILLIS } from '../common/limits.js';
import type { Delivery } from './delivery.js';
import type { DropReason } from './exporter.js';
import type { Signal } from './signal.js';
import { Spill } from './spill.js';
import type { Counts, SpillPlace, SpillSettings } from './spill.js';
import type { Attempt } from './transmitter.js';

/** What happened to records on disk. `spilled` is how many more or fewer are there now. */
export interface SpillChange {
  readonly signal: Signal;
  readonly sent: number;
  readonly dropped: number;
  readonly reason: DropReason | undefined;
  readonly message: string | undefined;
  readonly spilled: number;
}

/** What the queue needs of its sender. */
export interface SpillHooks {
  deliver(signal: Signal, body: Uint8Array): Promise<Attempt>;
  maxExportBytes(signal: Signal): number;
  /** The wait before the next attempt; may be cut short. */
  pause(retryMillis: number | undefined, attempt: number): Promise<void>;
  changed(change: SpillChange): void;
  warn(message: string): void;
}

const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs'];

/** One sender's spill; never throws: a disk that fails is as good as none. */
export class SpillQueue {
  readonly #hooks: SpillHooks;
  readonly #spill: Spill;
  readonly #timer: NodeJS.Timeout;
  #isAway = false;
  #retryMillis: number | undefined;
  #isRunning = false;
  #isClosed = false;
  #idlers: (() => void)[] = [];

  /** Adopts at once what processes left that are gone. */
  constructor(settings: SpillSettings, hooks: SpillHooks) {
    this.#hooks = hooks;
    this.#spill = new Spill(settings, (counts) => this.#dropped(counts));
    this.#timer = setInterval(() => this.#round(), SPILL_ROUND_MILLIS);
    this.#timer.unref();
    this.#adopt();
  }

  /** True while the backend is away or something waits: then new records go behind it. */
  get isActive(): boolean {
    return this.#isAway || !this.#spill.isEmpty;
  }

  /** Puts records on disk; `undefined` when the disk did not take them. */
  keep(
    signal: Signal,
    pieces: readonly Uint8Array[],
    recordCount: number,
    wasAttempted: boolean,
  ): SpillPlace | undefined {
    try {
      return this.#spill.append(signal, pieces, recordCount, wasAttempted);
    } catch (error: unknown) {
      this.#warn('cannot spill', error);
      return undefined;
    }
  }

  /** To be called when records that were kept have been answered after all. */
  finish(place: SpillPlace): void {
    try {
      this.#spill.finish(place);
    } catch (error: unknown) {
      this.#warn('cannot mark what was sent', error);
    }
  }

  /** Says that the backend does not take records now; `retryMillis` is what it asked for. */
  away(retryMillis: number | undefined): void {
    this.#isAway = true;
    this.#retryMillis = retryMillis;
  }

  /** Sends what waits until nothing does; for when no other request is under way. */
  run(): void {
    if (this.#isRunning || this.#isClosed) return;
    this.#isRunning = true;
    void this.#sendAll().finally(() => {
      this.#isRunning = false;
      this.#tellIdlers();
    });
  }

  /** Resolves when nothing waits, or when what waits is safe on disk with nobody to send it to. */
  whenIdle(): Promise<void> {
    if (!this.#isRunning || this.#isAway) return Promise.resolve();
    return new Promise((resolve) => this.#idlers.push(resolve));
  }

  /** Leaves what waits to the next process. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#tellIdlers();
    try {
      this.#spill.close();
    } catch (error: unknown) {
      this.#warn('cannot close the spill', error);
    }
  }

  async #sendAll(): Promise<void> {
    for (let attempt = 0; !this.#isClosed;) {
      const batch = this.#next();
      if (batch === undefined) {
        this.#isAway = false;
        return;
      }
      const { place, body } = batch;
      const result = await this.#hooks.deliver(place.signal, body);
      if (this.#isClosed) return;
      if (result.kind === 'busy' || result.kind === 'failed') {
        this.away(result.kind === 'busy' ? result.retryMillis : undefined);
        this.#tellIdlers();
        await this.#hooks.pause(this.#retryMillis, attempt++);
        continue;
      }
      attempt = 0;
      this.#isAway = false;
      this.finish(place);
      this.#hooks.changed(changeOf(place, result));
    }
  }

  #next(): { place: SpillPlace; body: Uint8Array } | undefined {
    try {
      return this.#spill.next((signal) => this.#hooks.maxExportBytes(signal));
    } catch (error: unknown) {
      this.#warn('cannot read the spill', error);
      return undefined;
    }
  }

  #round(): void {
    try {
      this.#spill.keepAlive();
    } catch (error: unknown) {
      this.#warn('cannot keep the spill', error);
    }
    this.#adopt();
  }

  #adopt(): void {
    try {
      this.#count(this.#spill.adopt(), 1, undefined);
    } catch (error: unknown) {
      this.#warn('cannot adopt a spill', error);
    }
    if (!this.#spill.isEmpty) this.run();
  }

  #dropped(counts: Counts): void {
    this.#count(counts, -1, 'spill full');
  }

  #count(counts: Counts, sign: 1 | -1, reason: DropReason | undefined): void {
    for (const signal of SIGNALS) {
      const count = counts[signal];
      if (count === 0) continue;
      const dropped = reason === undefined ? 0 : count;
      const message = undefined;
      this.#hooks.changed({ signal, sent: 0, dropped, reason, message, spilled: sign * count });
    }
  }

  #tellIdlers(): void {
    const idlers = this.#idlers;
    this.#idlers = [];
    for (const resolve of idlers) resolve();
  }

  #warn(what: string, error: unknown): void {
    this.#hooks.warn(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function changeOf(
  { signal, recordCount }: SpillPlace,
  result: Extract<Delivery, { kind: 'taken' | 'refused' }>,
): SpillChange {
  const rejected = result.kind === 'taken' ? Math.min(result.rejected, recordCount) : recordCount;
  return {
    signal,
    sent: recordCount - rejected,
    dropped: rejected,
    reason: rejected > 0 ? 'refused' : undefined,
    message: result.message,
    spilled: -recordCount,
  };
}
