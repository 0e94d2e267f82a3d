import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import type { AnyValueMap, LogRecord } from '@opentelemetry/api-logs';

/** Fields of a line that are told otherwise: by the record itself or by the resource. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'level',
  'time',
  'pid',
  'hostname',
  'trace_id',
  'span_id',
  'trace_flags',
]);

/** How a pino instance names its message and error. */
export interface PinoLineOptions {
  /** Default `msg`. */
  readonly messageKey?: string;
  /** Default `err`. */
  readonly errorKey?: string;
}

/**
 * A log record from a line of pino: message, level, time, error and span ids (as pino's
 * correlation writes them) find their places, everything else becomes an attribute. `undefined`
 * when the line is not a JSON object.
 */
export function recordFromLine(line: string, options: PinoLineOptions): LogRecord | undefined {
  const fields = parseObject(line);
  if (fields === undefined) return undefined;
  const { messageKey = 'msg', errorKey = 'err' } = options;
  const attributes: AnyValueMap = Object.create(null) as AnyValueMap;
  for (const [key, value] of Object.entries(fields)) {
    if (OWN_FIELDS.has(key) || key === messageKey) continue;
    if (key === errorKey && isErrorLike(value)) Object.assign(attributes, exceptionOf(value));
    else attributes[key] = value as AnyValueMap[string];
  }
  const severityNumber = severityOf(fields['level']);
  const timestamp = timeOf(fields['time']);
  const context = contextOf(fields);
  return {
    body: fields[messageKey] as AnyValueMap[string],
    attributes,
    ...(severityNumber === undefined ? {} : { severityNumber }),
    ...(timestamp === undefined ? {} : { timestamp }),
    // Not the current context: this line was written in another thread or at another time.
    context,
  };
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    // Not JSON: a pretty-printed line, or a part of one.
    return undefined;
  }
}

const LABELS: ReadonlyMap<unknown, number> = new Map([
  ['trace', 1],
  ['debug', 5],
  ['info', 9],
  ['warn', 13],
  ['error', 17],
  ['fatal', 21],
]);

/** pino's 10, 20 … 60 are TRACE … FATAL; levels between them take the numbers between. */
function severityOf(level: unknown): (LogRecord['severityNumber'] & {}) | undefined {
  if (typeof level === 'string') return LABELS.get(level);
  if (typeof level !== 'number' || !(level > 0)) return undefined;
  const step = Math.floor(level / 10);
  const part = Math.floor((level % 10) / 2.5);
  return Math.min(24, Math.max(1, (step - 1) * 4 + 1 + part));
}

function timeOf(time: unknown): Date | undefined {
  const date = new Date(typeof time === 'number' || typeof time === 'string' ? time : Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function contextOf(fields: Readonly<Record<string, unknown>>): Context {
  const { trace_id: traceId, span_id: spanId, trace_flags: flags } = fields;
  if (typeof traceId !== 'string' || typeof spanId !== 'string') return ROOT_CONTEXT;
  const traceFlags = typeof flags === 'string' ? Number.parseInt(flags, 16) & 255 : 1;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags });
}

interface ErrorLike {
  readonly type?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
}

function isErrorLike(value: unknown): value is ErrorLike {
  return typeof value === 'object' && value !== null && ('message' in value || 'stack' in value);
}

function exceptionOf(error: ErrorLike): AnyValueMap {
  const attributes: AnyValueMap = {};
  if (typeof error.type === 'string') attributes['exception.type'] = error.type;
  if (typeof error.message === 'string') attributes['exception.message'] = error.message;
  if (typeof error.stack === 'string') attributes['exception.stacktrace'] = error.stack;
  return attributes;
}
