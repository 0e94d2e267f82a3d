import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createSecureServer as createHttps2,
  createServer as createHttp2,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decode, encode } from '@codomyrmex/otlp';

/** One request as a fault may see it; `take` counts its spans as stored, but for `without`. */
export interface FaultRequest {
  /** Counted from 1. */
  readonly number: number;
  take(without?: number): void;
}

export type HttpFault = (response: ServerResponse, request: FaultRequest) => void;
export type GrpcFault = (stream: ServerHttp2Stream, request: FaultRequest) => void;
export type TcpFault = (socket: Socket) => void;

/** Certificates and what it asks of clients; without: no TLS. */
export type FaultTls = Pick<ServerOptions, 'cert' | 'key' | 'ca' | 'requestCert'>;

/** A backend that misbehaves as it is told, and knows which spans it took. */
export class FaultBackend {
  readonly url: string;
  /** Span ids taken, with how often. */
  readonly taken: Map<string, number> = new Map();
  /** Names of the spans taken, in the order of their first arrival. */
  readonly names: string[] = [];
  /** Bodies of all requests that arrived whole, and when, by `performance.now()`. */
  readonly requests: { readonly body: Buffer; readonly millis: number }[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number, scheme: string) {
    this.#server = server;
    this.url = `${scheme}://127.0.0.1:${port}`;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async http(fault: () => HttpFault, port = 0, tls?: FaultTls): Promise<FaultBackend> {
    const server = tls === undefined ? createServer() : createHttps(tls);
    const backend = await FaultBackend.#listen(server, port, tls === undefined ? 'http' : 'https');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('error', () => response.destroy());
      request.on('end', () => {
        const raw = Buffer.concat(pieces);
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
        fault()(response, backend.#keep(body));
      });
    });
    return backend;
  }

  static async grpc(fault: () => GrpcFault, tls?: FaultTls): Promise<FaultBackend> {
    const server = tls === undefined ? createHttp2() : createHttps2(tls);
    const backend = await FaultBackend.#listen(server, 0, tls === undefined ? 'http' : 'https');
    server.on('session', (session) => session.on('error', () => session.destroy()));
    server.on('stream', (stream) => {
      const pieces: Buffer[] = [];
      stream.on('error', () => stream.destroy());
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('end', () => {
        const whole = Buffer.concat(pieces);
        const message = whole[0] === 1 ? gunzipSync(whole.subarray(5)) : whole.subarray(5);
        fault()(stream, backend.#keep(message));
      });
    });
    return backend;
  }

  /** Speaks no protocol at all. */
  static async tcp(fault: TcpFault): Promise<FaultBackend> {
    const server = createTcp((socket) => fault(socket));
    return FaultBackend.#listen(server, 0, 'http');
  }

  static async #listen(server: Server, port: number, scheme: string): Promise<FaultBackend> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new FaultBackend(server, (server.address() as AddressInfo).port, scheme);
  }

  #keep(body: Buffer): FaultRequest {
    this.requests.push({ body, millis: performance.now() });
    return { number: this.requests.length, take: (without = 0) => this.#take(body, without) };
  }

  #take(body: Buffer, without: number): void {
    const spans = (decode('ExportTraceServiceRequest', body).resourceSpans ?? []).flatMap(
      (resource) => (resource.scopeSpans ?? []).flatMap((scope) => scope.spans ?? []),
    );
    for (const { spanId, name } of spans.slice(without)) {
      const id = Buffer.from(spanId ?? []).toString('hex');
      const times = this.taken.get(id) ?? 0;
      this.taken.set(id, times + 1);
      if (times === 0) this.names.push(name ?? '');
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Takes the records and says so over HTTP. */
export const takeHttp: HttpFault = (response, request) => {
  request.take();
  response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
};

/** Takes the records and says so over gRPC. */
export const takeGrpc: GrpcFault = (stream, request) => {
  request.take();
  answerGrpc(stream, new Uint8Array(0));
};

/** A message and status 0. */
export function answerGrpc(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  const framed = Buffer.alloc(5 + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  stream.end(framed);
}

/** A status alone; with a RetryInfo when `retryMillis` is given. */
export function failGrpc(stream: ServerHttp2Stream, code: number, retryMillis?: number): void {
  if (stream.destroyed) return;
  const headers: Record<string, string> = { 'grpc-status': String(code), 'grpc-message': 'no' };
  if (retryMillis !== undefined) {
    const retryDelay = { seconds: 0n, nanos: retryMillis * 1_000_000 };
    const value = encode('RetryInfo', { retryDelay });
    const details = [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }];
    const status = encode('Status', { code, message: 'no', details });
    headers['grpc-status-details-bin'] = Buffer.from(status).toString('base64');
  }
  const status = { ':status': 200, 'content-type': 'application/grpc' };
  stream.respond({ ...status, ...headers }, { endStream: true });
}
