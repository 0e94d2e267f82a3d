import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { decode } from '@codomyrmex/otlp';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { type Backend, get, startBackend, temporaryFolder } from './backend.js';

let backend: Backend;
const folder = temporaryFolder();
beforeAll(async () => {
  backend = await startBackend(folder.path, ['--max-request-bytes', '1MiB']);
});
afterAll(async () => {
  expect(await backend.stop()).toBe(0);
  folder.remove();
});

const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };

function post(path: string, body: BodyInit, headers: Record<string, string>): Promise<Response> {
  return fetch(backend.otlpHttp + path, { method: 'POST', body, headers });
}

it('answers an undecodable body with a Status in the request’s encoding', async () => {
  const proto = await post('/v1/traces', new Uint8Array([0x0a, 0xff]), PROTOBUF);
  expect(proto.status).toBe(400);
  expect(proto.headers.get('content-type')).toBe('application/x-protobuf');
  const status = decode('Status', new Uint8Array(await proto.arrayBuffer()));
  expect(String((status as { message?: string }).message)).not.toBe('');
  const json = await post('/v1/logs', '{"resourceLogs": [', JSON_TYPE);
  expect(json.status).toBe(400);
  expect(json.headers.get('content-type')).toContain('application/json');
  expect(((await json.json()) as { message: string }).message).not.toBe('');
});

it('refuses what it does not speak', async () => {
  const yaml = await post('/v1/traces', 'a: b', { 'content-type': 'text/yaml' });
  expect(yaml.status).toBe(415);
  const brotli = await post('/v1/traces', 'x', { ...PROTOBUF, 'content-encoding': 'zstd' });
  expect(brotli.status).toBe(415);
  expect((await fetch(`${backend.otlpHttp}/v1/traces`)).status).toBe(405);
});

it('refuses what is too large after inflating, without inflating it whole', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  expect(bomb.length).toBeLessThan(100_000);
  const answer = await post('/v1/traces', bomb, { ...PROTOBUF, 'content-encoding': 'gzip' });
  expect(answer.status).toBe(413);
  const broken = gzipSync('hello').subarray(0, 12);
  const cut = await post('/v1/traces', broken, { ...PROTOBUF, 'content-encoding': 'gzip' });
  expect(cut.status).toBe(400);
});

it('points at the column of a bad query', async () => {
  const answer = await fetch(
    `${backend.url}/api/v1/spans?q=${encodeURIComponent('service=a status=')}`,
  );
  expect(answer.status).toBe(400);
  const { error } = (await answer.json()) as { error: { column: number; message: string } };
  expect(error.column).toBe(17);
});

it('answers an unknown route and bad parameters with JSON', async () => {
  const unknown = await fetch(`${backend.url}/api/v1/nothing`);
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toMatchObject({ error: { code: expect.any(String) as string } });
  const bad = await fetch(`${backend.url}/api/v1/spans?limit=-3`);
  expect(bad.status).toBe(400);
  const unknownTrace = await fetch(`${backend.url}/api/v1/traces/${'ab'.repeat(16)}`);
  expect(unknownTrace.status).toBe(404);
});

it('explains a wrong OTLP path in /status', async () => {
  expect((await post('/v1/trace', '{}', JSON_TYPE)).status).toBe(404);
  const { refused } = await get<{ refused: { path: string; hint?: string }[] }>(backend, '/status');
  const wrong = refused.find((item) => item.path === '/v1/trace');
  expect(wrong?.hint).toContain('/v1/traces');
});

it('refuses a foreign Host: no DNS rebinding', async () => {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const url = new URL(`${backend.url}/api/v1/status`);
    const sent = request(url, { headers: { host: 'evil.example' } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on('error', reject);
    sent.end();
  });
  expect(status).toBe(403);
});
