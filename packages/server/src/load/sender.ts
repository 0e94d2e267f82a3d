/** How a request was answered. */
export interface Answer {
  /** Undefined: all was taken. */
  readonly refusal: string | undefined;
}

/** One connection; one request under way at a time. */
export interface Sender {
  /** Resolves when the answer is complete; the body may then be reused. */
  send(body: Buffer): Promise<Answer>;
  close(): void;
}
