import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A deletion (or another change of all rows) that the engine keeps beside a table's parts until a
 * hundred later ones, done or not; one that it cannot read keeps it from opening at all.
 *
 *   format version: 1 ⏎ create time: 2026-11-22 13:42:07 ⏎ commands: (DELETE WHERE …) ⏎
 */
const WHOLE = /^format version: 1\ncreate time: [\d: -]{19}\ncommands: \(([\x20-\x7e]+)\)\n$/;
/** What deleting a service writes (delete-data.ts): other conditions would delete other rows. */
const OF_SERVICE = /^DELETE WHERE ServiceName = unhex\(\\'[0-9a-f]*\\'\)$/;
const OF_TRACES = /^DELETE WHERE \(?TraceId IN \(.*unhex\(\\'[0-9a-f]*\\'\).*NOT IN \(.*\)$/;

/**
 * Moves broken ones away; gives their names as `table/mutation_1.txt`. Call only when no engine has
 * the directory. Throws what the file system throws.
 */
export function setAsideMutations(root: string, damaged: string): readonly string[] {
  const found: string[] = [];
  const data = join(root, 'data', 'otel');
  if (!existsSync(data)) return found;
  for (const table of readdirSync(data)) {
    const folder = join(data, table);
    // A table's folder may be gone with what it was on.
    const names = existsSync(folder) ? readdirSync(folder) : [];
    for (const name of names.filter((file) => /^mutation_\d+\.txt$/.test(file))) {
      const [, command] = WHOLE.exec(readFileSync(join(folder, name), 'latin1')) ?? [];
      if (command !== undefined && isOurs(command)) continue;
      mkdirSync(damaged, { recursive: true, mode: 0o700 });
      renameSync(join(folder, name), join(damaged, `${table}.${name}`));
      found.push(`${table}/${name}`);
    }
  }
  return found;
}

/** Changes other than deletions (of a table's retention) do not touch what is kept. */
function isOurs(command: string): boolean {
  if (!command.startsWith('DELETE')) return true;
  return OF_SERVICE.test(command) || OF_TRACES.test(command);
}
