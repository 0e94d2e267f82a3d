/** pg under our SDK, on a real PostgreSQL: spans of others' below spans of ours. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import { REGISTER, fixtureUrl, startFixture } from './fixture-program.js';
import { OtlpSink, type SinkSpan } from './otlp-sink.js';
import { startPostgres } from './postgres.js';

const SERVER = 2;
const CLIENT = 3;
const ERROR = 2;
const ORDERS = 40;
const PG = '@opentelemetry/instrumentation-pg';

const sink = new OtlpSink();
let endpoint = '';
let postgres = { url: '', stop: async (): Promise<void> => {} };

beforeAll(async () => {
  [endpoint, postgres] = await Promise.all([sink.start(), startPostgres()]);
}, 120_000);
afterEach(() => {
  sink.spans.length = 0;
});
afterAll(async () => {
  await postgres.stop();
  await sink.close();
});

/** Places orders, one of them twice, all at once; resolves with every span there was. */
async function placeOrders(setUp: string, table: string): Promise<SinkSpan[]> {
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_SERVICE_NAME: 'orders',
    POSTGRES_URL: postgres.url,
    ORDERS_TABLE: table,
  };
  const imports = [REGISTER, fixtureUrl(setUp)];
  const program = await startFixture('orders.js', { imports, environment });
  const ask = async (order: string): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${program.port}/orders/${order}`);
    await answer.text();
    return answer.status;
  };
  const orders = Array.from({ length: ORDERS }, (_, index) => `o${index}.`);
  const statuses = await Promise.all(orders.map((order) => ask(order)));
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(await ask('o0.')).toBe(409);
  await program.stop();
  return sink.until((all) => all.filter((span) => span.kind === SERVER).length > ORDERS);
}

/** The request that a span belongs to: the nearest server span above it. */
function requestOf(span: SinkSpan, byId: ReadonlyMap<string, SinkSpan>): SinkSpan | undefined {
  let above: SinkSpan | undefined = span;
  while (above !== undefined && above.kind !== SERVER) above = byId.get(above.parentSpanId);
  return above;
}

function checkQueries(spans: readonly SinkSpan[]): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const queries = spans.filter((span) => {
    const text = String(span.attributes['db.query.text'] ?? span.attributes['db.statement'] ?? '');
    return span.scope === PG && text.includes('/* o');
  });
  // An insert and a count for each order; the second attempt at one is refused at its insert.
  expect(queries).toHaveLength(2 * ORDERS + 1);
  for (const query of queries) {
    const { attributes } = query;
    const text = String(attributes['db.query.text'] ?? attributes['db.statement']);
    expect(query.kind).toBe(CLIENT);
    expect(attributes['db.system.name'] ?? attributes['db.system']).toBe('postgresql');
    const order = /\/\* (\S+) \*\//.exec(text)?.[1];
    const request = requestOf(query, byId);
    expect(request?.attributes['url.path']).toBe(`/orders/${order}`);
    expect(request?.traceId).toBe(query.traceId);
  }
  const failed = queries.filter((query) => query.status === ERROR);
  expect(failed).toHaveLength(1);
  expect(requestOf(failed[0] as SinkSpan, byId)?.attributes['http.response.status_code']).toBe(409);
}

it('pg’s own instrumentation beside the built-in ones', async () => {
  const spans = await placeOrders('official-pg.js', 'first');
  checkQueries(spans);
  for (const span of spans.filter((one) => one.kind === SERVER)) {
    expect(span).toMatchObject({ scope: '@codomyrmex/telemetry/http', parentSpanId: '' });
  }
});

it('all of auto-instrumentations-node', async () => {
  const spans = await placeOrders('official-auto.js', 'second');
  checkQueries(spans);
  for (const span of spans.filter((one) => one.kind === SERVER)) {
    expect(span.scope).toBe('@opentelemetry/instrumentation-http');
  }
});
