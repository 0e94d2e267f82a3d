/**
 * What goes wrong in a listener of ours must not reach the program: out of a diagnostics channel it
 * would end the process.
 */
import { reportOnce } from '../common/diagnostics.js';

/** A channel's listener that reports what it throws, once for each message. */
export function guarded<Message>(listener: (message: Message) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message as Message);
    } catch (error: unknown) {
      reportFault(error);
    }
  };
}

/** Reports a fault of instrumentation. */
export function reportFault(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  reportOnce('error', `instrumentation ${text}`, `instrumentation failed: ${text}`);
}
