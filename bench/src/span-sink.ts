/**
 * A process that takes OTLP/HTTP trace requests and counts their spans by walking the protobuf:
 * the far end of the span benchmark. GET /count answers and resets; GET /delay/20 makes it answer
 * requests after 20 ms from then on.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { WireReader } from '@codomyrmex/otlp';

let spans = 0;
let bytes = 0;
let requests = 0;
let delayMillis = 0;

/** Fields to walk down: resource_spans 1, scope_spans 2, spans 2. */
const PATH: readonly number[] = [1, 2, 2];

function count(message: Uint8Array, depth: number): number {
  const reader = new WireReader(message);
  let found = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ((PATH[depth]! << 3) | 2)) {
      const inner = reader.lengthDelimited();
      found += depth === PATH.length - 1 ? 1 : count(inner, depth + 1);
    } else {
      reader.skip(tag, 0);
    }
  }
  return found;
}

const server = createServer((request, response) => {
  const delay = /^\/delay\/(\d+)$/.exec(request.url ?? '');
  if (delay !== null) {
    delayMillis = Number(delay[1]);
    response.end();
    return;
  }
  if (request.method === 'GET') {
    response.end(JSON.stringify({ spans, bytes, requests }));
    spans = bytes = requests = 0;
    return;
  }
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const raw = Buffer.concat(pieces);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    spans += count(body, 0);
    bytes += raw.length;
    requests++;
    const answer = (): void => {
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    };
    if (delayMillis === 0) answer();
    else setTimeout(answer, delayMillis);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('disconnect', () => process.exit(0));
