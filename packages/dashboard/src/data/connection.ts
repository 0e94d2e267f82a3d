import type { LiveData, LiveKind, LiveQuery } from '@codomyrmex/telemetry-query';
import {
  createEffect,
  createMemo,
  createSignal,
  on,
  onCleanup,
  untrack,
  type Accessor,
} from 'solid-js';
import { ApiError, getJson, type ApiParams } from './api.js';
import { LiveConnection, type LiveError, type LiveHandlers, type LiveState } from './live.js';

const [state, setState] = createSignal<LiveState>('connecting');
const [paused, setPausedSignal] = createSignal(false);

/** The state of the page's connection. */
export const liveState: Accessor<LiveState> = state;
/** Held by the space bar. */
export const livePaused: Accessor<boolean> = paused;

/** The page's one connection. */
const connection: LiveConnection = new LiveConnection({
  connect: (events) => {
    const { protocol, host } = window.location;
    const socket = new WebSocket(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}/api/v1/live`);
    socket.addEventListener('open', events.opened);
    socket.addEventListener('close', events.closed);
    socket.addEventListener('message', (event) => {
      if (typeof event.data === 'string') events.received(event.data);
    });
    return { send: (text) => socket.send(text), close: () => socket.close() };
  },
  // The callback of the frame runs before its paint, a task queued there after it.
  afterPaint: (run) => requestAnimationFrame(() => setTimeout(run, 0)),
  setTimer: (run, millis) => {
    const timer = setTimeout(run, millis);
    return () => clearTimeout(timer);
  },
  random: Math.random,
  onState: setState,
});

function follow(): void {
  if (paused() || document.hidden) connection.pause();
  else connection.resume();
}

document.addEventListener('visibilitychange', follow);
if (document.hidden) connection.pause();

/** Holds everything where it is, or lets it move again. */
export function setLivePaused(next: boolean): void {
  setPausedSignal(next);
  follow();
}

/** What a subscription's user sees of it. */
export interface LiveStatus {
  readonly error: Accessor<LiveError | undefined>;
  /** The first answer to the present query has come. */
  readonly loaded: Accessor<boolean>;
}

/** What to ask: over the live connection while `live`, else once over HTTP. */
export interface Question<K extends LiveKind> {
  readonly live: boolean;
  readonly query: LiveQuery & { kind: K };
  readonly path: string;
  readonly params?: ApiParams;
}

/** A question's key: the same key is the same question. */
function keyOf(question: Question<LiveKind> | undefined): string {
  return question === undefined
    ? ''
    : JSON.stringify([question.live, question.query, question.params]);
}

function asError(error: unknown): LiveError {
  if (error instanceof ApiError) {
    return error.column === undefined
      ? { code: error.code, message: error.message }
      : { code: error.code, message: error.message, column: error.column };
  }
  return { code: 'unknown', message: error instanceof Error ? error.message : String(error) };
}

/**
 * Follows a question: subscribes to it or fetches it, and again when it changes. `fromHttp` turns
 * an HTTP answer into the live data's shape. The latest question wins, old answers are dropped.
 */
export function followQuestion<K extends LiveKind>(
  question: () => Question<K> | undefined,
  handlers: Omit<LiveHandlers<K>, 'error'>,
  fromHttp: (answer: unknown) => LiveData[K],
): LiveStatus {
  const [error, setError] = createSignal<LiveError | undefined>();
  const [loaded, setLoaded] = createSignal(false);
  const key = createMemo(() => keyOf(question()));
  createEffect(
    on(key, () => {
      const asked = untrack(question);
      setError(undefined);
      setLoaded(false);
      if (asked === undefined) return;
      const arrived = (): void => {
        setError(undefined);
        setLoaded(true);
      };
      if (asked.live) {
        onCleanup(
          connection.subscribe(asked.query, {
            snapshot: (data) => {
              handlers.snapshot(data);
              arrived();
            },
            delta: handlers.delta,
            error: (failure) => {
              setError(failure);
              setLoaded(true);
            },
          }),
        );
        return;
      }
      const abort = new AbortController();
      onCleanup(() => abort.abort());
      getJson(asked.path, asked.params, abort.signal).then(
        (answer) => {
          handlers.snapshot(fromHttp(answer));
          arrived();
        },
        (failure: unknown) => {
          if (abort.signal.aborted) return;
          setError(asError(failure));
          setLoaded(true);
        },
      );
    }),
  );
  return { error, loaded };
}

/** A question whose answer is a whole state: the newest one, the old one until it comes. */
export interface Answer<T> extends LiveStatus {
  readonly data: Accessor<T | undefined>;
}

/** Follows a question that sends states: services, metrics, series, status, views. */
export function createAnswer<K extends 'services' | 'metrics' | 'series' | 'status' | 'views'>(
  question: () => Question<K> | undefined,
): Answer<LiveData[K]> {
  const [data, setData] = createSignal<LiveData[K] | undefined>(undefined, { equals: false });
  const take = (next: LiveData[K]): void => {
    setData(() => next);
  };
  const status = followQuestion(
    question,
    { snapshot: take, delta: take },
    (answer) => answer as LiveData[K],
  );
  return { data, ...status };
}
