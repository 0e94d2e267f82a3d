import type { Engine } from './engine.js';
import { sqlString } from './parameters.js';
import { partitionSql } from './partitions.js';
import type { Group, GroupTable } from './redo-log.js';
import { quoteName, TIME_COLUMN, UNPARTITIONED } from './tables.js';

/**
 * What of a group that an earlier process left is to be inserted: the engine does not sync the log
 * of its deduplication tokens, so after a power cut it may not know that it has the rows. No two
 * requests share an IngestTime, and the rows of a group that lie in one partition are inserted as
 * one: either all of them are there or none. Throws EngineError.
 */
export async function missingRows(
  engine: Pick<Engine, 'query'>,
  group: Group,
  table: GroupTable,
): Promise<GroupTable> {
  // Rows of running spans replace themselves.
  if (UNPARTITIONED.has(table.table)) return table;
  const partition = `toString(${partitionSql(TIME_COLUMN[table.table])})`;
  const times = group.requests.map((request) => request.ingestTime);
  const from = times.reduce((least, time) => (time < least ? time : least));
  const to = times.reduce((most, time) => (time > most ? time : most));
  const rows = await engine.query<{ name: string }>(
    `SELECT DISTINCT ${partition} AS name FROM ${quoteName(table.table)}
     WHERE IngestTime BETWEEN fromUnixTimestamp64Nano({from:Int64})
       AND fromUnixTimestamp64Nano({to:Int64})
       AND toUnixTimestamp64Nano(IngestTime) IN {times:Array(Int64)}`,
    { times, from, to },
  );
  if (rows.length === 0) return table;
  const stored = rows.map((row) => sqlString(row.name)).join(', ');
  return { ...table, unless: `${partition} IN (${stored})` };
}
