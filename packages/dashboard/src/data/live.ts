import type {
  LiveData,
  LiveFrame,
  LiveKind,
  LiveQuery,
  LiveRequest,
} from '@codomyrmex/telemetry-query';

/** What the Live button shows. */
export type LiveState = 'connecting' | 'open' | 'reconnecting';

/** Why a subscription has no data. */
export interface LiveError {
  readonly code: string;
  readonly message: string;
  readonly column?: number;
}

/** Who gets a subscription's frames. */
export interface LiveHandlers<K extends LiveKind> {
  /** The whole state: replaces what was there. */
  readonly snapshot: (data: LiveData[K]) => void;
  /** What is new since; for kinds that send states, the whole state again. */
  readonly delta: (data: LiveData[K]) => void;
  readonly error: (error: LiveError) => void;
}

/** One connection that was made. */
export interface LiveSocket {
  readonly send: (text: string) => void;
  readonly close: () => void;
}

/** What a connection tells. */
export interface LiveSocketEvents {
  readonly opened: () => void;
  readonly received: (text: string) => void;
  readonly closed: () => void;
}

/** What the connection needs from its surroundings; a test brings its own. */
export interface LiveHost {
  readonly connect: (events: LiveSocketEvents) => LiveSocket;
  /** Runs after the next painted frame. */
  readonly afterPaint: (run: () => void) => void;
  readonly setTimer: (run: () => void, millis: number) => () => void;
  /** 0…1. */
  readonly random: () => number;
  readonly onState: (state: LiveState) => void;
}

/** First wait before a new connection, doubled up to the longest: 250 ms … 5 s. */
const RECONNECT_MILLIS = 250;
const RECONNECT_MAX_MILLIS = 5000;

interface Subscription {
  readonly query: LiveQuery;
  readonly handlers: LiveHandlers<LiveKind>;
}

/**
 * The page's one connection: subscriptions live in it and survive its losses. A frame is
 * acknowledged after the browser painted it: a slow tab slows its own frames, nothing piles up.
 */
export class LiveConnection {
  readonly #host: LiveHost;
  readonly #subscriptions = new Map<number, Subscription>();
  #socket: LiveSocket | undefined;
  #open = false;
  #nextId = 1;
  #attempts = 0;
  #paused = false;
  #closed = false;
  #cancelTimer: (() => void) | undefined;

  constructor(host: LiveHost) {
    this.#host = host;
    this.#connect();
  }

  /** Subscribes; returns what ends the subscription. */
  subscribe<K extends LiveKind>(
    query: LiveQuery & { kind: K },
    handlers: LiveHandlers<K>,
  ): () => void {
    const id = this.#nextId;
    this.#nextId += 1;
    // The kind of a frame's data follows from the query it answers: the protocol's own promise.
    this.#subscriptions.set(id, { query, handlers: handlers as unknown as LiveHandlers<LiveKind> });
    if (this.#open) this.#send({ op: 'sub', id, query });
    return () => {
      if (this.#subscriptions.delete(id) && this.#open) this.#send({ op: 'unsub', id });
    };
  }

  /** Stops all frames (hidden tab, space bar). */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    if (this.#open) this.#send({ op: 'pause' });
  }

  /** Brings a fresh snapshot of every subscription. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#open) this.#send({ op: 'resume' });
  }

  /** Ends the connection for good. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#socket?.close();
  }

  #send(request: LiveRequest): void {
    this.#socket?.send(JSON.stringify(request));
  }

  #connect(): void {
    const socket: LiveSocket = this.#host.connect({
      opened: () => {
        if (socket === this.#socket) this.#opened();
      },
      received: (text) => {
        if (socket === this.#socket) this.#receive(text);
      },
      closed: () => {
        if (socket === this.#socket) this.#lost();
      },
    });
    this.#socket = socket;
  }

  #opened(): void {
    this.#open = true;
    this.#attempts = 0;
    this.#host.onState('open');
    for (const [id, { query }] of this.#subscriptions) this.#send({ op: 'sub', id, query });
    if (this.#paused) this.#send({ op: 'pause' });
  }

  #lost(): void {
    this.#open = false;
    this.#socket = undefined;
    if (this.#closed) return;
    this.#host.onState('reconnecting');
    const wait = Math.min(RECONNECT_MAX_MILLIS, RECONNECT_MILLIS * 2 ** this.#attempts);
    this.#attempts += 1;
    // Half to whole of the wait: the tabs of a restarted server do not come back all at once.
    this.#cancelTimer = this.#host.setTimer(
      () => this.#connect(),
      wait * (0.5 + this.#host.random() / 2),
    );
  }

  #receive(text: string): void {
    const frame = JSON.parse(text) as LiveFrame;
    const subscription = this.#subscriptions.get(frame.id);
    if (subscription === undefined) return;
    if (frame.op === 'error') {
      subscription.handlers.error(frame);
      return;
    }
    const { id, seq } = frame;
    try {
      if (frame.op === 'snapshot') subscription.handlers.snapshot(frame.data);
      else subscription.handlers.delta(frame.data);
    } finally {
      // Whatever a screen makes of a frame, the next one may come.
      const socket = this.#socket;
      this.#host.afterPaint(() => {
        if (socket !== this.#socket || !this.#subscriptions.has(id)) return;
        this.#send({ op: 'ack', id, seq });
      });
    }
  }
}
