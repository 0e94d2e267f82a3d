import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ServicesAnswer, StatusAnswer, ViewsAnswer } from '@codomyrmex/telemetry-query';
import { expect, it } from 'vitest';

import { get, temporaryFolder, until } from './backend.js';

const START: string = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));

it('npm start shows moving data, and Ctrl-C ends all of it within 5 s', async () => {
  const folder = temporaryFolder();
  const flags = [
    '--port',
    '0',
    '--otlp-http-port',
    '0',
    '--otlp-grpc-port',
    '0',
    '--data-dir',
    folder.path,
  ];
  const child = spawn(process.execPath, [START, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  let url = '';
  for await (const line of createInterface({ input: child.stdout })) {
    url = /Codomyrmex Telemetry\s+(http:\S+)/.exec(line)?.[1] ?? '';
    if (url !== '') break;
  }
  const services = await until(
    () => get<ServicesAnswer>({ url }, '/services'),
    (answer) => answer.items.length >= 5,
    30_000,
  );
  expect(services.items.map((service) => service.name)).toContain('gateway');
  await until(
    () => get<StatusAnswer>({ url }, '/status'),
    ({ stored }) => stored.spans > 0 && stored.logs > 0 && stored.points > 0,
    30_000,
  );
  await until(
    () => get<ViewsAnswer>({ url }, '/views'),
    (answer) => answer.items.length >= 3,
  );
  const began = performance.now();
  child.kill('SIGINT');
  const [code] = await exited;
  expect(code).toBe(0);
  expect(performance.now() - began).toBeLessThan(5_000);
  await expect(fetch(`${url}/health`)).rejects.toThrow();
  folder.remove();
});
