import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StatusAnswer, TracesAnswer, ViewsAnswer } from '@codomyrmex/telemetry-query';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Backend, PROGRAM, get, startBackend, temporaryFolder, until } from './backend.js';
import { type Browser, startBrowser } from './browser.js';

// Pictures of every screen with the demo's data, to be looked at: .cache/screens.
const PICTURES: string = fileURLToPath(new URL('../../.cache/screens', import.meta.url));
const folder = temporaryFolder();
let backend: Backend;
let demo: ChildProcess;
let browser: Browser;
let page: Page;
let traceId: string;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  backend = await startBackend(folder.path);
  browser = await startBrowser();
  page = await browser.open(backend.url);
  await picture('empty');
  demo = spawn(process.execPath, [PROGRAM, 'demo', '--endpoint', backend.otlpHttp], {
    stdio: 'ignore',
  });
  await until(
    () => get<StatusAnswer>(backend, '/status'),
    ({ stored }) => stored.spans > 200 && stored.logs > 20 && stored.points > 20,
    60_000,
  );
  const traces = await until(
    () => get<TracesAnswer>(backend, '/traces?q=service%3Dcheckout&limit=20'),
    (answer) => answer.items.some((trace) => trace.spanCount > 8),
    30_000,
  );
  traceId = traces.items.find((trace) => trace.spanCount > 8)?.traceId ?? '';
  await until(
    () => get<ViewsAnswer>(backend, '/views'),
    (answer) => answer.items.length >= 3,
  );
});
afterAll(async () => {
  demo.kill('SIGTERM');
  if (demo.exitCode === null) await once(demo, 'exit');
  await browser.close();
  expect(await backend.stop()).toBe(0);
  folder.remove();
  expect(browser.faults).toEqual([]);
});

async function picture(name: string): Promise<void> {
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.screenshot({ path: join(PICTURES, `${name}-${theme}.png`) });
  }
}

const SCREENS: readonly [name: string, path: () => string, shown: string][] = [
  ['overview', () => '/', '[data-test=service-row]'],
  ['traces', () => '/traces', '[data-test=traces-row]'],
  ['trace', () => `/trace/${traceId}`, '[data-test=span-row]'],
  ['logs', () => '/logs', '[data-test=log-row]'],
  ['metrics', () => '/metrics/http.server.request.duration', '[data-test=metric-row]'],
  ['services', () => '/services', '[data-test=service-row]'],
  ['views', () => '/views', '[data-test=view-card]'],
];

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];

interface AxeResult {
  readonly violations: readonly { id: string; nodes: readonly { html: string }[] }[];
}

/** What axe-core finds wrong with the page as it stands, in both themes. */
async function accessibilityFaults(): Promise<string[]> {
  const faults: string[] = [];
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    // evaluate() runs outside the page's content security policy.
    await page.evaluate(AXE);
    const run = `axe.run({ runOnly: ${JSON.stringify(RULES)} })`;
    const { violations } = await page.evaluate<AxeResult>(run);
    for (const { id, nodes } of violations) faults.push(`${theme} ${id}: ${nodes[0]?.html ?? ''}`);
  }
  return faults;
}

describe.each([
  ['wide', 1440, 900],
  ['narrow', 820, 900],
] as const)('the %s window', (width, pixels, height) => {
  it.each(SCREENS)('%s shows its data and never scrolls sideways', async (name, path, shown) => {
    await page.setViewportSize({ width: pixels, height });
    await page.goto(backend.url + path());
    await page.locator(shown).first().waitFor();
    if (name === 'trace') await page.locator('[data-test=span-row]').nth(3).click();
    await picture(width === 'wide' ? name : `${name}-narrow`);
    const over = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(over).toBeLessThanOrEqual(0);
    expect(await accessibilityFaults()).toEqual([]);
  });
});
