import type { View } from '@codomyrmex/telemetry-query';

/** The call that registers a view as it is. */
export function codeOfView(view: View): string {
  const text = (value: string): string => `'${value.replace(/['\\]/g, '\\$&')}'`;
  const options: string[] = [];
  if (view.title !== undefined) options.push(`title: ${text(view.title)}`);
  if (view.by !== undefined && view.by.length > 0) {
    options.push(`by: [${view.by.map(text).join(', ')}]`);
  }
  if (view.aggregation !== undefined) options.push(`aggregation: ${text(view.aggregation)}`);
  if (view.filter !== undefined) options.push(`filter: ${text(view.filter)}`);
  if (view.unit !== undefined) options.push(`unit: ${text(view.unit)}`);
  if (view.min !== undefined) options.push(`min: ${view.min}`);
  if (view.max !== undefined) options.push(`max: ${view.max}`);
  if (view.thresholds !== undefined && view.thresholds.length > 0) {
    const list = view.thresholds.map(
      ({ value, level }) => `{ value: ${value}, level: '${level}' }`,
    );
    options.push(`thresholds: [${list.join(', ')}]`);
  }
  if (view.group !== undefined) options.push(`group: ${text(view.group)}`);
  const tail = options.length === 0 ? '' : `, { ${options.join(', ')} }`;
  return `registerView(${text(view.metric)}, '${view.chartType}'${tail});`;
}

/** The names nearest to one that does not exist: fewest edits, at most a third of the name. */
export function nearestNames(name: string, known: readonly string[], count: number): string[] {
  return known
    .map((other) => ({ other, edits: editDistance(name, other) }))
    .filter(({ edits }) => edits <= Math.max(2, name.length / 3))
    .toSorted((a, b) => a.edits - b.edits || (a.other < b.other ? -1 : 1))
    .slice(0, count)
    .map(({ other }) => other);
}

/** Levenshtein distance: the fewest insertions, deletions and replacements. */
export function editDistance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row.push(Math.min((row[j - 1] ?? 0) + 1, (before[j] ?? 0) + 1, (before[j - 1] ?? 0) + same));
    }
    before = row;
  }
  return before[b.length] ?? 0;
}
