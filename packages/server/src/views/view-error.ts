/** A view that cannot be kept: told to who sent it. */
export class ViewError extends Error {
  readonly code: 'bad_view' | 'not_found' | 'too_many_views';
  readonly hint: string | undefined;
  constructor(code: ViewError['code'], message: string, hint?: string) {
    super(message);
    this.name = 'ViewError';
    this.code = code;
    this.hint = hint;
  }
}
