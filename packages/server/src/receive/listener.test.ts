import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { type Listener, listen, PortTaken } from './listener.js';

const open: Listener[] = [];

afterEach(async () => {
  for (const listener of open) listener.cut();
  await Promise.all(open.map((listener) => listener.close()));
  open.length = 0;
});

async function listenFor(
  onRequest: Parameters<typeof listen>[0]['onRequest'],
  port = 0,
  host = '127.0.0.1',
): Promise<Listener> {
  const listener = await listen({
    host,
    port,
    flag: '--otlp-http-port',
    onRequest,
    onUpgrade: (_request, socket) => socket.destroy(),
    timeouts: {
      headersTimeoutMillis: 100,
      requestTimeoutMillis: 200,
      keepAliveTimeoutMillis: 50,
      checkMillis: 20,
    },
  });
  open.push(listener);
  return listener;
}

async function client(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

/** What comes until the other side closes. */
async function rest(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe('a listener', () => {
  it('cuts off who sends headers or a body too slowly, and who is idle', async () => {
    const { port } = await listenFor((request, response) => {
      request.resume().on('error', () => undefined);
      request.on('end', () => response.end('ok'));
    });
    const head = 'POST / HTTP/1.1\r\nhost: x\r\n';
    const slow = await Promise.all([
      client(port, head),
      client(port, `${head}content-length: 10\r\n\r\n123`),
      client(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'),
    ]);
    const [headers, body, idle] = await Promise.all(slow.map(rest));
    expect(headers).toContain('408');
    expect(body).toContain('408');
    expect(idle).toContain('200 OK');
  });

  it('answers requests in flight before it closes, and asks no one to stay', async () => {
    let release: () => void = () => undefined;
    let arrive: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const listener = await listenFor((_request, response) => {
      release = () => response.end('late');
      arrive();
    });
    const socket = await client(listener.port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await arrived;
    const closed = listener.close();
    release();
    expect(await rest(socket)).toContain('late');
    await closed;
    await expect(client(listener.port, '')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('answers Expect: 100-continue', async () => {
    const { port } = await listenFor((_request, response) => response.end('done'));
    const socket = await client(port, 'GET / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\r\n');
    expect(await rest(socket)).toMatch(/100 Continue[^]*done/);
  });

  it('explains why it cannot listen', async () => {
    const { port } = await listenFor(() => undefined);
    const taken = listenFor(() => undefined, port);
    await expect(taken).rejects.toBeInstanceOf(PortTaken);
    await expect(taken).rejects.toThrow(`port ${port} on 127.0.0.1 is taken by another program`);
    await expect(listenFor(() => undefined, 0, '203.0.113.1')).rejects.toThrow(/not an address/);
  });
});
