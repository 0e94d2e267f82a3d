import type { Engine } from './engine.js';
import { alterStatements, createStatements, type TableOptions } from './tables.js';

/** The schema that this release writes. A step from n to n + 1 is an entry of MIGRATIONS. */
export const SCHEMA_VERSION = 2;

/** MIGRATIONS[n]: the statements that lead from version n + 1 to n + 2; version 1 is the first. */
const MIGRATIONS: readonly ((options: TableOptions) => readonly string[])[] = [
  // To 2: the lookup of traces is written in batches (trace-lookup.ts), not by a view.
  () => ['DROP VIEW IF EXISTS otel_traces_trace_id_ts_mv SYNC'],
];

const VERSION_TABLE = `CREATE TABLE IF NOT EXISTS codomyrmex_schema (
  Version UInt32, Applied DateTime64(9), Release String
)
ENGINE = MergeTree ORDER BY Version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`;

/** The directory was written by a newer release. */
export class NewerSchema extends Error {
  constructor(found: number) {
    super(
      `the data directory was written by a newer release (schema ${found}, this release knows` +
        ` ${SCHEMA_VERSION}): update codomyrmex-telemetry, or choose another directory with` +
        ' --data-dir',
    );
    this.name = 'NewerSchema';
  }
}

/**
 * Creates what is missing and brings older tables forward. Every statement may run twice: after a
 * crash between a step and its stamp the step runs again. `beforeChange` is called before the first
 * statement that changes tables which were there. Throws NewerSchema, EngineError.
 */
export async function migrate(
  engine: Engine,
  options: TableOptions,
  release: string,
  beforeChange: () => void = () => undefined,
): Promise<void> {
  await engine.command(VERSION_TABLE);
  const [row] = await engine.query<{ version: number; release: string }>(
    `SELECT max(Version) AS version, argMax(Release, Version) AS release FROM codomyrmex_schema`,
  );
  const found = row?.version ?? 0;
  if (found > SCHEMA_VERSION) throw new NewerSchema(found);
  if (found > 0 && found < SCHEMA_VERSION) beforeChange();
  const steps = [createStatements, ...MIGRATIONS].slice(found);
  for (const step of steps) {
    for (const statement of step(options)) await engine.command(statement);
  }
  if (found < SCHEMA_VERSION) await stamp(engine, release);
  else await applyOptions(engine, options);
}

async function stamp(engine: Engine, release: string): Promise<void> {
  const name = release.replaceAll(/[^\w.+-]/g, '');
  await engine.command(
    `INSERT INTO codomyrmex_schema VALUES (${SCHEMA_VERSION}, now64(9), '${name}')`,
  );
}

/** Retention and fsync are options of a start: compares, alters what differs. */
async function applyOptions(engine: Engine, options: TableOptions): Promise<void> {
  const tables = await engine.query<{ name: string; definition: string }>(
    `SELECT name, create_table_query AS definition FROM system.tables
     WHERE database = currentDatabase() AND name LIKE 'otel_%' AND engine LIKE '%MergeTree'`,
  );
  const definitions = new Map(tables.map((table) => [table.name, table.definition]));
  for (const alteration of alterStatements(options)) {
    const definition = definitions.get(alteration.table);
    if (definition !== undefined && !holds(definition, alteration.holdsWhen)) {
      await engine.command(alteration.sql);
    }
  }
}

/** Whether a definition has this setting or interval: `= 16` is not part of `= 160`. */
function holds(definition: string, text: string): boolean {
  const at = definition.indexOf(text);
  return at !== -1 && !/^\d/.test(definition.slice(at + text.length));
}
