import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import { deleteService } from './delete-data.js';
import { batchOf, dayNanos, requestOf, SOME_DAY } from './fixtures/requests.js';
import { openStore, type Store } from './open-store.js';
import { rowsFileOf, writeLeftover } from './fixtures/leftover.js';

/** What happens to bytes on a disk. */
const DAMAGES = {
  flip: (bytes: Buffer) => bytes.with(bytes.length >> 1, (bytes[bytes.length >> 1] ?? 0) ^ 0x55),
  cut: (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1),
  zero: (bytes: Buffer) => Buffer.alloc(bytes.length),
} as const;
const KINDS = Object.keys(DAMAGES) as (keyof typeof DAMAGES)[];
/** More parts than there are kinds of file times kinds of damage. */
const DAYS = 50;

let template = '';
let root = '';

function open(dataDir: string): Promise<Store> {
  const observer = {
    committed: () => undefined,
    answered: () => undefined,
    dropped: () => undefined,
    trouble: () => undefined,
  };
  const options = { retentionSeconds: 0, fsync: false, release: '0.0.0-test' };
  return openStore({ ...options, dataDir, observer });
}

beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'codomyrmex-damage-'));
  const store = await open(template);
  const days = Array.from({ length: DAYS }, (_, index) => SOME_DAY + index);
  await store.commits.commit(requestOf('a', [batchOf('otel_logs', 'a', days, dayNanos)]));
  await store.commits.commit(requestOf('b', [batchOf('otel_traces', 'b')]));
  await store.close();
});

afterAll(() => {
  rmSync(template, { recursive: true, force: true });
  rmSync(root, { recursive: true, force: true });
});

beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  root = mkdtempSync(join(tmpdir(), 'codomyrmex-damaged-'));
  cpSync(template, root, { recursive: true, verbatimSymlinks: true });
});

function damage(file: string, kind: keyof typeof DAMAGES): void {
  writeFileSync(file, DAMAGES[kind](readFileSync(file)));
}

/** Row by row, everything that a reader sees: day → hash of all its columns. */
async function readAll(store: Store): Promise<Map<number, string>> {
  const rows = await store.engine.query<{ day: number; hash: string }>(
    `SELECT toInt32(toDate32(Timestamp)) AS day, toString(cityHash64(*)) AS hash
     FROM otel_logs ORDER BY Timestamp`,
  );
  return new Map(rows.map(({ day, hash }) => [day, hash]));
}

it('any file of a part: starts, answers unaltered from the others, tells the loss', async () => {
  const before = await open(template);
  const whole = await readAll(before);
  await before.close();
  expect(whole.size).toBe(DAYS);

  const table = join(root, 'data', 'otel', 'otel_logs');
  const parts = readdirSync(table).filter((name) => /^[\d-]+_/.test(name));
  const files = readdirSync(join(table, parts[0] ?? ''));
  expect(files.length).toBeGreaterThan(10);
  const broken = files.flatMap((file) => KINDS.map((kind) => ({ file, kind })));
  expect(broken.length).toBeLessThan(parts.length);
  for (const [index, { file, kind }] of broken.entries()) {
    damage(join(table, parts[index] ?? '', file), kind);
  }

  const store = await open(root);
  // A query that meets flipped data is asked again without it.
  const atOnce = await readAll(store);
  for (const [day, hash] of atOnce) expect(hash, `day ${day}`).toBe(whole.get(day));
  await store.checked();
  const after = await readAll(store);
  for (const [day, hash] of after) expect(hash, `day ${day}`).toBe(whole.get(day));
  const notes = store.damage().filter((line) => line.includes('otel_logs: part '));
  // Each row that is gone is told of; and what is not broken is there.
  expect(notes.length).toBe(DAYS - after.size);
  expect(after.size).toBeGreaterThanOrEqual(DAYS - broken.length);
  for (const [index, { file, kind }] of broken.entries()) {
    if (file === 'data.bin' || file === 'primary.cidx' || file === 'minmax_Timestamp.idx') {
      const part = parts[index] ?? '';
      expect(
        notes.some((line) => line.includes(part)),
        `${file} ${kind}`,
      ).toBe(true);
    }
  }
  // It goes on taking rows, and tells of the loss after the next start too.
  await store.commits.commit(requestOf('c', [batchOf('otel_logs', 'c', [SOME_DAY + 100])]));
  const told = store.damage();
  await store.close();
  const again = await open(root);
  expect(again.damage()).toEqual(told);
  expect((await readAll(again)).size).toBe(after.size + 1);
  await again.close();
}, 60_000);

