import { once } from 'node:events';
import { connect } from 'node:net';

import { afterEach, expect, it } from 'vitest';

import { Acceptor } from './accept.js';
import { ByteBudget } from './byte-budget.js';
import { Door } from './door.js';
import { OtlpHttp } from './http.js';
import { type Listener, listen } from './listener.js';
import { StatusRecorder } from './recorder.js';

const UPGRADE =
  'GET /api/v1/live HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
  'host: evil.example\r\n\r\n';
const rules = { isLoopback: true, host: '127.0.0.1', allowedOrigins: [] };
const now = (): bigint => BigInt(Date.now()) * 1_000_000n;
let listener: Listener | undefined;

afterEach(async () => {
  listener?.cut();
  await listener?.close();
});

function openDoor(): Door {
  const recorder = new StatusRecorder({ now, log: () => undefined });
  const acceptor = new Acceptor({
    committer: { commit: () => Promise.resolve() },
    recorder,
    now,
  });
  const budget = new ByteBudget(1_000_000);
  return new Door({
    otlp: new OtlpHttp({ acceptor, recorder, rules, maxRequestBytes: 1_000_000, budget }),
    rules,
    auth: undefined,
    api: (_request, response) => response.end(),
    upgrade: (_request, socket) => socket.destroy(),
  });
}

it('outlives a client that resets while its upgrade is refused', async () => {
  const door = openDoor();
  let reset = (): void => undefined;
  let closed: Promise<unknown> | undefined;
  listener = await listen({
    host: '127.0.0.1',
    port: 0,
    flag: '--port',
    onRequest: door.request.bind(door),
    onUpgrade: (request, socket, head) => {
      closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      reset();
      door.upgrade(request, socket, head);
    },
  });
  const client = connect(listener.port, '127.0.0.1', () => client.write(UPGRADE));
  client.on('error', () => undefined);
  const gone = once(client, 'close');
  reset = () => client.resetAndDestroy();
  await gone;
  await closed;
});

it('keeps no socket of a refused upgrade whose client stays', async () => {
  const door = openDoor();
  let closed: Promise<unknown> | undefined;
  listener = await listen({
    host: '127.0.0.1',
    port: 0,
    flag: '--port',
    onRequest: door.request.bind(door),
    onUpgrade: (request, socket, head) => {
      closed = once(socket, 'close');
      door.upgrade(request, socket, head);
    },
  });
  const client = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
  client.write(UPGRADE);
  const [answer] = (await once(client, 'data')) as [Buffer];
  expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 403 /);
  await closed;
  client.destroy();
});
