/**
 * A program that brings its own dashboard: `node examples/dist/live-dashboard.js [PORT] [SECONDS]`.
 * It starts the backend as a child process, registers three charts, works, and prints what each
 * update of the display brought about.
 */
import { setTimeout as wait } from 'node:timers/promises';

import {
  createCounter,
  createHistogram,
  createUpDownCounter,
  getLogger,
  init,
  recordMetric,
  registerView,
  shutdown,
  startDashboardServer,
  updateDisplay,
  withSpan,
} from '@codomyrmex/telemetry';

const [port = '4320', seconds = '60'] = process.argv.slice(2);

init({ serviceName: 'example-kitchen', metrics: { intervalMillis: 1000 } });
const server = await startDashboardServer({ port: Number(port), memory: true });
process.stdout.write(`The page is ${server.url}\n`);

const log = getLogger('kitchen');
const dishes = createCounter('dishes', { unit: '{dish}', description: 'Dishes that left' });
const waiting = createUpDownCounter('orders.waiting', { unit: '{order}' });
const cooking = createHistogram('cooking.duration', { unit: 'ms' });

registerView('dishes', 'bar', { group: 'Kitchen', by: ['dish'], aggregation: 'rate' });
registerView('cooking.duration', 'heatmap', { group: 'Kitchen' });
registerView('oven.temperature', 'gauge', { group: 'Kitchen', min: 0, max: 300, unit: '°C' });

async function cook(dish: string): Promise<void> {
  waiting.add(1);
  await withSpan('cook', { attributes: { dish } }, async (span) => {
    const started = performance.now();
    await withSpan('chop', () => wait(20 + Math.random() * 30));
    await withSpan('bake', () => wait(50 + Math.random() * 200));
    if (Math.random() < 0.1) {
      log.warn('a bit too dark', { dish });
      span.addEvent('burnt');
    }
    // Inside a span a measurement keeps its ids: an exemplar that leads from the chart to here.
    cooking.record(performance.now() - started, { dish });
  });
  dishes.add(1, { dish });
  waiting.add(-1);
  // A name that nobody created is a gauge.
  recordMetric('oven.temperature', 180 + Math.random() * 20);
}

const end = performance.now() + Number(seconds) * 1000;
while (performance.now() < end) {
  await Promise.all([cook('pizza'), cook('bread')]);
  const { spans, points, logs } = await updateDisplay();
  process.stdout.write(`${spans} spans, ${points} points and ${logs} logs are on the page\n`);
}
await shutdown();
await server.close();
