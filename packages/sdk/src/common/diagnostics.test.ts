import { afterEach, describe, expect, it, vi } from 'vitest';
import { report, reportOnce, setDiagnostics } from './diagnostics.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  setDiagnostics('warn');
});

describe('report', () => {
  it('writes one line a minute and says how many were held back', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const lines: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    setDiagnostics('warn');
    report('warn', 'first\nline\u001b[2J');
    report('error', 'second');
    report('info', 'not shown at all');
    vi.advanceTimersByTime(60_001);
    report('warn', 'third');
    expect(lines).toEqual([
      '[codomyrmex-telemetry] warn: first line [2J\n',
      '[codomyrmex-telemetry] warn: third (1 more held back)\n',
    ]);
  });

  it('survives a function that throws, and is silent on none', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    setDiagnostics(() => {
      throw new Error('no');
    });
    report('error', 'x');
    setDiagnostics('none');
    report('error', 'x');
    expect(write).not.toHaveBeenCalled();
  });

  it('reports a topic once', () => {
    const messages: string[] = [];
    setDiagnostics((_severity, message) => messages.push(message));
    reportOnce('warn', 'topic of this test', 'a');
    reportOnce('warn', 'topic of this test', 'b');
    expect(messages).toEqual(['a']);
  });
});
