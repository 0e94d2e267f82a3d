import { readFileSync } from 'node:fs';

import { DISK_LIMITS, RECEIVE_LIMITS } from '../limits.js';
import type { ServerOptions } from '../main.js';
import { isLoopbackHost } from '../loopback.js';
import { type FlagValues, UsageError } from './flags.js';

const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['KIB', 2 ** 10],
  ['MIB', 2 ** 20],
  ['GIB', 2 ** 30],
  ['TB', 1e12],
  ['TIB', 2 ** 40],
]);

const AGE_UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3_600],
  ['d', 86_400],
  ['w', 604_800],
]);

/** Turns flags into options of the server. Throws UsageError naming the flag. */
export function serveOptions(values: FlagValues): ServerOptions {
  const text = (name: string): string | undefined => values.texts.get(name);
  const host = text('host') ?? '127.0.0.1';
  const authToken = tokenOf(text('auth-token'));
  if (!isLoopbackHost(host) && authToken === undefined) {
    throw new UsageError(`--host ${host} is reachable from outside: it needs --auth-token TOKEN`);
  }
  const dataDir = text('data-dir');
  const maxDisk = text('max-disk');
  if (dataDir !== undefined && values.switches.has('memory')) {
    throw new UsageError('--memory and --data-dir exclude each other');
  }
  return {
    host,
    port: portOf('port', text('port') ?? '4320', false) ?? 0,
    otlpHttpPort: portOf('otlp-http-port', text('otlp-http-port') ?? '4318', true),
    otlpGrpcPort: portOf('otlp-grpc-port', text('otlp-grpc-port') ?? '4317', true),
    ...(dataDir === undefined ? {} : { dataDir }),
    memory: values.switches.has('memory'),
    retentionSeconds: ageOf(text('retention') ?? '7d'),
    ...(maxDisk === undefined ? {} : { maxDiskBytes: maxDiskOf(maxDisk) }),
    fsync: !values.switches.has('no-fsync'),
    ...(authToken === undefined ? {} : { authToken }),
    allowedOrigins: (values.lists.get('allow-origin') ?? []).map(originOf),
    maxRequestBytes: maxRequestOf(
      text('max-request-bytes') ?? String(RECEIVE_LIMITS.maxRequestBytes),
    ),
  };
}

function portOf(name: string, text: string, mayBeOff: boolean): number | undefined {
  if (mayBeOff && text === 'off') return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  const off = mayBeOff ? ', or off' : '';
  throw new UsageError(`--${name} is ${JSON.stringify(text)}: say a port, 0 for a free one${off}`);
}

/** Bytes; NaN when the text is no size. */
function sizeOf(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text);
  const unit = SIZE_UNITS.get((found?.[2] ?? '?').toUpperCase());
  return Math.floor(Number(found?.[1]) * (unit ?? Number.NaN));
}

function maxRequestOf(text: string): number {
  const size = sizeOf(text);
  if (size >= 1 && size <= RECEIVE_LIMITS.totalBytes) return size;
  throw new UsageError(
    `--max-request-bytes is ${JSON.stringify(text)}: say a size up to 128MiB, such as 64MiB`,
  );
}

function maxDiskOf(text: string): number {
  const size = sizeOf(text);
  if (size >= DISK_LIMITS.minBytes && Number.isSafeInteger(size)) return size;
  throw new UsageError(
    `--max-disk is ${JSON.stringify(text)}: say a size of at least 256MiB, such as 20GB`,
  );
}

function ageOf(text: string): number {
  if (text === '0') return 0;
  const found = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text);
  const seconds = Number(found?.[1]) * (AGE_UNITS.get(found?.[2] ?? '') ?? Number.NaN);
  if (seconds >= 1 && seconds <= 3_650 * 86_400) return Math.round(seconds);
  throw new UsageError(
    `--retention is ${JSON.stringify(text)}: say an age such as 36h or 7d, or 0`,
  );
}

function originOf(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text;
  throw new UsageError(
    `--allow-origin is ${JSON.stringify(text)}: say an origin such as https://app.example`,
  );
}

/** The token itself; `file:PATH` reads it. Throws UsageError. */
export function tokenOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const token = text.startsWith('file:') ? readToken(text.slice('file:'.length)) : text;
  if (/^[\x21-\x7e]{16,}$/.test(token)) return token;
  throw new UsageError('--auth-token needs at least 16 printable characters without spaces');
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--auth-token: cannot read the token: ${reason}`);
  }
}
