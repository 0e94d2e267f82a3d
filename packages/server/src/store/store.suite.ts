import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import type { RowBatch } from './commit.js';
import { type Engine, EngineError } from './engine.js';
import { rowBatch } from './fixtures/row-binary.js';
import { sampleRow } from './fixtures/sample-rows.js';
import { NativeRows } from './native.js';
import { COLUMNS } from './schema.js';
import { TABLE_NAMES, TIME_COLUMN } from './tables.js';

/** What every engine must do; each implementation runs it on tables that migrate() made. */
export interface EngineUnderTest {
  readonly engine: Engine;
  /** A folder whose files the engine can read. */
  readonly directory: string;
}

const DAY = 86_400;

/** A moment on day `day` since the epoch, in nanoseconds. */
function onDay(day: number): bigint {
  return BigInt(day * DAY + 100) * 1_000_000_000n;
}

export function engineSuite(open: () => EngineUnderTest): void {
  describe('queries', () => {
    let engine: Engine;
    beforeAll(() => {
      engine = open().engine;
    });

    it('binds text exactly, whatever it holds', async () => {
      const nasty = `a'b\\c\n\t\r\0\b\f\u0001 ü 😀 {x:String} -- /* ; \\N NULL`;
      const sql = 'SELECT {text:String} AS text, {list:Array(String)} AS list';
      const parameters = { text: nasty, list: [nasty, '', "'", '\\'] };
      expect(await engine.query(sql, parameters)).toEqual([parameters]);
    });

    it('binds numbers exactly and gives 64-bit integers as text', async () => {
      const [row] = await engine.query(
        `SELECT {i:Int64} AS i, {u:UInt64} AS u, {d:Float64} AS d, {b:Bool} AS b,
                {n:Float64} AS n, {inf:Float64} AS inf, {list:Array(UInt64)} AS list`,
        {
          i: -9_223_372_036_854_775_808n,
          u: 18_446_744_073_709_551_615n,
          d: 0.1,
          b: true,
          n: Number.NaN,
          inf: -Infinity,
          list: [1n, 2, 18_446_744_073_709_551_615n],
        },
      );
      expect(row).toEqual({
        i: '-9223372036854775808',
        u: '18446744073709551615',
        d: 0.1,
        b: true,
        n: 'nan',
        inf: '-inf',
        list: ['1', '2', '18446744073709551615'],
      });
    });

    it('refuses a query whose parameter is not given, even after one that gave it', async () => {
      await engine.query('SELECT {secret:String} AS s', { secret: 'x' });
      const again = engine.query('SELECT {secret:String} AS s');
      await expect(again).rejects.toMatchObject({ name: 'EngineError', code: 456 });
    });

    it('keeps the parameters of queries that run at once apart', async () => {
      const numbers = Array.from({ length: 60 }, (_, index) => index);
      const rows = await Promise.all(
        numbers.map((n) => engine.query<{ n: number }>('SELECT {n:UInt32} AS n', { n })),
      );
      expect(rows.map(([row]) => row?.n)).toEqual(numbers);
    });

    it('gives no rows as an empty list', async () => {
      expect(await engine.query('SELECT 1 AS one WHERE 0')).toEqual([]);
    });

    it('reports the code of a wrong query and goes on', async () => {
      const wrong = engine.query('SELECT nothing_of_that_name');
      await expect(wrong).rejects.toThrow(EngineError);
      await expect(wrong).rejects.toMatchObject({ code: 47 });
      expect(await engine.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });

    it('stops a query at its time limit', async () => {
      const endless = 'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1';
      const stopped = engine.query(endless, {}, { timeoutMillis: 200 });
      await expect(stopped).rejects.toMatchObject({ code: 159 });
    });

    it('stops a query at its memory limit', async () => {
      const greedy = 'SELECT groupArray(number) AS all FROM numbers(50000000)';
      const stopped = engine.query(greedy, {}, { maxMemoryBytes: 20_000_000 });
      await expect(stopped).rejects.toMatchObject({ code: 241 });
    });

    it('gives nothing of a query that failed midway to the next ones', async () => {
      const failing = `SELECT number, throwIf(number = 500) AS t FROM numbers(100000)
        SETTINGS max_block_size = 10`;
      for (let time = 0; time < 4; time += 1) {
        await expect(engine.query(failing)).rejects.toMatchObject({ code: 395 });
        expect(await engine.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      }
    });

    it('stops a query in the engine when its caller gives up', async () => {
      const abort = new AbortController();
      const endless = 'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 7';
      const stopped = engine.query(endless, {}, { signal: abort.signal, timeoutMillis: 60_000 });
      await running(engine, 'sipHash64(number) = 7', 1);
      abort.abort();
      await expect(stopped).rejects.toMatchObject({ code: 394 });
      await running(engine, 'sipHash64(number) = 7', 0);
    });

    it('does not start a query whose caller has given up already', async () => {
      const stopped = engine.query('SELECT 1', {}, { signal: AbortSignal.abort() });
      await expect(stopped).rejects.toMatchObject({ code: 394 });
    });

    it('streams more rows than one chunk holds', async () => {
      const sql = 'SELECT number AS n FROM numbers(300000) WHERE number >= {from:UInt64}';
      let count = 0;
      let chunks = 0;
      for await (const rows of engine.stream<{ n: string }>(sql, { from: 10 })) {
        count += rows.length;
        chunks += 1;
      }
      expect(count).toBe(299_990);
      expect(chunks).toBeGreaterThan(1);
    });

    it('lets a stream be left early', async () => {
      for await (const rows of engine.stream('SELECT number FROM numbers(10000000)')) {
        expect(rows.length).toBeGreaterThan(0);
        break;
      }
      expect(await engine.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });

    it('reports a wrong streamed query', async () => {
      const read = async (): Promise<void> => {
        for await (const rows of engine.stream('SELECT nothing_here')) expect(rows).toBe(undefined);
      };
      await expect(read()).rejects.toMatchObject({ name: 'EngineError', code: 47 });
    });
  });

  describe('inserts', () => {
    let engine: Engine;
    let directory: string;
    beforeAll(() => {
      ({ engine, directory } = open());
    });

    const count = async (service: string): Promise<number> => {
      const [row] = await engine.query<{ n: string }>(
        'SELECT count() AS n FROM otel_traces WHERE ServiceName = {service:String}',
        { service },
      );
      return Number(row?.n);
    };

    const spans = (service: string, days: readonly number[], arrived = [20_000]): Uint8Array =>
      rowBatch(
        'otel_traces',
        days.map((day, index) => ({
          Timestamp: onDay(day),
          TraceId: `${service}-${day}`,
          SpanId: `span-${index}`,
          ServiceName: service,
          SpanAttributes: { key: 'value', 'ü"\n': "it's" },
          IngestTime: onDay(arrived[index % arrived.length] ?? 0),
        })),
      ).bytes;

    const table = 'otel_traces';
    const columns = COLUMNS.otel_traces;

    it('takes rows from bytes, exactly', async () => {
      const rows = { bytes: [spans('bytes', [20_000]), spans('bytes', [20_001])] };
      await engine.insert({ table, columns, rows, token: 'bytes-1' });
      const found = await engine.query(
        `SELECT toString(toUnixTimestamp64Nano(Timestamp)) AS time, SpanAttributes AS attributes
         FROM otel_traces WHERE ServiceName = 'bytes' ORDER BY time`,
      );
      const attributes = { key: 'value', 'ü"\n': "it's" };
      expect(found).toEqual([
        { time: String(onDay(20_000)), attributes },
        { time: String(onDay(20_001)), attributes },
      ]);
    });

    it.each(TABLE_NAMES)('takes rows of %s as columns, the same as in rows', async (name) => {
      const time = TIME_COLUMN[name];
      // Retention goes by it.
      const arrived = { IngestTime: BigInt(Date.now()) * 1_000_000n };
      const ask = (at: bigint): Promise<unknown[]> => {
        const sql = `SELECT * EXCEPT (${time}) FROM ${name}
          WHERE ${time} = {at:DateTime64(9)} ORDER BY ALL`;
        return engine.query(sql, { at: `${at / 1_000_000_000n}.000000000` });
      };
      const sample = (day: number): RowBatch =>
        rowBatch(
          name,
          [1, 2, 3, 4].map((seed) => ({
            ...sampleRow(name, seed),
            [time]: onDay(day),
            ...arrived,
          })),
        );
      const native = new NativeRows(name);
      native.append(sample(20_100));
      const { chunks, columns: present } = native.block();
      const file = join(directory, `${name}.rows`);
      await writeFile(file, Buffer.concat(chunks));
      const rows = { file, format: 'Native' } as const;
      await engine.insert({ table: name, columns: present, rows, token: `native-${name}` });
      await engine.insert({
        table: name,
        columns: COLUMNS[name],
        rows: { bytes: [sample(20_101).bytes] },
        token: `rows-${name}`,
      });
      const got = await ask(onDay(20_100));
      expect(got.length).toBe(4);
      expect(got).toEqual(await ask(onDay(20_101)));
    });

    it('takes rows from a file and adds nothing for a known token', async () => {
      const file = join(directory, 'suite.rows');
      await writeFile(file, spans('file', [20_000, 20_001, 20_002]));
      const rows = { file, format: 'RowBinary' } as const;
      for (let time = 0; time < 3; time += 1) {
        await engine.insert({ table, columns, rows, token: 'file-1' });
      }
      expect(await count('file')).toBe(3);
      await engine.insert({ table, columns, rows, token: 'file-2' });
      expect(await count('file')).toBe(6);
    });

    it('takes ten thousand days in one insert, and adds nothing when it comes again', async () => {
      const days = Array.from({ length: 10_000 }, (_, index) => 3 * index);
      const rows = { bytes: [spans('eons', days)] };
      await engine.insert({ table, columns, rows, token: 'eons-1' });
      await engine.insert({ table, columns, rows, token: 'eons-1' });
      expect(await count('eons')).toBe(10_000);
      const partitions = await engine.query<{ days: string; rows: string }>(
        `SELECT toString(uniqExact(toDate32(Timestamp))) AS days, toString(count()) AS rows
         FROM otel_traces WHERE ServiceName = 'eons' GROUP BY _partition_id`,
      );
      // Four days within a week of the arrival, and all others together.
      const expected = ['1', '1', '1', '1', '9996'];
      expect(partitions.map((one) => one.days).toSorted()).toEqual(expected);
      const [one] = await engine.query<{ n: string }>(
        `SELECT toString(count()) AS n FROM otel_traces
         WHERE ServiceName = 'eons' AND Timestamp >= toDateTime64('1990-01-01', 9, 'UTC')
           AND Timestamp < toDateTime64('1990-01-31', 9, 'UTC')`,
      );
      expect(one?.n).toBe('10');
    });

    it('keeps times outside 1970–2149 apart and in order', async () => {
      const rows = { bytes: [spans('far', [-60_000, -1, 0, 70_000, 100_000])] };
      await engine.insert({ table, columns, rows, token: 'far-1' });
      const found = await engine.query<{ id: string }>(
        "SELECT TraceId AS id FROM otel_traces WHERE ServiceName = 'far' ORDER BY Timestamp",
      );
      const ids = ['far--60000', 'far--1', 'far-0', 'far-70000', 'far-100000'];
      expect(found.map((row) => row.id)).toEqual(ids);
    });

    it('refuses cut-off rows as a whole and stays usable', async () => {
      const bytes = spans('cut', [20_000, 20_000, 20_000]);
      const rows = { bytes: [bytes.subarray(0, bytes.length - 3)] };
      const refused = engine.insert({ table, columns, rows, token: 'cut-1' });
      await expect(refused).rejects.toBeInstanceOf(EngineError);
      expect(await count('cut')).toBe(0);
      await engine.insert({ table, columns, rows: { bytes: [bytes] }, token: 'cut-2' });
      expect(await count('cut')).toBe(3);
    });

    it('refuses more than 100 partitions in one insert', async () => {
      const days = Array.from({ length: 101 }, (_, index) => 10_000 + index);
      const rows = { bytes: [spans('many', days, days)] };
      const refused = engine.insert({ table, columns, rows, token: 'many-1' });
      await expect(refused).rejects.toThrow(/partitions for single INSERT block/);
    });
  });
}

/** Waits until exactly `count` queries with this text run in the engine. */
async function running(engine: Engine, text: string, count: number): Promise<void> {
  for (;;) {
    const [row] = await engine.query<{ n: string }>(
      `SELECT count() AS n FROM system.processes
       WHERE position(query, {text:String}) > 0 AND position(query, 'system.processes') = 0`,
      { text },
    );
    if (Number(row?.n) === count) return;
  }
}
