import type { JSX } from 'solid-js';
import './parts.css';

/** The six severities of the log data model, 4 numbers each; 0 is none. */
export type SeverityLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

const LEVELS: readonly SeverityLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const CLASSES: { readonly [level in SeverityLevel]: string } = {
  trace: 'd',
  debug: 'd',
  info: '',
  warn: 'w',
  error: 'e',
  fatal: 'e',
};

/** The level of a severity number, 1…24; 0 (unset) reads as info. */
export function severityLevel(number: number): SeverityLevel {
  if (number <= 0) return 'info';
  return LEVELS[Math.min(5, Math.floor((number - 1) / 4))] ?? 'info';
}

/** The severity as a small label: the level's word, so that colour never stands alone. */
export function Severity(props: { number: number; text: string }): JSX.Element {
  const level = (): SeverityLevel => severityLevel(props.number);
  return (
    <em class={`tag severity ${CLASSES[level()]}`} title={props.text || `severity ${props.number}`}>
      {level().toUpperCase()}
    </em>
  );
}
