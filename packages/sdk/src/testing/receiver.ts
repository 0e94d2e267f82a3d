/** A real OTLP/HTTP endpoint on a free port of 127.0.0.1, for child processes and other SDKs. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { jsonToProtobuf } from '@codomyrmex/otlp';
import type { Signal } from '../export/signal.js';
import { BODY_BYTES } from './limits.js';

const MESSAGES = {
  traces: 'ExportTraceServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  logs: 'ExportLogsServiceRequest',
} as const;

/** An endpoint that runs. */
export interface Receiver {
  /** `http://127.0.0.1:PORT`, for OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  /** Closes the port and every connection. */
  close(): Promise<void>;
}

/** Gives each request's protobuf to `take`, which throws for one that is none: then it is a 400. */
export async function startReceiver(
  take: (signal: Signal, bytes: Uint8Array) => void,
): Promise<Receiver> {
  const server = createServer((request, response) => {
    void answer(request, response, take);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  take: (signal: Signal, bytes: Uint8Array) => void,
): Promise<void> {
  const signal = /^\/v1\/(traces|metrics|logs)$/.exec(request.url ?? '')?.[1] as Signal | undefined;
  if (signal === undefined || request.method !== 'POST') {
    response.writeHead(404).end();
    return;
  }
  const isJson = /\bjson\b/.test(request.headers['content-type'] ?? '');
  try {
    const body = await readBody(request);
    take(signal, isJson ? jsonToProtobuf(MESSAGES[signal], body) : body);
  } catch (error: unknown) {
    response.writeHead(400, { 'content-type': 'text/plain' }).end(String(error));
    return;
  }
  const type = isJson ? 'application/json' : 'application/x-protobuf';
  response.writeHead(200, { 'content-type': type }).end(isJson ? '{}' : '');
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > BODY_BYTES) throw new RangeError(`a request of over ${BODY_BYTES} bytes`);
    pieces.push(piece);
  }
  const raw = Buffer.concat(pieces);
  if (request.headers['content-encoding'] !== 'gzip') return raw;
  return gunzipSync(raw, { maxOutputLength: BODY_BYTES });
}
