import { spawnSync } from 'node:child_process';
import type { Span, StatusAnswer, TraceAnswer } from '@codomyrmex/telemetry-query';
import { afterAll, expect, it } from 'vitest';

import { PROGRAM, exported, get, startBackend, temporaryFolder } from './backend.js';
import { officialSdk } from './official.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

it('keeps what it acknowledged through SIGKILL, and locks its directory', async () => {
  let backend = await startBackend(folder.path);
  const sdk = officialSdk(backend.otlpHttp, 'protobuf', 'durable');
  const span = sdk.tracer.startSpan('before the kill');
  span.end();
  await sdk.flush();
  await sdk.shutdown();

  const args = [
    'serve',
    '--json',
    '--port',
    '0',
    '--otlp-http-port',
    '0',
    '--otlp-grpc-port',
    '0',
    '--data-dir',
    folder.path,
  ];
  const began = performance.now();
  const second = spawnSync(process.execPath, [PROGRAM, ...args], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  expect(second.status).not.toBe(0);
  expect(second.stderr).toContain(folder.path);
  expect(second.stderr).toContain(String(backend.process.pid));
  expect(performance.now() - began).toBeLessThan(5_000);

  await backend.kill();
  backend = await startBackend(folder.path);
  const { traceId } = span.spanContext();
  const answer = await get<TraceAnswer>(backend, `/traces/${traceId}`);
  expect(answer.spans.map((stored) => stored.name)).toEqual(['before the kill']);
  expect(await exported<Span>(backend, 'spans?service=durable')).toHaveLength(1);
  expect((await get<StatusAnswer>(backend, '/status')).stored.spans).toBe(1);

  const stopped = performance.now();
  expect(await backend.stop()).toBe(0);
  expect(performance.now() - stopped).toBeLessThan(5_000);
});
