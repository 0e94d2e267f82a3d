/** A cursor that this server did not give out. */
export class CursorError extends Error {
  readonly code = 'bad_cursor';
  constructor() {
    super('cursor is not one that this route gave out');
    this.name = 'CursorError';
  }
}

/** The place after the last item of a page, opaque to clients. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts), 'utf8').toString('base64url');
}

/** The parts of a cursor, as many as the route wrote. Throws CursorError. */
export function decodeCursor(cursor: string, count: number): readonly string[] {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw new CursorError();
  }
  if (!Array.isArray(parts) || parts.length !== count) throw new CursorError();
  if (!parts.every((part) => typeof part === 'string')) throw new CursorError();
  return parts;
}

/** A cursor's part that must be a 64-bit decimal number. Throws CursorError. */
export function cursorNumber(part: string | undefined): bigint {
  if (part === undefined || !/^-?\d{1,19}$/.test(part)) throw new CursorError();
  return BigInt(part);
}
