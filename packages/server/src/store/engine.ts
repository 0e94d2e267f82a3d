/**
 * The engine: ClickHouse, embedded (chDB) or over HTTP. Message-shaped and asynchronous, so that
 * running it in a child process stays a switch. One contract suite runs against every
 * implementation. Only `main.ts` picks one.
 */
export interface QueryParameters {
  readonly [name: string]:
    | string
    | number
    | boolean
    | bigint
    | readonly (string | number | bigint)[];
}

export interface QueryOptions {
  /** The engine stops the query after this long. Default 10,000. */
  readonly timeoutMillis?: number;
  /** Bytes of memory the query may take. Default 1 GiB. */
  readonly maxMemoryBytes?: number;
  /** Rejects early and stops the query in the engine. */
  readonly signal?: AbortSignal;
}

export interface Engine {
  /**
   * Runs one SELECT on a reader. Parameters are bound by the engine: `{name:Type}` in the text.
   * Rows come as plain objects; UInt64/Int64 as decimal strings, DateTime64 as asked for in the
   * SQL (use toUnixTimestamp64Nano for exact times), NaN and infinities as strings.
   * Throws EngineError.
   */
  query<Row>(sql: string, parameters?: QueryParameters, options?: QueryOptions): Promise<Row[]>;
  /** The same, row by row, for results that do not fit in memory. */
  stream<Row>(
    sql: string,
    parameters?: QueryParameters,
    options?: QueryOptions,
  ): AsyncIterable<readonly Row[]>;
  /** DDL and maintenance, on the control session. */
  command(sql: string): Promise<void>;
  /**
   * Inserts rows; atomic for one block of rows in one partition; the same token within the
   * table's deduplication window adds nothing. Resolves when durable.
   */
  insert(insert: RowsInsert): Promise<void>;
  /** A statement of ours that writes rows made of rows, in turn with the inserts. */
  write(sql: string): Promise<void>;
  close(): Promise<void>;
}

export interface RowsFile {
  readonly file: string;
  readonly format: 'RowBinary' | 'Native';
}

export interface RowsInsert {
  readonly table: string;
  /** The rows' columns: of RowBinary in its order, of Native those that are in the block. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Where the rows are: a file already written in the data directory, or bytes of RowBinary. */
  readonly rows: RowsFile | { readonly bytes: readonly Uint8Array[] };
  readonly token: string;
  /** A condition on the rows, ours: those for which it holds are left out. */
  readonly unless?: string | undefined;
}

/** An error that the engine reported. `code` is ClickHouse's (241 memory, 159 timeout, …). */
export class EngineError extends Error {
  readonly code: number;
  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.code = code;
  }
}
