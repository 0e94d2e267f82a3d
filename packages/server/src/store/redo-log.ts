import { type FileHandle, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import type { CommitRequest, RowBatch } from './commit.js';
import { NativeRows } from './native.js';
import { rowsOfNative } from './native-rows.js';
import { COLUMNS, type Column, type TableName } from './schema.js';
import { syncDirectory } from './sync-directory.js';
import { type LookupWindow, lookupWindow } from './trace-lookup.js';

/**
 * The redo log of group commit: one header and one rows file a table for each group.
 *
 *   <id>.group          crc32 of the rest as 8 hex digits, a space, JSON (Header below), no more
 *   <id>.<table>.rows   the rows of every request of the group, in the header's order, as one
 *                       block of ClickHouse's Native format (version 1: as RowBinary)
 *
 * Rows lie in files of their own because the engine reads a file whole, from its first byte. A
 * group is durable when its header and all its rows files are whole (lengths and checksums say
 * so) and their names are synced; only then the insert begins. Once it is inserted its rows are
 * removed, and its header when the lookup of traces knows its spans. So at a start a group whose
 * rows are short was neither acknowledged nor inserted, and is dropped; one that is whole is
 * inserted again with the same token, which adds only what is missing; one without rows is in the
 * tables, or never was, and its spans may be missing from the lookup.
 */
export interface Group {
  /** Token of its inserts; unique over restarts. */
  readonly id: string;
  readonly requests: readonly CommitRequest[];
}

/** A table's part of a group on disk. */
export interface GroupTable {
  readonly table: TableName;
  readonly file: string;
  readonly format: 'RowBinary' | 'Native';
  /** Those that the file has. */
  readonly columns: readonly Column[];
  readonly rowCount: number;
  /** SQL that holds for rows that the table has already: these are not inserted again. */
  readonly unless?: string;
}

/** What an earlier process left. */
export interface Leftovers {
  /** Whole groups, oldest first: to be inserted again. */
  readonly groups: readonly Leftover[];
  /** Spans of groups that may be in the tables without their lookup. */
  readonly lookups: readonly LookupWindow[];
}

/** What is told of broken files. */
export interface RedoFaults {
  /** Bytes of the file changed: it is to be moved elsewhere. */
  setAside(file: string): void;
  /** The file was being written when its process ended: its group is dropped. */
  cutShort(file: string): void;
}

interface HeaderBatch {
  readonly table: TableName;
  readonly rowCount: number;
  /** Of version 1 only. */
  readonly byteLength?: number;
}

interface HeaderTable {
  readonly bytes: number;
  readonly crc: number;
  /** Names, since version 2; before, all that there were. */
  readonly columns?: readonly string[];
}

interface Header {
  readonly version: 1 | 2;
  readonly requests: readonly {
    /** base64 of the hash's one-byte characters. */
    readonly hash: string;
    readonly ingestTime: string;
    readonly batches: readonly HeaderBatch[];
  }[];
  readonly tables: { readonly [table: string]: HeaderTable };
}

/** A group of an earlier process. */
export interface Leftover {
  readonly group: Group;
  readonly tables: readonly GroupTable[];
}

const HEADER_SUFFIX = '.group';
/** The last byte of a header that was written to its end. */
const BRACE = 0x7d;
/** Chunks a writev takes (IOV_MAX is 1,024 on Linux and macOS). */
const CHUNKS_PER_WRITE = 1_000;

export class RedoLog {
  readonly #directory: string;
  readonly #fsync: boolean;
  readonly #faults: RedoFaults | undefined;
  /** Room for turning rows into columns: nearly always used by one group after the other. */
  readonly #free = new Map<TableName, NativeRows>();

  constructor(directory: string, fsync: boolean, faults?: RedoFaults) {
    this.#directory = directory;
    this.#fsync = fsync;
    this.#faults = faults;
  }

  /**
   * Writes a group; durable when it resolves. What a failed write left is removed. Throws
   * MalformedRows when a batch does not hold rows of its table.
   */
  async write(group: Group): Promise<readonly GroupTable[]> {
    const native = new Map<TableName, NativeRows>();
    let tables: readonly TableChunks[] = [];
    try {
      this.#gather(group, native);
      tables = tablesOf(group, native, this.#directory);
      const header = headerText(group, tables);
      await Promise.all([
        this.#writeFile(this.#headerFile(group.id), [header]),
        ...tables.map((table) => this.#writeFile(table.file, table.chunks)),
      ]);
      if (this.#fsync) await syncDirectory(this.#directory);
    } catch (error) {
      await this.remove(group.id, tables);
      throw error;
    } finally {
      for (const rows of native.values()) {
        rows.reset();
        this.#free.set(rows.table, rows);
      }
    }
    return tables.map(({ table, file, format, columns, rowCount }) => ({
      table,
      file,
      format,
      columns,
      rowCount,
    }));
  }

  #gather(group: Group, native: Map<TableName, NativeRows>): void {
    for (const { batches } of group.requests) {
      for (const batch of batches) {
        let rows = native.get(batch.table);
        if (rows === undefined) {
          rows = this.#free.get(batch.table) ?? new NativeRows(batch.table);
          this.#free.delete(batch.table);
          native.set(batch.table, rows);
        }
        rows.append(batch);
      }
    }
  }

  /** Forgets a group. The header goes first: without it the rows mean nothing. */
  async remove(id: string, tables: readonly GroupTable[]): Promise<void> {
    await this.removeHeaders([id]);
    await this.removeRows(tables);
  }

  /** Of a group that is in the tables. */
  async removeRows(tables: readonly GroupTable[]): Promise<void> {
    await Promise.all(tables.map((table) => removeFile(table.file)));
  }

  /** Of groups that are in the tables and in the lookup of traces. */
  async removeHeaders(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => removeFile(this.#headerFile(id))));
  }

  /** What was left; removes what is of no use. */
  async leftovers(): Promise<Leftovers> {
    const names = (await readdir(this.#directory)).toSorted();
    const groups: Leftover[] = [];
    const lookups: LookupWindow[] = [];
    const kept = new Set<string>();
    for (const name of names.filter((file) => file.endsWith(HEADER_SUFFIX))) {
      const id = name.slice(0, -HEADER_SUFFIX.length);
      const header = await this.#readHeader(id);
      if (header === undefined) continue;
      const rows = await this.#readRows(id, header);
      if (rows === undefined) {
        const window = lookupWindow(id, requestsOf(header, new Map()));
        if (window === undefined) continue;
        lookups.push(window);
      } else {
        const group = { id, requests: requestsOf(header, rows) };
        const tables = leftTables(group, header, this.#directory);
        groups.push({ group, tables });
        for (const table of tables) kept.add(table.file);
      }
      kept.add(this.#headerFile(id));
    }
    const strays = names.map((name) => join(this.#directory, name)).filter((f) => !kept.has(f));
    await Promise.all(strays.map((file) => removeFile(file)));
    return { groups, lookups };
  }

  async #readHeader(id: string): Promise<Header | undefined> {
    const file = this.#headerFile(id);
    const text = await readFile(file);
    const header = parseHeader(text);
    if (header !== undefined) return header;
    if (text.at(-1) === BRACE) this.#faults?.setAside(file);
    else this.#faults?.cutShort(file);
    return undefined;
  }

  /** Undefined when they are not whole, or have been removed. */
  async #readRows(id: string, header: Header): Promise<Map<string, Buffer> | undefined> {
    const rows = new Map<string, Buffer>();
    for (const [table, expected] of Object.entries(header.tables)) {
      const file = rowsFile(this.#directory, id, table);
      const bytes = await readFile(file).catch(() => undefined);
      if (bytes === undefined) return undefined;
      if (bytes.length < expected.bytes) {
        this.#faults?.cutShort(file);
        return undefined;
      }
      if (bytes.length > expected.bytes || crc32(bytes) !== expected.crc) {
        this.#faults?.setAside(file);
        return undefined;
      }
      rows.set(table, bytes);
    }
    return rows;
  }

  #headerFile(id: string): string {
    return join(this.#directory, `${id}${HEADER_SUFFIX}`);
  }

  async #writeFile(path: string, chunks: readonly Uint8Array[]): Promise<void> {
    const file = await open(path, 'w', 0o600);
    try {
      for (let at = 0; at < chunks.length; at += CHUNKS_PER_WRITE) {
        await writeAll(file, chunks.slice(at, at + CHUNKS_PER_WRITE));
      }
      if (this.#fsync) await file.datasync();
    } finally {
      await file.close();
    }
  }
}

/** Unlike `rm` it does not ask first what the name is: half the system calls. */
async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const { bytesWritten } = await file.writev(chunks);
  if (bytesWritten === total) return;
  // Short writes are rare (a full disk, a signal): the rest goes in one piece or fails.
  await file.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
}

interface TableChunks extends GroupTable {
  readonly chunks: readonly Uint8Array[];
}

/** What the group has for each table, in the order of first appearance. */
function rowCountsOf(group: Group): Map<TableName, number> {
  const counts = new Map<TableName, number>();
  for (const request of group.requests) {
    for (const { table, rowCount } of request.batches) {
      counts.set(table, (counts.get(table) ?? 0) + rowCount);
    }
  }
  return counts;
}

function tablesOf(
  group: Group,
  native: ReadonlyMap<TableName, NativeRows>,
  directory: string,
): readonly TableChunks[] {
  return [...rowCountsOf(group)].flatMap(([table, rowCount]) => {
    const block = native.get(table)?.block();
    if (block === undefined) return [];
    const file = rowsFile(directory, group.id, table);
    return [{ table, file, format: 'Native', rowCount, ...block }];
  });
}

/** The tables of a group that was read: nothing of theirs is in memory but their names. */
function leftTables(group: Group, header: Header, directory: string): readonly GroupTable[] {
  return [...rowCountsOf(group)].map(([table, rowCount]) => {
    const names = header.tables[table]?.columns;
    return {
      table,
      file: rowsFile(directory, group.id, table),
      format: names === undefined ? 'RowBinary' : 'Native',
      columns: COLUMNS[table].filter(({ name }) => names?.includes(name) ?? true),
      rowCount,
    };
  });
}

function rowsFile(directory: string, id: string, table: string): string {
  return join(directory, `${id}.${table}.rows`);
}

function headerText(group: Group, tables: readonly TableChunks[]): Buffer {
  const header: Header = {
    version: 2,
    requests: group.requests.map((request) => ({
      hash: Buffer.from(request.requestHash, 'latin1').toString('base64'),
      ingestTime: String(request.ingestTime),
      batches: request.batches.map(({ table, rowCount }) => ({ table, rowCount })),
    })),
    tables: Object.fromEntries(
      tables.map(({ table, chunks, columns }) => [
        table,
        { ...checksumOf(chunks), columns: columns.map(({ name }) => name) },
      ]),
    ),
  };
  const json = JSON.stringify(header);
  return Buffer.from(`${crc32(json).toString(16).padStart(8, '0')} ${json}`);
}

function checksumOf(chunks: readonly Uint8Array[]): { bytes: number; crc: number } {
  let bytes = 0;
  let crc = 0;
  for (const chunk of chunks) {
    bytes += chunk.length;
    crc = crc32(chunk, crc);
  }
  return { bytes, crc };
}

function parseHeader(text: Buffer): Header | undefined {
  const json = text.subarray(9);
  if (Number.parseInt(text.toString('latin1', 0, 8), 16) !== crc32(json)) return undefined;
  const header = JSON.parse(json.toString()) as Header;
  return header.version === 1 || header.version === 2 ? header : undefined;
}

function requestsOf(header: Header, rows: ReadonlyMap<string, Buffer>): readonly CommitRequest[] {
  const pieces = new Map<string, readonly Uint8Array[]>();
  for (const [table, bytes] of rows) {
    const batches = header.requests
      .flatMap((request) => request.batches)
      .filter((batch) => batch.table === table);
    pieces.set(table, header.version === 1 ? cut(bytes, batches) : turned(table, bytes, batches));
  }
  const taken = new Map<string, number>();
  return header.requests.map((request) => ({
    requestHash: Buffer.from(request.hash, 'base64').toString('latin1'),
    ingestTime: BigInt(request.ingestTime),
    batches: request.batches.map(({ table, rowCount }): RowBatch => {
      const index = taken.get(table) ?? 0;
      taken.set(table, index + 1);
      return { table, rowCount, bytes: pieces.get(table)?.[index] ?? new Uint8Array(0) };
    }),
  }));
}

function turned(
  table: string,
  bytes: Buffer,
  batches: readonly HeaderBatch[],
): readonly Uint8Array[] {
  const rowCounts = batches.map((batch) => batch.rowCount);
  return rowsOfNative(table as TableName, bytes, rowCounts);
}

function cut(bytes: Buffer, batches: readonly HeaderBatch[]): readonly Uint8Array[] {
  let at = 0;
  return batches.map(({ byteLength = 0 }) => bytes.subarray(at, (at += byteLength)));
}
