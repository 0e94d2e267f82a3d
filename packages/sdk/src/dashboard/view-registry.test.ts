import { afterEach, describe, expect, it } from 'vitest';

import { setDiagnostics } from '../common/diagnostics.js';
import type { Telemetry } from '../export/telemetry.js';
import { capturedTelemetry } from '../metrics/fixtures/captured-telemetry.js';
import { ListeningBackend } from './fixtures/listening-backend.js';
import { defineView } from './view-definition.js';
import { ViewRegistry } from './view-registry.js';

const pace = { firstMillis: 5, lastMillis: 20, checkMillis: 10 };
const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listening(port?: number): Promise<{ backend: ListeningBackend; url: string }> {
  const backend = new ListeningBackend();
  const url = await backend.listen(port);
  closing.push(() => backend.close());
  return { backend, url };
}

function registryFor(telemetry: Telemetry): ViewRegistry {
  const registry = new ViewRegistry(telemetry, pace);
  closing.push(() => registry.stop());
  return registry;
}

describe('ViewRegistry', () => {
  it('sends a view, replaces it, and removes it', async () => {
    const { backend, url } = await listening();
    const { telemetry } = capturedTelemetry({ endpoint: url });
    const registry = registryFor(telemetry);
    const view = defineView('orders', 'line', { title: 'Orders' }, 'shop');
    registry.set(view);
    await registry.stored(view.id);
    expect(backend.views.get(view.id)).toEqual({
      metric: 'orders',
      chartType: 'line',
      title: 'Orders',
      source: 'shop',
    });
    registry.set(defineView('orders', 'line', { title: 'All orders' }, 'shop'));
    await registry.stored(view.id);
    expect(backend.views.size).toBe(1);
    expect(backend.views.get(view.id)).toMatchObject({ title: 'All orders' });
    await registry.remove(view.id);
    expect(backend.views.size).toBe(0);
    await registry.remove(view.id);
  });

  it('keeps views until a backend appears, and gives them to one that starts anew', async () => {
    const first = await listening();
    await first.backend.close();
    const { port } = new URL(first.url);
    const { telemetry } = capturedTelemetry({ endpoint: first.url });
    const registry = registryFor(telemetry);
    const view = defineView('orders', 'stat', {}, 'shop');
    registry.set(view);
    const stored = registry.stored(view.id);
    const { backend } = await listening(Number(port));
    await stored;
    backend.views.clear();
    backend.startedUnixNano = '2';
    await backend.until(() => backend.views.size === 1);
  });

  it('goes on after a refused view, and says so', async () => {
    const { backend, url } = await listening();
    const messages: string[] = [];
    setDiagnostics((_, message) => messages.push(message));
    closing.push(() => setDiagnostics('none'));
    backend.answers.set('PUT /views', {
      status: 400,
      body: JSON.stringify({ error: { code: 'bad_view', message: 'no such aggregation' } }),
    });
    const { telemetry } = capturedTelemetry({ endpoint: url });
    const registry = registryFor(telemetry);
    const view = defineView('orders', 'top', {}, 'shop');
    registry.set(view);
    await registry.stored(view.id);
    expect(messages.join()).toMatch(/refused the view .*no such aggregation/);
  });

  it('waits where something else than a dashboard answers', async () => {
    const { backend, url } = await listening();
    backend.answers.set('GET /status', { status: 404, body: 'not here' });
    const { telemetry } = capturedTelemetry({ endpoint: url });
    const registry = registryFor(telemetry);
    const view = defineView('orders', 'top', {}, 'shop');
    registry.set(view);
    await backend.until(() => backend.requests.length >= 3);
    expect(backend.views.size).toBe(0);
    backend.answers.clear();
    await registry.stored(view.id);
    expect(backend.views.size).toBe(1);
  });

  it('sends the headers of the endpoint to the same origin, and follows the variable', async () => {
    const { backend, url } = await listening();
    const headers = { authorization: 'Bearer secret-of-ours' };
    const own = capturedTelemetry({ endpoint: url, headers }).telemetry;
    const elsewhere = capturedTelemetry(
      { endpoint: 'http://127.0.0.1:9', headers },
      { CODOMYRMEX_TELEMETRY_DASHBOARD_URL: `${url}/` },
    ).telemetry;
    for (const [index, telemetry] of [own, elsewhere].entries()) {
      const registry = registryFor(telemetry);
      const view = defineView(`m${index}`, 'line', {}, 'shop');
      registry.set(view);
      await registry.stored(view.id);
    }
    const authorized = backend.requests
      .filter((request) => request.method === 'PUT')
      .map((request) => request.headers.authorization);
    expect(authorized).toEqual(['Bearer secret-of-ours', undefined]);
  });

  it('has a limit', () => {
    const { telemetry } = capturedTelemetry({ endpoint: 'http://127.0.0.1:9' });
    const registry = registryFor(telemetry);
    for (let index = 0; index < 200; index++) registry.set(defineView(`m${index}`, 'line', {}, ''));
    registry.set(defineView('m1', 'line', { title: 'again' }, ''));
    expect(() => registry.set(defineView('one-more', 'line', {}, ''))).toThrow(/200 already/);
  });
});

describe('defineView', () => {
  const define = (metric: unknown, chartType: unknown, options: unknown = {}) =>
    defineView(metric as string, chartType as 'line', options as object, 'shop');

  it('gives the same id to the same group, metric and chart type only', () => {
    const id = define('a', 'line', { title: 'x' }).id;
    expect(define('a', 'line', { title: 'y' }).id).toBe(id);
    expect(define('a', 'line', { group: 'Views' }).id).toBe(id);
    expect(define('a', 'line', { group: 'Other' }).id).not.toBe(id);
    expect(define('a', 'area').id).not.toBe(id);
    expect(define('A', 'line').id).not.toBe(id);
    expect(define('ä/ö?', 'line').id).toMatch(/^[a-z0-9.-]+$/);
  });

  it('says what is wrong with its arguments', () => {
    expect(() => define('', 'line')).toThrow(/1 to 255 characters/);
    expect(() => define('m', 'pie')).toThrow(/"pie" is none of line, area/);
    expect(() => define('m', 'line', { titel: 'x' })).toThrow(/unknown option titel; .*title/);
    expect(() => define('m', 'line', { title: '' })).toThrow(/title must be a text/);
    expect(() => define('m', 'line', { by: 'route' })).toThrow(/by must be at most 8/);
    expect(() => define('m', 'line', { aggregation: 'mean' })).toThrow(/aggregation must be rate/);
    expect(() => define('m', 'line', { min: 2, max: 1 })).toThrow(/min 2 must be less than max 1/);
    expect(() => define('m', 'line', { max: NaN })).toThrow(/max must be a finite number/);
    expect(() => define('m', 'line', { filter: 5 })).toThrow(/filter must be a query/);
    const thresholds = [{ value: 1, level: 'red' }];
    expect(() => define('m', 'line', { thresholds })).toThrow(/thresholds must be/);
    expect(() => define('m', 'line', { thresholds: [undefined] })).toThrow(/thresholds must be/);
    expect(define('m', 'line', { title: undefined }).body).not.toHaveProperty('title');
  });

  it('keeps a copy of what it was given', () => {
    const by = ['route'];
    const { body } = define('m', 'table', { by, thresholds: [{ value: 1, level: 'warn' }] });
    by.push('later');
    expect(body.by).toEqual(['route']);
  });
});
