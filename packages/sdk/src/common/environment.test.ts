import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setDiagnostics } from './diagnostics.js';
import {
  readBoolean,
  readChoice,
  readCount,
  readList,
  readPairs,
  readRatio,
  readText,
} from './environment.js';

let warnings: string[] = [];

beforeEach(() => {
  warnings = [];
  setDiagnostics((_severity, message) => warnings.push(message));
});

afterEach(() => setDiagnostics('warn'));

describe('environment', () => {
  it('takes an empty value as unset', () => {
    expect(readText({ A: '  ' }, 'A')).toBeUndefined();
    expect(readText({ A: ' x ' }, 'A')).toBe('x');
    expect(readCount({ A: '' }, 'A')).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('warns about bad values and leaves the default', () => {
    expect(readCount({ A: '12' }, 'A')).toBe(12);
    expect(readCount({ A: '-1' }, 'A')).toBeUndefined();
    expect(readCount({ A: '0' }, 'A', 1)).toBeUndefined();
    expect(readRatio({ A: '0.25' }, 'A')).toBe(0.25);
    expect(readRatio({ A: '2' }, 'A')).toBeUndefined();
    expect(readChoice({ A: 'GZIP' }, 'A', ['gzip'])).toBe('gzip');
    expect(readChoice({ A: 'zip' }, 'A', ['gzip'])).toBeUndefined();
    expect(readBoolean({ A: 'TRUE' }, 'A')).toBe(true);
    expect(readBoolean({ A: 'yes' }, 'A')).toBe(false);
    expect(warnings).toHaveLength(5);
  });

  it('reads lists and percent-encoded pairs', () => {
    expect(readList({ A: 'a, b,,' }, 'A')).toEqual(['a', 'b']);
    expect(readList({ A: ',' }, 'A')).toBeUndefined();
    expect(readPairs({ A: 'a=1%2C2, b = x=y ,bad,c=%zz' }, 'A')).toEqual([
      ['a', '1,2'],
      ['b', 'x=y'],
    ]);
    expect(warnings).toHaveLength(2);
  });

  it('names the variable, not its secret, when pairs are bad', () => {
    readPairs({ H: 'supersecret' }, 'H');
    expect(warnings[0]).toContain('H');
    expect(warnings[0]).not.toContain('supersecret');
  });
});
