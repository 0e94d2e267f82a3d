import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import type { DisplayAnswer, LiveQuery } from '@codomyrmex/telemetry-query';
import { WebSocketServer } from 'ws';

import { isPageAllowed } from '../api/origin.js';
import type { ServerContext } from '../context.js';
import { nowNanos } from '../query/range.js';
import { runningIndexOf } from '../query/running-index.js';
import { viewStoreOf } from '../views/view-store.js';
import { Connection } from './connection.js';
import { Feed } from './feed.js';
import { LIVE_LIMITS } from './limits.js';
import { sourceOf } from './source.js';
import type { Subscription } from './subscription.js';

/** The live connection of every open page. */
export interface Live {
  /** Takes an upgrade request of any path; refuses what is not the live connection's. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Pushes what is stored to every open page now and waits for them, at most 2 s. */
  announce(): Promise<DisplayAnswer>;
  /** Sends every open page what there is now, in place of what it shows: records are gone. */
  reload(): void;
  close(): Promise<void>;
}

const PATH = '/api/v1/live';

/** Makes the live side of a server. */
export function createLive(context: ServerContext): Live {
  return new LivePages(context);
}

class LivePages implements Live {
  readonly #context: ServerContext;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: LIVE_LIMITS.maxMessageBytes,
    perMessageDeflate: false,
  });
  readonly #connections = new Set<Connection>();
  readonly #feeds = new Map<string, Feed>();
  readonly #stops: readonly (() => void)[];

  constructor(context: ServerContext) {
    this.#context = context;
    runningIndexOf(context.engine).follow(context.committer);
    const poll = setInterval(() => this.#poll(), LIVE_LIMITS.pollMillis).unref();
    const ping = setInterval(() => this.#ping(), LIVE_LIMITS.pingMillis).unref();
    this.#stops = [
      () => clearInterval(poll),
      () => clearInterval(ping),
      context.committer.onCommit((notice) => {
        for (const feed of this.#feeds.values()) feed.wake(notice);
      }),
      viewStoreOf(context.engine).onChange(() => {
        this.#feeds.get(keyOf({ kind: 'views' }))?.refresh();
      }),
    ];
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== PATH) return refuse(socket, 404, 'Not Found');
    const { origin, host } = request.headers;
    if (!isPageAllowed(origin, host, this.#context.allowedOrigins)) {
      return refuse(socket, 403, 'Forbidden');
    }
    if (this.#connections.size >= LIVE_LIMITS.maxConnections) {
      return refuse(socket, 503, 'Service Unavailable');
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new Connection(webSocket, {
        join: (query, subscription) => this.#join(query, subscription),
        sourceOf: (query) => sourceOf(this.#context, query),
        closed: () => void this.#connections.delete(connection),
      });
      this.#connections.add(connection);
    });
  }

  async announce(): Promise<DisplayAnswer> {
    const started = performance.now();
    const pages = [...this.#connections].filter((connection) => connection.isWatching);
    if (pages.length === 0) return { pages: 0 };
    await Promise.all([...this.#feeds.values()].map((feed) => feed.flush()));
    const left = Math.max(0, LIVE_LIMITS.announceMillis - (performance.now() - started));
    const shown = await Promise.all(pages.map((page) => page.shown(left)));
    const all = shown.every(Boolean);
    return {
      pages: pages.length,
      ...(all ? { shownMillis: Math.round(performance.now() - started) } : {}),
    };
  }

  reload(): void {
    for (const feed of this.#feeds.values()) feed.reload();
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    const feeds = [...this.#feeds.values()];
    this.#feeds.clear();
    for (const connection of this.#connections) connection.close();
    await Promise.all(feeds.map((feed) => feed.close()));
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Identical queries share a feed; returns how to leave it and how to ask for a snapshot. */
  #join(query: LiveQuery, subscription: Subscription): { leave(): void; again(): void } {
    const key = keyOf(query);
    const feed = this.#feeds.get(key) ?? this.#open(key, query);
    feed.join(subscription);
    return {
      again: () => feed.join(subscription),
      leave: () => {
        feed.leave(subscription);
        if (feed.size > 0) return;
        void feed.close();
        this.#feeds.delete(key);
      },
    };
  }

  #open(key: string, query: LiveQuery): Feed {
    const source = sourceOf(this.#context, query);
    const stateMillis = (): number =>
      [...this.#feeds.values()].reduce((sum, one) => sum + one.stateMillis, 0);
    const feed = new Feed(source, nowNanos(), stateMillis, (error, waiting) => {
      for (const connection of this.#connections) connection.failed(error, waiting);
      if (waiting.length === 0) process.stderr.write(`a live query failed: ${String(error)}\n`);
    });
    this.#feeds.set(key, feed);
    return feed;
  }

  #poll(): void {
    const now = nowNanos();
    for (const feed of this.#feeds.values()) feed.poll(now);
  }

  #ping(): void {
    for (const connection of this.#connections) connection.ping();
  }
}

/** The same query in any order of its fields is the same feed. */
function keyOf(query: LiveQuery): string {
  const fields = Object.entries(query).filter(([, value]) => value !== undefined);
  return JSON.stringify(fields.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function refuse(socket: Duplex, status: number, reason: string): void {
  // Nobody else listens on an upgraded socket: a reset here would end the server.
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
