/** What a built-in key's value is; decides which operators and values it takes. */
export type KeyValueType = 'text' | 'duration' | 'id' | 'boolean' | 'severity' | 'kind' | 'status';

/** A key with a meaning of its own; any other key is an attribute. */
export interface BuiltInKey {
  readonly name: string;
  readonly valueType: KeyValueType;
  /** The records that have it: a query on others says so. */
  readonly records: readonly ('spans' | 'logs' | 'points')[];
  /** One line for the completion list. */
  readonly detail: string;
  /** The values it can have, when they are few. */
  readonly values?: readonly string[];
}

const SPANS = ['spans'] as const;
const LOGS = ['logs'] as const;
const RECORDS = ['spans', 'logs'] as const;
const ALL = ['spans', 'logs', 'points'] as const;

/** The built-in keys, in the order in which they are suggested. */
export const BUILT_IN_KEYS: readonly BuiltInKey[] = [
  { name: 'service', valueType: 'text', records: ALL, detail: 'service.name of the resource' },
  { name: 'name', valueType: 'text', records: ALL, detail: 'span name, event name or metric name' },
  {
    name: 'status',
    valueType: 'status',
    records: SPANS,
    detail: 'status of the span',
    values: ['error', 'ok', 'unset'],
  },
  { name: 'duration', valueType: 'duration', records: SPANS, detail: 'length, with a unit: 200ms' },
  {
    name: 'kind',
    valueType: 'kind',
    records: SPANS,
    detail: 'kind of the span',
    values: ['server', 'client', 'internal', 'producer', 'consumer', 'unspecified'],
  },
  {
    name: 'severity',
    valueType: 'severity',
    records: LOGS,
    detail: 'severity of the log record: >=warn',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
  },
  { name: 'body', valueType: 'text', records: LOGS, detail: 'text of the log record' },
  { name: 'trace', valueType: 'id', records: RECORDS, detail: 'trace id, 32 hex digits' },
  { name: 'span', valueType: 'id', records: RECORDS, detail: 'span id, 16 hex digits' },
  {
    name: 'root',
    valueType: 'text',
    records: SPANS,
    detail: "name of the trace's root span; root=true: this span is a root",
    values: ['true', 'false'],
  },
  { name: 'scope', valueType: 'text', records: ALL, detail: 'name of the instrumentation scope' },
  {
    name: 'running',
    valueType: 'boolean',
    records: SPANS,
    detail: 'the span has not ended',
    values: ['true', 'false'],
  },
];

const BY_NAME: ReadonlyMap<string, BuiltInKey> = new Map(
  BUILT_IN_KEYS.map((key) => [key.name, key]),
);

/** The built-in key of that name, or undefined: then it is an attribute's. */
export function builtInKey(name: string): BuiltInKey | undefined {
  return BY_NAME.get(name);
}

/** The candidate that `word` is most likely a slip of, at most two edits away. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const allowed = lower.length < 4 ? 1 : 2;
  let best: string | undefined;
  let bestDistance = allowed + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - lower.length) > allowed) continue;
    const distance = editDistance(lower, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Optimal string alignment: insert, delete, replace and swap of neighbours cost one each. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** First severity number of each name; a name covers four (OpenTelemetry logs data model). */
const SEVERITIES: { readonly [name: string]: number } = {
  trace: 1,
  debug: 5,
  info: 9,
  information: 9,
  warn: 13,
  warning: 13,
  error: 17,
  err: 17,
  fatal: 21,
  critical: 21,
};

/** Severity numbers that a name (`warn`, `ERROR2`) or number (`13`) covers, both ends included. */
export function parseSeverity(text: string): readonly [number, number] | undefined {
  if (/^\d{1,2}$/.test(text)) {
    const number = Number(text);
    return number <= 24 ? [number, number] : undefined;
  }
  const match = /^([a-z]+)([1-4]?)$/.exec(text.toLowerCase());
  if (match === null) return undefined;
  const first = SEVERITIES[match[1] ?? ''];
  if (first === undefined) return undefined;
  if (match[2] === '') return [first, first + 3];
  const number = first + Number(match[2]) - 1;
  return [number, number];
}
