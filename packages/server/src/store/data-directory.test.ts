import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { EngineUnsupported, toEngineError } from './chdb-session.js';
import { defaultDataDirectory, holderOf, openDataDirectory } from './data-directory.js';
import { EngineError } from './engine.js';
import { isRetryable } from './insert-faults.js';
import { parameterSettings, sqlString } from './parameters.js';
import { ReaderPool } from './reader-pool.js';

const root = mkdtempSync(join(tmpdir(), 'codomyrmex-directory-'));

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('the data directory', () => {
  it('is the platform’s by default', () => {
    const name = 'codomyrmex-telemetry';
    expect(defaultDataDirectory('linux', {})).toBe(join(homedir(), '.local', 'share', name));
    expect(defaultDataDirectory('linux', { XDG_DATA_HOME: '/x' })).toBe(join('/x', name));
    expect(defaultDataDirectory('win32', { LOCALAPPDATA: '/y' })).toBe(join('/y', name));
    expect(defaultDataDirectory('darwin', {})).toContain('Application Support');
  });

  it('says what to do when it cannot be made', () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    expect(() => openDataDirectory(join(file, 'inside'))).toThrow(/--data-dir/);
  });

  it('knows who holds it, if that process lives', () => {
    expect(holderOf(root)).toBe(undefined);
    writeFileSync(join(root, 'status'), `PID: ${process.pid}\nStarted at: now\n`);
    expect(holderOf(root)).toBe(process.pid);
    writeFileSync(join(root, 'status'), 'PID: 4194304999\n');
    expect(holderOf(root)).toBe(undefined);
    writeFileSync(join(root, 'status'), 'nonsense');
    expect(holderOf(root)).toBe(undefined);
  });
});

describe('errors of the engine', () => {
  it('carry ClickHouse’s number, or 0', () => {
    expect(toEngineError(new Error('Code: 241. DB::Exception: x')).code).toBe(241);
    expect(toEngineError('closed')).toMatchObject({ code: 0, message: 'closed' });
    const error = new EngineError(1, 'x');
    expect(toEngineError(error)).toBe(error);
    expect(new EngineUnsupported().message).toContain(`${process.platform}-${process.arch}`);
  });

  it('are retried when they are not about the rows', () => {
    expect(isRetryable(new Error('EIO'))).toBe(true);
    expect(isRetryable(new EngineError(0, 'closed'))).toBe(true);
    expect(isRetryable(new EngineError(243, 'no space'))).toBe(true);
    expect(isRetryable(new EngineError(252, 'Too many parts (3000)'))).toBe(true);
    const days = 'Too many partitions for single INSERT block (more than 100)';
    expect(isRetryable(new EngineError(252, days))).toBe(false);
    expect(isRetryable(new EngineError(33, 'Cannot read all data'))).toBe(false);
  });
});

describe('parameters', () => {
  it('cannot leave their literal', () => {
    expect(sqlString(`a'b\\c\0`)).toBe(`'a\\'b\\\\c\\0'`);
    expect(parameterSettings('SELECT {a:String}', { a: `x'; DROP TABLE t` })).toEqual([
      `param_a = 'x\\'; DROP TABLE t'`,
    ]);
    expect(parameterSettings('SELECT 1', { inf: Infinity })).toEqual([`param_inf = 'inf'`]);
    expect(() => parameterSettings('SELECT 1', { 'a = 1, b': 2 })).toThrow(/Bad parameter name/);
    expect(() => parameterSettings('SELECT {b : String}', { a: 1 })).toThrow(/\{b\} is not set/);
  });
});

describe('the pool of readers', () => {
  it('serves in turn, bounds who waits, and refuses when closed', async () => {
    const pool = new ReaderPool(['only'], 2);
    const reader = await pool.acquire(1_000);
    const abort = new AbortController();
    const second = pool.acquire(10_000);
    const cancelled = pool.acquire(10_000, abort.signal);
    expect(pool.waiting).toBe(2);
    await expect(pool.acquire(10_000)).rejects.toMatchObject({ code: 202 });
    abort.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 394 });
    const third = pool.acquire(10_000);
    pool.release(reader);
    expect(await second).toBe('only');
    expect(pool.waiting).toBe(1);
    pool.release('only');
    expect(await third).toBe('only');
    await expect(pool.acquire(1)).rejects.toMatchObject({ code: 159 });
    const waiting = pool.acquire(10_000);
    pool.close();
    await expect(waiting).rejects.toMatchObject({ code: 394 });
    await expect(pool.acquire(10_000)).rejects.toMatchObject({ code: 394 });
  });
});