it('definitions of tables and of the database: restored, nothing lost', async () => {
  const real = (...path: string[]): string => realpathSync(join(root, ...path));
  const metadata = join('metadata', 'otel');
  damage(join(root, 'metadata', 'otel.sql'), 'zero');
  damage(real(metadata, 'otel_logs.sql'), 'flip');
  damage(real(metadata, 'otel_traces.sql'), 'cut');
  damage(real(metadata, 'codomyrmex_schema.sql'), 'zero');
  writeFileSync(real(metadata, 'otel_metrics_sum.sql'), '');
  rmSync(real(metadata, 'codomyrmex_views.sql'));
  damage(real('data', 'otel', 'otel_logs', 'format_version.txt'), 'flip');
  writeFileSync(real('data', 'otel', 'otel_traces', 'format_version.txt'), '');
  const store = await open(root);
  expect((await readAll(store)).size).toBe(DAYS);
  expect(await store.engine.query('SELECT ServiceName AS name FROM otel_traces')).toEqual([
    { name: 'b' },
  ]);
  const told = store.damage().join('\n');
  for (const name of ['otel.sql', 'otel_logs.sql', 'otel_traces.sql', 'codomyrmex_schema.sql']) {
    expect(told).toContain(`the definition ${name} was damaged`);
  }
  for (const name of ['otel_metrics_sum.sql', 'codomyrmex_views.sql', 'format_version.txt']) {
    expect(told).toContain(`the definition ${name} was damaged`);
  }
  await store.close();
}, 30_000);

it('our own files: hashes, copies, deduplication logs and the redo log', async () => {
  const hashes = join(root, 'codomyrmex', 'requests');
  for (const name of readdirSync(hashes)) damage(join(hashes, name), 'zero');
  damage(join(root, 'codomyrmex', 'definitions.json'), 'flip');
  const logs = join(root, 'data', 'otel', 'otel_logs', 'deduplication_logs');
  for (const name of readdirSync(logs)) damage(join(logs, name), 'zero');
  const redo = join(root, 'codomyrmex', 'redo');
  await writeLeftover(redo, '1-whole', 'whole');
  await writeLeftover(redo, '2-flipped', 'flipped');
  await writeLeftover(redo, '3-torn', 'torn');
  await writeLeftover(redo, '4-header', 'header');
  damage(rowsFileOf(redo, '2-flipped'), 'flip');
  damage(rowsFileOf(redo, '3-torn'), 'cut');
  damage(join(redo, '4-header.group'), 'flip');
  const store = await open(root);
  expect((await readAll(store)).size).toBe(DAYS);
  const names = await store.engine.query<{ name: string }>(
    'SELECT ServiceName AS name FROM otel_traces ORDER BY name',
  );
  expect(names.map((row) => row.name)).toEqual(['b', 'whole']);
  const told = store.damage();
  expect(told).toHaveLength(3);
  const order = /2-flipped\.otel_traces\.rows[^]*3-torn\.otel_traces\.rows[^]*4-header\.group/;
  expect(told.join('\n')).toMatch(order);
  expect(told[1]).toContain('cut short');
  expect(existsSync(join(root, 'codomyrmex', 'damaged', '4-header.group'))).toBe(true);
  await store.close();
  expect(readdirSync(redo)).toEqual([]);
}, 30_000);

it('a deletion that cannot be read: set aside and told; others are done', async () => {
  const before = await open(root);
  await deleteService(before.engine, 'b');
  await before.close();
  const table = join(root, 'data', 'otel', 'otel_logs');
  const [name = ''] = readdirSync(table).filter((file) => file.startsWith('mutation_'));
  const text = readFileSync(join(table, name), 'utf8');
  expect(text).toContain('DELETE WHERE ServiceName = ');
  const whole = await open(root);
  expect(whole.damage()).toEqual([]);
  await whole.close();
  const broken = {
    ...Object.fromEntries(KINDS.map((kind) => [kind, DAMAGES[kind](Buffer.from(text))])),
    empty: '',
    other: text.replace('ServiceName = ', 'ServiceName != '),
  };
  for (const [index, bytes] of Object.values(broken).entries()) {
    writeFileSync(join(table, `mutation_${9_000 + index}.txt`), bytes);
  }
  const store = await open(root);
  expect((await readAll(store)).size).toBe(DAYS);
  expect(store.damage()).toHaveLength(Object.keys(broken).length);
  expect(store.damage().join()).toContain('otel_logs/mutation_9000.txt');
  await store.close();
}, 30_000);
