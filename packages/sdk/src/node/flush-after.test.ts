import { afterAll, beforeAll, expect, it } from 'vitest';
import { Backend } from '../export/fixtures/backend.js';
import { init, shutdown } from '../init.js';
import { startSpan } from '../trace/start-span.js';
import { flushAfter } from './flush-after.js';

let backend: Backend;
beforeAll(async () => {
  backend = await Backend.start();
  init({ endpoint: backend.url, serverless: true });
});
afterAll(async () => {
  await shutdown();
  await backend.close();
});

it('flushes when a handler has returned or thrown, and keeps all else of it', async () => {
  const handler = flushAfter(async function (this: { factor: number }, value: number) {
    startSpan(`called with ${value}`).end();
    await Promise.resolve();
    if (value < 0) throw new RangeError('negative');
    return value * this.factor;
  });
  expect(await handler.call({ factor: 2 }, 21)).toBe(42);
  expect(backend.spans.map((span) => span.name)).toEqual(['called with 21']);
  await expect(handler.call({ factor: 2 }, -1)).rejects.toThrow('negative');
  expect(backend.spans.map((span) => span.name)).toEqual(['called with 21', 'called with -1']);
  const plain = flushAfter((name: string) => name.length);
  expect(await plain('four')).toBe(4);
});
