import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ENGINE_CAPS } from '../limits.js';
import { openDataDirectory } from './data-directory.js';
import { EmbeddedEngine } from './embedded-engine.js';
import { lowerMergePriority } from './merge-priority.js';
import { migrate, SCHEMA_VERSION } from './migrations.js';
import { engineSuite } from './store.suite.js';
import { TABLE_NAMES } from './tables.js';

const root = mkdtempSync(join(tmpdir(), 'codomyrmex-engine-'));
const options = { retentionSeconds: 0, fsync: true };
let engine: EmbeddedEngine;

beforeAll(async () => {
  engine = await EmbeddedEngine.open(openDataDirectory(root));
  await migrate(engine, options, '0.0.0-test');
});

afterAll(async () => {
  await engine.close();
  await expect(engine.query('SELECT 1')).rejects.toMatchObject({ code: 394 });
  rmSync(root, { recursive: true, force: true });
});

engineSuite(() => ({ engine, directory: join(root, 'codomyrmex', 'redo') }));

describe('the embedded engine', () => {
  it.runIf(process.platform === 'linux')('has merges yield to everything else', () => {
    expect(lowerMergePriority()).toBe(ENGINE_CAPS.mergeThreads);
    const nices = readdirSync('/proc/self/task').flatMap((id) => {
      const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
      // proc(5): the name in brackets, then fields 3, 4, …; 19 is the nice value.
      const nice = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16];
      return stat.includes('(MergeMutate)') ? [Number(nice)] : [];
    });
    const { mergeThreads, mergeNice } = ENGINE_CAPS;
    expect(nices).toEqual(Array.from({ length: mergeThreads }, () => mergeNice));
  });

  it('tells a second process who holds the directory', async () => {
    const opener = fileURLToPath(new URL('fixtures/open-directory.js', import.meta.url));
    const child = spawn(process.execPath, [opener, root], { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    for await (const chunk of child.stdout) output += String(chunk);
    expect(output).toContain(`the data directory ${root} is in use by process ${process.pid}`);
    expect(output).toContain('--data-dir');
  });

  it('serves readers in turn and refuses at the deadline of one that waits', async () => {
    const slow = Array.from({ length: 3 }, () =>
      engine.query('SELECT sleepEachRow(0.05) FROM numbers(10) SETTINGS max_block_size = 1'),
    );
    const late = engine.query('SELECT 1', {}, { timeoutMillis: 20 });
    await expect(late).rejects.toMatchObject({ code: 159 });
    await Promise.all(slow);
    expect(await engine.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('migrations', () => {
  const definition = async (table: string): Promise<string> => {
    const [row] = await engine.query<{ text: string }>(
      `SELECT create_table_query AS text FROM system.tables
       WHERE database = currentDatabase() AND name = {table:String}`,
      { table },
    );
    return row?.text ?? '';
  };

  it('makes every table and stamps the version once', async () => {
    await migrate(engine, options, '0.0.0-test');
    const versions = await engine.query('SELECT Version AS version FROM codomyrmex_schema');
    expect(versions).toEqual([{ version: SCHEMA_VERSION }]);
    for (const table of TABLE_NAMES) expect(await definition(table)).toContain('CREATE TABLE');
  });

  it('follows the options of each start', async () => {
    await migrate(engine, { retentionSeconds: 3_600, fsync: false }, '0.0.0-test');
    for (const table of ['otel_traces', 'otel_metrics_sum', 'otel_traces_trace_id_ts']) {
      expect(await definition(table)).toContain('toIntervalSecond(3600)');
      expect(await definition(table)).toContain('fsync_after_insert = 0');
    }
    expect(await definition('otel_running')).toContain('toIntervalSecond(86400)');
    await migrate(engine, options, '0.0.0-test');
    expect(await definition('otel_traces')).not.toContain('toIntervalSecond(3600)');
    expect(await definition('otel_traces')).toContain('fsync_after_insert = 1');
  });

  it('refuses the tables of a newer release', async () => {
    const newer = SCHEMA_VERSION + 1;
    await engine.command(`INSERT INTO codomyrmex_schema VALUES (${newer}, now64(9), 'later')`);
    await expect(migrate(engine, options, '0.0.0-test')).rejects.toThrow(/newer release/);
    await engine.command(`ALTER TABLE codomyrmex_schema DELETE WHERE Version = ${newer}`);
  });
});
