/** Assertions over log records. */
import type { MemoryBackend } from './memory-backend.js';
import { assertionError } from './expect-trace.js';
import { compareAttributes, compareValue, formatPattern } from './match-value.js';
import type { AttributesPattern, Difference, TextPattern, ValuePattern } from './match-value.js';
import type { ReceivedLog } from './received.js';
import { formatAttributes, formatValue } from './trace-tree.js';

/** What is expected of a log record. What is left out may be anything. */
export interface LogPattern {
  readonly body?: ValuePattern;
  /** A severity's text (`INFO`) or number (9). */
  readonly severity?: string | number;
  readonly eventName?: TextPattern;
  readonly attributes?: AttributesPattern;
  /** Name of the logger, which is its instrumentation scope. */
  readonly logger?: TextPattern;
  /** The span that it was logged in; `undefined` with the key there: outside of any. */
  readonly span?: { readonly traceId: string; readonly spanId: string } | undefined;
}

/** Log records that a failure message lists. */
const PRINTED_LOGS = 20;

/**
 * Asserts that a record is as `expected`; a text or RegExp is its body. Returns the first one.
 * Throws AssertionError that lists the records that were received.
 */
export function expectLog(
  backend: MemoryBackend,
  expected: string | RegExp | LogPattern,
): ReceivedLog {
  const isBody = typeof expected === 'string' || expected instanceof RegExp;
  const pattern: LogPattern = isBody ? { body: expected } : expected;
  const { logs } = backend;
  let nearest: Difference | undefined;
  for (const log of logs) {
    const found = compareLog(log, pattern);
    if (found === undefined) return log;
    if (found.what !== 'the body') nearest ??= found;
  }
  const what = pattern.body === undefined ? '' : ` (${formatPattern(pattern.body)})`;
  const said = nearest === undefined ? '' : `; nearest: ${nearest.message}`;
  const lines = logs.slice(-PRINTED_LOGS).map(formatLog);
  throw assertionError(
    `no log record is as expected${what}${said}\n\nreceived:\n${lines.join('\n') || 'none'}`,
    expectLog,
    nearest?.actual,
    nearest?.expected,
  );
}

function compareLog(log: ReceivedLog, pattern: LogPattern): Difference | undefined {
  const { body, severity, eventName, logger } = pattern;
  return (
    (body === undefined ? undefined : compareValue('the body', log.body, body)) ??
    (severity === undefined
      ? undefined
      : typeof severity === 'number'
        ? compareValue('the severity', log.severityNumber, severity)
        : compareValue('the severity', log.severityText, severity)) ??
    (eventName === undefined ? undefined : compareValue('the event', log.eventName, eventName)) ??
    (logger === undefined ? undefined : compareValue('the logger', log.scope.name, logger)) ??
    compareAttributes(log.attributes, pattern.attributes) ??
    ('span' in pattern
      ? (compareValue('its trace', log.traceId, pattern.span?.traceId ?? '') ??
        compareValue('its span', log.spanId, pattern.span?.spanId ?? ''))
      : undefined)
  );
}

function formatLog(log: ReceivedLog): string {
  const severity = log.severityText || String(log.severityNumber);
  const span = log.spanId === '' ? '' : `span ${log.spanId}`;
  const parts = [severity, log.eventName, formatValue(log.body), formatAttributes(log.attributes)];
  return [...parts, span].filter((part) => part !== '').join('  ');
}
