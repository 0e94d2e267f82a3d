import { afterEach, expect, it, vi } from 'vitest';
import { report, setDiagnostics } from '../common/diagnostics.js';
import { Telemetry } from './telemetry.js';

afterEach(() => {
  vi.restoreAllMocks();
  setDiagnostics('warn');
});

it.each([
  ['error', ['error']],
  ['warn', ['error', 'warn']],
  ['none', []],
  ['debug', ['error', 'warn', 'info']],
] as const)('reads OTEL_LOG_LEVEL: %s', (level, expected) => {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  const said = (['error', 'warn', 'info'] as const).filter((severity) => {
    // Anew for each, because one line a minute is all there is.
    void new Telemetry({}, { OTEL_LOG_LEVEL: level });
    lines.length = 0;
    report(severity, 'a fault');
    return lines.length > 0;
  });
  expect(said).toEqual(expected);
});

it('an option wins over OTEL_LOG_LEVEL, a bad level warns', () => {
  const messages: string[] = [];
  setDiagnostics((_severity, message) => messages.push(message));
  void new Telemetry({}, { OTEL_LOG_LEVEL: 'loud' });
  expect(messages.join()).toContain('OTEL_LOG_LEVEL');
  const own: string[] = [];
  void new Telemetry(
    { diagnostics: (_severity, message) => own.push(message) },
    { OTEL_LOG_LEVEL: 'none' },
  );
  report('warn', 'heard');
  expect(own).toEqual(['heard']);
});
