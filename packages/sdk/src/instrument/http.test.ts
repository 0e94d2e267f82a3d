import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { context as contextApi, propagation, trace as traceApi } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { activeContext, runInContext, spanOf, withSpanInContext } from '../common/context.js';
import type { InstrumentationsOption } from '../common/instrumentation-options.js';
import { untraced } from '../export/suppress.js';
import { AlwaysOffSampler } from '../trace/samplers.js';
import { enableInstrumentations } from './enable.js';
import { KIND, Recorder, STATUS } from './fixtures/recorded.js';
import type { RecordedSpanFacts } from './fixtures/recorded.js';
import { hasCreatedChannel } from './http-client.js';

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

let recorder = new Recorder();
let server = http.createServer();
let base = '';
let disable: () => void = () => {};

async function setUp(handler: Handler, option: InstrumentationsOption = 'builtin'): Promise<void> {
  disable = enableInstrumentations(option, { tracerProvider: recorder.provider }, {});
  server = http.createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeEach(() => {
  recorder = new Recorder();
});

afterEach(async () => {
  disable();
  server.closeAllConnections();
  if (server.listening) {
    server.close();
    await once(server, 'close');
  }
});

/** A GET or POST through node:http; resolves with status, body and headers. */
async function send(
  url: string,
  options: http.RequestOptions = {},
  body?: string,
): Promise<{ status: number; text: string }> {
  const request = http.request(url, options);
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const piece of response) text += String(piece);
  return { status: response.statusCode ?? 0, text };
}

