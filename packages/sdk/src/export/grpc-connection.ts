/** HTTP/2 connections for gRPC: one an origin, made when needed and again when it ended. */
import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { TlsSettings } from './tls.js';

interface Connection {
  readonly session: ClientHttp2Session;
  /** When the backend was last heard of, by `performance.now()`. */
  heardMillis: number;
  /** Why it ended. */
  error: Error | undefined;
}

/** A call on its way. */
export interface OpenCall {
  readonly stream: ClientHttp2Stream;
  /** To be called when the backend answered something. */
  heard(): void;
  /** Whether something was heard on the connection before this call. */
  readonly isReused: boolean;
  /** Whether the whole connection ended, and not only the call. */
  isConnectionGone(): boolean;
  /** Why the connection ended, where the network or the protocol said so. */
  connectionError(): Error | undefined;
  /** Gives the call up; closes the connection too when nothing was heard on it since the call. */
  abandon(): void;
}

/** The connections of one sender. They do not keep a program alive. */
export class GrpcConnections {
  readonly #connections = new Map<string, Connection>();

  /** Starts a call on the origin's connection. Throws for headers that HTTP/2 does not allow. */
  open(origin: string, tls: TlsSettings | undefined, headers: OutgoingHttpHeaders): OpenCall {
    const connection = this.#connectionTo(origin, tls);
    const stream = connection.session.request(headers);
    const startMillis = performance.now();
    return {
      stream,
      isReused: connection.heardMillis > 0,
      heard: () => {
        connection.heardMillis = performance.now();
      },
      isConnectionGone: () => connection.session.destroyed,
      connectionError: () => connection.error,
      abandon: () => {
        stream.close(constants.NGHTTP2_CANCEL);
        if (connection.heardMillis < startMillis) connection.session.destroy();
      },
    };
  }

  /** Closes all connections, those in use too. */
  destroy(): void {
    for (const { session } of this.#connections.values()) session.destroy();
    this.#connections.clear();
  }

  #connectionTo(origin: string, tls: TlsSettings | undefined): Connection {
    const key = `${origin} ${tls?.ca ?? ''} ${tls?.cert ?? ''}`;
    const known = this.#connections.get(key);
    if (known !== undefined && !known.session.closed && !known.session.destroyed) return known;
    const session = connect(origin, { ...tls });
    const connection: Connection = { session, heardMillis: 0, error: undefined };
    this.#connections.set(key, connection);
    session.on('error', (error: Error) => {
      connection.error = error;
      session.destroy();
    });
    session.on('goaway', () => {
      // Calls under way may end; the next one connects anew.
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
      session.close();
    });
    session.once('connect', () => session.unref());
    session.unref();
    return connection;
  }
}
