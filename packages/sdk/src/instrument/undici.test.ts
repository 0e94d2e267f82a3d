import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HttpScene, byKind } from './fixtures/http-scene.js';
import { KIND, STATUS } from './fixtures/recorded.js';

let scene = new HttpScene();

beforeEach(() => {
  scene = new HttpScene();
});

afterEach(() => scene.close());

test('spans and context, as with node:http', async () => {
  await scene.setUp(
    (request, response) => {
      response.statusCode = request.url === '/teapot' ? 418 : 200;
      response.setHeader('x-served-by', 'two');
      response.end('ok');
    },
    { http: { captureHeaders: { clientRequest: ['x-a'], clientResponse: ['x-served-by'] } } },
  );
  const { port } = new URL(scene.base);
  const answer = await fetch(`${scene.base}/p?Signature=1`, {
    method: 'POST',
    body: 'x',
    headers: { 'X-A': '1' },
  });
  await answer.text();
  const all = await scene.spans(2);
  const client = byKind(all, KIND.CLIENT);
  expect(byKind(all, KIND.SERVER).parentSpanId).toBe(client.spanId);
  expect(client.attributes).toEqual({
    'http.request.method': 'POST',
    'url.full': `${scene.base}/p?Signature=REDACTED`,
    'server.address': '127.0.0.1',
    'server.port': Number(port),
    'network.peer.address': '127.0.0.1',
    'network.peer.port': Number(port),
    'http.response.status_code': 200,
    'http.request.header.x-a': ['1'],
    'http.response.header.x-served-by': ['two'],
  });
  await (await fetch(`${scene.base}/teapot`)).text();
  const teapot = byKind(await scene.spans(2), KIND.CLIENT);
  expect(teapot).toMatchObject({ status: STATUS.ERROR });
  expect(teapot.attributes['error.type']).toBe('418');
});

test('a refused connection, and an abort', async () => {
  await scene.setUp(() => {});
  const control = new AbortController();
  scene.server.once('request', () => control.abort());
  await expect(fetch(scene.base, { signal: control.signal })).rejects.toThrow('aborted');
  const aborted = byKind(await scene.spans(2), KIND.CLIENT);
  expect(aborted).toMatchObject({ status: STATUS.ERROR });
  expect(aborted.attributes['error.type']).toBe('AbortError');
  const free = http.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  await once(free, 'close');
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow('fetch failed');
  const [refused] = await scene.spans(1);
  expect(refused?.attributes['error.type']).toBe('ECONNREFUSED');
});
