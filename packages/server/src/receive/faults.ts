/**
 * Why a request was not taken. One table maps each fault to HTTP and gRPC; three kinds: permanent
 * (sending it again will not help), retryable (with Retry-After), and our own bug.
 */
export type FaultCode =
  | 'bad_body'
  | 'refused'
  | 'bad_encoding'
  | 'unsupported_type'
  | 'unsupported_encoding'
  | 'too_large'
  | 'length_required'
  | 'method_not_allowed'
  | 'not_found'
  | 'forbidden'
  | 'unauthorized'
  | 'too_slow'
  | 'overloaded'
  | 'unavailable'
  | 'bug';

interface FaultKind {
  readonly http: number;
  /** google.rpc.Code, also gRPC's own status code. */
  readonly grpc: number;
}

export const FAULTS: { readonly [code in FaultCode]: FaultKind } = {
  bad_body: { http: 400, grpc: 3 },
  refused: { http: 400, grpc: 3 },
  bad_encoding: { http: 400, grpc: 3 },
  unsupported_type: { http: 415, grpc: 3 },
  unsupported_encoding: { http: 415, grpc: 12 },
  too_large: { http: 413, grpc: 8 },
  length_required: { http: 411, grpc: 3 },
  method_not_allowed: { http: 405, grpc: 12 },
  not_found: { http: 404, grpc: 12 },
  forbidden: { http: 403, grpc: 7 },
  unauthorized: { http: 401, grpc: 16 },
  too_slow: { http: 408, grpc: 4 },
  overloaded: { http: 429, grpc: 14 },
  unavailable: { http: 503, grpc: 14 },
  bug: { http: 500, grpc: 13 },
};

/** A request that is not taken. The message tells its sender what to change. */
export class ReceiveFault extends Error {
  readonly code: FaultCode;
  readonly hint: string | undefined;
  /** For `overloaded` and `unavailable`: when to come back. */
  readonly retryAfterMillis: number | undefined;

  constructor(
    code: FaultCode,
    message: string,
    extra: { hint?: string; retryAfterMillis?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: extra.cause });
    this.name = 'ReceiveFault';
    this.code = code;
    this.hint = extra.hint;
    this.retryAfterMillis = extra.retryAfterMillis;
  }
}