/** The spans, when as many as expected have ended. */
async function spans(count: number): Promise<RecordedSpanFacts[]> {
  const found: RecordedSpanFacts[] = [];
  const deadline = performance.now() + 5000;
  while (found.length < count && performance.now() < deadline) {
    found.push(...(await recorder.spans()));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(found.map((span) => span.name)).toHaveLength(count);
  return found;
}

function byKind(all: readonly RecordedSpanFacts[], kind: number): RecordedSpanFacts {
  const found = all.find((span) => span.kind === kind);
  if (found === undefined) throw new Error(`no span of kind ${kind}`);
  return found;
}

describe('node:http', () => {
  test('one span at either end, the client the parent, attributes as agreed', async () => {
    await setUp((_request, response) => response.end('hello'));
    const { port } = new URL(base);
    await send(`${base}/a/b?x=1&sig=secret`, { headers: { 'user-agent': 'test/1' } });
    const all = await spans(2);
    const client = byKind(all, KIND.CLIENT);
    const incoming = byKind(all, KIND.SERVER);
    expect(incoming.traceId).toBe(client.traceId);
    expect(incoming.parentSpanId).toBe(client.spanId);
    expect(client.parentSpanId).toBe('');
    expect(client).toMatchObject({ name: 'GET', status: STATUS.UNSET });
    expect(client.attributes).toEqual({
      'http.request.method': 'GET',
      'url.full': `${base}/a/b?x=1&sig=REDACTED`,
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
    await setUp((request, response) => {
      response.statusCode = request.url === '/missing' ? 404 : 503;
      response.end();
    });
    await send(`${base}/missing`);
    let all = await spans(2);
    expect(byKind(all, KIND.SERVER).status).toBe(STATUS.UNSET);
    expect(byKind(all, KIND.CLIENT)).toMatchObject({ status: STATUS.ERROR });
    expect(byKind(all, KIND.CLIENT).attributes['error.type']).toBe('404');
    await send(`${base}/broken`);
    all = await spans(2);
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
    await setUp((request, response) => {
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
      await send(`${base}/`, { method: 'POST', agent }, 'body');
      const incoming = byKind(await spans(2), KIND.SERVER);
      expect(seen).toEqual([1, 2, 3, 4, 5].map(() => incoming.spanId));
    }
    agent.destroy();
  });

  test('the current span is the client span’s parent, and baggage travels', async () => {
    let carried: string | undefined;
    await setUp((_request, response) => {
      carried = propagation.getActiveBaggage()?.getEntry('user')?.value;
      response.end();
    });
    const parent = recorder.provider.getTracer('t').startSpan('parent');
    const baggage = propagation.createBaggage({ user: { value: 'ann' } });
    const context = propagation.setBaggage(withSpanInContext(activeContext(), parent), baggage);
    await runInContext(context, () => send(base));
    parent.end();
    const all = await spans(3);
    expect(carried).toBe('ann');
    expect(byKind(all, KIND.CLIENT).parentSpanId).toBe(parent.spanContext().spanId);
    expect(byKind(all, KIND.SERVER).traceId).toBe(parent.spanContext().traceId);
  });

  test('a refused connection is an error with its code, and an exception', async () => {
    await setUp((_request, response) => response.end());
    server.close();
    await once(server, 'close');
    await expect(send(base)).rejects.toThrow('ECONNREFUSED');
    const [client] = await spans(1);
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
    await setUp(() => arrived());
    const request = http.get(base);
    request.on('error', () => {});
    await arrival;
    request.destroy();
    const all = await spans(2);
    for (const span of all) expect(span.status).toBe(STATUS.ERROR);
    expect(byKind(all, KIND.SERVER).attributes['error.type']).toBe('aborted');
    expect(byKind(all, KIND.CLIENT).attributes['error.type']).toBe('ECONNRESET');
  });

  test('an answer cut short is an error of the client', async () => {
    await setUp((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('some', () => response.destroy());
    });
    await expect(send(base)).rejects.toThrow();
    const client = byKind(await spans(2), KIND.CLIENT);
    expect(client.status).toBe(STATUS.ERROR);
    expect(client.attributes['http.response.status_code']).toBe(200);
  });

  test('proxies’ headers name the host, the scheme and the client', async () => {
    await setUp((_request, response) => response.end());
    await send(base, {
      headers: {
        'x-forwarded-for': '203.0.113.9, 10.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'shop.example',
      },
    });
    const { attributes } = byKind(await spans(2), KIND.SERVER);
    expect(attributes).toMatchObject({
      'client.address': '203.0.113.9',
      'url.scheme': 'https',
      'server.address': 'shop.example',
      'server.port': 443,
      'network.peer.address': '127.0.0.1',
    });
    await send(base, { headers: { forwarded: 'proto=http;for="[2001:db8::1]:77"' } });
    const second = byKind(await spans(2), KIND.SERVER);
    expect(second.attributes['client.address']).toBe('2001:db8::1');
  });

  test('unknown methods are _OTHER, and never in a name', async () => {
    await setUp((_request, response) => response.end());
    await send(base, { method: 'PROPFIND' });
    for (const span of await spans(2)) {
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
    await setUp(
      (_request, response) => {
        response.setHeader('set-cookie', ['a=1', 'b=2']);
        response.setHeader('x-served-by', 'one');
        response.end();
      },
      { http: { captureHeaders } },
    );
    await send(base, { headers: { 'x-tenant': 't1' } });
    const all = await spans(2);
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
    await setUp(
      (request, response) => {
        header = request.headers['traceparent'] as string | undefined;
        recorder.provider.getTracer('t').startSpan('below').end();
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
    await untraced(() => send(`${base}/health?deep=1`));
    await untraced(() => send(`${base}/ready`));
    await untraced(() => send(`${base}/ready`));
    expect(await recorder.spans()).toEqual([]);
    await send(`${base}/quiet`);
    expect(header).toBeUndefined();
    expect((await spans(2)).map((span) => span.name).toSorted()).toEqual(['GET', 'below']);
  });

  test('the SDK’s own requests are not traced', async () => {
    await setUp((_request, response) => response.end());
    await untraced(() => send(base));
    await untraced(() => fetch(base).then((answer) => answer.text()));
    const all = await spans(2);
    expect(all.map((span) => span.kind)).toEqual([KIND.SERVER, KIND.SERVER]);
    expect(all[0]?.parentSpanId).toBe('');
  });

  test('pipelined requests on one connection keep apart', async () => {
    const current = new Map<string, string | undefined>();
    await setUp((request, response) => {
      setTimeout(
        () => {
          current.set(request.url ?? '', spanOf(activeContext())?.spanContext().spanId);
          response.end();
        },
        request.url === '/0' ? 20 : 1,
      );
    });
    const socket = connect(Number(new URL(base).port), '127.0.0.1');
    const count = 10;
    for (let index = 0; index < count; index++) {
      const end = index === count - 1 ? 'Connection: close\r\n' : '';
      socket.write(`GET /${index} HTTP/1.1\r\nHost: a\r\n${end}\r\n`);
    }
    socket.resume();
    await once(socket, 'close');
    const all = await spans(count);
    for (const span of all) {
      expect(current.get(String(span.attributes['url.path']))).toBe(span.spanId);
      expect(span.attributes['server.port']).toBe(80);
    }
    expect(new Set(all.map((span) => span.traceId)).size).toBe(count);
  });

  test('headers as a raw list, an Expect header, an agent of its own: a span each', async () => {
    await setUp((_request, response) => response.end());
    class OwnAgent extends http.Agent {
      addRequest(request: http.ClientRequest, options: { host: string; port: number }): void {
        request.onSocket(connect(options.port, options.host));
      }
    }
    await send(base, { agent: new OwnAgent() });
    const [first, second] = await spans(2);
    expect(first?.traceId).toBe(second?.traceId);
    await send(base, { headers: ['host', 'raw.example', 'accept', '*/*'] as never });
    const raw = byKind(await spans(2), KIND.CLIENT);
    expect(raw.attributes['server.address']).toBe('127.0.0.1');
    await send(base, { headers: { expect: '100-continue' } });
    await spans(2);
  });

  test('a proxied URL stands as it is, without its password', async () => {
    await setUp((_request, response) => response.end());
    await send(base, { path: 'http://me:pw@target.example/x' });
    const client = byKind(await spans(2), KIND.CLIENT);
    expect(client.attributes['url.full']).toBe('http://REDACTED:REDACTED@target.example/x');
  });

  test('a protocol switch has its status', async () => {
    await setUp(() => {});
    server.on('upgrade', (_request, socket: Socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    });
    const request = http.get(base, { headers: { connection: 'Upgrade', upgrade: 'x' } });
    const [, socket] = (await once(request, 'upgrade')) as [unknown, Socket];
    socket.destroy();
    const [client] = await spans(1);
    expect(client?.attributes['http.response.status_code']).toBe(101);
    expect(client?.status).toBe(STATUS.UNSET);
  });

  test('a request without an agent, and one whose socket the program makes', async () => {
    await setUp((_request, response) => response.end());
    const port = Number(new URL(base).port);
    await send(base, { agent: false });
    const createConnection = (): Socket => connect(port, '127.0.0.1');
    await send(base, { createConnection });
    const all = await spans(4);
    expect(new Set(all.map((span) => span.traceId)).size).toBe(2);
    for (const client of all.filter((span) => span.kind === KIND.CLIENT)) {
      expect(client.attributes['network.peer.port']).toBe(port);
    }
  });

  test('switched off, nothing is recorded', async () => {
    await setUp((_request, response) => response.end());
    disable();
    await send(base);
    await (await fetch(base)).text();
    expect(await recorder.spans()).toEqual([]);
  });
});

describe('fetch', () => {
  test('spans and context, as with node:http', async () => {
    await setUp(
      (request, response) => {
        response.statusCode = request.url === '/teapot' ? 418 : 200;
        response.setHeader('x-served-by', 'two');
        response.end('ok');
      },
      { http: { captureHeaders: { clientRequest: ['x-a'], clientResponse: ['x-served-by'] } } },
    );
    const { port } = new URL(base);
    const answer = await fetch(`${base}/p?Signature=1`, {
      method: 'POST',
      body: 'x',
      headers: { 'X-A': '1' },
    });
    await answer.text();
    const all = await spans(2);
    const client = byKind(all, KIND.CLIENT);
    expect(byKind(all, KIND.SERVER).parentSpanId).toBe(client.spanId);
    expect(client.attributes).toEqual({
      'http.request.method': 'POST',
      'url.full': `${base}/p?Signature=REDACTED`,
      'server.address': '127.0.0.1',
      'server.port': Number(port),
      'network.peer.address': '127.0.0.1',
      'network.peer.port': Number(port),
      'http.response.status_code': 200,
      'http.request.header.x-a': ['1'],
      'http.response.header.x-served-by': ['two'],
    });
    await (await fetch(`${base}/teapot`)).text();
    const teapot = byKind(await spans(2), KIND.CLIENT);
    expect(teapot).toMatchObject({ status: STATUS.ERROR });
    expect(teapot.attributes['error.type']).toBe('418');
  });

  test('a refused connection, and an abort', async () => {
    await setUp(() => {});
    const control = new AbortController();
    server.once('request', () => control.abort());
    await expect(fetch(base, { signal: control.signal })).rejects.toThrow('aborted');
    const aborted = byKind(await spans(2), KIND.CLIENT);
    expect(aborted).toMatchObject({ status: STATUS.ERROR });
    expect(aborted.attributes['error.type']).toBe('AbortError');
    const free = http.createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow('fetch failed');
    const [refused] = await spans(1);
    expect(refused?.attributes['error.type']).toBe('ECONNREFUSED');
  });
});

test('100 requests at once through a gateway to a service: every parent is right', async () => {
  await setUp((request, response) => {
    const path = request.url ?? '';
    if (!path.startsWith('/gateway/')) {
      setTimeout(() => response.end('ok'), Math.random() * 10);
      return;
    }
    const id = path.slice('/gateway/'.length);
    void (async () => {
      await send(`${base}/service/${id}/http`);
      await (await fetch(`${base}/service/${id}/fetch`)).text();
      response.end('done');
    })();
  });
  const ids = Array.from({ length: 100 }, (_, index) => index);
  await Promise.all(ids.map((id) => send(`${base}/gateway/${id}`)));
  const all = await spans(600);
  const byId = new Map(all.map((span) => [span.spanId, span]));
  for (const id of ids) {
    for (const way of ['http', 'fetch']) {
      const service = all.find((span) => span.attributes['url.path'] === `/service/${id}/${way}`);
      const inner = byId.get(service?.parentSpanId ?? '');
      const gateway = byId.get(inner?.parentSpanId ?? '');
      const outer = byId.get(gateway?.parentSpanId ?? '');
      expect(inner?.attributes['url.full']).toBe(`${base}/service/${id}/${way}`);
      expect(gateway?.attributes['url.path']).toBe(`/gateway/${id}`);
      expect(outer?.attributes['url.full']).toBe(`${base}/gateway/${id}`);
      expect(outer?.parentSpanId).toBe('');
      expect(service?.traceId).toBe(outer?.traceId);
    }
  }
});

test('with limits or a sampler of someone else’s, attributes go the checked way', async () => {
  const seen: unknown[] = [];
  const sampler = {
    shouldSample: (...facts: unknown[]) => {
      seen.push((facts[4] as Record<string, unknown>)['url.path']);
      return { decision: 2 as const };
    },
  };
  recorder = new Recorder({ sampler, spanLimits: { attributeValueLengthLimit: 3 } });
  await setUp((_request, response) => response.end());
  await untraced(() => send(`${base}/abcdef`));
  const [incoming] = await spans(1);
  expect(seen).toEqual(['/abcdef']);
  expect(incoming?.attributes['url.path']).toBe('/ab');
});

test('a request that is not sampled carries so, and nothing is made for it', async () => {
  let header: unknown;
  recorder = new Recorder({ sampler: new AlwaysOffSampler() });
  await setUp((request, response) => {
    header = request.headers['traceparent'];
    response.end();
  });
  await send(base);
  expect(header).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/);
  expect(await recorder.spans()).toEqual([]);
});

test('more captured headers than a span takes at once', async () => {
  const names = Array.from({ length: 70 }, (_, index) => `x-h${index}`);
  await setUp((_request, response) => response.end(), {
    http: { captureHeaders: { serverRequest: names } },
  });
  const headers = Object.fromEntries(names.map((name) => [name, '1']));
  await untraced(() => send(base, { headers }));
  const [incoming] = await spans(1);
  expect(incoming?.attributes['http.request.header.x-h69']).toEqual(['1']);
});

test('a foreign tracer provider works through the api alone', async () => {
  const started: string[] = [];
  const tracer = traceApi.getTracer('nothing');
  const provider = {
    getTracer: () => ({
      startSpan: (name: string) => {
        started.push(name);
        return tracer.startSpan(name);
      },
      startActiveSpan: tracer.startActiveSpan.bind(tracer),
    }),
  };
  disable = enableInstrumentations('builtin', { tracerProvider: provider }, {});
  server = http.createServer((_request, response) => response.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await send(base);
  expect(started).toEqual(['GET', 'GET']);
  expect(contextApi.active()).toBeDefined();
});

test.each([
  ['20.19.0', false],
  ['22.11.0', false],
  ['22.12.0', true],
  ['23.1.0', false],
  ['23.2.0', true],
  ['24.0.0', true],
])('Node %s tells of requests when they are made: %s', (version, expected) => {
  expect(hasCreatedChannel(version)).toBe(expected);
});
