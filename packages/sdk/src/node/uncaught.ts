/** What an uncaught error leaves open is ended and sent: a trace without its root says little. */
import { SpanStatusCode } from '@opentelemetry/api';
import { exceptionMessage } from '../trace/exception.js';
import { getCurrentSpan } from '../trace/start-span.js';
import { tracerProvider } from '../trace/start.js';

const MESSAGE = 'the program ended by an uncaught error';

/**
 * For 'uncaughtExceptionMonitor': records the error on the current span and ends all open ones
 * with status ERROR. A program that handles uncaught errors lives on, and so do its spans.
 */
export function endSpansOnUncaught(error: unknown): void {
  const isHandled =
    process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback();
  if (isHandled) return;
  const current = getCurrentSpan();
  if (current?.isRecording() === true) {
    current.recordException(error as Error);
    current.setStatus({ code: SpanStatusCode.ERROR, message: exceptionMessage(error) });
    current.end();
  }
  // Newest first: children end before their parents.
  for (const span of tracerProvider().liveSpans?.open().toReversed() ?? []) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: MESSAGE });
    span.end();
  }
}
