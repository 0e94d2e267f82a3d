import http from 'node:http';
import { propagation } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { activeContext, runInContext, spanOf, withSpanInContext } from '../common/context.js';
import { untraced } from '../export/suppress.js';
import { HttpScene, byKind, send } from './fixtures/http-scene.js';
import { KIND, STATUS } from './fixtures/recorded.js';

let scene = new HttpScene();

beforeEach(() => {
  scene = new HttpScene();
});

afterEach(() => scene.close());

describe('both ends', () => {
  test('one span at either end, the client the parent, attributes as agreed', async () => {
    await scene.setUp((_request, response) => response.end('hello'));
    const { port } = new URL(scene.base);
    await send(`${scene.base}/a/b?x=1&sig=secret`, { headers: { 'user-agent': 'test/1' } });
    const all = await scene.spans(2);
    const client = byKind(all, KIND.CLIENT);
    const incoming = byKind(all, KIND.SERVER);
    expect(incoming.traceId).toBe(client.traceId);
    expect(incoming.parentSpanId).toBe(client.spanId);
    expect(client.parentSpanId).toBe('');
    expect(client).toMatchObject({ name: 'GET', status: STATUS.UNSET });
    expect(client.attributes).toEqual({
      'http.request.method': 'GET',
      'url.full': `${scene.base}/a/b?x=1&sig=REDACTED`,
      'server.address': '127.0.0.1',
      'server.port': Number(port),
      'network.peer.address': '127.0.0.1',
      'network.peer.port': Number(port),
      'network.protocol.version': '1.1',
      'http.response.status_code': 200,
    });
    expect(incoming).toMatchObject({ name: 'GET', status: STATUS.UNSET });
    expect(incoming.attributes).toEqual({
      'http.request.method': 'GET',
      'url.path': '/a/b',
      'url.query': 'x=1&sig=REDACTED',
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'server.port': Number(port),
      'network.protocol.version': '1.1',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'client.address': '127.0.0.1',
      'user_agent.original': 'test/1',
      'http.response.status_code': 200,
    });
  });

  test('status: 4xx is the client’s error alone, 5xx both ends’', async () => {
    await scene.setUp((request, response) => {
      response.statusCode = request.url === '/missing' ? 404 : 503;
      response.end();
    });
    await send(`${scene.base}/missing`);
    let all = await scene.spans(2);
    expect(byKind(all, KIND.SERVER).status).toBe(STATUS.UNSET);
    expect(byKind(all, KIND.CLIENT)).toMatchObject({ status: STATUS.ERROR });
    expect(byKind(all, KIND.CLIENT).attributes['error.type']).toBe('404');
    await send(`${scene.base}/broken`);
    all = await scene.spans(2);
    for (const span of all) {
      expect(span.status).toBe(STATUS.ERROR);
      expect(span.attributes['error.type']).toBe('503');
    }
  });

  test('the span is current in the handler, its timers and the body’s events', async () => {
    const seen: (string | undefined)[] = [];
    const note = (): void => {
      seen.push(spanOf(activeContext())?.spanContext().spanId);
    };
    await scene.setUp((request, response) => {
      note();
      request.on('data', note);
      request.on('end', () => {
        note();
        setTimeout(() => {
          note();
          queueMicrotask(() => {
            note();
            response.end();
          });
        }, 1);
      });
    });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (let index = 0; index < 3; index++) {
      seen.length = 0;
      await send(`${scene.base}/`, { method: 'POST', agent }, 'body');
      const incoming = byKind(await scene.spans(2), KIND.SERVER);
      expect(seen).toEqual([1, 2, 3, 4, 5].map(() => incoming.spanId));
    }
    agent.destroy();
  });

  test('the current span is the client span’s parent, and baggage travels', async () => {
    let carried: string | undefined;
    await scene.setUp((_request, response) => {
      carried = propagation.getActiveBaggage()?.getEntry('user')?.value;
      response.end();
    });
    const parent = scene.recorder.provider.getTracer('t').startSpan('parent');
    const baggage = propagation.createBaggage({ user: { value: 'ann' } });
    const context = propagation.setBaggage(withSpanInContext(activeContext(), parent), baggage);
    await runInContext(context, () => send(scene.base));
    parent.end();
    const all = await scene.spans(3);
    expect(carried).toBe('ann');
    expect(byKind(all, KIND.CLIENT).parentSpanId).toBe(parent.spanContext().spanId);
    expect(byKind(all, KIND.SERVER).traceId).toBe(parent.spanContext().traceId);
  });

  test('a refused connection is an error with its code, and an exception', async () => {
    await scene.setUp((_request, response) => response.end());
    await scene.stopServer();
    await expect(send(scene.base)).rejects.toThrow('ECONNREFUSED');
    const [client] = await scene.spans(1);
    expect(client).toMatchObject({
      kind: KIND.CLIENT,
      status: STATUS.ERROR,
      events: ['exception'],
    });
    expect(client?.attributes['error.type']).toBe('ECONNREFUSED');
    expect(client?.attributes).not.toHaveProperty('http.response.status_code');
  });

  test('a client that leaves before the answer: both spans end, as errors', async () => {
    let arrived: () => void = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    await scene.setUp(() => arrived());
    const request = http.get(scene.base);
    request.on('error', () => {});
    await arrival;
    request.destroy();
    const all = await scene.spans(2);
    for (const span of all) expect(span.status).toBe(STATUS.ERROR);
    expect(byKind(all, KIND.SERVER).attributes['error.type']).toBe('aborted');
    expect(byKind(all, KIND.CLIENT).attributes['error.type']).toBe('ECONNRESET');
  });

  test('an answer cut short is an error of the client', async () => {
    await scene.setUp((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('some', () => response.destroy());
    });
    await expect(send(scene.base)).rejects.toThrow();
    const client = byKind(await scene.spans(2), KIND.CLIENT);
    expect(client.status).toBe(STATUS.ERROR);
    expect(client.attributes['http.response.status_code']).toBe(200);
  });

  test('proxies’ headers name the host, the scheme and the client', async () => {
    await scene.setUp((_request, response) => response.end());
    await send(scene.base, {
      headers: {
        'x-forwarded-for': '203.0.113.9, 10.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'shop.example',
      },
    });
    const { attributes } = byKind(await scene.spans(2), KIND.SERVER);
    expect(attributes).toMatchObject({
      'client.address': '203.0.113.9',
      'url.scheme': 'https',
      'server.address': 'shop.example',
      'server.port': 443,
      'network.peer.address': '127.0.0.1',
    });
    await send(scene.base, { headers: { forwarded: 'proto=http;for="[2001:db8::1]:77"' } });
    const second = byKind(await scene.spans(2), KIND.SERVER);
    expect(second.attributes['client.address']).toBe('2001:db8::1');
  });

  test('unknown methods are _OTHER, and never in a name', async () => {
    await scene.setUp((_request, response) => response.end());
    await send(scene.base, { method: 'PROPFIND' });
    for (const span of await scene.spans(2)) {
      expect(span.name).toBe('HTTP');
      expect(span.attributes['http.request.method']).toBe('_OTHER');
      expect(span.attributes['http.request.method_original']).toBe('PROPFIND');
    }
  });

  test('captured headers, by option', async () => {
    const captureHeaders = {
      serverRequest: ['X-Tenant'],
      serverResponse: ['set-cookie'],
      clientRequest: ['x-tenant'],
      clientResponse: ['x-served-by', 'x-none'],
    };
    await scene.setUp(
      (_request, response) => {
        response.setHeader('set-cookie', ['a=1', 'b=2']);
        response.setHeader('x-served-by', 'one');
        response.end();
      },
      { http: { captureHeaders } },
    );
    await send(scene.base, { headers: { 'x-tenant': 't1' } });
    const all = await scene.spans(2);
    const key = 'http.request.header.x-tenant';
    expect(byKind(all, KIND.SERVER).attributes[key]).toEqual(['t1']);
    const cookies = byKind(all, KIND.SERVER).attributes['http.response.header.set-cookie'];
    expect(cookies).toEqual(['a=1', 'b=2']);
    const client = byKind(all, KIND.CLIENT).attributes;
    expect(client).toMatchObject({ [key]: ['t1'], 'http.response.header.x-served-by': ['one'] });
    expect(client).not.toHaveProperty('http.response.header.x-none');
  });

  test('ignored requests carry nothing, and nothing below them is traced', async () => {
    let header: string | undefined;
    await scene.setUp(
      (request, response) => {
        header = request.headers['traceparent'] as string | undefined;
        scene.recorder.provider.getTracer('t').startSpan('below').end();
        response.end();
      },
      {
        http: {
          ignoreIncoming: [
            '/health',
            /^\/ready/g,
            () => {
              throw new Error('rule');
            },
          ],
          ignoreOutgoing: [(_method, url) => url.endsWith('/quiet')],
        },
      },
    );
    await untraced(() => send(`${scene.base}/health?deep=1`));
    await untraced(() => send(`${scene.base}/ready`));
    await untraced(() => send(`${scene.base}/ready`));
    expect(await scene.recorder.spans()).toEqual([]);
    await send(`${scene.base}/quiet`);
    expect(header).toBeUndefined();
    expect((await scene.spans(2)).map((span) => span.name).toSorted()).toEqual(['GET', 'below']);
  });

  test('the SDK’s own requests are not traced', async () => {
    await scene.setUp((_request, response) => response.end());
    await untraced(() => send(scene.base));
    await untraced(() => fetch(scene.base).then((answer) => answer.text()));
    const all = await scene.spans(2);
    expect(all.map((span) => span.kind)).toEqual([KIND.SERVER, KIND.SERVER]);
    expect(all[0]?.parentSpanId).toBe('');
  });
});

