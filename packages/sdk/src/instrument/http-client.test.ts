import { once } from 'node:events';
import http from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { activeContext, spanOf } from '../common/context.js';
import { HttpScene, byKind, send } from './fixtures/http-scene.js';
import { KIND, STATUS } from './fixtures/recorded.js';
import { hasCreatedChannel } from './http-client.js';

let scene = new HttpScene();

beforeEach(() => {
  scene = new HttpScene();
});

afterEach(() => scene.close());

test('pipelined requests on one connection keep apart', async () => {
  const current = new Map<string, string | undefined>();
  await scene.setUp((request, response) => {
    setTimeout(
      () => {
        current.set(request.url ?? '', spanOf(activeContext())?.spanContext().spanId);
        response.end();
      },
      request.url === '/0' ? 20 : 1,
    );
  });
  const socket = connect(Number(new URL(scene.base).port), '127.0.0.1');
  const count = 10;
  for (let index = 0; index < count; index++) {
    const end = index === count - 1 ? 'Connection: close\r\n' : '';
    socket.write(`GET /${index} HTTP/1.1\r\nHost: a\r\n${end}\r\n`);
  }
  socket.resume();
  await once(socket, 'close');
  const all = await scene.spans(count);
  for (const span of all) {
    expect(current.get(String(span.attributes['url.path']))).toBe(span.spanId);
    expect(span.attributes['server.port']).toBe(80);
  }
  expect(new Set(all.map((span) => span.traceId)).size).toBe(count);
});

test('headers as a raw list, an Expect header, an agent of its own: a span each', async () => {
  await scene.setUp((_request, response) => response.end());
  class OwnAgent extends http.Agent {
    addRequest(request: http.ClientRequest, options: { host: string; port: number }): void {
      request.onSocket(connect(options.port, options.host));
    }
  }
  await send(scene.base, { agent: new OwnAgent() });
  const [first, second] = await scene.spans(2);
  expect(first?.traceId).toBe(second?.traceId);
  await send(scene.base, { headers: ['host', 'raw.example', 'accept', '*/*'] as never });
  const raw = byKind(await scene.spans(2), KIND.CLIENT);
  expect(raw.attributes['server.address']).toBe('127.0.0.1');
  await send(scene.base, { headers: { expect: '100-continue' } });
  await scene.spans(2);
});

test('a proxied URL stands as it is, without its password', async () => {
  await scene.setUp((_request, response) => response.end());
  await send(scene.base, { path: 'http://me:pw@target.example/x' });
  const client = byKind(await scene.spans(2), KIND.CLIENT);
  expect(client.attributes['url.full']).toBe('http://REDACTED:REDACTED@target.example/x');
});

test('a protocol switch has its status', async () => {
  await scene.setUp(() => {});
  scene.server.on('upgrade', (_request, socket: Socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  });
  const request = http.get(scene.base, { headers: { connection: 'Upgrade', upgrade: 'x' } });
  const [, socket] = (await once(request, 'upgrade')) as [unknown, Socket];
  socket.destroy();
  const [client] = await scene.spans(1);
  expect(client?.attributes['http.response.status_code']).toBe(101);
  expect(client?.status).toBe(STATUS.UNSET);
});

test('a request without an agent, and one whose socket the program makes', async () => {
  await scene.setUp((_request, response) => response.end());
  const port = Number(new URL(scene.base).port);
  await send(scene.base, { agent: false });
  const createConnection = (): Socket => connect(port, '127.0.0.1');
  await send(scene.base, { createConnection });
  const all = await scene.spans(4);
  expect(new Set(all.map((span) => span.traceId)).size).toBe(2);
  for (const client of all.filter((span) => span.kind === KIND.CLIENT)) {
    expect(client.attributes['network.peer.port']).toBe(port);
  }
});

test('switched off, nothing is recorded', async () => {
  await scene.setUp((_request, response) => response.end());
  scene.disable();
  await send(scene.base);
  await (await fetch(scene.base)).text();
  expect(await scene.recorder.spans()).toEqual([]);
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
