import { registerView } from '@codomyrmex/telemetry';

/** What the demo puts on the dashboard: three pages, each with charts of another kind. */
export function registerDemoViews(): void {
  const slo = { group: 'Checkout SLO' };
  registerView('http.server.request.duration', 'line', {
    ...slo,
    title: 'Request duration, p95 by route',
    aggregation: 'p95',
    by: ['http.route'],
    filter: 'service=gateway -http.route=/api/chat',
    unit: 's',
    order: 1,
    thresholds: [
      { value: 0.5, level: 'warn' },
      { value: 1, level: 'error' },
    ],
  });
  registerView('orders', 'bar', {
    ...slo,
    title: 'Orders by outcome',
    aggregation: 'rate',
    by: ['outcome'],
    order: 2,
  });
  registerView('payments.charge.duration', 'histogram', {
    ...slo,
    title: 'Card providers, distribution',
    unit: 'ms',
    order: 3,
  });
  const cost = { group: 'Agent cost' };
  registerView('agent.cost', 'area', {
    ...cost,
    title: 'Dollars a second by model',
    aggregation: 'rate',
    by: ['gen_ai.request.model'],
    order: 1,
  });
  registerView('gen_ai.tokens', 'table', {
    ...cost,
    title: 'Tokens by model and direction',
    aggregation: 'sum',
    by: ['gen_ai.request.model', 'gen_ai.token.type'],
    order: 2,
  });
  registerView('agent.runs.active', 'stat', {
    ...cost,
    title: 'Conversations now',
    aggregation: 'last',
    order: 3,
  });
  registerView('queue.depth', 'gauge', {
    group: 'Queue depth',
    title: 'Orders that wait',
    aggregation: 'last',
    min: 0,
    max: 40,
    thresholds: [
      { value: 20, level: 'warn' },
      { value: 35, level: 'error' },
    ],
  });
}
