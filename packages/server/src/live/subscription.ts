import { LIVE_LIMITS } from './limits.js';
import { listData, type Item, type ListShape, type Update } from './update.js';

/**
 * One subscription of one page. It has credit for a single frame: until the page acknowledges it,
 * what happens is merged here into the next one, which is the latest state and not a backlog.
 *
 *   snapshot ─► [unacknowledged] ─ack─► [free] ─update─► delta ─► [unacknowledged]
 *                     │ update: merge              │ nothing pending: wait
 *                     └───────────── ack: send what is pending
 */
export class Subscription {
  readonly id: number;
  readonly #shape: ListShape | undefined;
  readonly #send: (frame: string) => void;
  readonly #onIdle: () => void;
  /** Digest of what was sent last under each key. */
  readonly #sent = new Map<string, string>();
  #pendingItems = new Map<string, string>();
  #pendingState: string | undefined;
  #skipped = 0;
  #seq = 0;
  #unacknowledged = false;
  #snapshotDue = true;
  #paused = false;

  constructor(
    id: number,
    shape: ListShape | undefined,
    send: (frame: string) => void,
    onIdle: () => void,
  ) {
    this.id = id;
    this.#shape = shape;
    this.#send = send;
    this.#onIdle = onIdle;
  }

  /** Whether a snapshot is owed: at first, and after a pause. */
  get wantsSnapshot(): boolean {
    return this.#snapshotDue && !this.#paused;
  }

  /** Everything that was sent has been acknowledged and nothing waits. */
  get isIdle(): boolean {
    if (this.#paused) return true;
    return !this.#unacknowledged && !this.#hasPending() && !this.#snapshotDue;
  }

  /** Takes what the feed found. */
  update(update: Update): void {
    if (this.#paused || this.#snapshotDue) return;
    if (update.type === 'state') this.#pendingState = update.json;
    else this.#merge(update.items, update.skipped);
    this.#flush();
  }

  /** Takes a snapshot: replaces everything that waits. */
  snapshot(update: Update): void {
    if (!this.wantsSnapshot) return;
    this.#clear();
    if (update.type === 'state') this.#pendingState = update.json;
    else this.#merge(update.items, update.skipped);
    this.#flush();
  }

  /** The page has shown the frame. */
  acknowledge(seq: number): void {
    if (seq !== this.#seq || !this.#unacknowledged) return;
    this.#unacknowledged = false;
    this.#flush();
    if (this.isIdle) this.#onIdle();
  }

  /** Nothing is sent and nothing is kept. */
  pause(): void {
    this.#paused = true;
    this.#clear();
    this.#onIdle();
  }

  /** A fresh snapshot is owed; frames on the way when the page was hidden count as shown. */
  resume(): void {
    this.#paused = false;
    this.reset();
  }

  /** A fresh snapshot is owed, without waiting for the page to have shown the last frame. */
  reset(): void {
    this.#unacknowledged = false;
    this.#snapshotDue = true;
  }

  #clear(): void {
    this.#pendingItems = new Map();
    this.#pendingState = undefined;
    this.#skipped = 0;
    this.#sent.clear();
  }

  #hasPending(): boolean {
    return this.#pendingState !== undefined || this.#pendingItems.size > 0 || this.#skipped > 0;
  }

  #merge(items: readonly Item[], skipped: number): void {
    const shape = this.#shape;
    if (shape === undefined) return;
    this.#skipped += skipped;
    // Kept oldest first; items come newest first.
    for (let index = items.length - 1; index >= 0; index--) {
      const item = items[index];
      if (item === undefined || !this.#isNew(item)) continue;
      this.#pendingItems.delete(item.key);
      this.#pendingItems.set(item.key, item.json);
    }
    if (shape.overflow === 'queue' || this.#snapshotDue) return;
    for (const key of this.#pendingItems.keys()) {
      if (this.#pendingItems.size <= LIVE_LIMITS.pendingItems) break;
      this.#pendingItems.delete(key);
      this.#skipped += 1;
    }
  }

  #isNew({ key, digest }: Item): boolean {
    if (this.#sent.get(key) === digest) return false;
    this.#sent.delete(key);
    this.#sent.set(key, digest);
    if (this.#sent.size > LIVE_LIMITS.sentItems) {
      const [oldest] = this.#sent.keys();
      if (oldest !== undefined) this.#sent.delete(oldest);
    }
    return true;
  }

  #flush(): void {
    if (this.#unacknowledged || this.#paused) return;
    if (!this.#snapshotDue && !this.#hasPending()) return;
    const op = this.#snapshotDue ? 'snapshot' : 'delta';
    const data = this.#takeData();
    this.#seq += 1;
    this.#snapshotDue = false;
    this.#unacknowledged = true;
    this.#send(`{"op":"${op}","id":${this.id},"seq":${this.#seq},"data":${data}}`);
  }

  #takeData(): string {
    const shape = this.#shape;
    if (shape === undefined) {
      const state = this.#pendingState ?? 'null';
      this.#pendingState = undefined;
      return state;
    }
    const newest = [...this.#pendingItems.entries()].toReversed();
    // Of a trace the earliest spans go first: they come last in `newest`.
    const taken = shape.overflow === 'queue' ? newest.slice(-shape.frameItems) : newest;
    for (const [key] of taken) this.#pendingItems.delete(key);
    const skipped = this.#skipped;
    this.#skipped = 0;
    return listData(
      shape,
      taken.map(([, json]) => json),
      skipped,
    );
  }
}
