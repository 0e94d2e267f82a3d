import type { Telemetry } from '@codomyrmex/telemetry';
import type { Counter, Histogram } from '@opentelemetry/api';
import { SpanKind } from '@opentelemetry/api';

import { FraudThread } from './fraud.js';
import { HttpService, call } from './http-service.js';
import type { Reply } from './http-service.js';
import { OrderQueue } from './order-queue.js';
import type { Run } from './run.js';
import { Service } from './service.js';

/** A failure of the payment provider: temporary, worth another try. */
class CardGatewayError extends Error {
  constructor(status: number) {
    super(`${status} from the card network`);
    this.name = 'CardGatewayError';
  }
}

/** The shop: a gateway in front of services that call each other over HTTP. */
export class Shop {
  readonly gateway: HttpService;
  readonly queue: OrderQueue;
  readonly #run: Run;
  readonly #checkout: HttpService;
  readonly #payments: HttpService;
  readonly #inventory: HttpService;
  readonly #search: HttpService;
  readonly #fraud: FraudThread;
  readonly #orders: Counter;
  readonly #charges: Histogram;

  /** @param agent where chats go. */
  constructor(run: Run, telemetry: Telemetry, endpoint: string, agent: HttpService) {
    const http = (name: string): HttpService => new HttpService(Service.beside(telemetry, name));
    this.#run = run;
    this.gateway = http('gateway');
    this.#checkout = http('checkout');
    this.#payments = http('payments');
    this.#inventory = http('inventory');
    this.#search = http('search');
    this.#fraud = new FraudThread(endpoint);
    this.queue = new OrderQueue(run, Service.beside(telemetry, 'order-worker'), endpoint);
    this.#orders = this.#checkout.service.meter.createCounter('orders', {
      unit: '{order}',
      description: 'Orders by outcome',
    });
    this.#charges = this.#payments.service.meter.createHistogram('payments.charge.duration', {
      unit: 'ms',
      description: 'Time a card provider takes',
    });
    this.gateway
      .on('POST /api/checkout', (body) => this.#forward(this.#checkout, 'POST /orders', body))
      .on('GET /api/search', (body) => this.#forward(this.#search, 'GET /search', body))
      .on('POST /api/chat', (body) => this.#forward(agent, 'POST /api/chat', body));
    this.#checkout.on('POST /orders', (body) => this.#placeOrder(body as Order));
    this.#payments.on('POST /charges', (body) => this.#charge(body as Order));
    this.#inventory.on('POST /reservations', (body) => this.#reserve(body as Order));
    this.#search.on('GET /search', (body) => this.#find(body as { query: string }));
  }

  async listen(): Promise<void> {
    await Promise.all(this.#services().map((service) => service.listen()));
  }

  async close(): Promise<void> {
    await Promise.all([this.#fraud.close(), ...this.#services().map((service) => service.close())]);
  }

  #services(): HttpService[] {
    return [this.gateway, this.#checkout, this.#payments, this.#inventory, this.#search];
  }

  async #forward(to: HttpService, route: string, body: unknown): Promise<Reply> {
    const { service } = this.gateway;
    await service.span('auth.verify', {}, () => this.#run.work(3));
    const reply = await call(service, to, route, body);
    if (reply.status >= 500) {
      service.log.error(`${to.service.name} answered ${reply.status}`, { route });
    }
    return reply;
  }

  async #placeOrder(order: Order): Promise<Reply> {
    const { service } = this.#checkout;
    service.log.info('order received', { 'order.id': order.id, 'order.total': order.total });
    const [stock, score] = await Promise.all([
      call(service, this.#inventory, 'POST /reservations', order),
      this.#fraud.score(order.total, this.#run.between(8, 40)),
    ]);
    if (stock.status === 409) return this.#finish('out_of_stock', 409);
    if (score > 0.92) return this.#finish('suspicious', 403);
    const paid = await call(service, this.#payments, 'POST /charges', order);
    if (paid.status >= 500) {
      service.log.error('order failed: payment unavailable', { 'order.id': order.id });
      return this.#finish('failed', 502);
    }
    if (paid.status === 402) return this.#finish('declined', 402);
    await this.#query(service, 'INSERT orders', 'INSERT INTO orders VALUES (?, ?, ?)', 9);
    const isQueued = await this.queue.publish(service, order.id);
    return this.#finish(isQueued ? 'placed' : 'delayed', 201);
  }

  #finish(outcome: string, status: number): Reply {
    this.#orders.add(1, { outcome });
    return { status, body: { outcome } };
  }

  async #charge(order: Order): Promise<Reply> {
    const { service } = this.#payments;
    if (this.#run.chance(0.04)) {
      service.log.warn('card declined', { 'order.id': order.id });
      return { status: 402, body: { error: 'declined' } };
    }
    const provider = this.#run.pick(['acme', 'acme', 'globex']);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#askProvider(provider, order, attempt);
        return { status: 200, body: { provider } };
      } catch (error: unknown) {
        if (attempt === 3) throw error;
        service.log.warn(`charge failed, attempt ${attempt}`, { error: error as Error, provider });
        await this.#run.pause(40 * 2 ** attempt);
      }
    }
  }

  async #askProvider(provider: string, order: Order, attempt: number): Promise<void> {
    const started = performance.now();
    const attributes = {
      'payment.provider': provider,
      'payment.amount': order.total,
      'http.request.method': 'POST',
      'server.address': `api.${provider}.example`,
      ...(attempt > 1 ? { 'http.request.resend_count': attempt - 1 } : {}),
    };
    const options = { kind: SpanKind.CLIENT, attributes };
    await this.#payments.service.span('POST', options, async () => {
      await this.#run.work(provider === 'globex' ? 180 : 70);
      this.#charges.record(performance.now() - started, { provider });
      if (this.#run.chance(provider === 'globex' ? 0.3 : 0.06)) throw new CardGatewayError(502);
    });
  }

  async #reserve(order: Order): Promise<Reply> {
    const { service } = this.#inventory;
    for (const item of order.items) {
      const attributes = { 'product.id': item };
      await service.span('stock.reserve', { attributes }, () =>
        this.#query(service, 'UPDATE stock', 'UPDATE stock SET free = free - 1 WHERE id = ?', 5),
      );
    }
    if (!this.#run.chance(0.02)) return { status: 200, body: { reserved: order.items.length } };
    service.log.warn('out of stock', { 'order.id': order.id });
    return { status: 409, body: { error: 'out of stock' } };
  }

  async #find(request: { query: string }): Promise<Reply> {
    const { service } = this.#search;
    const isHit = this.#run.chance(0.6);
    const attributes = { 'db.system.name': 'redis', 'cache.hit': isHit };
    const cache = { kind: SpanKind.CLIENT, attributes };
    await service.span('GET', cache, () => this.#run.work(2));
    if (!isHit) {
      await service.span('index.query', { attributes: { 'search.query': request.query } }, () =>
        this.#run.work(this.#run.chance(0.05) ? 600 : 45),
      );
      await service.span('rank', {}, () => this.#run.work(12));
    }
    service.log.debug('search answered', { 'search.query': request.query, 'cache.hit': isHit });
    return { status: 200, body: { hits: this.#run.count(0, 40) } };
  }

  async #query(service: Service, name: string, text: string, millis: number): Promise<void> {
    const attributes = {
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'db.query.text': text,
    };
    await service.span(name, { kind: SpanKind.CLIENT, attributes }, () => this.#run.work(millis));
  }
}

/** What a customer buys. */
export interface Order {
  readonly id: string;
  readonly total: number;
  readonly items: readonly string[];
}
