import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { RECEIVE_LIMITS } from '../limits.js';

export interface Listener {
  readonly port: number;
  /** Stops accepting and lets requests in flight be answered; idle connections are closed. */
  close(): Promise<void>;
  /** Cuts what is left. */
  cut(): void;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** The flag that names this port, for the message when it is taken. */
  readonly flag: string;
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** How long clients may take; default RECEIVE_LIMITS. For tests. */
  readonly timeouts?: ClientTimeouts;
}

/** Milliseconds. */
export interface ClientTimeouts {
  readonly headersTimeoutMillis: number;
  readonly requestTimeoutMillis: number;
  readonly keepAliveTimeoutMillis: number;
  /** How often connections are looked at: a slow one lives at most this much longer. */
  readonly checkMillis: number;
}

/** A port is taken or may not be bound; the message says by whom perhaps, and what to change. */
export class PortTaken extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PortTaken';
  }
}

/** Binds a port with the timeouts that cut slow and idle clients off. Rejects with PortTaken. */
export function listen(options: ListenOptions): Promise<Listener> {
  const timeouts = options.timeouts ?? RECEIVE_LIMITS;
  const server = createServer({
    maxHeaderSize: RECEIVE_LIMITS.maxHeaderBytes,
    headersTimeout: timeouts.headersTimeoutMillis,
    requestTimeout: timeouts.requestTimeoutMillis,
    keepAliveTimeout: timeouts.keepAliveTimeoutMillis,
    connectionsCheckingInterval: timeouts.checkMillis,
    noDelay: true,
  });
  server.maxConnections = RECEIVE_LIMITS.maxConnections;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // While stopping, a client that keeps sending on its connection is sent elsewhere.
    if (!server.listening) response.setHeader('connection', 'close');
    options.onRequest(request, response);
  };
  server.on('request', onRequest);
  server.on('upgrade', (request, socket, head) => options.onUpgrade(request, socket, head));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    response.writeContinue();
    onRequest(request, response);
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(portError(options, error));
    });
    server.listen(options.port, options.host, () => {
      server.removeAllListeners('error');
      // accept() may fail for lack of file handles; the next one may work.
      server.on('error', () => undefined);
      resolve(listenerOf(server));
    });
  });
}

function listenerOf(server: Server): Listener {
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeIdleConnections();
      }),
    cut: () => {
      server.closeAllConnections();
    },
  };
}

/** What to tell when a port cannot be bound. */
export function portError(
  options: Pick<ListenOptions, 'host' | 'port' | 'flag'>,
  error: NodeJS.ErrnoException,
): PortTaken {
  const { host, port, flag } = options;
  const off = flag === '--port' ? '' : ', or off';
  const change = `choose another with ${flag} PORT (0: a free one${off})`;
  const because = (message: string): PortTaken => new PortTaken(message, { cause: error });
  if (error.code === 'EADDRINUSE') {
    const who = port === 4317 || port === 4318 ? ' (an OpenTelemetry Collector often is)' : '';
    return because(`port ${port} on ${host} is taken by another program${who}: ${change}`);
  }
  if (error.code === 'EACCES') return because(`port ${port} needs more rights: ${change}`);
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return because(`${host} is not an address of this machine: choose another --host`);
  }
  return because(`cannot listen on ${host}:${port}: ${error.message}`);
}
