/** A row of a list: `key` tells rows apart, `json` is its text and `digest` the text's digest. */
export interface Item {
  readonly key: string;
  readonly json: string;
  readonly digest: string;
}

/** What a question answered: a whole state, or rows, newest first. */
export type Update =
  | { readonly type: 'state'; readonly json: string }
  | { readonly type: 'items'; readonly items: readonly Item[]; readonly skipped: number };

/** How a list's rows are put together in a frame. */
export interface ListShape {
  /** The field of the data that holds the rows. */
  readonly field: 'items' | 'spans';
  /** Rows of one frame; more are sent in the next one (`queue`) or counted as skipped (`drop`). */
  readonly frameItems: number;
  readonly overflow: 'queue' | 'drop';
}

/** The frame's data for rows. */
export function listData(shape: ListShape, items: readonly string[], skipped: number): string {
  const rows = `"${shape.field}":[${items.join(',')}]`;
  return shape.field === 'spans' ? `{${rows}}` : `{${rows},"skipped":${skipped}}`;
}
