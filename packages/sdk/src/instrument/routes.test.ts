/** `http.route` and what hangs on it, by each framework's own ways to say a path. */
import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express5 from 'express';
import type { RequestHandler } from 'express';
import { fastify } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { untraced } from '../export/suppress.js';
import { enableInstrumentations } from './enable.js';
import { Recorder, STATUS } from './fixtures/recorded.js';
import type { RecordedSpanFacts } from './fixtures/recorded.js';

const require = createRequire(import.meta.url);
const express4 = require('express4') as typeof express5;

let recorder = new Recorder();

/** Asks with a client that is not traced; resolves with the server's one span. */
async function spanOf(base: string, line: string): Promise<RecordedSpanFacts> {
  const [method = '', path = ''] = line.split(' ');
  await untraced(async () => (await fetch(base + path, { method })).text());
  const deadline = performance.now() + 5000;
  for (;;) {
    const spans = await recorder.spans();
    if (spans.length > 0 || performance.now() > deadline) {
      expect(spans).toHaveLength(1);
      return spans[0] as RecordedSpanFacts;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function check(
  base: string,
  [line, route, status]: readonly [string, string | undefined, number],
): Promise<void> {
  const span = await spanOf(base, line);
  const method = line.split(' ')[0] ?? '';
  expect(span.name).toBe(route === undefined ? method : `${method} ${route}`);
  expect(span.attributes['http.route']).toBe(route);
  expect(span.attributes['http.response.status_code']).toBe(status);
  expect(span.status).toBe(status >= 500 ? STATUS.ERROR : STATUS.UNSET);
  expect(span.attributes['error.type']).toBe(status >= 500 ? String(status) : undefined);
}

const ok: RequestHandler = (_request, response) => {
  response.send('ok');
};

/** The same program for both: all the ways in which paths come together. */
function expressProgram(express: typeof express5): http.RequestListener {
  const app = express();
  app.get('/', ok);
  app.get('/users/:id', ok);
  app.get(['/one', '/two/:x'], ok);
  app.get(/^\/re(\d+)$/, ok);
  const orders = express.Router();
  orders.get('/', ok);
  orders.get('/:order', ok);
  app.use('/shop/:shop/orders', orders);
  const items = express.Router();
  items.get('/item/:id', ok);
  app.use('/a', items);
  app.use('/b.c/:kind', items);
  app.use(['/x', '/y/:z'], express.Router().get('/in', ok));
  app.use('/2024', express.Router().get('/list', ok));
  app.use('/api', apiOf(express));
  const admin = express();
  admin.get('/', ok);
  admin.use('/deep', express.Router().get('/login/:name', ok));
  app.use('/admin/:tenant', admin);
  app.get('/broken', () => {
    throw new Error('broken');
  });
  app.use((_error: unknown, _q: unknown, response: express5.Response, _next: unknown) => {
    response.status(500).send('sorry');
  });
  return app;
}

function apiOf(express: typeof express5): RequestHandler {
  const v1 = express.Router();
  v1.get('/users/:id', ok);
  v1.get('/maybe', (_request, _response, next) => next());
  v1.get('/refused', (_request, response) => {
    response.status(403).end();
  });
  v1.get('/failed', (_request, _response, next) => next(new Error('failed')));
  const api = express.Router();
  api.use((_request, _response, next) => next());
  api.use('/v1', v1);
  return api;
}

describe.each([
  ['express 5', express5],
  ['express 4', express4],
])('%s', (_name, express) => {
  let base = '';
  let server: http.Server;
  let disable: () => void = () => {};

  beforeAll(async () => {
    recorder = new Recorder();
    disable = enableInstrumentations('builtin', { tracerProvider: recorder.provider }, {});
    server = http.createServer(expressProgram(express)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    disable();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  test.each<readonly [string, string | undefined, number]>([
    ['GET /', '/', 200],
    ['GET /users/9', '/users/:id', 200],
    ['HEAD /users/9', '/users/:id', 200],
    ['GET /one', '/one,/two/:x', 200],
    ['GET /two/2', '/one,/two/:x', 200],
    ['GET /re7', String.raw`/^\/re(\d+)$/`, 200],
    ['GET /shop/12/orders/5', '/shop/:shop/orders/:order', 200],
    ['GET /shop/books/orders/5?q=1', '/shop/:shop/orders/:order', 200],
    ['GET /SHOP/books/Orders', '/shop/:shop/orders', 200],
    ['GET /a/item/1', '/a/item/:id', 200],
    ['GET /b.c/large/item/1', '/b.c/:kind/item/:id', 200],
    ['GET /x/in', '/x/in', 200],
    ['GET /y/7/in', '/y/:z/in', 200],
    ['GET /2024/list', '/2024/list', 200],
    ['GET /api/v1/users/7', '/api/v1/users/:id', 200],
    ['GET /admin/acme', '/admin/:tenant', 200],
    ['GET /admin/acme/deep/login/ann', '/admin/:tenant/deep/login/:name', 200],
    ['GET /api/v1/refused', '/api/v1/refused', 403],
    ['GET /api/v1/failed', '/api/v1/failed', 500],
    ['GET /broken', '/broken', 500],
    // A route was there and passed on; that nobody answered is the status.
    ['GET /api/v1/maybe', '/api/v1/maybe', 404],
    ['GET /nowhere', undefined, 404],
    ['GET /api/v1/nowhere', undefined, 404],
    ['POST /users/9', undefined, 404],
  ])('%j', async (...row) => {
    await check(base, row);
  });
});

describe('fastify', () => {
  let app = fastify();
  let base = '';
  let disable: () => void = () => {};

  beforeAll(async () => {
    recorder = new Recorder();
    disable = enableInstrumentations('builtin', { tracerProvider: recorder.provider }, {});
    // Made anew: hooks are added to instances that are made while we listen.
    app = fastify();
    app.get('/', async () => 'root');
    app.get('/users/:id', async () => 'user');
    app.get('/files/*', async () => 'file');
    app.get('/re/:at(^\\d{2}h$)', async () => 'hour');
    app.get('/teapot', (_request, reply) => reply.code(418).send('tea'));
    app.get('/broken', async () => {
      throw new TypeError('broken');
    });
    const schema = { querystring: { type: 'object', required: ['page'] } };
    app.get('/checked', { schema }, async () => 'checked');
    await app.register(
      async (outer) => {
        outer.get('/', async () => 'list');
        await outer.register(async (inner) => inner.get('/:order', async () => 'x'), {
          prefix: '/:shop/orders',
        });
        outer.setErrorHandler((_error, _request, reply) => reply.code(502).send('outer'));
        outer.get('/failed', async () => {
          throw new Error('failed');
        });
      },
      { prefix: '/shops' },
    );
    await app.register(
      async (inner) => {
        inner.setNotFoundHandler((_request, reply) => reply.code(410).send('gone'));
      },
      { prefix: '/old' },
    );
    base = await app.listen({ port: 0, host: '127.0.0.1' });
  });

  afterAll(async () => {
    disable();
    await app.close();
  });

  test.each<readonly [string, string | undefined, number]>([
    ['GET /', '/', 200],
    ['GET /users/9?x=1', '/users/:id', 200],
    ['HEAD /users/9', '/users/:id', 200],
    ['GET /files/a/b/c', '/files/*', 200],
    ['GET /re/12h', String.raw`/re/:at(^\d{2}h$)`, 200],
    ['GET /shops', '/shops', 200],
    ['GET /shops/books/orders/5', '/shops/:shop/orders/:order', 200],
    ['GET /teapot', '/teapot', 418],
    ['GET /checked', '/checked', 400],
    ['GET /broken', '/broken', 500],
    ['GET /shops/failed', '/shops/failed', 502],
    ['GET /nowhere', undefined, 404],
    ['GET /old/path', undefined, 410],
    ['POST /users/9', undefined, 404],
  ])('%j', async (...row) => {
    await check(base, row);
  });
});
