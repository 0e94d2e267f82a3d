/** One empty, valid Export call, for what stands in its initial metadata. */
import type { IncomingHttpHeaders } from 'node:http2';
import { GrpcConnections } from './grpc-connection.js';
import { headersOf } from './grpc-post.js';
import type { Destination } from './settings.js';

/** The headers of the answer. Rejects when there is none within the destination's timeout. */
export async function initialMetadata(destination: Destination): Promise<IncomingHttpHeaders> {
  const connections = new GrpcConnections();
  const plain = { ...destination, gzip: false };
  const url = new URL(destination.url);
  try {
    const call = connections.open(url.origin, destination.tls, headersOf(plain, url));
    return await new Promise((resolve, reject) => {
      const fail = (): void => reject(call.connectionError() ?? new Error('no answer'));
      const timer = setTimeout(fail, destination.timeoutMillis);
      timer.unref();
      call.stream.on('response', resolve);
      call.stream.on('error', fail);
      call.stream.on('close', () => {
        clearTimeout(timer);
        fail();
      });
      // The prefix of a message of no bytes.
      call.stream.end(Buffer.alloc(5));
      call.stream.resume();
    });
  } finally {
    connections.destroy();
  }
}
