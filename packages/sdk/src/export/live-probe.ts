/** Asks a backend whether it wants to see spans while they run (contracts.md §3, Running spans). */
import type { IncomingMessage } from 'node:http';
import type { Destination } from './settings.js';
import { untraced } from './suppress.js';

/** The answer's header with which our backend asks for running spans. */
const HEADER = 'codomyrmex-live-spans';

/**
 * Makes one empty, valid export and looks at the answer's headers. `undefined` when there is no
 * answer; then it is worth asking again. Never rejects.
 */
export async function asksForLiveSpans(destination: Destination): Promise<boolean | undefined> {
  try {
    const headers = await untraced(() => answerHeaders(destination));
    return headers[HEADER] === '1';
  } catch {
    // Nobody there, yet.
    return undefined;
  }
}

async function answerHeaders(
  destination: Destination,
): Promise<Readonly<Record<string, string | string[] | number | undefined>>> {
  if (destination.protocol !== 'grpc') return (await exportNothing(destination)).headers;
  const { initialMetadata } = await import('./grpc-probe.js');
  return initialMetadata(destination);
}

async function exportNothing(destination: Destination): Promise<IncomingMessage> {
  // Loaded when first needed: a program whose spans are all short never asks.
  const secure = destination.url.startsWith('https:');
  const { request } = secure ? await import('node:https') : await import('node:http');
  const isJson = destination.protocol === 'http/json';
  const body = isJson ? '{}' : '';
  return new Promise((resolve, reject) => {
    const outgoing = request(destination.url, {
      method: 'POST',
      agent: false,
      ...(secure ? destination.tls : {}),
      headers: {
        'content-type': isJson ? 'application/json' : 'application/x-protobuf',
        ...destination.headers,
        'content-length': body.length,
      },
    });
    outgoing.setTimeout(destination.timeoutMillis, () => outgoing.destroy(new Error('timeout')));
    outgoing.on('socket', (socket) => socket.unref());
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      incoming.destroy();
      resolve(incoming);
    });
    outgoing.end(body);
  });
}
