import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import express from 'express';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { activeContext, runInContext, spanOf, withSpanInContext } from '../common/context.js';
import type { InstrumentationsOption } from '../common/instrumentation-options.js';
import { untraced } from '../export/suppress.js';
import { enableInstrumentations } from './enable.js';
import { KIND, Recorder, STATUS } from './fixtures/recorded.js';
import type { RecordedSpanFacts } from './fixtures/recorded.js';

let recorder = new Recorder();
let disable: () => void = () => {};
let close: () => Promise<unknown> = async () => undefined;

function enable(option: InstrumentationsOption = 'builtin'): void {
  disable = enableInstrumentations(option, { tracerProvider: recorder.provider }, {});
}

beforeEach(() => {
  recorder = new Recorder();
});

afterEach(async () => {
  await close();
  close = async () => undefined;
  disable();
});

/** The spans that these paths lead to, asked for by a client that is not traced. */
async function ask(base: string, ...paths: string[]): Promise<RecordedSpanFacts[]> {
  for (const path of paths) {
    await untraced(async () => (await fetch(base + path)).text());
  }
  const found: RecordedSpanFacts[] = [];
  const deadline = performance.now() + 5000;
  while (servers(found) < paths.length && performance.now() < deadline) {
    found.push(...(await recorder.spans()));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(servers(found)).toBe(paths.length);
  return found;
}

function servers(all: readonly RecordedSpanFacts[]): number {
  return all.filter((span) => span.kind === KIND.SERVER).length;
}

describe('fastify', () => {
  let inHandler: string | undefined;

  async function serve(option?: InstrumentationsOption): Promise<string> {
    enable(option);
    const app = fastify();
    app.addHook('onRequest', async (request, reply) => {
      if (request.headers.authorization === 'none') await reply.code(401).send();
    });
    app.get('/users/:id', async () => {
      inHandler = spanOf(activeContext())?.spanContext().spanId;
      return 'user';
    });
    app.get('/sync', (_request, reply) => {
      void reply.send('x');
    });
    app.get('/broken', async () => {
      throw new TypeError('broken');
    });
    app.get('/refused', { preValidation: async (_q, reply) => reply.code(403).send() }, () => 'x');
    await app.register(
      async (inner) => {
        inner.get('/:page', async () => 'page');
      },
      { prefix: '/docs' },
    );
    const base = await app.listen({ port: 0, host: '127.0.0.1' });
    close = () => app.close();
    return base;
  }

  test('the route names the server’s span, refused and failed requests included', async () => {
    const base = await serve();
    const paths = ['/users/7', '/docs/a', '/refused', '/broken', '/nowhere'];
    const all = await ask(base, ...paths);
    expect(all.map((span) => [span.name, span.attributes['http.route']])).toEqual([
      ['GET /users/:id', '/users/:id'],
      ['GET /docs/:page', '/docs/:page'],
      ['GET /refused', '/refused'],
      ['GET /broken', '/broken'],
      ['GET', undefined],
    ]);
    expect(all[3]).toMatchObject({ status: STATUS.ERROR, events: ['exception'] });
  });

  test('an instance made before we listened still gets its routes from the handler', async () => {
    const app = fastify();
    app.get('/early/:id', async () => 'x');
    const base = await app.listen({ port: 0, host: '127.0.0.1' });
    close = () => app.close();
    enable();
    expect((await ask(base, '/early/1'))[0]?.name).toBe('GET /early/:id');
  });

  test('handler spans by option, current in the handler', async () => {
    const base = await serve({ fastify: { spans: true } });
    const all = await ask(base, '/users/1', '/sync', '/broken');
    const handlers = all.filter((span) => span.kind === KIND.INTERNAL);
    expect(handlers.map((span) => span.name)).toEqual([
      'handler - /users/:id',
      'handler - /sync',
      'handler - /broken',
    ]);
    expect(handlers[0]?.spanId).toBe(inHandler);
    expect(handlers[2]?.status).toBe(STATUS.ERROR);
    for (const handler of handlers) {
      const parent = all.find((span) => span.spanId === handler.parentSpanId);
      expect(parent?.kind).toBe(KIND.SERVER);
    }
  });
});

describe('express', () => {
  async function serve(option?: InstrumentationsOption): Promise<string> {
    enable(option);
    const app = express();
    const orders = express.Router();
    orders.get('/:order', (_request, response) => {
      response.send(spanOf(activeContext())?.spanContext().spanId);
    });
    app.use('/shop/:shop/orders', orders);
    app.get('/users/:id', (_request, response) => {
      response.send('user');
    });
    app.get('/broken', () => {
      throw new Error('broken');
    });
    app.use((_error: unknown, _q: unknown, response: express.Response, _next: unknown) => {
      response.status(500).send('sorry');
    });
    const server = http.createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    close = async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    };
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('the route names the server’s span', async () => {
    const base = await serve();
    const all = await ask(base, '/users/9', '/shop/12/orders/5', '/broken', '/nowhere');
    expect(all.map((span) => span.name)).toEqual([
      'GET /users/:id',
      'GET /shop/:shop/orders/:order',
      'GET /broken',
      'GET',
    ]);
    expect(all[2]?.status).toBe(STATUS.ERROR);
  });

  test('without express, no route', async () => {
    const base = await serve({ express: false });
    expect((await ask(base, '/users/9'))[0]?.name).toBe('GET');
  });
});

describe('pino', () => {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });

  function inSpan(work: () => void): { trace_id: string; span_id: string; trace_flags: string } {
    const span = recorder.provider.getTracer('t').startSpan('s');
    runInContext(withSpanInContext(activeContext(), span), work);
    const { traceId, spanId } = span.spanContext();
    return { trace_id: traceId, span_id: spanId, trace_flags: '03' };
  }

  beforeEach(() => {
    lines.length = 0;
  });

  test('lines within a span carry its ids, and only those', () => {
    enable(['pino']);
    const log = pino({ name: 'shop' }, sink);
    const child = log.child({ part: 'child' });
    const own = Object.freeze({ own: 1 });
    const ids = inSpan(() => {
      log.info(own, 'one');
      child.warn('two');
      log.error(new Error('three'));
    });
    log.info('four');
    expect(lines).toHaveLength(4);
    for (const line of lines.slice(0, 3)) expect(line).toMatchObject(ids);
    expect(lines[0]).toMatchObject({ own: 1, msg: 'one', name: 'shop' });
    expect(lines[1]).toMatchObject({ part: 'child' });
    expect(lines[3]).not.toHaveProperty('trace_id');
    expect(own).toEqual({ own: 1 });
  });

  test('a trace_id that is there already stays alone', () => {
    enable(['pino']);
    const log = pino({ mixin: () => ({ trace_id: 'mine' }) }, sink);
    inSpan(() => log.info('one'));
    expect(lines[0]).toMatchObject({ trace_id: 'mine' });
    expect(lines[0]).not.toHaveProperty('span_id');
  });

  test('a serializer that throws leaves the logger as it was', () => {
    enable(['pino']);
    const bad = {
      toJSON: () => {
        throw new Error('no');
      },
    };
    const log = pino(
      {
        serializers: {
          bad: () => {
            throw new Error('no');
          },
        },
      },
      sink,
    );
    inSpan(() => expect(() => log.info({ bad }, 'one')).toThrow('no'));
    log.info('two');
    expect(lines.at(-1)).not.toHaveProperty('trace_id');
  });

  test('switched off, lines stay as they are', () => {
    enable(['pino']);
    disable();
    const log = pino(sink);
    inSpan(() => log.info('one'));
    expect(lines[0]).not.toHaveProperty('trace_id');
  });
});
