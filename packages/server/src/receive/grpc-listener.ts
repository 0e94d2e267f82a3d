import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server,
  type Socket,
} from 'node:net';

import { GRPC_LIMITS, RECEIVE_LIMITS } from '../limits.js';
import type { OtlpGrpc } from './grpc.js';
import { type Listener, portError } from './listener.js';

export interface GrpcListenOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** The flag that names this port, for the message when it is taken. */
  readonly flag: string;
  readonly door: Pick<OtlpGrpc, 'handle'>;
  /** Told to a client that speaks HTTP/1 here, for instance where OTLP/HTTP is served. */
  readonly httpHint: string;
}

/** HTTP/2's connection preface starts with this, and no HTTP/1 request does. */
const PREFACE_START = 'PRI ';

/** Binds a port for gRPC without TLS. Rejects with PortTaken. */
export async function listenGrpc(options: GrpcListenOptions): Promise<Listener> {
  const unread = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const http2 = createHttp2(options.door, sessions);
  const server = createNetServer({ noDelay: true }, (socket) => {
    unread.add(socket);
    socket.once('close', () => unread.delete(socket));
    sniff(socket, options.httpHint, () => {
      unread.delete(socket);
      http2.emit('connection', socket);
    });
  });
  server.maxConnections = RECEIVE_LIMITS.maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(portError(options, error)));
    server.listen(options.port, options.host, () => {
      server.removeAllListeners('error');
      // accept() failing for lack of handles: the next may work.
      server.on('error', () => undefined);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => closeAll(server, unread, sessions),
    cut: () => {
      for (const session of sessions) session.destroy();
    },
  };
}

function createHttp2(
  door: Pick<OtlpGrpc, 'handle'>,
  sessions: Set<ServerHttp2Session>,
): Http2Server {
  const http2 = createServer({
    settings: {
      initialWindowSize: GRPC_LIMITS.streamWindowBytes,
      maxConcurrentStreams: GRPC_LIMITS.maxConcurrentStreams,
      maxHeaderListSize: RECEIVE_LIMITS.maxHeaderBytes,
    },
  });
  http2.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
    session.setLocalWindowSize(GRPC_LIMITS.connectionWindowBytes);
    // Without a call yet the connection is only a claim on us; after one it may rest.
    session.setTimeout(RECEIVE_LIMITS.requestTimeoutMillis, () => session.close());
    session.once('stream', () => session.setTimeout(RECEIVE_LIMITS.keepAliveTimeoutMillis));
  });
  http2.on('stream', (stream, headers) => {
    void door.handle(stream, headers);
  });
  return http2;
}

/** Hands a client that speaks HTTP/2 over, and tells anyone else what this port is. */
function sniff(socket: Socket, httpHint: string, handOver: () => void): void {
  const timer = setTimeout(() => socket.destroy(), RECEIVE_LIMITS.headersTimeoutMillis);
  socket.once('close', () => clearTimeout(timer));
  const gone = (): void => {
    socket.destroy();
  };
  socket.on('error', gone);
  let held: Buffer = Buffer.alloc(0);
  const look = (): void => {
    const piece = socket.read() as Buffer | null;
    if (piece === null) return;
    // Put back only at the end: what is put back is announced as readable again.
    held = Buffer.concat([held, piece]);
    const start = held.toString('latin1', 0, PREFACE_START.length);
    if (start.length < PREFACE_START.length && PREFACE_START.startsWith(start)) return;
    socket.off('readable', look);
    socket.unshift(held);
    if (start === PREFACE_START) {
      clearTimeout(timer);
      socket.off('error', gone);
      handOver();
    } else {
      answerHttp1(socket, httpHint);
    }
  };
  socket.on('readable', look);
}

function answerHttp1(socket: Socket, hint: string): void {
  const body = JSON.stringify({ code: 3, message: `This port speaks gRPC. ${hint}` });
  const head = [
    'HTTP/1.1 400 Bad Request',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.resume();
}

async function closeAll(
  server: Server,
  unread: ReadonlySet<Socket>,
  sessions: ReadonlySet<ServerHttp2Session>,
): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  for (const session of sessions) session.close();
  for (const socket of unread) socket.destroy();
  await closed;
}
