/** The six words of `getLogger`, with the number each range starts at (logs data model). */
export const SEVERITIES = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
} as const;

/** One of trace, debug, info, warn, error, fatal. */
export type SeverityName = keyof typeof SEVERITIES;

const TEXTS: readonly string[] = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** `INFO` for 9, `INFO2` for 10 (logs data model, "Displaying Severity"); empty outside 1–24. */
export function severityText(severityNumber: number): string {
  const word = TEXTS[Math.floor((severityNumber - 1) / 4)];
  const rest = (severityNumber - 1) % 4;
  if (word === undefined) return '';
  return rest === 0 ? word : `${word}${rest + 1}`;
}

/** A whole number from 1 to 24; anything else counts as unspecified, 0. */
export function severityNumberFrom(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 24
    ? value
    : 0;
}
