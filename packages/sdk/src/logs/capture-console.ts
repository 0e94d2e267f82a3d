import { formatWithOptions } from 'node:util';

import { telemetry } from '../export/telemetry.js';
import { loggerProviderOf } from './get-logger.js';
import { SEVERITIES } from './severity.js';

/** The methods of the console that are captured, and the severity that each stands for. */
const METHODS = {
  debug: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
  trace: 'trace',
} as const;

type Method = keyof typeof METHODS;

let release: (() => void) | undefined;

/**
 * Has what the program prints with `console` recorded as logs too, with the current span; printing
 * goes on as before. An error among the arguments becomes exception.type, .message and .stacktrace.
 * Returns what ends it; a second call meanwhile returns the same.
 */
export function captureConsole(): () => void {
  if (release !== undefined) return release;
  const originals = new Map<Method, (...parts: unknown[]) => void>();
  for (const method of Object.keys(METHODS) as Method[]) {
    const original = console[method] as (...parts: unknown[]) => void;
    originals.set(method, original);
    console[method] = (...parts: unknown[]): void => {
      record(method, parts);
      original.apply(console, parts);
    };
  }
  release = (): void => {
    for (const [method, original] of originals) console[method] = original;
    release = undefined;
  };
  return release;
}

/** True while a record is made: what that prints itself is not recorded again. */
let isRecording = false;

function record(method: Method, parts: readonly unknown[]): void {
  if (isRecording) return;
  isRecording = true;
  try {
    const severity = METHODS[method];
    loggerProviderOf(telemetry())
      .getLogger('console')
      .emit({
        severityNumber: SEVERITIES[severity],
        severityText: severity.toUpperCase(),
        body: bodyOf(parts),
        exception: parts.find((part) => part instanceof Error),
      });
  } finally {
    isRecording = false;
  }
}

function bodyOf(parts: readonly unknown[]): string {
  try {
    const shown = parts.map((part) => (part instanceof Error ? part.message : part));
    return formatWithOptions({ colors: false, depth: 4, breakLength: Infinity }, ...shown);
  } catch {
    // A custom inspection of the program's threw; the console itself will say so.
    return '';
  }
}
