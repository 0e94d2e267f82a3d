import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { childEnv, extractContext, injectContext, linkSpan } from '@codomyrmex/telemetry';
import { SpanKind, trace } from '@opentelemetry/api';
import type { Gauge } from '@opentelemetry/api';

import type { Run } from './run.js';
import type { Service } from './service.js';

/** An order on its way to the warehouse, with the span that placed it. */
interface Message {
  readonly orderId: string;
  readonly carrier: Readonly<Record<string, string>>;
}

const QUEUE = 'orders';
/** Orders that are taken at once, when so many wait. */
const BATCH = 5;
/** Batches between two runs of the invoice program: starting a process costs 0.2 s of CPU. */
const BATCHES_PER_INVOICE = 12;
/** More waiting orders than this are turned away: a queue without an end is a leak. */
const CAPACITY = 200;

/** A queue in memory, and the worker that empties it in batches linked to every order. */
export class OrderQueue {
  readonly #run: Run;
  readonly #worker: Service;
  readonly #endpoint: string;
  readonly #waiting: Message[] = [];
  readonly #depth: Gauge;
  #batches = 0;
  #child: Promise<void> | undefined;

  constructor(run: Run, worker: Service, endpoint: string) {
    this.#run = run;
    this.#worker = worker;
    this.#endpoint = endpoint;
    this.#depth = worker.meter.createGauge('queue.depth', {
      unit: '{message}',
      description: 'Messages that wait',
    });
  }

  /** Puts an order in, with the context it was placed in. False when the queue is full. */
  async publish(from: Service, orderId: string): Promise<boolean> {
    const attributes = messagingAttributes('send', 1);
    const kind = SpanKind.PRODUCER;
    return from.span(`send ${QUEUE}`, { kind, attributes }, async (span) => {
      span.setAttribute('order.id', orderId);
      if (this.#waiting.length >= CAPACITY) return false;
      this.#waiting.push({ orderId, carrier: injectContext({}) });
      this.#measure();
      return true;
    });
  }

  /** Works until the run is stopped. */
  async consume(): Promise<void> {
    while (!this.#run.isStopped) {
      await this.#run.pause(this.#run.between(900, 2600));
      const batch = this.#waiting.splice(0, BATCH);
      this.#measure();
      if (batch.length > 0) await this.#process(batch);
    }
    await this.#child;
  }

  #measure(): void {
    this.#depth.record(this.#waiting.length, { queue: QUEUE });
  }

  /** One span a batch, linked to the span of each order: it has many causes, so no parent. */
  async #process(batch: readonly Message[]): Promise<void> {
    const attributes = messagingAttributes('process', batch.length);
    const options = { kind: SpanKind.CONSUMER, root: true, attributes };
    await this.#worker.span(`process ${QUEUE}`, options, async (span) => {
      for (const message of batch) {
        const sender = trace.getSpanContext(extractContext(message.carrier));
        if (sender !== undefined) linkSpan(span, sender, { 'order.id': message.orderId });
      }
      for (const message of batch) await this.#ship(message.orderId);
      this.#batches++;
      if (this.#batches % BATCHES_PER_INVOICE === 2) await this.#printInvoices(batch.length);
      this.#worker.log.info(`${batch.length} orders shipped`, { 'orders.count': batch.length });
    });
  }

  async #ship(orderId: string): Promise<void> {
    const attributes = { 'order.id': orderId };
    await this.#worker.span('warehouse.ship', { attributes }, async (span) => {
      await this.#run.work(25);
      span.addEvent('label printed', { carrier: this.#run.pick(['DHL', 'UPS', 'Post']) });
    });
  }

  async #printInvoices(orders: number): Promise<void> {
    await this.#worker.span('exec invoice-printer', {}, async (span) => {
      const file = fileURLToPath(new URL('./invoice-child.js', import.meta.url));
      const child = spawn(process.execPath, [file, String(orders)], {
        stdio: 'ignore',
        env: {
          ...childEnv(),
          OTEL_SERVICE_NAME: 'invoices',
          OTEL_EXPORTER_OTLP_ENDPOINT: this.#endpoint,
        },
      });
      span.setAttribute('process.pid', child.pid ?? 0);
      this.#child = new Promise((resolve) => {
        child.once('exit', () => resolve()).once('error', () => resolve());
      });
      await this.#child;
      span.setAttribute('process.exit.code', child.exitCode ?? -1);
    });
  }
}

function messagingAttributes(operation: string, count: number): Record<string, string | number> {
  return {
    'messaging.system': 'memory',
    'messaging.destination.name': QUEUE,
    'messaging.operation.type': operation,
    'messaging.batch.message_count': count,
  };
}
