import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, expect, test } from 'vitest';
import { AlwaysOffSampler } from '../trace/samplers.js';
import { HttpScene, byKind, send } from './fixtures/http-scene.js';
import { KIND } from './fixtures/recorded.js';
import type { RecordedPoint } from './fixtures/recorded.js';

const SERVER = 'http.server.request.duration';
const CLIENT = 'http.client.request.duration';
/** Semantic conventions for HTTP metrics 1.23 and later, both histograms. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

let scene = new HttpScene();

afterEach(() => scene.close());

/** The points of a histogram once they count this many requests together. */
async function points(name: string, requests: number): Promise<RecordedPoint[]> {
  const deadline = performance.now() + 5000;
  for (;;) {
    const found = await scene.recorder.points(name);
    const count = found.reduce((sum, point) => sum + point.count, 0);
    if (count >= requests || performance.now() > deadline) {
      expect(count).toBe(requests);
      return found;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('routes and statuses are attributes, paths and clients are not', async () => {
  scene = new HttpScene();
  const app = express();
  app.get('/users/:id', (request, response) => {
    response.status(request.params.id === '3' ? 503 : 200).send('x');
  });
  await scene.setUp(app);
  const { port } = new URL(scene.base);
  for (const path of ['/users/1', '/users/2?q=1', '/users/3', '/nowhere']) {
    await send(scene.base + path);
  }
  const common = {
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'network.protocol.version': '1.1',
  };
  const route = { ...common, 'http.route': '/users/:id' };
  const server = await points(SERVER, 4);
  expect(server.map(({ attributes, count }) => [attributes, count])).toEqual([
    [{ ...route, 'http.response.status_code': 200 }, 2],
    [{ ...route, 'http.response.status_code': 503, 'error.type': '503' }, 1],
    [{ ...common, 'http.response.status_code': 404 }, 1],
  ]);
  for (const point of server) {
    expect(point).toMatchObject({ scope: '@codomyrmex/telemetry/http', unit: 's', bounds: BOUNDS });
    expect(point.sum).toBeGreaterThan(0);
    expect(point.sum).toBeLessThan(60);
  }
  const target = { ...common, 'server.address': '127.0.0.1', 'server.port': Number(port) };
  const client = await points(CLIENT, 4);
  expect(client.map(({ attributes, count }) => [attributes, count])).toEqual([
    [{ ...target, 'http.response.status_code': 200 }, 2],
    [{ ...target, 'http.response.status_code': 503, 'error.type': '503' }, 1],
    [{ ...target, 'http.response.status_code': 404, 'error.type': '404' }, 1],
  ]);
  expect(client[0]).toMatchObject({ unit: 's', bounds: BOUNDS });
});

test('exemplars point at the request’s own spans', async () => {
  scene = new HttpScene();
  await scene.setUp((_request, response) => response.end());
  await send(scene.base);
  // A collection takes the exemplars with it: both requests must have ended before the first.
  const spans = await scene.spans(2);
  await scene.recorder.meterProvider.collect(1000);
  const [server] = scene.recorder.lastPoints(SERVER);
  const [client] = scene.recorder.lastPoints(CLIENT);
  expect(server?.exemplars).toEqual([byKind(spans, KIND.SERVER).spanId]);
  expect(client?.exemplars).toEqual([byKind(spans, KIND.CLIENT).spanId]);
});

test('fetch counts, and so do requests that got no answer', async () => {
  scene = new HttpScene();
  await scene.setUp((request, response) => {
    if (request.url === '/gone') request.socket.destroy();
    else response.end();
  });
  const { port } = new URL(scene.base);
  await (await fetch(scene.base)).text();
  await expect(fetch(`${scene.base}/gone`)).rejects.toThrow('fetch failed');
  const free = http.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const closed = (free.address() as AddressInfo).port;
  free.close();
  await once(free, 'close');
  await expect(send(`http://127.0.0.1:${closed}`)).rejects.toThrow('ECONNREFUSED');
  const base = { 'http.request.method': 'GET', 'url.scheme': 'http' };
  const target = { ...base, 'server.address': '127.0.0.1', 'server.port': Number(port) };
  const client = await points(CLIENT, 3);
  const byScope = (name: string): Readonly<Record<string, unknown>>[] =>
    client
      .filter(({ scope }) => scope === `@codomyrmex/telemetry/${name}`)
      .map(({ attributes }) => attributes);
  expect(byScope('undici')).toEqual([
    { ...target, 'http.response.status_code': 200 },
    { ...target, 'error.type': 'UND_ERR_SOCKET' },
  ]);
  expect(byScope('http')).toEqual([
    { ...target, 'server.port': closed, 'error.type': 'ECONNREFUSED' },
  ]);
  const server = await points(SERVER, 2);
  expect(server.map(({ attributes }) => attributes['error.type'])).toEqual([undefined, 'aborted']);
});

test('requests that are not sampled count, without exemplars', async () => {
  scene = new HttpScene({ sampler: new AlwaysOffSampler() });
  await scene.setUp((_request, response) => response.end());
  await send(scene.base);
  for (const name of [SERVER, CLIENT]) {
    const [point] = await points(name, 1);
    expect(point?.attributes['http.response.status_code']).toBe(200);
    expect(point?.exemplars).toEqual([]);
  }
  expect(await scene.recorder.spans()).toEqual([]);
});

test('what a header says must not make attributes without end', async () => {
  scene = new HttpScene();
  await scene.setUp((_request, response) => response.end());
  for (const named of ['https', 'gopher1', 'gopher2']) {
    await send(scene.base, { method: 'PROPFIND', headers: { 'x-forwarded-proto': named } });
  }
  const server = await points(SERVER, 3);
  expect(server.map(({ attributes, count }) => [attributes['url.scheme'], count])).toEqual([
    ['https', 1],
    ['http', 2],
  ]);
  expect(server[0]?.attributes['http.request.method']).toBe('_OTHER');
});

test('off by option; ignored requests do not count', async () => {
  scene = new HttpScene();
  await scene.setUp((_request, response) => response.end(), { http: { metrics: false } });
  await send(scene.base);
  await scene.spans(2);
  expect(await scene.recorder.points(SERVER)).toEqual([]);
  await scene.close();
  scene = new HttpScene();
  const ignores = { http: { ignoreIncoming: ['/health'], ignoreOutgoing: [/health/] } };
  await scene.setUp((_request, response) => response.end(), ignores);
  await send(`${scene.base}/health`);
  await send(scene.base);
  await scene.spans(2);
  await points(SERVER, 1);
  await points(CLIENT, 1);
});
