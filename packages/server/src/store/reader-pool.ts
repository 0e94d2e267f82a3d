import { EngineError } from './engine.js';

/** ClickHouse's own numbers, for what the pool itself refuses. */
const TIMEOUT_EXCEEDED = 159;
const TOO_MANY_SIMULTANEOUS_QUERIES = 202;
const QUERY_WAS_CANCELLED = 394;

interface Waiter<Reader> {
  readonly take: (reader: Reader) => void;
  readonly fail: (error: EngineError) => void;
}

/**
 * A few readers and a queue with a deadline. A session runs one query at a time (a second one on it
 * waited 9 s for the first), so a reader is held from before its query until the engine is done
 * with it, not until its caller has lost patience.
 */
export class ReaderPool<Reader> {
  readonly #idle: Reader[];
  readonly #waiting = new Set<Waiter<Reader>>();
  readonly #maxWaiting: number;
  #closed = false;

  constructor(readers: readonly Reader[], maxWaiting: number) {
    this.#idle = [...readers];
    this.#maxWaiting = maxWaiting;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * A reader, at the latest after `deadlineMillis`; give it back with `release`. Rejects with
   * EngineError: 202 when too many wait already, 159 at the deadline, 394 when `signal` aborts.
   */
  acquire(deadlineMillis: number, signal?: AbortSignal): Promise<Reader> {
    if (this.#closed) return Promise.reject(closedError());
    if (signal?.aborted === true) return Promise.reject(cancelledError());
    const reader = this.#idle.pop();
    if (reader !== undefined) return Promise.resolve(reader);
    if (this.#waiting.size >= this.#maxWaiting) {
      const message = `${this.#maxWaiting} queries are waiting already: try again later`;
      return Promise.reject(new EngineError(TOO_MANY_SIMULTANEOUS_QUERIES, message));
    }
    return this.#wait(deadlineMillis, signal);
  }

  release(reader: Reader): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#idle.push(reader);
    else next.take(reader);
  }

  /** Refuses who waits and who comes. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiting) waiter.fail(closedError());
  }

  #wait(deadlineMillis: number, signal: AbortSignal | undefined): Promise<Reader> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiting.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter<Reader> = {
        take: (reader) => {
          settle();
          resolve(reader);
        },
        fail: (error) => {
          settle();
          reject(error);
        },
      };
      const onAbort = (): void => waiter.fail(cancelledError());
      const timer = setTimeout(() => {
        waiter.fail(
          new EngineError(TIMEOUT_EXCEEDED, `no reader was free for ${deadlineMillis} ms`),
        );
      }, deadlineMillis);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }
}

function closedError(): EngineError {
  return new EngineError(QUERY_WAS_CANCELLED, 'the store is closed');
}

/** What a caller that gave up is told. */
export function cancelledError(): EngineError {
  return new EngineError(QUERY_WAS_CANCELLED, 'the query was cancelled by its caller');
}
