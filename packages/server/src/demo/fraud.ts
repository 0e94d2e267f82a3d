import { Worker } from 'node:worker_threads';

import { injectContext } from '@codomyrmex/telemetry';

/** What goes to the fraud thread: an order, and the span that asks. */
export interface FraudQuestion {
  readonly id: number;
  readonly carrier: Readonly<Record<string, string>>;
  readonly amount: number;
  /** Milliseconds of thinking. */
  readonly millis: number;
}

/** What comes back. */
export interface FraudAnswer {
  readonly id: number;
  /** 0 (fine) to 1. */
  readonly score: number;
}

/** The fraud service: a worker thread with its own SDK; its spans are the caller's children. */
export class FraudThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (score: number) => void>();
  #nextId = 0;

  constructor(endpoint: string) {
    this.#worker = new Worker(new URL('./fraud-worker.js', import.meta.url), {
      workerData: { endpoint },
    });
    this.#worker.on('message', (answer: FraudAnswer) => {
      this.#waiting.get(answer.id)?.(answer.score);
      this.#waiting.delete(answer.id);
    });
    this.#worker.on('error', () => this.#giveUp());
    this.#worker.on('exit', () => this.#giveUp());
  }

  /** The score of an order; 0 when the thread is gone. */
  score(amount: number, millis: number): Promise<number> {
    const id = this.#nextId++;
    const question: FraudQuestion = { id, carrier: injectContext({}), amount, millis };
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#worker.postMessage(question, []);
    });
  }

  /** Lets the thread send its last spans, at most a second, and ends it. */
  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
    this.#worker.postMessage('stop', []);
    const timer = setTimeout(() => void this.#worker.terminate(), 1000);
    await ended;
    clearTimeout(timer);
  }

  #giveUp(): void {
    for (const resolve of this.#waiting.values()) resolve(0);
    this.#waiting.clear();
  }
}
