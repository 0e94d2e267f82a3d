import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeEach, expect, it } from 'vitest';

import { unpackGolden } from '../fixtures/golden-directory.js';
import { openDataDirectory } from './data-directory.js';
import { EmbeddedEngine } from './embedded-engine.js';
import { openStore, type Store } from './open-store.js';
import { ARRIVAL_KEY } from './partitions.js';

const root = mkdtempSync(join(tmpdir(), 'codomyrmex-arrange-'));
let folder = '';
let troubles: string[] = [];
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  troubles = [];
  folder = mkdtempSync(join(root, 'store-'));
  unpackGolden('schema-1', folder);
});

function open(): Promise<Store> {
  const observer = {
    committed: () => undefined,
    answered: () => undefined,
    dropped: () => undefined,
    trouble: (message: string) => void troubles.push(message),
  };
  const options = { retentionSeconds: 0, fsync: false, release: '0.0.0-test' };
  return openStore({ ...options, dataDir: folder, observer });
}

interface Table {
  readonly name: string;
  readonly isArranged: number;
}

async function tablesOf(engine: EmbeddedEngine): Promise<readonly Table[]> {
  return engine.query<Table>(
    `SELECT name, position(partition_key, '${ARRIVAL_KEY}') > 0 AS isArranged FROM system.tables
     WHERE database = currentDatabase() AND partition_key != '' ORDER BY name`,
  );
}

async function spanCount(engine: EmbeddedEngine): Promise<string | undefined> {
  const [row] = await engine.query<{ n: string }>('SELECT toString(count()) AS n FROM otel_traces');
  return row?.n;
}

it('arranges the tables of the first schema anew, once', async () => {
  const store = await open();
  const tables = await tablesOf(store.engine);
  expect(tables.length).toBeGreaterThan(7);
  expect(tables.filter((table) => table.isArranged === 0)).toEqual([]);
  expect(await spanCount(store.engine)).toBe('14');
  await store.close();
  const again = await open();
  expect(await tablesOf(again.engine)).toEqual(tables);
  expect(again.damage()).toEqual([]);
  expect(troubles).toEqual([]);
  await again.close();
});

it('goes on where a process died: before a swap, after one, before copying', async () => {
  const before = await EmbeddedEngine.open(openDataDirectory(folder));
  await before.command('CREATE TABLE codomyrmex_arranged (a UInt8) ENGINE = MergeTree ORDER BY a');
  await before.close();
  const store = await open();
  expect((await tablesOf(store.engine)).every((table) => table.isArranged === 1)).toBe(true);
  await store.engine.command('CREATE TABLE codomyrmex_arranged AS otel_traces');
  await store.close();
  rmSync(join(folder, 'codomyrmex', 'definitions.json'));
  const again = await open();
  expect(await again.engine.query('EXISTS codomyrmex_arranged')).toEqual([{ result: 0 }]);
  expect(await spanCount(again.engine)).toBe('14');
  expect(again.damage()).toEqual([]);
  await again.close();
});

it('leaves a table alone that cannot be read, and serves', async () => {
  const logs = join(folder, 'data', 'otel', 'otel_logs');
  const part = readdirSync(logs).find((name) => /^\d+_/.test(name)) ?? '';
  const file = join(logs, part, 'data.bin');
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0x55, bytes.length >> 1));
  const store = await open();
  expect(troubles.join('\n')).toContain('otel_logs cannot be arranged');
  const tables = await tablesOf(store.engine);
  expect(tables.filter((table) => table.isArranged === 0).map((table) => table.name)).toEqual([
    'otel_logs',
  ]);
  expect(await spanCount(store.engine)).toBe('14');
  await store.checked();
  const told = store.damage().join('\n');
  expect(told).toContain(`otel_logs: part ${part}`);
  await store.close();
  // The broken part is set aside by now: the next start arranges the rest.
  const again = await open();
  expect((await tablesOf(again.engine)).every((table) => table.isArranged === 1)).toBe(true);
  await again.close();
});
