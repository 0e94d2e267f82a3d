/**
 * Browsers end an element's height at about 16.7 million px. Above this many the scroller's height
 * stays here and its offset is stretched to the rows: 570,000 rows of 26 px scroll one to one.
 */
const MAX_HEIGHT_PIXELS = 15_000_000;
/** Rows kept ready above and below what is visible: one notch of a wheel. */
const OVERDRAW_ROWS = 6;

/** The part of a long list that exists. */
export interface RowWindow {
  /** Height of all rows, px. */
  readonly total: number;
  /** Height of the scrolled element, px; less than `total` in very long lists. */
  readonly physical: number;
  /** Px of rows for each px of scrolling, 1 or more. */
  readonly stretch: number;
  /** Px of rows above the view. */
  readonly top: number;
  /** First row that exists, and the one after the last. */
  readonly first: number;
  readonly last: number;
}

/** What of `count` rows is to be there at a scroll offset; all sizes in px. */
export function rowWindow(
  count: number,
  rowHeight: number,
  offset: number,
  height: number,
): RowWindow {
  const total = count * rowHeight;
  const physical = Math.min(total, MAX_HEIGHT_PIXELS);
  const room = physical - height;
  const stretch = total > physical && room > 0 ? (total - height) / room : 1;
  const top = offset * stretch;
  const first = Math.max(0, Math.floor(top / rowHeight) - OVERDRAW_ROWS);
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + OVERDRAW_ROWS);
  return { total, physical, stretch, top, first: Math.min(first, last), last };
}
