import type { Engine } from './engine.js';
import { ARRIVAL_KEY } from './partitions.js';
import { AGED_TABLES, createStatements, quoteName, type TableOptions } from './tables.js';

export interface ArrangeOptions extends TableOptions {
  readonly engine: Pick<Engine, 'query' | 'command'>;
  /** Called before the first change of a table's definition. */
  beforeChange(): void;
  /** A line for the person who runs the server. */
  trouble(message: string): void;
}

/** Where a table is copied to; after the swap, the old one. */
const SPARE = 'codomyrmex_arranged';

/**
 * Tables of the first releases have a partition a day; their rows are copied, once, to tables with
 * the partitions of today (partitions.ts). Run it when nothing is left in the redo log: the tokens
 * of earlier inserts stay behind. A process that dies in between leaves the old table or the new
 * one in place, whole. A table that cannot be copied stays as it is: it works, but refuses requests
 * of more than 100 days. Returns whether a definition changed. Throws EngineError.
 */
export async function arrangeTables(options: ArrangeOptions): Promise<boolean> {
  const { engine, trouble } = options;
  const found = await engine.query<{ name: string; rows: string }>(
    `SELECT name, toString(total_rows) AS rows FROM system.tables
     WHERE database = currentDatabase() AND (name = '${SPARE}' OR partition_key != ''
       AND position(partition_key, {key:String}) = 0 AND has({aged:Array(String)}, name))`,
    { key: ARRIVAL_KEY, aged: AGED_TABLES },
  );
  if (found.length === 0) return false;
  options.beforeChange();
  await engine.command(`DROP TABLE IF EXISTS ${SPARE} SYNC`);
  for (const { name, rows } of found.filter((table) => table.name !== SPARE)) {
    if (Number(rows) > MANY_ROWS) {
      trouble(`${name}: ${rows} rows are arranged by arrival, once; this takes a while`);
    }
    try {
      await copyTable(options, name);
      await engine.command(`EXCHANGE TABLES ${SPARE} AND ${quoteName(name)}`);
    } catch (error) {
      trouble(`${name} cannot be arranged by arrival and stays as it is: ${String(error)}`);
    }
    await engine.command(`DROP TABLE IF EXISTS ${SPARE} SYNC`);
  }
  return true;
}

/** From here on it takes seconds: about 150,000 rows a second. */
const MANY_ROWS = 500_000;

async function copyTable(options: ArrangeOptions, table: string): Promise<void> {
  const { engine } = options;
  await engine.command(createSpare(options, table));
  const columns = await engine.query<{ name: string }>(
    `SELECT name FROM system.columns
     WHERE database = currentDatabase() AND table = '${SPARE}' AND default_kind != 'ALIAS'`,
  );
  const names = columns.map(({ name }) => quoteName(name)).join(', ');
  // Small blocks: a block's columns lie in memory, and one may hold megabytes of attributes.
  await engine.command(
    `INSERT INTO ${SPARE} (${names}) SELECT ${names} FROM ${quoteName(table)}
     SETTINGS max_threads = 1, max_insert_threads = 1, max_block_size = 16384,
       min_insert_block_size_rows = 262144, min_insert_block_size_bytes = 67108864`,
  );
  const [counts] = await engine.query<{ from: string; to: string }>(
    `SELECT toString((SELECT count() FROM ${quoteName(table)})) AS from,
       toString((SELECT count() FROM ${SPARE})) AS to`,
  );
  if (counts?.from !== counts?.to) throw new Error(`${counts?.to} of ${counts?.from} rows came`);
}

function createSpare(options: TableOptions, table: string): string {
  const begin = `CREATE TABLE IF NOT EXISTS ${table} (`;
  const sql = createStatements(options).find((statement) => statement.startsWith(begin));
  if (sql === undefined) throw new Error(`no definition of ${table}`);
  return sql.replace(begin, `CREATE TABLE ${SPARE} (`);
}
