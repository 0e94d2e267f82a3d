/** Comparing values with what a test expects of them. */
import { isDeepStrictEqual } from 'node:util';
import { formatValue } from './trace-tree.js';
import type { PlainAttributes, PlainValue } from './received.js';

/** A value itself (compared deeply), a RegExp for texts, or a function that says yes. */
export type ValuePattern = PlainValue | RegExp | ((value: PlainValue) => boolean);

/** Attributes that are expected; others may be there. `undefined`: must not be there. */
export type AttributesPattern = Readonly<Record<string, ValuePattern>>;

/** A text itself, or a RegExp. */
export type TextPattern = string | RegExp;

/** A number itself, or its least and greatest value, both included. */
export type NumberPattern =
  | number
  | { readonly atLeast?: number | undefined; readonly atMost?: number | undefined };

/** What is not as expected: where, and the two values as text. */
export interface Difference {
  readonly what: string;
  readonly actual: unknown;
  readonly expected: unknown;
  /** `what is …, expected …` as a sentence. */
  readonly message: string;
}

/** A difference between two values of `what`. */
export function difference(what: string, actual: PlainValue, expected: unknown): Difference {
  const message = `${what} is ${formatValue(actual)}, expected ${formatPattern(expected)}`;
  return { what, actual, expected, message };
}

/** A pattern as a message shows it. */
export function formatPattern(pattern: unknown): string {
  if (pattern instanceof RegExp) return `to match ${String(pattern)}`;
  if (typeof pattern === 'function') return `what ${pattern.name || 'a function'} accepts`;
  if (typeof pattern === 'object' && pattern !== null && isRange(pattern)) {
    const { atLeast, atMost } = pattern;
    const parts = [];
    if (atLeast !== undefined) parts.push(`at least ${atLeast}`);
    if (atMost !== undefined) parts.push(`at most ${atMost}`);
    return parts.join(' and ');
  }
  return pattern === undefined ? 'none' : formatValue(pattern as PlainValue);
}

function isRange(pattern: object): pattern is Exclude<NumberPattern, number> {
  return 'atLeast' in pattern || 'atMost' in pattern;
}

/** `undefined` where the value is as expected. */
export function compareValue(
  what: string,
  actual: PlainValue,
  pattern: ValuePattern,
): Difference | undefined {
  const isMatch =
    pattern instanceof RegExp
      ? typeof actual === 'string' && new RegExp(pattern).test(actual)
      : typeof pattern === 'function'
        ? pattern(actual)
        : isDeepStrictEqual(bare(actual), bare(pattern));
  return isMatch ? undefined : difference(what, actual, pattern);
}

/** Maps come without prototype, patterns mostly with one. */
function bare(value: PlainValue): unknown {
  if (Array.isArray(value)) return (value as PlainValue[]).map(bare);
  if (typeof value !== 'object' || value instanceof Uint8Array) {
    return value instanceof Uint8Array ? [...value] : value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, bare(part)]));
}

/** `undefined` where the number is as expected. */
export function compareNumber(
  what: string,
  actual: number | bigint | undefined,
  pattern: NumberPattern,
): Difference | undefined {
  const value = Number(actual);
  const isMatch =
    typeof pattern === 'number'
      ? value === pattern
      : value >= (pattern.atLeast ?? -Infinity) && value <= (pattern.atMost ?? Infinity);
  return actual !== undefined && isMatch ? undefined : difference(what, actual, pattern);
}

/** The first attribute that is not as expected. */
export function compareAttributes(
  actual: PlainAttributes,
  expected: AttributesPattern | undefined,
  of: string = '',
): Difference | undefined {
  for (const [key, pattern] of Object.entries(expected ?? {})) {
    const found = compareValue(`${of}attribute ${JSON.stringify(key)}`, actual[key], pattern);
    if (found !== undefined) return found;
  }
  return undefined;
}
