import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { ServerOptions } from '../main.js';
import { parseFlags, UsageError } from './flags.js';
import { serveOptions } from './serve-options.js';

function optionsOf(line: string, env: NodeJS.ProcessEnv = {}): ServerOptions {
  return serveOptions(parseFlags(line === '' ? [] : line.split(' '), env));
}

describe('options of serve', () => {
  it('have the documented defaults', () => {
    expect(optionsOf('')).toMatchObject({
      host: '127.0.0.1',
      port: 4320,
      otlpHttpPort: 4318,
      memory: false,
      retentionSeconds: 7 * 86_400,
      fsync: true,
      allowedOrigins: [],
      maxRequestBytes: 64 * 2 ** 20,
    });
  });

  it('come from a configuration file after the environment', () => {
    const folder = mkdtempSync(join(tmpdir(), 'codomyrmex-config-'));
    const file = join(folder, 'options.json');
    const write = (options: unknown): void => writeFileSync(file, JSON.stringify(options));
    write({
      port: 1,
      host: '127.0.0.2',
      retention: '3d',
      'no-fsync': true,
      'allow-origin': ['a:b'],
    });
    expect(() => optionsOf(`--config ${file}`)).toThrow('--allow-origin');
    write({ port: 1, host: '127.0.0.2', retention: '3d', 'no-fsync': true });
    const env = { CODOMYRMEX_TELEMETRY_CONFIG: file, CODOMYRMEX_TELEMETRY_PORT: '2' };
    expect(optionsOf('--host 127.0.0.3', env)).toMatchObject({
      host: '127.0.0.3',
      port: 2,
      retentionSeconds: 3 * 86_400,
      fsync: false,
    });
    for (const [wrong, named] of [
      [{ prot: 1 }, 'prot'],
      [{ memory: 'yes' }, 'true or false'],
      [{ port: [1] }, 'port'],
      [{ config: 'x' }, 'config'],
      [[], 'not an object'],
    ] as const) {
      write(wrong);
      expect(() => optionsOf(`--config ${file}`)).toThrow(named);
    }
    writeFileSync(file, '{');
    expect(() => optionsOf(`--config ${file}`)).toThrow(`cannot read ${file}`);
    rmSync(folder, { recursive: true });
  });

  it('take a limit on the disk', () => {
    expect(optionsOf('--max-disk 20GB').maxDiskBytes).toBe(20e9);
    expect(optionsOf('--max-disk=256MiB').maxDiskBytes).toBe(2 ** 28);
    expect(optionsOf('')).not.toHaveProperty('maxDiskBytes');
  });

  it('come from the command line before the environment', () => {
    const env = {
      CODOMYRMEX_TELEMETRY_PORT: '1000',
      CODOMYRMEX_TELEMETRY_DATA_DIR: '/data',
      CODOMYRMEX_TELEMETRY_NO_FSYNC: 'yes',
      CODOMYRMEX_TELEMETRY_MEMORY: '0',
      CODOMYRMEX_TELEMETRY_RETENTION: '',
      CODOMYRMEX_TELEMETRY_ALLOW_ORIGIN: 'https://a.example, https://b.example',
    };
    const options = optionsOf('--port 2000 --otlp-http-port=off', env);
    expect(options).toMatchObject({
      port: 2000,
      dataDir: '/data',
      fsync: false,
      memory: false,
      allowedOrigins: ['https://a.example', 'https://b.example'],
    });
    expect(options.otlpHttpPort).toBe(undefined);
    expect('otlpHttpPort' in options).toBe(true);
  });

  it('repeat where they are lists', () => {
    const line = '--allow-origin https://a.example --allow-origin http://localhost:3000';
    expect(optionsOf(line).allowedOrigins).toEqual(['https://a.example', 'http://localhost:3000']);
    expect(() => optionsOf('--port 1 --port 2')).toThrow('--port is given 2 times');
  });

  it('understand sizes and ages', () => {
    expect(optionsOf('--max-request-bytes 1.5MiB').maxRequestBytes).toBe(1_572_864);
    expect(optionsOf('--max-request-bytes 4mb').maxRequestBytes).toBe(4_000_000);
    expect(optionsOf('--max-request-bytes 1000').maxRequestBytes).toBe(1_000);
    expect(optionsOf('--retention 36h').retentionSeconds).toBe(129_600);
    expect(optionsOf('--retention 0').retentionSeconds).toBe(0);
  });

  it('are errors that name the flag when they make no sense', () => {
    for (const [line, message] of [
      ['--port 70000', '--port is "70000"'],
      ['--port off', '--port is "off"'],
      ['--port -1', '--port'],
      ['--otlp-http-port x', 'or off'],
      ['--retention 7', '--retention is "7"'],
      ['--retention 9999w', '--retention'],
      ['--max-request-bytes 1GiB', '--max-request-bytes'],
      ['--max-request-bytes 5parsecs', '--max-request-bytes'],
      ['--allow-origin *', '--allow-origin is "*"'],
      ['--allow-origin https://a.example/path', '--allow-origin'],
      ['--auth-token short', '--auth-token'],
      ['--auth-token file:/nowhere/at/all', 'cannot read the token'],
      ['--host 10.0.0.1', '--auth-token'],
      ['--memory --data-dir /x', 'exclude each other'],
      ['--clickhouse-url http://x', 'later release'],
      ['--max-disk=20MB', '--max-disk'],
      ['--max-disk=much', '--max-disk'],
    ] as const) {
      expect(() => optionsOf(line), line).toThrow(UsageError);
      expect(() => optionsOf(line), line).toThrow(message);
    }
    const env = { CODOMYRMEX_TELEMETRY_MEMORY: 'perhaps' };
    expect(() => optionsOf('', env)).toThrow('CODOMYRMEX_TELEMETRY_MEMORY');
  });
});
