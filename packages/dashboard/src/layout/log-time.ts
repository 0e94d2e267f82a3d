import type { LogRecord } from '@codomyrmex/telemetry-query';

/** When a record happened; the observed time when the program gave none. */
export function logTime(log: LogRecord): string {
  return log.timeUnixNano === '0' || log.timeUnixNano === ''
    ? log.observedTimeUnixNano
    : log.timeUnixNano;
}