test('100 requests at once through a gateway to a service: every parent is right', async () => {
  await scene.setUp((request, response) => {
    const path = request.url ?? '';
    if (!path.startsWith('/gateway/')) {
      setTimeout(() => response.end('ok'), Math.random() * 10);
      return;
    }
    const id = path.slice('/gateway/'.length);
    void (async () => {
      await send(`${scene.base}/service/${id}/http`);
      await (await fetch(`${scene.base}/service/${id}/fetch`)).text();
      response.end('done');
    })();
  });
  const ids = Array.from({ length: 100 }, (_, index) => index);
  await Promise.all(ids.map((id) => send(`${scene.base}/gateway/${id}`)));
  const all = await scene.spans(600);
  const byId = new Map(all.map((span) => [span.spanId, span]));
  for (const id of ids) {
    for (const way of ['http', 'fetch']) {
      const service = all.find((span) => span.attributes['url.path'] === `/service/${id}/${way}`);
      const inner = byId.get(service?.parentSpanId ?? '');
      const gateway = byId.get(inner?.parentSpanId ?? '');
      const outer = byId.get(gateway?.parentSpanId ?? '');
      expect(inner?.attributes['url.full']).toBe(`${scene.base}/service/${id}/${way}`);
      expect(gateway?.attributes['url.path']).toBe(`/gateway/${id}`);
      expect(outer?.attributes['url.full']).toBe(`${scene.base}/gateway/${id}`);
      expect(outer?.parentSpanId).toBe('');
      expect(service?.traceId).toBe(outer?.traceId);
    }
  }
});
