import type { LiveFrame, LiveQuery } from '@codomyrmex/telemetry-query';
import type { RawData, WebSocket } from 'ws';

import { failureOf } from '../api/failure.js';
import { LIVE_LIMITS } from './limits.js';
import { readRequest } from './live-protocol.js';
import type { Source } from './source.js';
import { Subscription } from './subscription.js';

/** What a connection needs of the others. */
export interface ConnectionOwner {
  join(query: LiveQuery, subscription: Subscription): { leave(): void; again(): void };
  /** Throws for a query that cannot be answered. */
  sourceOf(query: LiveQuery): Source;
  closed(): void;
}

interface Entry {
  readonly subscription: Subscription;
  readonly membership: { leave(): void; again(): void };
}

/** One open page: its socket and its subscriptions. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #owner: ConnectionOwner;
  readonly #entries = new Map<number, Entry>();
  #waiting: (() => void)[] = [];
  #paused = false;
  #alive = true;

  constructor(socket: WebSocket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      for (const { membership } of this.#entries.values()) membership.leave();
      this.#entries.clear();
      this.#settle();
      owner.closed();
    });
  }

  /** A visible page that shows something. */
  get isWatching(): boolean {
    return !this.#paused && this.#entries.size > 0;
  }

  /** Resolves true when everything sent has been acknowledged, false after `millis`. */
  shown(millis: number): Promise<boolean> {
    if (this.#isIdle()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), millis);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  /** A feed could not answer those who wait for their snapshot: their subscriptions end. */
  failed(error: unknown, waiting: readonly Subscription[]): void {
    for (const [id, { subscription }] of this.#entries) {
      if (!waiting.includes(subscription)) continue;
      this.#sendError(id, error);
      this.#remove(id);
    }
  }

  /** Cuts a page that has not answered the last ping. */
  ping(): void {
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
  }

  close(): void {
    this.#socket.close(1001, 'the server stops');
    // A page that does not answer the close must not hold the server up.
    setTimeout(() => this.#socket.terminate(), 500).unref();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (isBinary) return this.#socket.close(1003, 'text frames only');
    const read = readRequest(textOf(data));
    if (!read.ok) {
      this.#send({ op: 'error', id: read.id, code: 'bad_request', message: read.message });
      return;
    }
    const { request } = read;
    switch (request.op) {
      case 'sub':
        return this.#subscribe(request.id, request.query);
      case 'unsub':
        return this.#remove(request.id);
      case 'ack':
        return this.#entries.get(request.id)?.subscription.acknowledge(request.seq);
      case 'pause':
        return this.#pause();
      case 'resume':
        return this.#resume();
    }
  }

  #subscribe(id: number, query: LiveQuery): void {
    this.#remove(id);
    if (this.#entries.size >= LIVE_LIMITS.maxSubscriptions) {
      const message = `a page has at most ${LIVE_LIMITS.maxSubscriptions} subscriptions`;
      this.#send({ op: 'error', id, code: 'too_many', message });
      return;
    }
    try {
      const { shape } = this.#owner.sourceOf(query);
      const subscription = new Subscription(
        id,
        shape,
        (frame) => this.#socket.send(frame),
        () => this.#settle(),
      );
      if (this.#paused) subscription.pause();
      this.#entries.set(id, { subscription, membership: this.#owner.join(query, subscription) });
    } catch (error: unknown) {
      this.#sendError(id, error);
    }
  }

  #remove(id: number): void {
    this.#entries.get(id)?.membership.leave();
    this.#entries.delete(id);
    this.#settle();
  }

  #pause(): void {
    this.#paused = true;
    for (const { subscription } of this.#entries.values()) subscription.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    for (const { subscription, membership } of this.#entries.values()) {
      subscription.resume();
      membership.again();
    }
  }

  #isIdle(): boolean {
    return [...this.#entries.values()].every(({ subscription }) => subscription.isIdle);
  }

  #settle(): void {
    if (this.#waiting.length === 0 || !this.#isIdle()) return;
    for (const done of this.#waiting) done();
    this.#waiting = [];
  }

  #sendError(id: number, error: unknown): void {
    const { code, message, hint, column } = failureOf(error).body.error;
    this.#send({
      op: 'error',
      id,
      code,
      message: hint === undefined ? message : `${message} (${hint})`,
      ...(column === undefined ? {} : { column }),
    });
  }

  #send(frame: LiveFrame): void {
    this.#socket.send(JSON.stringify(frame));
  }
}

function textOf(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString('utf8');
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data).toString('utf8');
}
