import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import { array, assert, asyncProperty, constantFrom, nat, record, string } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { batchOf, requestOf, spanRequest } from './fixtures/requests.js';
import { rowBatch } from './fixtures/row-binary.js';
import { sampleRow } from './fixtures/sample-rows.js';
import { MalformedRows } from './native.js';
import { type Group, RedoLog } from './redo-log.js';
import { COLUMNS } from './schema.js';
import { TABLE_NAMES } from './tables.js';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'codomyrmex-redo-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function groupOf(id: string): Group {
  const requests = ['a', 'b', 'c'].map((name) =>
    requestOf(`${id}-${name}`, [
      batchOf('otel_traces', name, [3, 1, 2]),
      batchOf('otel_logs', name, [7]),
    ]),
  );
  return { id, requests };
}

/** Plain values: the bytes come back as Buffers. */
function plain(group: Group): unknown {
  return group.requests.map(({ requestHash, ingestTime, batches }) => ({
    requestHash,
    ingestTime,
    batches: batches.map((batch) => ({
      ...batch,
      bytes: Buffer.from(batch.bytes).toString('hex'),
    })),
  }));
}

describe('the redo log', () => {
  it('gives back what it was given, oldest first, with the tables to insert', async () => {
    const redo = new RedoLog(directory, true);
    const first = groupOf('1');
    const second = groupOf('2');
    const written = await redo.write(second);
    await redo.write(first);
    const { groups: left } = await new RedoLog(directory, true).leftovers();
    expect(left.map(({ group }) => group.id)).toEqual(['1', '2']);
    expect(left.map(({ group }) => plain(group))).toEqual([plain(first), plain(second)]);
    expect(left[1]?.tables).toEqual(written);
    expect(written.map(({ table, rowCount }) => ({ table, rowCount }))).toEqual([
      { table: 'otel_traces', rowCount: 9 },
      { table: 'otel_logs', rowCount: 3 },
    ]);
  });

  it('forgets a group that was removed', async () => {
    const redo = new RedoLog(directory, false);
    const tables = await redo.write(groupOf('1'));
    await redo.remove('1', tables);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('drops a group whose header or rows are cut or changed, alone', async () => {
    const redo = new RedoLog(directory, false);
    for (const file of ['1.group', '1.otel_traces.rows', '1.otel_logs.rows']) {
      for (const damage of [cut, flip, empty, remove]) {
        await redo.write(groupOf('1'));
        await redo.write(groupOf('2'));
        damage(join(directory, file));
        const { groups: left, lookups } = await redo.leftovers();
        expect(left.map(({ group }) => group.id)).toEqual(['2']);
        // Rows that are gone may be in the tables: their traces are looked for.
        const names = readdirSync(directory).filter((name) => name.startsWith('1'));
        expect(names).toEqual(file === '1.group' ? [] : ['1.group']);
        expect(lookups.flatMap((window) => window.ids)).toEqual(file === '1.group' ? [] : ['1']);
      }
    }
  });

  it('removes files that belong to no group', async () => {
    writeFileSync(join(directory, 'insert-1-2.bytes'), 'x');
    writeFileSync(join(directory, '9.otel_logs.rows'), 'x');
    expect(await new RedoLog(directory, false).leftovers()).toEqual({ groups: [], lookups: [] });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('leaves nothing of a group that cannot be written', async () => {
    const redo = new RedoLog(join(directory, 'missing'), false);
    await expect(redo.write(groupOf('1'))).rejects.toThrow(/ENOENT/);
  });

  it('writes more chunks than one system call takes', async () => {
    const redo = new RedoLog(directory, false);
    const requests = Array.from({ length: 2_500 }, (_, index) =>
      requestOf(`r${index}`, [batchOf('otel_logs', 'chunks')]),
    );
    await redo.write({ id: '1', requests });
    const [left] = (await redo.leftovers()).groups;
    expect(left?.group.requests.length).toBe(2_500);
    expect(left?.tables[0]?.rowCount).toBe(2_500);
  });

  it('keeps any rows of any table', async () => {
    const redo = new RedoLog(directory, false);
    const batch = record({
      table: constantFrom(...TABLE_NAMES),
      seeds: array(nat(1_000), { minLength: 1, maxLength: 5 }),
    });
    const request = record({ hash: string({ maxLength: 20 }), batches: array(batch) });
    await assert(
      asyncProperty(array(request, { minLength: 1, maxLength: 5 }), async (requests) => {
        const group: Group = {
          id: '1',
          requests: requests.map(({ hash, batches }) =>
            requestOf(
              hash,
              batches.map(({ table, seeds }) => {
                const rows = seeds.map((seed) => (seed % 7 === 0 ? {} : sampleRow(table, seed)));
                return rowBatch(table, rows);
              }),
            ),
          ),
        };
        const tables = await redo.write(group);
        const [left] = (await redo.leftovers()).groups;
        expect(left === undefined ? undefined : plain(left.group)).toEqual(plain(group));
        expect(left?.tables).toEqual(tables);
      }),
      { numRuns: 50 },
    );
  });

  it('names the columns that a file has, and leaves out what is empty in every row', async () => {
    const redo = new RedoLog(directory, false);
    const [table] = await redo.write({ id: '1', requests: [spanRequest('sparse')] });
    const names = table?.columns.map(({ name }) => name);
    expect(names).toContain('ServiceName');
    // Its value when it is not named is not zero: it is never left out.
    expect(names).toContain('EndTime');
    expect(names).not.toContain('SpanAttributes');
    expect(names).not.toContain('Events.Name');
  });

  it('refuses a group with rows that are cut or too many, and takes the next', async () => {
    const redo = new RedoLog(directory, false);
    const whole = batchOf('otel_logs', 'b');
    const bad = [
      { ...whole, bytes: whole.bytes.subarray(0, -1) },
      { ...whole, bytes: whole.bytes.subarray(1) },
      { ...whole, bytes: Buffer.concat([whole.bytes, Buffer.alloc(1)]) },
      { ...whole, rowCount: 2 },
    ];
    const good = requestOf('a', [batchOf('otel_logs', 'a')]);
    for (const batch of bad) {
      const group = { id: '1', requests: [good, requestOf('b', [batch])] };
      await expect(redo.write(group)).rejects.toThrow(MalformedRows);
      expect(readdirSync(directory)).toEqual([]);
      await redo.write({ id: '2', requests: [good] });
      const [left] = (await redo.leftovers()).groups;
      expect(left?.group.requests.length).toBe(1);
      expect(plain(left!.group)).toEqual(plain({ id: '2', requests: [good] }));
      await redo.remove('2', left!.tables);
    }
  });

  it('reads the groups of version 1, whose rows are RowBinary', async () => {
    const { requests } = groupOf('1');
    const rows = { otel_traces: Buffer.alloc(0), otel_logs: Buffer.alloc(0) };
    for (const { table, bytes } of requests.flatMap((request) => request.batches)) {
      const name = table as keyof typeof rows;
      rows[name] = Buffer.concat([rows[name], bytes]);
    }
    const header = JSON.stringify({
      version: 1,
      requests: requests.map(({ requestHash, ingestTime, batches }) => ({
        hash: Buffer.from(requestHash, 'latin1').toString('base64'),
        ingestTime: String(ingestTime),
        batches: batches.map(({ bytes, ...batch }) => ({ ...batch, byteLength: bytes.length })),
      })),
      tables: Object.fromEntries(
        Object.entries(rows).map(([table, bytes]) => [
          table,
          { bytes: bytes.length, crc: crc32(bytes) },
        ]),
      ),
    });
    const crc = crc32(header).toString(16).padStart(8, '0');
    writeFileSync(join(directory, '1.group'), `${crc} ${header}`);
    for (const [table, bytes] of Object.entries(rows)) {
      writeFileSync(join(directory, `1.${table}.rows`), bytes);
    }
    const [left] = (await new RedoLog(directory, false).leftovers()).groups;
    expect(plain(left!.group)).toEqual(plain({ id: '1', requests }));
    expect(left?.tables.map(({ format }) => format)).toEqual(['RowBinary', 'RowBinary']);
    expect(left?.tables[0]?.columns).toEqual(COLUMNS.otel_traces);
  });
});

function cut(file: string): void {
  truncateSync(file, readFileSync(file).length - 1);
}

function flip(file: string): void {
  const bytes = readFileSync(file);
  const at = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(file, bytes);
}

function empty(file: string): void {
  writeFileSync(file, '');
}

function remove(file: string): void {
  rmSync(file);
}
