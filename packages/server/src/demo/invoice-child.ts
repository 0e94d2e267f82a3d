/**
 * The invoice printer: a program of its own that the order worker starts. Its parent span comes
 * from TRACEPARENT, its endpoint and name from OTEL_*: nothing here knows who started it.
 */
import { setTimeout as wait } from 'node:timers/promises';

import { getLogger, traced, withSpan } from '@codomyrmex/telemetry';

const log = getLogger('invoices');

const layOut = traced('invoice.layout')(async (pages: number): Promise<void> => {
  for (let page = 1; page <= pages; page++) {
    await withSpan('invoice.page', { attributes: { 'invoice.page': page } }, () => wait(15));
  }
});

await withSpan('invoice.render', async (span) => {
  const orders = Number(process.argv[2] ?? 1);
  span.setAttribute('invoice.orders', orders);
  await layOut(Math.min(orders, 6));
  await withSpan('invoice.compress', () => wait(20));
  log.info('invoices rendered', { 'invoice.orders': orders });
});
