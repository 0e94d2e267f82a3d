import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import type { LogRecord, MetricPoint, Span, StatusAnswer } from '@codomyrmex/telemetry-query';

import { exported, get, startBackend, temporaryFolder } from '../backend.js';
import { logsPost, nowNanos, pointsPost, send, spansPost } from './requests.js';

/** What happens to the bytes of a file. */
export const DAMAGES = {
  flip: (bytes: Buffer): Buffer => {
    const middle = bytes.length >> 1;
    const flipped = Buffer.from(bytes);
    if (bytes.length > 0) flipped[middle] = (bytes[middle] ?? 0) ^ 0x55;
    return flipped;
  },
  cut: (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length >> 1),
  zero: (bytes: Buffer): Buffer => Buffer.alloc(bytes.length),
  empty: (): Buffer => Buffer.alloc(0),
  removed: (): undefined => undefined,
} as const;
export type Damage = keyof typeof DAMAGES;

/** One file of each kind of a data directory. */
export interface Kind {
  readonly name: string;
  /** Relative to the directory. */
  readonly path: string;
}

/** A directory with rows in every table, merged and fresh parts, views, a deletion; then a kill. */
export async function makeTemplate(directory: string): Promise<void> {
  const backend = await startBackend(directory);
  for (let turn = 0; turn < 8; turn += 1) {
    const options = { service: turn === 3 ? 'gone' : `service-${turn}`, now: nowNanos(), days: 2 };
    await send(backend.otlpHttp, spansPost({ ...options, count: 20 }));
    await send(backend.otlpHttp, logsPost({ ...options, count: 20 }));
    await send(backend.otlpHttp, pointsPost({ ...options, count: 2 }));
  }
  const view = JSON.stringify({ metric: 'orders', chart: 'line' });
  const headers = { 'content-type': 'application/json' };
  await fetch(`${backend.url}/api/v1/views/v`, { method: 'PUT', headers, body: view });
  await fetch(`${backend.url}/api/v1/data?service=gone`, { method: 'DELETE' });
  await backend.kill();
}

/** Every kind of file in a directory, by its path without ids, dates and counters. */
export function kindsOf(directory: string): readonly Kind[] {
  const kinds = new Map<string, string>();
  const names = readdirSync(directory, { recursive: true, withFileTypes: true });
  for (const entry of names) {
    if (!entry.isFile()) continue;
    const path = relative(directory, join(entry.parentPath, entry.name));
    const name = path
      .replace(/store\/\w{3}\/[0-9a-f-]{36}/, 'store/TABLE')
      .replace(/TABLE\/[^/]*_\d+_\d+_\d+(_\d+)?\//, 'TABLE/PART/')
      .replace(/minmax_\w+/, 'minmax_COLUMN')
      .replaceAll(/\d+/g, 'N')
      .replace(/redo\/.*\./, 'redo/GROUP.');
    if (!kinds.has(name)) kinds.set(name, path);
  }
  return [...kinds]
    .map(([name, path]) => ({ name, path }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every record that a server shows of a directory, as text; and what it tells of damage. */
export async function readAll(
  directory: string,
): Promise<{ readonly records: ReadonlySet<string>; readonly told: readonly string[] }> {
  const backend = await startBackend(directory);
  try {
    const records = new Set<string>();
    for (const kind of ['spans', 'logs', 'points']) {
      const rows = await exported<Span | LogRecord | MetricPoint>(backend, kind);
      // Not what an earlier look sent to see that records are taken.
      for (const row of rows) if (row.service !== 'look') records.add(JSON.stringify(row));
    }
    const status = await send(
      backend.otlpHttp,
      logsPost({ service: 'look', count: 1, now: nowNanos() }),
    );
    if (status !== 200) throw new Error(`a request was answered ${status}`);
    const { damage } = await get<StatusAnswer>(backend, '/status');
    return { records, told: damage };
  } finally {
    await backend.kill();
  }
}

/** What goes wrong with a file damaged so; undefined when nothing does. */
export async function faultOf(
  template: string,
  { path }: Kind,
  damage: Damage,
  whole: ReadonlySet<string>,
): Promise<{ readonly fault: string | undefined; readonly outcome: string }> {
  const folder = temporaryFolder();
  try {
    const directory = join(folder.path, 'data');
    cpSync(template, directory, { recursive: true, verbatimSymlinks: true });
    const file = join(directory, path);
    const bytes = DAMAGES[damage](readFileSync(file));
    if (bytes === undefined) rmSync(file);
    else writeFileSync(file, bytes);
    const { records, told } = await readAll(directory);
    const altered = [...records].filter((record) => !whole.has(record)).length;
    const lost = [...whole].filter((record) => !records.has(record)).length;
    const outcome = `${lost} lost, ${told.length} told`;
    if (altered > 0) return { fault: `${altered} records altered`, outcome };
    if (lost > 0 && told.length === 0) return { fault: `${lost} lost without a word`, outcome };
    return { fault: undefined, outcome };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { fault: message.slice(0, 300), outcome: 'failed' };
  } finally {
    folder.remove();
  }
}
