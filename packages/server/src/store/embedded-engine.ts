import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { ChdbResult, Session } from 'chdb';

import { DAMAGE_LIMITS, QUERY_LIMITS } from '../limits.js';
import { loadChdb, type SessionOpener, toEngineError } from './chdb-session.js';
import type { DataDirectory } from './data-directory.js';
import {
  type Engine,
  EngineError,
  type QueryOptions,
  type QueryParameters,
  type RowsFile,
  type RowsInsert,
} from './engine.js';
import { parameterSettings, sqlString } from './parameters.js';
import { isDamage, isPassing } from './part-check.js';
import { cancelledError, ReaderPool } from './reader-pool.js';
import { syncDirectory } from './sync-directory.js';
import { quoteName } from './tables.js';

const DATABASE = 'otel';

/**
 * chDB in this process: one writer, a few readers, one session for streams and one for control.
 *
 *   insert  ──► writer   (one insert at a time; callers queue in order)
 *   query   ──► readers  (queue with a deadline; every query tagged and limited)
 *   stream  ──► stream   (one at a time; holds no reader while its consumer is slow)
 *   command ──► control  (DDL; and KILL QUERY, synchronously: it must not wait for a thread)
 */
export class EmbeddedEngine implements Engine {
  readonly #opener: SessionOpener;
  readonly #directory: DataDirectory;
  readonly #sessions: readonly Session[];
  readonly #writer: Session;
  readonly #control: Session;
  readonly #readers: ReaderPool<Session>;
  readonly #streams: ReaderPool<Session>;
  #writing: Promise<unknown> = Promise.resolve();
  #commanding: Promise<unknown> = Promise.resolve();
  /** Called when a query met damage; true: it is mended, ask again. */
  #onDamage: ((error: EngineError) => Promise<boolean>) | undefined;
  #nextTag = 1;
  #closed = false;

  private constructor(opener: SessionOpener, directory: DataDirectory) {
    this.#opener = opener;
    this.#directory = directory;
    this.#control = opener.open();
    this.#control.query(`CREATE DATABASE IF NOT EXISTS ${DATABASE} ENGINE = Atomic`);
    this.#writer = opener.open();
    const readers = Array.from({ length: readerCount() }, () => opener.open());
    const stream = opener.open();
    this.#sessions = [this.#writer, ...readers, stream, this.#control];
    for (const session of this.#sessions) session.query(`USE ${DATABASE}`);
    for (const reader of readers) reader.query('SET output_format_json_array_of_rows = 1');
    this.#readers = new ReaderPool(readers, QUERY_LIMITS.maxWaiting);
    this.#streams = new ReaderPool([stream], QUERY_LIMITS.maxWaiting);
  }

  /** Opens the store's directory; 0.2 to 0.3 s. Throws EngineUnsupported, DirectoryLocked. */
  static async open(directory: DataDirectory): Promise<EmbeddedEngine> {
    const opener = await loadChdb(directory.root);
    return new EmbeddedEngine(opener, directory);
  }

  /** Sets who mends what a query that met a broken file ran into; such a query is asked again. */
  whenDamaged(repair: (error: EngineError) => Promise<boolean>): void {
    this.#onDamage = repair;
  }

  async query<Row>(
    sql: string,
    parameters: QueryParameters = {},
    options: QueryOptions = {},
  ): Promise<Row[]> {
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await this.#query(sql, parameters, options, attempts > 2);
      } catch (error) {
        // Checking the parts asks too: those questions are not mended by themselves.
        const isMended =
          error instanceof EngineError &&
          isDamage(error) &&
          attempts < DAMAGE_LIMITS.attempts &&
          !/^\s*CHECK/.test(sql) &&
          (await this.#onDamage?.(error)) === true;
        if (isMended) continue;
        if (!isPassing(error) || attempts > QUERY_LIMITS.rereads) throw error;
        await delay(QUERY_LIMITS.rereadMillis * 4 ** (attempts - 1));
      }
    }
  }

