import { type FileHandle, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import type { CommitRequest, RowBatch } from './commit.js';
import type { TableName } from './schema.js';

/**
 * The redo log of group commit: one header and one rows file a table for each group.
 *
 *   <id>.group          crc32 of the rest as 8 hex digits, a space, JSON (Header below), no more
 *   <id>.<table>.rows   RowBinary of every request of the group, in the header's order
 *
 * Rows lie in files of their own because the engine reads a file whole, from its first byte. A
 * group is durable when its header and all its rows files are whole (lengths and checksums say
 * so) and their names are synced; only then the insert begins. So at a start a group that is not
 * whole was neither acknowledged nor inserted, and is dropped; one that is whole is inserted again
 * with the same token, which adds only what is missing.
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
  readonly rowCount: number;
  /** Distinct days, ascending. */
  readonly days: readonly number[];
}

interface HeaderBatch {
  readonly table: TableName;
  readonly rowCount: number;
  readonly byteLength: number;
  readonly days: readonly number[];
}

interface Header {
  readonly version: 1;
  readonly requests: readonly {
    /** base64 of the hash's one-byte characters. */
    readonly hash: string;
    readonly ingestTime: string;
    readonly batches: readonly HeaderBatch[];
  }[];
  readonly tables: { readonly [table: string]: { readonly bytes: number; readonly crc: number } };
}

const HEADER_SUFFIX = '.group';
/** The last byte of a header that was written to its end. */
const BRACE = 0x7d;
/** Chunks a writev takes (IOV_MAX is 1,024 on Linux and macOS). */
const CHUNKS_PER_WRITE = 1_000;

export class RedoLog {
  readonly #directory: string;
  readonly #fsync: boolean;
  readonly #setAside: (file: string) => void;

  /** `setAside` is given each file whose bytes changed, to be moved elsewhere. */
  constructor(directory: string, fsync: boolean, setAside: (file: string) => void = () => {}) {
    this.#directory = directory;
    this.#fsync = fsync;
    this.#setAside = setAside;
  }

  /** Writes a group; durable when it resolves. What a failed write left is removed. */
  async write(group: Group): Promise<readonly GroupTable[]> {
    const tables = tablesOf(group, this.#directory);
    try {
      const header = headerText(group, tables);
      await Promise.all([
        this.#writeFile(this.#headerFile(group.id), [header]),
        ...tables.map((table) => this.#writeFile(table.file, table.chunks)),
      ]);
      if (this.#fsync) await syncDirectory(this.#directory);
    } catch (error) {
      await this.remove(group.id, tables);
      throw error;
    }
    return tables;
  }

  /** Forgets a group. The header goes first: without it the rows mean nothing. */
  async remove(id: string, tables: readonly GroupTable[]): Promise<void> {
    await rm(this.#headerFile(id), { force: true });
    await Promise.all(tables.map((table) => rm(table.file, { force: true })));
  }

  /**
   * The groups that were left, oldest first; removes what is not whole. A file that is short was
   * being written when its process ended; one of full length with another checksum is damaged.
   */
  async leftovers(): Promise<readonly { group: Group; tables: readonly GroupTable[] }[]> {
    const names = (await readdir(this.#directory)).toSorted();
    const whole: { group: Group; tables: readonly GroupTable[] }[] = [];
    const kept = new Set<string>();
    for (const name of names.filter((file) => file.endsWith(HEADER_SUFFIX))) {
      const group = await this.#read(name.slice(0, -HEADER_SUFFIX.length));
      if (group === undefined) continue;
      const tables = tablesOf(group, this.#directory);
      whole.push({ group, tables });
      kept.add(join(this.#directory, name));
      for (const table of tables) kept.add(table.file);
    }
    const strays = names.map((name) => join(this.#directory, name)).filter((f) => !kept.has(f));
    await Promise.all(strays.map((file) => rm(file, { force: true })));
    return whole;
  }

  async #read(id: string): Promise<Group | undefined> {
    const text = await readFile(this.#headerFile(id));
    const header = parseHeader(text);
    if (header === undefined) {
      if (text.at(-1) === BRACE) this.#setAside(this.#headerFile(id));
      return undefined;
    }
    const rows = new Map<string, Buffer>();
    for (const [table, expected] of Object.entries(header.tables)) {
      const bytes = await readFile(rowsFile(this.#directory, id, table)).catch(() => undefined);
      if (bytes?.length !== expected.bytes) return undefined;
      if (crc32(bytes) !== expected.crc) {
        this.#setAside(rowsFile(this.#directory, id, table));
        return undefined;
      }
      rows.set(table, bytes);
    }
    return { id, requests: requestsOf(header, rows) };
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

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const { bytesWritten } = await file.writev(chunks);
  if (bytesWritten === total) return;
  // Short writes are rare (a full disk, a signal): the rest goes in one piece or fails.
  await file.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

interface TableChunks extends GroupTable {
  readonly chunks: readonly Uint8Array[];
}

/** The group's rows by table, in the order of first appearance. */
function tablesOf(group: Group, directory: string): readonly TableChunks[] {
  const tables = new Map<
    TableName,
    { chunks: Uint8Array[]; rowCount: number; days: Set<number> }
  >();
  for (const request of group.requests) {
    for (const batch of request.batches) {
      const found = tables.get(batch.table);
      const entry = found ?? { chunks: [], rowCount: 0, days: new Set() };
      if (found === undefined) tables.set(batch.table, entry);
      entry.chunks.push(batch.bytes);
      entry.rowCount += batch.rowCount;
      for (const day of batch.days) entry.days.add(day);
    }
  }
  return [...tables].map(([table, { chunks, rowCount, days }]) => ({
    table,
    file: rowsFile(directory, group.id, table),
    rowCount,
    chunks,
    days: [...days].toSorted((a, b) => a - b),
  }));
}

function rowsFile(directory: string, id: string, table: string): string {
  return join(directory, `${id}.${table}.rows`);
}

function headerText(group: Group, tables: readonly TableChunks[]): Buffer {
  const header: Header = {
    version: 1,
    requests: group.requests.map((request) => ({
      hash: Buffer.from(request.requestHash, 'latin1').toString('base64'),
      ingestTime: String(request.ingestTime),
      batches: request.batches.map(({ table, rowCount, bytes, days }) => ({
        table,
        rowCount,
        byteLength: bytes.length,
        days,
      })),
    })),
    tables: Object.fromEntries(tables.map((table) => [table.table, checksumOf(table.chunks)])),
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
  return header.version === 1 ? header : undefined;
}

function requestsOf(header: Header, rows: ReadonlyMap<string, Buffer>): readonly CommitRequest[] {
  const positions = new Map<string, number>();
  return header.requests.map((request) => ({
    requestHash: Buffer.from(request.hash, 'base64').toString('latin1'),
    ingestTime: BigInt(request.ingestTime),
    batches: request.batches.map((batch): RowBatch => {
      const from = positions.get(batch.table) ?? 0;
      const to = from + batch.byteLength;
      positions.set(batch.table, to);
      const bytes = (rows.get(batch.table) ?? Buffer.alloc(0)).subarray(from, to);
      return { table: batch.table, rowCount: batch.rowCount, bytes, days: batch.days };
    }),
  }));
}
