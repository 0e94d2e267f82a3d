/** Context with each message: between threads, over ports, and between processes. */
import type { Transferable } from 'node:worker_threads';
import { extractContext, injectContext, withContext } from '../trace/propagation.js';

/** The name of the envelope's field; what has no such field is passed on as it is. */
const CARRIER = 'codomyrmex-telemetry';

/** Something that posts: a MessagePort, a Worker, a BroadcastChannel. */
export interface PostingPort {
  postMessage(value: unknown, transfer?: readonly Transferable[]): void;
}

/** Something that sends: `process` of a forked child, or the ChildProcess. */
export interface SendingProcess {
  send?(value: unknown, ...rest: never[]): boolean;
}

/** Something that hears messages. */
export interface ListeningPort {
  on(event: 'message', listener: (value: unknown) => void): unknown;
  off(event: 'message', listener: (value: unknown) => void): unknown;
}

/**
 * Sends `value` with the current context to a MessagePort, Worker, process or ChildProcess; the
 * other side takes it with {@link onMessage}. `transfer` is for ports. Throws what the port throws
 * (a value that cannot be cloned, a channel that is closed).
 */
export function sendMessage(
  port: PostingPort | SendingProcess,
  value: unknown,
  transfer?: readonly Transferable[],
): void {
  const envelope = { [CARRIER]: injectContext({}), value };
  if ('postMessage' in port && typeof port.postMessage === 'function') {
    if (transfer === undefined) port.postMessage(envelope);
    else port.postMessage(envelope, transfer);
  } else if ('send' in port && typeof port.send === 'function') {
    port.send(envelope);
  } else {
    throw new TypeError('cannot send a message: expected a port, worker or process with IPC');
  }
}

/**
 * Calls `fn` with each message, in the context of whoever sent it with {@link sendMessage}; plain
 * messages come as they are, in no context. Returns a function that stops listening.
 */
export function onMessage<T = unknown>(port: ListeningPort, fn: (value: T) => void): () => void {
  const listener = (message: unknown): void => {
    const isEnvelope = typeof message === 'object' && message !== null && CARRIER in message;
    const carrier = isEnvelope ? message[CARRIER] : undefined;
    const value = isEnvelope && 'value' in message ? message.value : message;
    withContext(extractContext(carrier), () => {
      fn(value as T);
    });
  };
  port.on('message', listener);
  return () => {
    port.off('message', listener);
  };
}