  async #query<Row>(
    sql: string,
    parameters: QueryParameters,
    options: QueryOptions,
    plainly: boolean,
  ): Promise<Row[]> {
    const timeoutMillis = options.timeoutMillis ?? QUERY_LIMITS.timeoutMillis;
    const started = performance.now();
    const bound = parameterSettings(sql, parameters);
    const reader = await this.#readers.acquire(timeoutMillis, options.signal);
    const left = Math.max(1, timeoutMillis - (performance.now() - started));
    const tag = this.#tag();
    const reading = `${plainly ? WHOLE_COLUMNS : USUAL_READING}; `;
    const text = `${settingsText(bound, left, options)}, ${reading}${tagged(sql, tag)}`;
    const native = reader.queryAsync(text, { format: 'JSONEachRow' });
    // The reader is free when the engine is done, also when the caller has already gone.
    const release = (): void => this.#readers.release(reader);
    native.then(release, () => settle(reader).then(release, release));
    const result = await this.#abortable(native, tag, options.signal);
    return rowsOf<Row>(result);
  }

  async *stream<Row>(
    sql: string,
    parameters: QueryParameters = {},
    options: QueryOptions = {},
  ): AsyncGenerator<readonly Row[], void, void> {
    const timeoutMillis = options.timeoutMillis ?? QUERY_LIMITS.timeoutMillis;
    const bound = parameterSettings(sql, parameters);
    const session = await this.#streams.acquire(timeoutMillis, options.signal);
    try {
      await session.queryAsync(settingsText(bound, timeoutMillis, options));
      const stream = session.queryStream(tagged(sql, this.#tag()), { format: 'JSONEachRow' });
      for await (const chunk of stream) {
        if (options.signal?.aborted === true) throw cancelledError();
        yield chunk.rows<Row>();
      }
    } catch (error) {
      throw toEngineError(error);
    } finally {
      const release = (): void => this.#streams.release(session);
      settle(session).then(release, release);
    }
  }

  command(sql: string): Promise<void> {
    const run = this.#commanding.then(() => this.#run(this.#control, sql));
    this.#commanding = run.catch(ignore);
    return run;
  }

  insert(insert: RowsInsert): Promise<void> {
    const run = this.#writing.then(() => this.#insert(insert));
    this.#writing = run.catch(ignore);
    return run;
  }

  write(sql: string): Promise<void> {
    const run = this.#writing.then(() => this.#run(this.#writer, sql));
    this.#writing = run.catch(ignore);
    return run;
  }

  /** Makes the names of a table's parts durable: the engine syncs all but these. */
  syncTable(table: string): Promise<void> {
    return syncDirectory(join(this.#directory.root, 'data', DATABASE, table));
  }

  /** Lets inserts finish, stops queries, closes every session. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#readers.close();
    this.#streams.close();
    await this.#writing;
    await this.#commanding;
    this.#kill('/* codomyrmex-');
    await this.#opener.drained();
    for (const session of this.#sessions) session.close();
    await this.#opener.drained();
  }

  async #insert(insert: RowsInsert): Promise<void> {
    if ('file' in insert.rows) return this.#insertFile(insert, insert.rows);
    const file = join(this.#directory.redo, `insert-${process.pid}-${this.#nextTag++}.bytes`);
    await writeFile(file, Buffer.concat(insert.rows.bytes));
    try {
      await this.#insertFile(insert, { file, format: 'RowBinary' });
    } finally {
      await rm(file, { force: true });
    }
  }

  #insertFile(insert: RowsInsert, rows: RowsFile): Promise<void> {
    return this.#run(this.#writer, insertSql(insert, rows));
  }

  async #run(session: Session, sql: string): Promise<void> {
    if (this.#closed && session !== this.#writer) throw cancelledError();
    try {
      await session.queryAsync(sql);
    } catch (error) {
      throw toEngineError(error);
    }
  }

  #tag(): string {
    return `/* codomyrmex-${this.#nextTag++} */`;
  }

  #kill(tag: string): void {
    try {
      this.#control.query(`KILL QUERY WHERE query LIKE ${sqlString(`%${tag}%`)} ASYNC`);
    } catch (error) {
      throw toEngineError(error);
    }
  }

  async #abortable(
    native: Promise<ChdbResult>,
    tag: string,
    signal: AbortSignal | undefined,
  ): Promise<ChdbResult> {
    if (signal === undefined) return native.catch(rethrow);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#kill(tag);
        reject(cancelledError());
      };
      const settled = (): void => signal.removeEventListener('abort', onAbort);
      native.then(resolve, (error: unknown) => reject(toEngineError(error))).finally(settled);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

/**
 * The engine's calls occupy threads of libuv's pool (4 unless UV_THREADPOOL_SIZE says otherwise),
 * which files and inflating need too: one thread for the writer and one for them stay free.
 */
function readerCount(): number {
  const configured = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
  const threads = Number.isInteger(configured) && configured > 0 ? configured : 4;
  return Math.min(QUERY_LIMITS.maxReaders, Math.max(1, threads - 2));
}

/**
 * Ways of reading that the engine may take, by their defaults; and without them, for a question
 * that it could not answer: it failed in a part of a map's column, which is read alone to spare
 * the rest.
 */
const WAYS_OF_READING = [
  'optimize_functions_to_subcolumns',
  'query_plan_optimize_lazy_materialization',
  'use_query_condition_cache',
] as const;
const USUAL_READING = WAYS_OF_READING.map((name) => `${name} = 1`).join(', ');
const WHOLE_COLUMNS = WAYS_OF_READING.map((name) => `${name} = 0`).join(', ');

function settingsText(
  bound: readonly string[],
  timeoutMillis: number,
  options: QueryOptions,
): string {
  const memory = options.maxMemoryBytes ?? QUERY_LIMITS.maxMemoryBytes;
  const settings = [
    `max_execution_time = ${(timeoutMillis / 1000).toFixed(3)}`,
    `max_memory_usage = ${memory}`,
    ...bound,
  ];
  return `SET ${settings.join(', ')}`;
}

/**
 * After a query that was stopped, its session still holds it, and the end of its output comes
 * before the output of the next query: one that nobody reads takes that away.
 */
async function settle(session: Session): Promise<void> {
  await session.queryAsync('SELECT 1');
}

/** The tag after the first word: KILL QUERY finds it in the statement's text. */
function tagged(sql: string, tag: string): string {
  return sql.replace(/^\s*\w+/, (word) => `${word} ${tag}`);
}

function insertSql(insert: RowsInsert, { file, format }: RowsFile): string {
  const names = insert.columns.map((column) => quoteName(column.name)).join(', ');
  const structure = insert.columns
    .map((column) => `${quoteName(column.name)} ${column.type}`)
    .join(', ');
  const settings = [
    `insert_deduplication_token = ${sqlString(insert.token)}`,
    'insert_deduplicate = 1',
    // Merges build the skip indexes: a fresh part is small and read whole anyway, and each index
    // costs an insert two files.
    'materialize_skip_indexes_on_insert = 0',
    // One thread and one block: more threads cost more CPU than they save below 16 MiB.
    'max_threads = 1',
    'max_insert_threads = 1',
    // The older analyzer plans this one statement for a tenth less CPU (18.8 against 21 ms).
    'enable_analyzer = 0',
  ].join(', ');
  const source = `file(${sqlString(file)}, '${format}', ${sqlString(structure)})`;
  const table = quoteName(insert.table);
  const where = insert.unless === undefined ? '' : ` WHERE NOT (${insert.unless})`;
  return `INSERT INTO ${table} (${names}) SETTINGS ${settings} SELECT * FROM ${source}${where}`;
}

function rowsOf<Row>(result: ChdbResult): Row[] {
  const text = result.text();
  return text.trim() === '' ? [] : (JSON.parse(text) as Row[]);
}

function rethrow(error: unknown): never {
  throw toEngineError(error);
}

function ignore(): void {
  // The caller of the failed step was told; the queue goes on.
}
