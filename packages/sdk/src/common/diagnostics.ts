/**
 * What the SDK has to say about itself: at most one line a minute for each topic's first message,
 * never a throw. It goes to the api's `diag` when the program set a logger there, else to stderr.
 */
import { diag } from '@opentelemetry/api';
import { DIAGNOSTIC_INTERVAL_MILLIS } from './limits.js';

/** A function that receives the SDK's diagnostics, or the least severity that stderr gets. */
export type DiagnosticsOption =
  | 'none'
  | 'error'
  | 'warn'
  | 'info'
  | ((severity: 'error' | 'warn' | 'info', message: string) => void);

type Severity = 'error' | 'warn' | 'info';
const RANK: Readonly<Record<'none' | Severity, number>> = { none: 0, error: 1, warn: 2, info: 3 };

let option: DiagnosticsOption = 'warn';
let lastMillis = Number.NEGATIVE_INFINITY;
let heldBack = 0;

/** Sets where diagnostics go. Default: warnings and errors to stderr. */
export function setDiagnostics(value: DiagnosticsOption): void {
  option = value;
  lastMillis = Number.NEGATIVE_INFINITY;
  heldBack = 0;
}

/** Reports a fault of the SDK's surroundings or its use: one line a minute, the rest counted. */
export function report(severity: Severity, message: string): void {
  try {
    if (typeof option === 'function') option(severity, message);
    else writeLine(severity, message, option);
  } catch {
    // A diagnostics function that throws must not harm the program that recorded something.
  }
}

function writeLine(severity: Severity, message: string, least: 'none' | Severity): void {
  diag[severity](message);
  if (RANK[severity] > RANK[least]) return;
  const now = performance.now();
  if (now - lastMillis < DIAGNOSTIC_INTERVAL_MILLIS) {
    heldBack++;
    return;
  }
  const more = heldBack === 0 ? '' : ` (${heldBack} more held back)`;
  lastMillis = now;
  heldBack = 0;
  process.stderr.write(`[codomyrmex-telemetry] ${severity}: ${oneLine(message)}${more}\n`);
}

function oneLine(message: string): string {
  // Control characters in a message could move a terminal's cursor or forge a second line.
  return message.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 1000);
}

const reported = new Set<string>();

/** Reports a message once in the program's life, for instance a misuse of the API. */
export function reportOnce(severity: Severity, topic: string, message: string): void {
  if (reported.has(topic) || reported.size >= 1000) return;
  reported.add(topic);
  report(severity, message);
}
