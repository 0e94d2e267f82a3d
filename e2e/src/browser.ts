import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type Page, chromium } from 'playwright-core';

/** A real Chromium with a fresh profile; `close` removes the profile too. */
export interface Browser {
  readonly context: BrowserContext;
  /** A new tab; what it says on its console as an error, or fails to load, ends up in `faults`. */
  open(url: string): Promise<Page>;
  readonly faults: string[];
  close(): Promise<void>;
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function startBrowser(
  viewport: { width: number; height: number } = { width: 1440, height: 900 },
): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'codomyrmex-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: FLAGS,
    viewport,
    colorScheme: 'dark',
  });
  const faults: string[] = [];
  return {
    context,
    faults,
    async open(url) {
      const page = await context.newPage();
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(`${page.url()}: ${message.text()}`);
      });
      page.on('pageerror', (error) => faults.push(`${page.url()}: ${String(error)}`));
      await page.goto(url);
      return page;
    },
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
