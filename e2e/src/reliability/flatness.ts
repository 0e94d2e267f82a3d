/** One figure over time. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  /** What may be added between the start and the end of the measured time. */
  readonly allowed: { readonly absolute: number; readonly share: number };
  /** Nothing may ever be above this, if given. */
  readonly limit?: number;
  readonly values: readonly number[];
}

export interface Verdict {
  readonly name: string;
  readonly unit: string;
  readonly first: number;
  readonly last: number;
  readonly max: number;
  /** The robust slope times the measured time. */
  readonly growth: number;
  readonly allowed: number;
  readonly isFlat: boolean;
}

/**
 * Whether a figure is flat: its slope is the median of the slopes between all pairs of samples
 * (Theil and Sen), which a third of outliers does not move, so that one merge or one collection of
 * garbage is no growth and a leak below them is.
 */
export function verdictOf({ name, unit, allowed, limit, values }: Series): Verdict {
  const third = Math.max(1, Math.floor(values.length / 3));
  const first = median(values.slice(0, third));
  const last = median(values.slice(-third));
  const max = Math.max(...values);
  const growth = slopeOf(values) * (values.length - 1);
  const bound = Math.max(allowed.absolute, allowed.share * first);
  const isFlat = growth <= bound && (limit === undefined || max <= limit);
  return { name, unit, first, last, max, growth, allowed: bound, isFlat };
}

/** A sample's rise to the next one. */
function slopeOf(values: readonly number[]): number {
  const slopes: number[] = [];
  // At most about a million pairs, whatever the length.
  const stride = Math.max(1, Math.ceil(values.length / 1_400));
  for (let from = 0; from < values.length; from += stride) {
    for (let to = from + stride; to < values.length; to += stride) {
      slopes.push(((values[to] ?? 0) - (values[from] ?? 0)) / (to - from));
    }
  }
  return slopes.length === 0 ? 0 : median(slopes);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** The verdicts as a table of text. */
export function tableOf(verdicts: readonly Verdict[]): string {
  const head = ['figure', 'first third', 'last third', 'highest', 'growth', 'allowed', ''];
  const rows = verdicts.map((one) => [
    `${one.name} (${one.unit})`,
    ...[one.first, one.last, one.max, one.growth, one.allowed].map((value) => value.toFixed(1)),
    one.isFlat ? 'flat' : 'NOT FLAT',
  ]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}
