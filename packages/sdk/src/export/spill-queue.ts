/**
 * The sender's side of the spill: keeps what cannot be delivered now, and sends it as soon as the
 * backend answers again, oldest first. While it is away one request asks for it; then several are
 * under way at once, of metrics one: some backends refuse points that are older than the last.
 */
import { SPILL_ROUND_MILLIS } from '../common/limits.js';
import type { Delivery } from './delivery.js';
import type { DropReason } from './exporter.js';
import type { Signal } from './signal.js';
import { Spill } from './spill.js';
import type { Counts } from './spill-segment.js';
import type { SpillBatch, SpillPlace, SpillSettings } from './spill.js';
import type { Surroundings } from './surroundings.js';
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
  /** True while one more request may be under way. */
  hasRoom(): boolean;
  maxExportBytes(signal: Signal): number;
  /** The wait before the next attempt; may be cut short. */
  pause(retryMillis: number | undefined, attempt: number): Promise<void>;
  changed(change: SpillChange): void;
  /** A request ended. */
  progressed(): void;
  warn(message: string): void;
}

const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs'];

/** One sender's spill; never throws: a disk that fails is as good as none. */
export class SpillQueue {
  readonly #hooks: SpillHooks;
  readonly #spill: Spill;
  #cancelRound: () => void = () => undefined;
  readonly #after: Surroundings['after'];
  readonly #flying = new Set<SpillBatch>();
  /** Attempted in vain or not yet allowed, oldest first; their bodies are in memory. */
  readonly #again: SpillBatch[] = [];
  #isAway = false;
  #retryMillis: number | undefined;
  #isPausing = false;
  #attempt = 0;
  #isClosed = false;
  #idlers: (() => void)[] = [];

  /** Adopts at once what processes left that are gone. */
  constructor(settings: SpillSettings, hooks: SpillHooks, surroundings: Surroundings) {
    this.#hooks = hooks;
    this.#after = surroundings.after;
    this.#spill = new Spill(
      settings,
      (counts, reason) => this.#count(counts, -1, reason),
      surroundings.disk,
    );
    this.#adopt();
    this.#scheduleRound();
  }

  /** True while the backend is away or something waits: then new records go behind it. */
  get isActive(): boolean {
    return this.#isAway || !this.#spill.isEmpty;
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#flying.size;
  }

  /**
   * Puts records on disk; `undefined` when the disk did not take them. With `isUnderWay` they are
   * not sent from there before {@link release}.
   */
  keep(
    signal: Signal,
    pieces: readonly Uint8Array[],
    recordCount: number,
    isUnderWay: boolean,
  ): SpillPlace | undefined {
    try {
      return this.#spill.append(signal, pieces, recordCount, isUnderWay);
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

  /** To be called when nobody else sends these records any more. */
  release(place: SpillPlace): void {
    this.#spill.release(place);
  }

  /**
   * Says that the backend does not take records now; `retryMillis` is what it asked for. It is
   * not asked again before.
   */
  away(retryMillis: number | undefined): void {
    this.#isAway = true;
    this.#retryMillis = retryMillis;
    if (!this.#isPausing && !this.#isClosed) void this.#pause();
  }

  /** Sends what waits until nothing does. */
  run(): void {
    while (!this.#isClosed && !this.#isPausing && this.#mayStartOne()) {
      const batch = this.#take();
      if (batch === undefined) break;
      this.#flying.add(batch);
      void this.#send(batch);
    }
    if (this.#isRunning) return;
    this.#isAway = false;
    this.#tellIdlers();
  }

  get #isRunning(): boolean {
    return this.#flying.size > 0 || this.#isPausing || this.#again.length > 0;
  }

  #mayStartOne(): boolean {
    return this.#hooks.hasRoom() && (!this.#isAway || this.#flying.size === 0);
  }

  /** Resolves when nothing waits, or when what waits is safe on disk with nobody to send it to. */
  whenIdle(): Promise<void> {
    if (!this.#isRunning || this.#isAway) return Promise.resolve();
    return new Promise((resolve) => this.#idlers.push(resolve));
  }

  /** Leaves what waits to the next process. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRound();
    this.#tellIdlers();
    try {
      this.#spill.close();
    } catch (error: unknown) {
      this.#warn('cannot close the spill', error);
    }
  }

  #take(): SpillBatch | undefined {
    const isMetricsFlying = [...this.#flying].some(({ place }) => place.signal === 'metrics');
    const isAllowed = ({ place }: SpillBatch): boolean =>
      place.signal !== 'metrics' || !isMetricsFlying;
    const index = this.#again.findIndex(isAllowed);
    if (index >= 0) return this.#again.splice(index, 1)[0];
    // What is read and not allowed yet stays the only one: bodies are in memory.
    if (this.#again.length > 0) return undefined;
    const next = this.#next();
    if (next === undefined || isAllowed(next)) return next;
    this.#again.push(next);
    return undefined;
  }

  async #send(batch: SpillBatch): Promise<void> {
    const result = await this.#hooks.deliver(batch.place.signal, batch.body);
    this.#flying.delete(batch);
    if (this.#isClosed) return;
    if (result.kind === 'busy' || result.kind === 'failed') {
      this.#again.push(batch);
      this.#again.sort((one, other) => one.number - other.number);
      this.away(result.kind === 'busy' ? result.retryMillis : undefined);
      this.#tellIdlers();
    } else {
      this.#attempt = 0;
      this.#isAway = false;
      this.finish(batch.place);
      this.#hooks.changed(changeOf(batch.place, result));
      this.run();
    }
    this.#hooks.progressed();
  }

  async #pause(): Promise<void> {
    this.#isPausing = true;
    await this.#hooks.pause(this.#retryMillis, this.#attempt++);
    this.#isPausing = false;
    this.run();
  }

  #next(): SpillBatch | undefined {
    try {
      return this.#spill.next((signal) => this.#hooks.maxExportBytes(signal));
    } catch (error: unknown) {
      this.#warn('cannot read the spill', error);
      return undefined;
    }
  }

  #scheduleRound(): void {
    this.#cancelRound = this.#after(SPILL_ROUND_MILLIS, () => {
      try {
        this.#spill.keepAlive();
      } catch (error: unknown) {
        this.#warn('cannot keep the spill', error);
      }
      this.#adopt();
      this.#scheduleRound();
    });
  }

  #adopt(): void {
    try {
      this.#count(this.#spill.adopt(), 1, undefined);
    } catch (error: unknown) {
      this.#warn('cannot adopt a spill', error);
    }
    if (this.#spill.isEmpty) return;
    // Not within the sender's constructor, whose parts are not all there.
    queueMicrotask(() => this.run());
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
