/** Makes requests, whatever the protocol, and owns the connections. */
import type { GrpcConnections } from './grpc-connection.js';
import { createAgents, destroyAgents, post } from './post.js';
import type { Agents } from './post.js';
import { STALE_ATTEMPTS } from '../common/limits.js';
import type { Delivery } from './delivery.js';
import type { Destination } from './settings.js';
import { StaleConnectionError } from './stale-connection.js';
import type { Signal } from './signal.js';

/** What a request came to; `failed`: there was no answer. */
export type Attempt =
  | Delivery
  | {
      readonly kind: 'failed';
      readonly message: string;
      /** Nobody listens at the address. */
      readonly isNobody: boolean;
      /** The error's code or name. */
      readonly code?: string;
    };

/** The connections of one sender. What plain HTTP does not need is loaded when asked for. */
export class Transmitter {
  readonly #agents: Agents;
  #grpc: GrpcConnections | undefined;

  /** Connects to nothing yet. */
  constructor(maxInFlight: number) {
    this.#agents = createAgents(maxInFlight);
  }

  /** Makes one request of `pieces`. Never rejects. */
  async transmit(
    signal: Signal,
    destination: Destination,
    pieces: readonly Uint8Array[],
  ): Promise<Attempt> {
    try {
      return await this.#postAnew(signal, destination, pieces);
    } catch (error: unknown) {
      const message = `${destination.url}: ${error instanceof Error ? error.message : 'failed'}`;
      const isLate = message.includes('no answer within');
      const code = (error as NodeJS.ErrnoException).code ?? (isLate ? 'timeout' : '_OTHER');
      return { kind: 'failed', message, isNobody: code === 'ECONNREFUSED', code };
    }
  }

  /** At once again where a connection had been idle for too long. */
  async #postAnew(
    signal: Signal,
    destination: Destination,
    pieces: readonly Uint8Array[],
  ): Promise<Delivery> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#post(signal, destination, pieces);
      } catch (error: unknown) {
        if (!(error instanceof StaleConnectionError) || attempt === STALE_ATTEMPTS) throw error;
      }
    }
  }

  async #post(
    signal: Signal,
    destination: Destination,
    pieces: readonly Uint8Array[],
  ): Promise<Delivery> {
    switch (destination.protocol) {
      case 'http/protobuf':
        return post(this.#agents, destination, pieces);
      case 'http/json': {
        const { toJsonBody } = await import('./json-body.js');
        return post(this.#agents, destination, [toJsonBody(signal, pieces)]);
      }
      case 'grpc': {
        const { grpcPost } = await import('./grpc-post.js');
        const connection = await import('./grpc-connection.js');
        this.#grpc ??= new connection.GrpcConnections();
        return grpcPost(this.#grpc, destination, pieces);
      }
    }
  }

  /** Closes all connections, those in use too. */
  close(): void {
    destroyAgents(this.#agents);
    this.#grpc?.destroy();
  }
}
