/**
 * Reads `OTEL_*` variables as the specification says: an empty value is unset, a bad value warns
 * and the default applies.
 */
import { report } from './diagnostics.js';

/** Where variables come from; `process.env` unless a test passes its own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable's text without surrounding blanks; `undefined` when unset or empty. */
export function readText(environment: Environment, name: string): string | undefined {
  const text = environment[name]?.trim();
  return text === undefined || text === '' ? undefined : text;
}

/** A whole number ≥ `least`; `undefined` when unset or, with a warning, when it is none. */
export function readCount(
  environment: Environment,
  name: string,
  least: number = 0,
): number | undefined {
  const text = readText(environment, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  report('warn', `ignoring ${name}=${shown(text)}: expected a whole number ≥ ${least}`);
  return undefined;
}

/** A ratio from 0 to 1; `undefined` when unset or, with a warning, when it is none. */
export function readRatio(environment: Environment, name: string): number | undefined {
  const text = readText(environment, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value >= 0 && value <= 1) return value;
  report('warn', `ignoring ${name}=${shown(text)}: expected a number from 0 to 1`);
  return undefined;
}

/** True only for `true` in any case, as the specification says; other words warn. */
export function readBoolean(environment: Environment, name: string): boolean {
  const text = readText(environment, name)?.toLowerCase();
  if (text !== undefined && text !== 'true' && text !== 'false') {
    report('warn', `taking ${name}=${shown(text)} as false: expected true or false`);
  }
  return text === 'true';
}

/** One of `choices` (any case); `undefined` when unset or, with a warning, when it is none. */
export function readChoice<T extends string>(
  environment: Environment,
  name: string,
  choices: readonly T[],
): T | undefined {
  const text = readText(environment, name)?.toLowerCase();
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found === undefined) {
    report('warn', `ignoring ${name}=${shown(text)}: expected one of ${choices.join(', ')}`);
  }
  return found;
}

/** Parts of a comma-separated list, without blanks and empties. */
export function readList(environment: Environment, name: string): string[] | undefined {
  const parts = readText(environment, name)
    ?.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts === undefined || parts.length === 0 ? undefined : parts;
}

/** `key=value,key=value` with percent-encoded values, as in OTEL_RESOURCE_ATTRIBUTES. */
export function readPairs(environment: Environment, name: string): [string, string][] {
  const pairs: [string, string][] = [];
  for (const part of readList(environment, name) ?? []) {
    const pair = readPair(part);
    if (pair === undefined) {
      // The value may be a secret (headers): name the variable, not the text.
      report('warn', `ignoring a part of ${name}: expected key=value, percent-encoded`);
    } else {
      pairs.push(pair);
    }
  }
  return pairs;
}

function readPair(part: string): [string, string] | undefined {
  const split = part.indexOf('=');
  if (split < 1) return undefined;
  try {
    const key = decodeURIComponent(part.slice(0, split).trim());
    return [key, decodeURIComponent(part.slice(split + 1).trim())];
  } catch (error: unknown) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
