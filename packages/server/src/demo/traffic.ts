import { randomUUID } from 'node:crypto';

import { post } from './http-service.js';
import type { Run } from './run.js';

const PRODUCTS = ['lamp', 'desk', 'chair', 'shelf', 'rug', 'clock'] as const;
const QUESTIONS = [
  'Can I return an e-book that I have started to read?',
  'My subscription was charged twice, what now?',
  'Where is my parcel?',
] as const;

/** Requests under way at most: past it customers wait, as they do. */
const IN_FLIGHT = 32;

/** Customers: checkouts, searches and chats, in waves, until the run is stopped. */
export class Traffic {
  readonly #run: Run;
  readonly #port: number;
  readonly #rate: number;
  readonly #underWay = new Set<Promise<void>>();

  /** @param rate 1: about 40 spans a second. */
  constructor(run: Run, gatewayPort: number, rate: number) {
    this.#run = run;
    this.#port = gatewayPort;
    this.#rate = rate;
  }

  /** Resolves when the run is stopped and every request has its answer. */
  async flow(): Promise<void> {
    await Promise.all([
      this.#repeat(1300, () => this.checkout()),
      this.#repeat(900, () => this.#search()),
      this.#repeat(9000, () => this.#chat()),
    ]);
    await Promise.all(this.#underWay);
  }

  /** One order, from the customer's click to the answer. */
  async checkout(): Promise<void> {
    const items = Array.from({ length: this.#run.count(1, 4) }, () => this.#run.pick(PRODUCTS));
    const total = Math.round(items.length * this.#run.between(900, 24_000)) / 100;
    await this.#send('POST', '/api/checkout', { id: randomUUID().slice(0, 8), total, items });
  }

  async #search(): Promise<void> {
    await this.#send('GET', '/api/search', { query: this.#run.pick(PRODUCTS) });
  }

  async #chat(): Promise<void> {
    await this.#send('POST', '/api/chat', { question: this.#run.pick(QUESTIONS) });
  }

  /** Every `millis` on average, more often on the crest of a two-minute wave. */
  async #repeat(millis: number, send: () => Promise<void>): Promise<void> {
    while (!this.#run.isStopped) {
      if (this.#underWay.size < IN_FLIGHT) {
        const sent = send().finally(() => this.#underWay.delete(sent));
        this.#underWay.add(sent);
      }
      const wave = 1 + 0.4 * Math.sin((Date.now() / 120_000) * 2 * Math.PI);
      await this.#run.pause(this.#run.between(0.4, 1.6) * (millis / wave / this.#rate));
    }
  }

  async #send(method: string, path: string, body: unknown): Promise<void> {
    try {
      await post(this.#port, method, path, body, {});
    } catch (error: unknown) {
      // A customer whose connection breaks off gives up; the shop goes on. When the demo ends,
      // servers close under the last requests.
      if (this.#run.isStopped) return;
      process.stderr.write(`demo: a request broke off: ${String(error)}\n`);
    }
  }
}
