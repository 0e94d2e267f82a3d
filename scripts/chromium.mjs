// The browser of the end-to-end tests: found, or installed; never silently skipped.
import { existsSync } from 'node:fs';
import { bin, run, step, StepError } from './steps.mjs';

const PLACES = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The path of a Chromium; installs one by apt where root, else by Playwright. */
export async function chromium() {
  const found = await find();
  if (found !== undefined) return found;
  await step('install Chromium', async () => {
    if (
      process.platform === 'linux' &&
      process.getuid?.() === 0 &&
      existsSync('/usr/bin/apt-get')
    ) {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      const stdio = ['ignore', 'ignore', 'inherit'];
      await run('apt-get', ['update', '-qq'], { env, stdio });
      await run('apt-get', ['install', '-y', '-qq', 'chromium'], { env, stdio });
    } else {
      await run(bin('playwright-core'), ['install', 'chromium']);
    }
  });
  const installed = await find();
  if (installed === undefined) {
    throw new StepError('no Chromium found: install one, or set CHROMIUM_PATH to its program');
  }
  return installed;
}

async function find() {
  for (const place of PLACES) if (place !== undefined && existsSync(place)) return place;
  const { chromium: playwright } = await import('playwright-core');
  const own = playwright.executablePath();
  return existsSync(own) ? own : undefined;
}
