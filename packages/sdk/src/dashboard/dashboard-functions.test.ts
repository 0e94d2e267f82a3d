import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { setDiagnostics } from '../common/diagnostics.js';
import { startTelemetry, telemetry } from '../export/telemetry.js';
import { getLogger } from '../logs/get-logger.js';
import { createCounter } from '../metrics/create-instrument.js';
import { startSpan } from '../trace/start-span.js';
import { ListeningBackend } from './fixtures/listening-backend.js';
import { registerView } from './register-view.js';
import { serverCommandFile } from './server-package.js';
import { startDashboardServer } from './start-dashboard-server.js';
import { updateDisplay } from './update-display.js';

const backend = new ListeningBackend();
const messages: string[] = [];

beforeAll(async () => {
  startTelemetry({
    endpoint: await backend.listen(),
    serviceName: 'shop',
    transport: 'main',
    diagnostics: (_, message) => messages.push(message),
  });
});

afterAll(async () => {
  await telemetry().shutdown();
  setDiagnostics('none');
  await backend.close();
});

describe('registerView', () => {
  it('returns at once, reaches the backend, and can be taken back', async () => {
    const view = registerView('orders', 'line', { by: ['status'], group: 'Shop' });
    expect(view).toMatchObject({ metric: 'orders', chartType: 'line' });
    await view.stored();
    expect(backend.views.get(view.id)).toMatchObject({ by: ['status'], source: 'shop' });
    await view.remove();
    expect(backend.views.size).toBe(0);
  });
});

describe('updateDisplay', () => {
  it('flushes, counts what was taken since the last call, and says when it was shown', async () => {
    createCounter('orders').add(1);
    getLogger('shop').info('placed');
    startSpan('buy').end();
    startSpan('pay').end();
    const first = await updateDisplay();
    expect(first).toEqual({ spans: 2, points: 1, logs: 1, shownMillis: 12 });
    const paths = backend.requests.map((request) => `${request.method} ${request.path}`);
    const exports = ['POST /v1/logs', 'POST /v1/metrics', 'POST /v1/traces'];
    expect(paths.slice(-4).toSorted()).toEqual(['POST /display', ...exports]);
    expect(paths.at(-1)).toBe('POST /display');
    getLogger('shop').info('again');
    startSpan('again').end();
    expect(await updateDisplay()).toMatchObject({ spans: 1, points: 0, logs: 1 });
  });

  it('resolves with a diagnostic where no page can be told', async () => {
    backend.answers.set('POST /display', { status: 404, body: '' });
    expect(await updateDisplay()).toMatchObject({ shownMillis: undefined });
    expect(messages.join()).toMatch(/display was not updated/);
    backend.answers.set('POST /display', { status: 200, body: 'x'.repeat(2_000_000) });
    expect(await updateDisplay()).toMatchObject({ shownMillis: undefined });
    backend.answers.clear();
  });
});

describe('startDashboardServer', () => {
  it('refuses ports that are none', async () => {
    await expect(startDashboardServer(70_000)).rejects.toThrow(/port 70000 is no port/);
    await expect(startDashboardServer({ otlpHttpPort: -1 })).rejects.toThrow(/otlpHttpPort -1/);
  });
});

describe('serverCommandFile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'telemetry-server-package-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('finds the command of the installed package', () => {
    expect(serverCommandFile()).toMatch(/dist\/cli\/bin\.js$/);
  });

  it('gives the line that installs it where it is missing', () => {
    const place = pathToFileURL(join(folder, 'main.js')).href;
    expect(() => serverCommandFile([place])).toThrow(/npm install @codomyrmex\/telemetry-server/);
  });

  it('says so when the package found is not the right one', () => {
    const inside = join(folder, 'node_modules', '@codomyrmex', 'telemetry-server');
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, 'package.json'), '{}');
    const place = pathToFileURL(join(folder, 'main.js')).href;
    expect(() => serverCommandFile([place])).toThrow(/names no codomyrmex-telemetry/);
  });
});
