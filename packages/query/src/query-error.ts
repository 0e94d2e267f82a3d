/** What is wrong with a query text, and where. */
export interface QueryFault {
  readonly message: string;
  /** 0-based index in the text, in UTF-16 units. */
  readonly column: number;
  /** Length of the offending text; at least 1, except at the text's end. */
  readonly length: number;
  readonly hint?: string;
}

/** The only error that reading a query gives; it points at the offending text. */
export class QueryError extends Error {
  readonly code = 'bad_query';
  readonly column: number;
  readonly length: number;
  readonly hint: string | undefined;
  constructor(fault: QueryFault) {
    super(fault.message);
    this.name = 'QueryError';
    this.column = fault.column;
    this.length = fault.length;
    this.hint = fault.hint;
  }
}
