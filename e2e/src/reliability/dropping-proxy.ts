import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A proxy that loses answers. */
export interface DroppingProxy {
  readonly url: string;
  /** Where requests go from now on; undefined: nowhere, as when a server is down. */
  target: string | undefined;
  /** Answers that the server gave and no client saw. */
  readonly dropped: number;
  close(): Promise<void>;
}

/** Forwards HTTP; of a share of the answers the client sees only that its connection ends. */
export async function startDroppingProxy(share: number, seed: number): Promise<DroppingProxy> {
  const random = seededRandom(seed);
  let dropped = 0;
  const server = createServer((incoming, outgoing) => {
    const pieces: Buffer[] = [];
    incoming.on('error', () => outgoing.destroy());
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('end', () => {
      if (proxy.target === undefined) return void outgoing.destroy();
      const { method, headers } = incoming;
      const options = { method, headers, agent: false as const };
      const forwarded = request(`${proxy.target}${incoming.url}`, options, (answer) => {
        const body: Buffer[] = [];
        answer.on('error', () => outgoing.destroy());
        answer.on('data', (piece: Buffer) => body.push(piece));
        answer.on('end', () => {
          if (answer.statusCode === 200 && random() < share) {
            dropped += 1;
            return void outgoing.destroy();
          }
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          outgoing.end(Buffer.concat(body));
        });
      });
      forwarded.on('error', () => outgoing.destroy());
      forwarded.end(Buffer.concat(pieces));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: undefined as string | undefined,
    get dropped() {
      return dropped;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
