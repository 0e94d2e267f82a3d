/** What the span benchmark does with a tracer: the same for every SDK. */
import { SpanKind, SpanStatusCode, context as contextApi, trace } from '@opentelemetry/api';
import type { Context, Span, Tracer } from '@opentelemetry/api';

/** The parts of the api that a workload calls: an SDK may bring a newer api than ours. */
export interface Api {
  readonly trace: typeof trace;
  readonly context: typeof contextApi;
}

/** The api that the benchmark itself depends on. */
export const ownApi: Api = { trace, context: contextApi };

const ERROR = new RangeError('card number was refused by the bank');
/** Values that differ from span to span, as paths and keys do in a real program. */
const ORDERS: readonly string[] = Array.from(
  { length: 4096 },
  (_, index) => `/orders/2026/${100_000 + index * 13}/lines`,
);

/** Start and end, nothing else. */
export function plainSpan(tracer: Tracer): void {
  tracer.startSpan('queue.poll').end();
}

/** Three attributes at the start, two later; one of them is new with each span. */
export function fiveAttributes(tracer: Tracer, index: number, parent?: Context): void {
  const span = tracer.startSpan(
    'POST /orders/:id/lines',
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/orders/:year/:id/lines',
        'url.path': ORDERS[index & 4095]!,
      },
    },
    parent,
  );
  span.setAttribute('http.response.status_code', 201);
  span.setAttribute('network.protocol.version', '1.1');
  span.end();
}

function databaseSpan(tracer: Tracer, index: number): Span {
  const span = tracer.startSpan('UPDATE lines', {
    kind: SpanKind.CLIENT,
    attributes: {
      'db.system.name': 'mariadb',
      'db.namespace': 'orders',
      'db.operation.name': 'UPDATE',
      'db.collection.name': 'lines',
      'server.address': 'orders-db.internal',
      'server.port': 3306,
    },
  });
  span.setAttribute('db.query.text', 'UPDATE lines SET state = ? WHERE order_id = ? AND line = ?');
  span.setAttribute('url.path', ORDERS[index & 4095]!);
  span.setAttribute('db.response.affected_rows', index & 31);
  span.setAttribute('app.retry', false);
  return span;
}

/** Six attributes at the start, four later. */
export function tenAttributes(tracer: Tracer, index: number): void {
  databaseSpan(tracer, index).end();
}

/** Two events with two attributes each. */
export function twoEvents(tracer: Tracer, index: number): void {
  const span = tracer.startSpan('commit');
  span.addEvent('lock.wait', { 'lock.name': 'lines', 'lock.millis': 2 });
  span.addEvent('committed', { rows: index & 31, log: 'b1' });
  span.end();
}

/** A failed span; the error is one, so that making it costs nothing here. */
export function failedSpan(tracer: Tracer): void {
  const span = tracer.startSpan('charge');
  span.recordException(ERROR);
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'refused' });
  span.end();
}

/** Ten attributes, two events, an exception, a status. */
export function fullSpan(tracer: Tracer, index: number): void {
  const span = databaseSpan(tracer, index);
  span.addEvent('lock.wait', { 'lock.name': 'lines', 'lock.millis': 2 });
  span.addEvent('committed', { rows: index & 31, log: 'b1' });
  span.recordException(ERROR);
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'refused' });
  span.end();
}

/** Three spans, each current while the next one runs. */
export function nested(tracer: Tracer): void {
  tracer.startActiveSpan('outer', (outer) => {
    tracer.startActiveSpan('middle', (middle) => {
      tracer.startActiveSpan('inner', (inner) => inner.end());
      middle.end();
    });
    outer.end();
  });
}

/** Four spans: an active one with five attributes and three children with five each. */
export function request(tracer: Tracer, index: number): void {
  tracer.startActiveSpan(
    'POST /orders/:id',
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/orders/:year/:id',
        'url.path': ORDERS[index & 4095]!,
      },
    },
    (span) => {
      for (let child = 0; child < 3; child++) fiveAttributes(tracer, index + child);
      span.setAttribute('http.response.status_code', 201);
      span.setAttribute('network.protocol.version', '1.1');
      span.end();
    },
  );
}

/** A function that a user wraps in a span. */
export function price(count: number): number {
  return count * 3;
}

/** The same in a span as the official SDK's documentation writes it. */
export function wrapByHand(tracer: Tracer): (count: number) => number {
  return (count) =>
    tracer.startActiveSpan('price', (span) => {
      try {
        return price(count);
      } catch (error: unknown) {
        span.recordException(error as Error);
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
}
