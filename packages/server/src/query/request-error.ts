/** A request that cannot be answered as it is put: the client's fault, told with what to change. */
export class RequestError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  constructor(code: string, message: string, hint?: string) {
    super(message);
    this.name = 'RequestError';
    this.code = code;
    this.hint = hint;
  }
}
