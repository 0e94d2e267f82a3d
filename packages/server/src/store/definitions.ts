import {
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { crc32 } from 'node:zlib';

import { syncTree } from './sync-directory.js';

/**
 * Copies of the small files without which the engine opens nothing at all: the definitions of the
 * database and of each table, and each table's format version. One flipped bit in any of them and
 * the engine's constructor throws «Failed to create connection», or it parses and means something
 * else. They change only when this program changes them (migrations.ts), so a file that differs
 * from its copy at a start is broken: the copy is put back, with the table's parts it names.
 *
 *   codomyrmex/definitions.json   crc32 of the rest as 8 hex digits, a space, JSON: path → text
 */
export interface DefinitionFiles {
  readonly root: string;
  /** The copies. */
  readonly copies: string;
  /** Where broken files go. */
  readonly damaged: string;
}

/** Copies what is there now; after every change of a table. Throws what the file system throws. */
export function saveDefinitions({ root, copies }: DefinitionFiles): void {
  const files: { [path: string]: string } = {};
  for (const path of definitionPaths(root)) files[path] = readFileSync(join(root, path), 'latin1');
  const json = JSON.stringify(files);
  const text = `${checksumOf(json)} ${json}`;
  if (existsSync(copies) && readFileSync(copies, 'utf8') === text) return;
  const file = openSync(`${copies}.new`, 'w', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${copies}.new`, copies);
  // The engine syncs the files of new tables, not the folders that name them.
  syncTree(root);
}

/** Removes the copies before definitions change on purpose: a crash in between would undo that. */
export function forgetDefinitions({ copies }: DefinitionFiles): void {
  rmSync(copies, { force: true });
  const folder = openSync(join(copies, '..'), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Puts broken definitions back; gives their names. Call only when no engine has the directory. */
export function restoreDefinitions({ root, copies, damaged }: DefinitionFiles): readonly string[] {
  const restored: string[] = [];
  for (const [path, text] of Object.entries(readCopies(copies))) {
    const file = join(root, path);
    const found = existsSync(file) ? readFileSync(file, 'latin1') : undefined;
    if (found === text) continue;
    mkdirSync(join(file, '..'), { recursive: true });
    if (found !== undefined) {
      mkdirSync(damaged, { recursive: true, mode: 0o700 });
      renameSync(file, join(damaged, `${basename(path)}.${Date.now()}`));
    }
    writeFileSync(file, text, 'latin1');
    restored.push(basename(path));
  }
  return restored;
}

/** Relative to the root, with links followed: `store/abc/abc…/otel_traces.sql`. */
function definitionPaths(root: string): readonly string[] {
  const metadata = join(root, 'metadata');
  const data = join(root, 'data', 'otel');
  const files = [join(metadata, 'otel.sql')];
  for (const name of readdirSync(join(metadata, 'otel'))) {
    if (name.endsWith('.sql')) files.push(join(metadata, 'otel', name));
  }
  for (const table of readdirSync(data)) files.push(join(data, table, 'format_version.txt'));
  const base = realpathSync(root);
  return files.filter((file) => existsSync(file)).map((file) => relative(base, realpathSync(file)));
}

function readCopies(copies: string): { readonly [path: string]: string } {
  if (!existsSync(copies)) return {};
  const text = readFileSync(copies, 'utf8');
  const json = text.slice(9);
  // Broken copies help nobody; they are made anew from what opens.
  if (text.slice(0, 8) !== checksumOf(json)) return {};
  return JSON.parse(json) as { [path: string]: string };
}

function checksumOf(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}
