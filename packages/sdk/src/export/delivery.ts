/** What one request to the backend came to, whatever the protocol. */
import { readPartialSuccess } from './partial-success.js';

/**
 * `taken`: stored, but for `rejected` records. `busy`: the same bytes are welcome later.
 * `refused`: sending them again will not help. A request without an answer is none of these: the
 * function that posts rejects.
 */
export type Delivery =
  | { readonly kind: 'taken'; readonly rejected: number; readonly message: string | undefined }
  | {
      readonly kind: 'busy';
      /** What the backend asked for; `undefined`: the sender's own backoff. */
      readonly retryMillis: number | undefined;
      readonly message: string;
      /** The status, as `error.type` has it. */
      readonly code?: string;
    }
  | { readonly kind: 'refused'; readonly message: string; readonly code?: string };

/** What the backend said over HTTP. */
export interface Answer {
  readonly status: number;
  /** From Retry-After, at most 30,000; `undefined` when absent or unreadable. */
  readonly retryAfterMillis: number | undefined;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

/** HTTP statuses that OTLP lets a client retry. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Reads an HTTP answer as OTLP says (Failures, Failures (Retryable)). */
export function judgeHttp(answer: Answer): Delivery {
  const message = `the backend answered ${answer.status}`;
  const code = String(answer.status);
  if (answer.status >= 200 && answer.status < 300) return { kind: 'taken', ...partialOf(answer) };
  if (RETRYABLE.has(answer.status)) {
    return { kind: 'busy', retryMillis: answer.retryAfterMillis, message, code };
  }
  return { kind: 'refused', message, code };
}

function partialOf(answer: Answer): { rejected: number; message: string | undefined } {
  if (!/\bjson\b/i.test(answer.contentType ?? '')) return readPartialSuccess(answer.body);
  try {
    return readJsonPartialSuccess(JSON.parse(Buffer.from(answer.body).toString('utf8')));
  } catch {
    // The backend said 200: a body that cannot be read changes nothing.
    return { rejected: 0, message: undefined };
  }
}

function readJsonPartialSuccess(body: unknown): { rejected: number; message: string | undefined } {
  const partial = (body as { partialSuccess?: Readonly<Record<string, unknown>> } | null)
    ?.partialSuccess;
  const count = Number(
    partial?.['rejectedSpans'] ??
      partial?.['rejectedDataPoints'] ??
      partial?.['rejectedLogRecords'] ??
      0,
  );
  const text = partial?.['errorMessage'];
  return {
    rejected: Number.isSafeInteger(count) && count > 0 ? count : 0,
    message: typeof text === 'string' ? text : undefined,
  };
}
