/** Reads how a gRPC call ended, as OTLP/gRPC says (Failures). */
import { decode } from '@codomyrmex/otlp';
import { RETRY_AFTER_LAST_MILLIS } from '../common/limits.js';
import type { Delivery } from './delivery.js';
import { readPartialSuccess } from './partial-success.js';

/** google.rpc.Code by number. */
const NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

type CodeName = (typeof NAMES)[number];

const RETRYABLE: ReadonlySet<CodeName> = new Set([
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

/** What a call without grpc-status means by its HTTP status (gRPC: HTTP to gRPC status codes). */
const BY_HTTP: ReadonlyMap<number, CodeName> = new Map([
  [400, 'INTERNAL'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'UNIMPLEMENTED'],
  [429, 'UNAVAILABLE'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [504, 'UNAVAILABLE'],
]);

/** What a reset without grpc-status means (gRPC: HTTP2 Transport Mapping, Errors). */
const BY_RESET: ReadonlyMap<number, CodeName> = new Map([
  [7, 'UNAVAILABLE'], // REFUSED_STREAM
  [8, 'CANCELLED'],
  [11, 'RESOURCE_EXHAUSTED'], // ENHANCE_YOUR_CALM
  [12, 'PERMISSION_DENIED'], // INADEQUATE_SECURITY
]);

/** Longest part of a backend's message that goes into a diagnostic. */
const MESSAGE_LENGTH = 500;

/** Headers of an answer, or its trailers. */
export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A call that ended with a grpc-status. `body` is the answer's message with its prefix. */
export function judgeGrpc(trailers: Fields, body: Uint8Array): Delivery {
  const name = NAMES[Number(trailers['grpc-status'])] ?? 'UNKNOWN';
  if (name === 'OK') {
    // A compressed answer was not asked for: it is not looked into.
    const message = body[0] === 0 ? body.subarray(5) : new Uint8Array(0);
    return { kind: 'taken', ...readPartialSuccess(message) };
  }
  const text = percentDecode(String(trailers['grpc-message'] ?? '')).slice(0, MESSAGE_LENGTH);
  return judgeCode(name, text, readRetryInfo(trailers['grpc-status-details-bin']));
}

/** A call that ended without one: by HTTP status, else by the reset's code. */
export function judgeWithoutStatus(httpStatus: number, resetCode: number): Delivery {
  if (httpStatus !== 0 && httpStatus !== 200) {
    const name = BY_HTTP.get(httpStatus) ?? 'UNKNOWN';
    return judgeCode(name, `HTTP status ${httpStatus}, not gRPC`, undefined);
  }
  const name = resetCode === 0 ? 'UNKNOWN' : (BY_RESET.get(resetCode) ?? 'INTERNAL');
  return judgeCode(name, `the call ended without a status (reset ${resetCode})`, undefined);
}

function judgeCode(
  name: CodeName,
  text: string,
  retryInfo: { millis: number } | undefined,
): Delivery {
  const message = `the backend answered ${name}${text === '' ? '' : `: ${text}`}`;
  const mayRetry =
    RETRYABLE.has(name) || (name === 'RESOURCE_EXHAUSTED' && retryInfo !== undefined);
  if (!mayRetry) return { kind: 'refused', message, code: name };
  // A delay of zero asks for no delay of its own: the sender's backoff applies.
  const millis = retryInfo?.millis ?? 0;
  return { kind: 'busy', retryMillis: millis > 0 ? millis : undefined, message, code: name };
}

/** The delay of a google.rpc.RetryInfo within the status details; `undefined` without one. */
function readRetryInfo(header: Fields[string]): { millis: number } | undefined {
  if (typeof header !== 'string') return undefined;
  try {
    const status = decode('Status', Buffer.from(header, 'base64'));
    const any = status.details?.find((detail) => detail.typeUrl?.endsWith('/google.rpc.RetryInfo'));
    if (any === undefined) return undefined;
    const delay = decode('RetryInfo', any.value ?? new Uint8Array(0)).retryDelay;
    const millis = Number(delay?.seconds ?? 0n) * 1e3 + (delay?.nanos ?? 0) / 1e6;
    return { millis: Math.min(Math.max(0, millis), RETRY_AFTER_LAST_MILLIS) };
  } catch {
    // Details that cannot be read say nothing.
    return undefined;
  }
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded as gRPC says: shown as it came.
    return text;
  }
}
