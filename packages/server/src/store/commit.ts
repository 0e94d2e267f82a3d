import type { TableName } from './schema.js';

/**
 * The rows of one request for one table, as the transcoder made them.
 * `bytes` is RowBinary in the order of `COLUMNS[table]`; the batch owns it.
 */
export interface RowBatch {
  readonly table: TableName;
  readonly rowCount: number;
  readonly bytes: Uint8Array;
}

/** What one committed group held: the live subscriptions wake on it. */
export interface CommitNotice {
  /** Rows by table. */
  readonly rows: { readonly [table in TableName]?: number };
  /** The rows' IngestTime lies in [ingestFrom, ingestTo], nanoseconds Unix time. */
  readonly ingestFrom: bigint;
  readonly ingestTo: bigint;
}

/** The store as the receiving side sees it. */
export interface Committer {
  /**
   * Queues a request's rows and resolves when they are durable and readable. `requestHash`
   * identifies the request's bytes: a hash committed within the last 10 minutes resolves at once
   * and stores nothing. The rows' bytes are read until it settles, and after a CommitUnavailable
   * as long as the process lives. `ingestTime` is what the rows' IngestTime column says.
   * Rejects with CommitRefused when the data itself was refused, CommitUnavailable when the caller
   * should try again later.
   */
  commit(request: CommitRequest): Promise<void>;
  onCommit(listener: (notice: CommitNotice) => void): () => void;
}

export interface CommitRequest {
  readonly requestHash: string;
  readonly batches: readonly RowBatch[];
  readonly ingestTime: bigint;
}

/** The data itself was refused: sending the same bytes again will not help. HTTP 400. */
export class CommitRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommitRefused';
  }
}

/** Nothing was stored now; the same bytes are welcome after `retryAfterMillis`. HTTP 429 or 503. */
export class CommitUnavailable extends Error {
  readonly retryAfterMillis: number;
  constructor(message: string, retryAfterMillis: number, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommitUnavailable';
    this.retryAfterMillis = retryAfterMillis;
  }
}
