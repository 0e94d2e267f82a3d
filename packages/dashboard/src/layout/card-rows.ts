import type { ChartType } from '@codomyrmex/telemetry-query';

/** Columns of the grid that cards stand in. */
export const CARD_COLUMNS = 12;

/** Columns a chart asks for; a row is stretched until it is full. */
const WISHES: { readonly [chart in ChartType]: number } = {
  stat: 3,
  gauge: 3,
  line: 6,
  area: 6,
  bar: 4,
  heatmap: 4,
  histogram: 4,
  table: 4,
  top: 4,
};
/** A card alone in its row is not stretched beyond this. */
const WIDEST: { readonly [chart in ChartType]: number } = {
  stat: 4,
  gauge: 4,
  line: 12,
  area: 12,
  bar: 12,
  heatmap: 12,
  histogram: 6,
  table: 6,
  top: 6,
};

/** Whether a card has half the height of the others. */
export function isSmall(chart: ChartType): boolean {
  return chart === 'stat' || chart === 'gauge';
}

/**
 * Columns for each card, in order: rows of one height, filled from the left and stretched to the
 * full width. What asks for more gets more of what is left over.
 */
export function cardSpans(charts: readonly ChartType[]): number[] {
  const spans: number[] = [];
  let row: ChartType[] = [];
  let used = 0;
  const close = (): void => {
    spans.push(...stretched(row, used));
    row = [];
    used = 0;
  };
  for (const chart of charts) {
    const wish = WISHES[chart];
    const first = row[0];
    const fits =
      used + wish <= CARD_COLUMNS && (first === undefined || isSmall(first) === isSmall(chart));
    if (!fits) close();
    row.push(chart);
    used += wish;
  }
  close();
  return spans;
}

function stretched(row: readonly ChartType[], used: number): number[] {
  const spans = row.map((chart) => WISHES[chart]);
  let left = CARD_COLUMNS - used;
  while (left > 0) {
    let grown = false;
    for (let i = 0; i < row.length && left > 0; i += 1) {
      const chart = row[i];
      if (chart === undefined || (spans[i] ?? 0) >= WIDEST[chart]) continue;
      spans[i] = (spans[i] ?? 0) + 1;
      left -= 1;
      grown = true;
    }
    if (!grown) break;
  }
  return spans;
}
