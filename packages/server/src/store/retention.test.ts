import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openDataDirectory } from './data-directory.js';
import { Retention } from './retention.js';
import { EmbeddedEngine } from './embedded-engine.js';
import { migrate } from './migrations.js';

const DAY = 86_400;
let root = '';
let engine: EmbeddedEngine;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'codomyrmex-disk-'));
  engine = await EmbeddedEngine.open(openDataDirectory(root));
  const options = { retentionSeconds: 7 * DAY, fsync: false, maxDiskBytes: 2 ** 29 };
  await migrate(engine, options, '0.0.0-test');
});

afterEach(async () => {
  await engine.close();
  rmSync(root, { recursive: true, force: true });
});

/** A part of about 100 kB that does not compress. `happened` is text of a DateTime64. */
function insertSpans(name: string, happened: string, arrivedSecondsAgo: number): Promise<void> {
  return engine.command(
    `INSERT INTO otel_traces (Timestamp, SpanName, StatusMessage, IngestTime)
     SELECT toDateTime64('${happened}', 9, 'UTC'), '${name}', randomString(1000),
       now64(9) - toIntervalSecond(${arrivedSecondsAgo})
     FROM numbers(100)`,
  );
}

/** Names that are still there, in the order in which they happened. */
async function names(): Promise<readonly string[]> {
  const rows = await engine.query<{ name: string }>(
    `SELECT SpanName AS name FROM otel_traces GROUP BY name ORDER BY min(Timestamp)`,
  );
  return rows.map((row) => row.name);
}

function diskBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const found = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false });
    bytes += found?.size ?? 0;
  }
  return bytes;
}

/** The engine removes files on a clock of its own: asks until it has. */
async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await delay(100);
}

describe('a limit on the disk', () => {
  it('drops what arrived first, whenever it happened, and frees the disk', async () => {
    await insertSpans('second', '2026-01-02 00:00:00', 500);
    await insertSpans('first, far future', '2200-01-01 00:00:00', 600);
    await insertSpans('third', '2026-01-01 00:00:00', 400);
    await insertSpans('last, time 0', '1970-01-01 00:00:00', 1);
    await insertSpans('fourth, far future', '2200-12-31 00:00:00', 300);
    const before = diskBytes(join(root, 'store'));
    const dropped: number[] = [];
    const limit = new Retention({
      engine,
      observer: { dropped: (_reason, rows) => dropped.push(rows), trouble: () => undefined },
      maxBytes: 350_000,
    });
    await limit.enforce();
    expect(await names()).toEqual(['last, time 0', 'third', 'fourth, far future']);
    expect(dropped).toEqual([100, 100]);
    await until(() => diskBytes(join(root, 'store')) < before - 190_000);
    await limit.enforce();
    expect(dropped).toHaveLength(2);
  });

  it('keeps looking while rows come', async () => {
    const troubles: string[] = [];
    const limit = new Retention({
      engine,
      observer: { dropped: () => undefined, trouble: (message) => troubles.push(message) },
      maxBytes: 250_000,
      intervalMillis: 10,
    });
    limit.start();
    for (const day of [1, 2, 3, 4]) {
      await insertSpans(`day ${day}`, `2026-01-0${day} 00:00:00`, 100 - day);
    }
    await until(async () => (await names()).length <= 2);
    expect(await names()).toContain('day 4');
    await limit.close();
    expect(troubles).toEqual([]);
  });

  it('keeps parts small enough to be dropped one by one', async () => {
    const [row] = await engine.query<{ text: string }>(
      `SELECT create_table_query AS text FROM system.tables WHERE name = 'otel_logs'`,
    );
    expect(row?.text).toContain('max_bytes_to_merge_at_max_space_in_pool = 33554432');
    await migrate(engine, { retentionSeconds: 3_600, fsync: false }, '0.0.0-test');
    const [after] = await engine.query<{ text: string }>(
      `SELECT create_table_query AS text FROM system.tables WHERE name = 'otel_logs'`,
    );
    expect(after?.text).toContain('max_bytes_to_merge_at_max_space_in_pool = 161061273600');
    expect(after?.text).toContain('ttl_only_drop_parts = 0');
  });
});

describe('a limit on the age', () => {
  it('counts from arrival: an old import and a far future stay, what is old goes', async () => {
    await insertSpans('old import', '1970-01-01 00:00:00', 10);
    await insertSpans('future', '2200-01-01 00:00:00', 10);
    const before = diskBytes(join(root, 'store'));
    await insertSpans('expired', '2026-01-01 00:00:00', 8 * DAY);
    await insertSpans('expired future', '2250-01-01 00:00:00', 8 * DAY);
    await ageOnly().enforce();
    expect(await names()).toEqual(['old import', 'future']);
    await until(() => diskBytes(join(root, 'store')) < before + 50_000);
  }, 60_000);

  it('changes for what is there already', async () => {
    await insertSpans('old', '2026-01-01 00:00:00', 7_200);
    await insertSpans('new', '2026-01-02 00:00:00', 60);
    await ageOnly().enforce();
    expect(await names()).toEqual(['old', 'new']);
    await migrate(engine, { retentionSeconds: 3_600, fsync: false }, '0.0.0-test');
    await until(async () => {
      await ageOnly().enforce();
      return (await names()).length === 1;
    });
    expect(await names()).toEqual(['new']);
  });
});

function ageOnly(): Retention {
  const observer = { dropped: () => undefined, trouble: () => undefined };
  return new Retention({ engine, observer, maxBytes: undefined });
}
