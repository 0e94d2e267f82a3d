import type { CommitNotice } from '../store/commit.js';
import { LIVE_LIMITS } from './limits.js';
import type { Source } from './source.js';
import type { Subscription } from './subscription.js';
import type { Update } from './update.js';

/** A stretch of IngestTime, nanoseconds, both ends included. */
interface Window {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * One distinct query and everyone who asked it. At most one question to the engine at a time; the
 * next one no sooner than the interval allows; what commits meanwhile widens the window that the
 * next one asks about.
 */
export class Feed {
  readonly #source: Source;
  /** Length of the last questions of all states together. */
  readonly #stateMillis: () => number;
  readonly #onError: (error: unknown, subscriptions: readonly Subscription[]) => void;
  readonly #subscriptions = new Set<Subscription>();
  #window: Window | undefined;
  #stale = false;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastStart = -Infinity;
  #lastMillis = 0;
  #lastState: string | undefined;
  #polledTo: bigint;
  #closed = false;

  constructor(
    source: Source,
    now: bigint,
    stateMillis: () => number,
    onError: (error: unknown, subscriptions: readonly Subscription[]) => void,
  ) {
    this.#source = source;
    this.#stateMillis = stateMillis;
    this.#polledTo = now;
    this.#onError = onError;
  }

  /** Length of its last question, when it is a state. */
  get stateMillis(): number {
    return this.#source.delta === undefined ? this.#lastMillis : 0;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** Takes a subscription, which gets its snapshot at once; also after a pause. */
  join(subscription: Subscription): void {
    this.#subscriptions.add(subscription);
    this.#schedule(0);
  }

  leave(subscription: Subscription): void {
    this.#subscriptions.delete(subscription);
  }

  /** Rows were committed. */
  wake(notice: CommitNotice): void {
    const { tables } = this.#source;
    if (tables === 'none') return;
    if (tables !== 'all' && !tables.some((table) => (notice.rows[table] ?? 0) > 0)) return;
    this.#widen({ from: notice.ingestFrom, to: notice.ingestTo });
    if (notice.ingestTo > this.#polledTo) this.#polledTo = notice.ingestTo;
    this.#schedule();
  }

  /** The clock has moved, and another process may have written. */
  poll(now: bigint): void {
    // Under steady commits there is nothing that a poll would find.
    if (performance.now() - this.#lastStart < LIVE_LIMITS.pollMillis) return;
    if (this.#source.delta === undefined) {
      if (!this.#source.moves) return;
    } else {
      this.#widen({ from: this.#polledTo - LIVE_LIMITS.pollOverlapNanos, to: now });
    }
    this.#polledTo = now;
    this.#stale = true;
    this.#schedule();
  }

  /** What it shows has changed otherwise: now. */
  refresh(): void {
    this.#stale = true;
    this.#schedule(0);
  }

  /** What its subscriptions were told is not so any more: each gets a snapshot. */
  reload(): void {
    if (this.#running !== undefined) {
      // What is being asked may have been read before.
      void this.#running.then(() => this.reload());
      return;
    }
    for (const subscription of this.#subscriptions) subscription.reset();
    this.#lastState = undefined;
    this.#schedule(0);
  }

  /** Asks at once for everything that has been committed; resolves when it has been handed out. */
  async flush(): Promise<void> {
    await this.#running;
    this.#stale = true;
    await this.#start();
  }

  /** Asks nothing more; resolves when the question on its way has been answered. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #widen(window: Window): void {
    const known = this.#window;
    this.#stale = true;
    this.#window =
      known === undefined
        ? window
        : {
            from: window.from < known.from ? window.from : known.from,
            to: window.to > known.to ? window.to : known.to,
          };
  }

  #interval(): number {
    if (this.#source.delta !== undefined) {
      const cost = this.#lastMillis * LIVE_LIMITS.listCostFactor;
      return Math.max(LIVE_LIMITS.listIntervalMillis, cost);
    }
    const cost = this.#stateMillis() * LIVE_LIMITS.stateCostFactor;
    return Math.max(LIVE_LIMITS.stateIntervalMillis, cost);
  }

  #schedule(delayMillis?: number): void {
    if (this.#closed || this.#running !== undefined) return;
    if (this.#timer !== undefined) {
      if (delayMillis === undefined) return;
      clearTimeout(this.#timer);
    }
    const due = this.#lastStart + this.#interval() - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.#start();
      },
      Math.max(0, delayMillis ?? due),
    );
  }

  #start(): Promise<void> {
    if (this.#running !== undefined) return this.#running;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#joiners().length > 0) this.#schedule(0);
      else if (this.#stale && this.size > 0) this.#schedule();
    });
    return this.#running;
  }

  #joiners(): Subscription[] {
    return [...this.#subscriptions].filter((subscription) => subscription.wantsSnapshot);
  }

  async #run(): Promise<void> {
    if (this.#closed || this.size === 0) return;
    const started = performance.now();
    this.#lastStart = started;
    const joiners = this.#joiners();
    const others = [...this.#subscriptions].filter((one) => !joiners.includes(one));
    try {
      if (this.#source.delta === undefined) await this.#runState(joiners, others);
      else await this.#runList(joiners, others, this.#source.delta.bind(this.#source));
      this.#lastMillis = performance.now() - started;
    } catch (error: unknown) {
      if (this.#closed) return;
      this.#onError(error, joiners);
      this.#lastMillis = Math.max(LIVE_LIMITS.failedMillis, performance.now() - started);
    }
  }

  async #runState(
    joiners: readonly Subscription[],
    others: readonly Subscription[],
  ): Promise<void> {
    this.#stale = false;
    const update = await this.#source.snapshot();
    for (const subscription of joiners) subscription.snapshot(update);
    const json = update.type === 'state' ? update.json : undefined;
    if (json === this.#lastState) return;
    this.#lastState = json;
    for (const subscription of others) subscription.update(update);
  }

  /** What arrived comes first: a joiner's snapshot is then as new as what the others know. */
  async #runList(
    joiners: readonly Subscription[],
    others: readonly Subscription[],
    delta: (window: Window) => Promise<Update>,
  ): Promise<void> {
    const window = this.#window;
    this.#window = undefined;
    this.#stale = false;
    if (window !== undefined && others.length > 0) {
      const update = await delta(window).catch((error: unknown) => {
        // Nothing is left out: the next question asks for these rows too.
        this.#widen(window);
        throw error;
      });
      for (const subscription of others) subscription.update(update);
    }
    if (joiners.length === 0) return;
    const update = await this.#source.snapshot();
    for (const subscription of joiners) subscription.snapshot(update);
  }
}
