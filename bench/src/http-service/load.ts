import { once } from 'node:events';
import { Agent, type IncomingMessage, type Server, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on a free port of loopback, and its URL. */
export async function listen(
  handler: (request: IncomingMessage, body: Buffer) => void,
): Promise<{ url: string; close: () => void }> {
  const server: Server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      handler(request, Buffer.concat(pieces));
      response.end('ok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Sends `count` requests, `width` at a time; throws when one is not answered with 200. */
export async function send(port: number, count: number, width: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: width });
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      const path = `/orders/${next++}`;
      const request = get({ host: '127.0.0.1', port, path, agent });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode}`);
      response.resume();
      await once(response, 'end');
    }
  };
  await Promise.all(Array.from({ length: width }, one));
  agent.destroy();
}
