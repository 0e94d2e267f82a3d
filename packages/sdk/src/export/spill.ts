/**
 * Records on disk while the backend is away: a bounded queue of segment files in a subdirectory of
 * this process, and in those that it adopted.
 *
 *     DIRECTORY/process-4711-…/owner
 *                             /00000001.spill    oldest: sent from here, flags written in place
 *                             /00000002.spill
 *                             /00000003.spill    newest: appended to here
 *
 * Written without fsync: what is here survives the process, not a power cut. Synchronous: an append
 * is a copy into the page cache, on the sender thread.
 */
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { SPILL_SEGMENT_BYTES } from '../common/limits.js';
import type { Signal } from './signal.js';
import { adoptAbandoned, createOwned, keepAlive } from './spill-owner.js';
import {
  FLAGS_OFFSET,
  FLAG_ATTEMPTED,
  FLAG_DONE,
  FLAG_JOINED,
  encodeHead,
  readRecord,
} from './spill-record.js';
import type { SpillRecord } from './spill-record.js';

/** Where and how much; plain data. */
export interface SpillSettings {
  readonly directory: string;
  /** All segments of this process together; past it the oldest are dropped. */
  readonly maxBytes: number;
}

/** Records by signal. */
export type Counts = Record<Signal, number>;

interface Segment {
  readonly path: string;
  size: number;
  /** What is still to be sent. */
  readonly left: Counts;
}

/** The segment that is sent from, read whole. */
interface Head {
  readonly segment: Segment;
  readonly bytes: Buffer;
  /** All before it is done. */
  offset: number;
}

/** A record, or several that are sent as one. */
export interface SpillPlace {
  readonly path: string;
  readonly offset: number;
  /** Of the first, as on disk. */
  readonly flags: number;
  readonly signal: Signal;
  readonly recordCount: number;
}

/** A body to be sent. */
export interface SpillBatch {
  readonly place: SpillPlace;
  readonly body: Uint8Array;
}

/** The queue of one process. Methods throw what the file system does. */
export class Spill {
  readonly #settings: SpillSettings;
  readonly #dropped: (counts: Counts) => void;
  readonly #segmentBytes: number;
  #path: string | undefined;
  #segments: Segment[] = [];
  #head: Head | undefined;
  #tail: { readonly segment: Segment; readonly fd: number } | undefined;
  #number = 0;

  /** Touches nothing yet. `dropped` hears of records that had no room or were damaged. */
  constructor(settings: SpillSettings, dropped: (counts: Counts) => void) {
    this.#settings = settings;
    this.#dropped = dropped;
    this.#segmentBytes = Math.min(SPILL_SEGMENT_BYTES, Math.ceil(settings.maxBytes / 8));
  }

  /** True when nothing waits. */
  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  /** Takes over what processes left that are gone; gives how many records. */
  adopt(): Counts {
    const counts = none();
    if (!existsSync(this.#settings.directory)) return counts;
    const found: Segment[] = [];
    for (const path of adoptAbandoned(this.#settings.directory)) {
      const files = readdirSync(path).filter((name) => name.endsWith('.spill'));
      if (files.length === 0) rmSync(path, { recursive: true, force: true });
      for (const name of files.toSorted()) found.push(scanSegment(join(path, name)));
    }
    for (const { left } of found) {
      counts.traces += left.traces;
      counts.metrics += left.metrics;
      counts.logs += left.logs;
    }
    // Older than ours, but not before one that is being sent.
    this.#segments.splice(this.#head === undefined ? 0 : 1, 0, ...found);
    return counts;
  }

  /** Appends a record; drops the oldest segments where room is needed. */
  append(
    signal: Signal,
    pieces: readonly Uint8Array[],
    recordCount: number,
    wasAttempted: boolean,
  ): SpillPlace {
    const flags = wasAttempted ? FLAG_ATTEMPTED : 0;
    const record = [encodeHead(signal, flags, recordCount, pieces), ...pieces];
    const size = sizeOf(record);
    if (size > this.#settings.maxBytes) throw new Error('a record is larger than the spill may be');
    this.#makeRoom(size);
    const { segment, fd } = this.#tailFor(size);
    const offset = segment.size;
    if (writevSync(fd, record, offset) !== size) throw new Error('a record was written in part');
    segment.size += size;
    segment.left[signal] += recordCount;
    return { path: segment.path, offset, flags, signal, recordCount };
  }

  /**
   * The oldest records that can go in one body: what was sent together once, again; else
   * neighbours of one signal up to `most` bytes. Where it ends is on disk before it returns.
   */
  next(most: (signal: Signal) => number): SpillBatch | undefined {
    for (;;) {
      const head = this.#openHead();
      if (head === undefined) return undefined;
      const records = nextRecords(head.bytes, head.offset, most);
      const [first] = records;
      const last = records.at(-1);
      if (first === undefined || last === undefined) {
        this.#closeHead();
        continue;
      }
      if ((first.flags & FLAG_DONE) !== 0) {
        head.offset = last.end;
        continue;
      }
      const flags = this.#markAttempted(head, records);
      let recordCount = 0;
      for (const record of records) recordCount += record.recordCount;
      const { signal, offset } = first;
      const place = { path: head.segment.path, offset, flags, signal, recordCount };
      const bodies = records.map((record) => record.body);
      return { place, body: bodies.length === 1 ? bodies[0]! : Buffer.concat(bodies) };
    }
  }

  /** Marks what is at a place as not to be sent any more. */
  finish(place: SpillPlace): void {
    const segment = this.#segments.find((one) => one.path === place.path);
    // Dropped for lack of room in between.
    if (segment === undefined) return;
    segment.left[place.signal] -= place.recordCount;
    if (total(segment.left) === 0) {
      this.#remove(segment);
      return;
    }
    const flags = place.flags | FLAG_DONE;
    writeFlags(place.path, [[place.offset, flags]]);
    if (this.#head?.segment === segment) this.#head.bytes[place.offset + FLAGS_OFFSET] = flags;
  }

  /** Says that this process is alive. */
  keepAlive(): void {
    const paths = new Set(this.#segments.map((segment) => dirname(segment.path)));
    if (this.#path !== undefined) paths.add(this.#path);
    for (const path of paths) keepAlive(path);
  }

  /** Leaves what waits to the next process, and nothing else. */
  close(): void {
    this.#closeTail();
    this.#head = undefined;
    const path = this.#path;
    this.#path = undefined;
    if (path === undefined || this.#segments.some((one) => dirname(one.path) === path)) return;
    rmSync(path, { recursive: true, force: true });
  }

  #markAttempted(head: Head, records: readonly SpillRecord[]): number {
    if ((records[0]!.flags & FLAG_ATTEMPTED) !== 0) return records[0]!.flags;
    const flags = records.map((record, index): [number, number] => {
      const isLast = index === records.length - 1;
      return [record.offset, isLast ? FLAG_ATTEMPTED : FLAG_ATTEMPTED | FLAG_JOINED];
    });
    writeFlags(head.segment.path, flags);
    for (const [offset, value] of flags) head.bytes[offset + FLAGS_OFFSET] = value;
    return flags[0]![1];
  }

  #makeRoom(size: number): void {
    let sum = size;
    for (const segment of this.#segments) sum += segment.size;
    while (sum > this.#settings.maxBytes) {
      const oldest = this.#segments.find((segment) => segment !== this.#head?.segment);
      if (oldest === undefined) return;
      sum -= oldest.size;
      this.#dropped({ ...oldest.left });
      this.#remove(oldest);
    }
  }

  #remove(segment: Segment): void {
    if (this.#tail?.segment === segment) this.#closeTail();
    if (this.#head?.segment === segment) this.#head = undefined;
    this.#segments = this.#segments.filter((one) => one !== segment);
    rmSync(segment.path, { force: true });
    const path = dirname(segment.path);
    const isAdopted = path !== this.#path;
    if (isAdopted && this.#segments.every((one) => dirname(one.path) !== path)) {
      rmSync(path, { recursive: true, force: true });
    }
  }

  #tailFor(size: number): { readonly segment: Segment; readonly fd: number } {
    const tail = this.#tail;
    const fits = tail !== undefined && tail.segment.size + size <= this.#segmentBytes;
    // Another process may have taken ours for dead, or someone cleaned up.
    if (fits && existsSync(tail.segment.path)) return tail;
    this.#closeTail();
    if (this.#path === undefined || !existsSync(this.#path)) {
      this.#path = createOwned(this.#settings.directory);
    }
    const path = join(this.#path, `${String(++this.#number).padStart(8, '0')}.spill`);
    const fd = openSync(path, 'wx', 0o600);
    const segment = { path, size: 0, left: none() };
    this.#segments.push(segment);
    this.#tail = { segment, fd };
    return this.#tail;
  }

  #closeTail(): void {
    if (this.#tail !== undefined) closeSync(this.#tail.fd);
    this.#tail = undefined;
  }

  #openHead(): Head | undefined {
    if (this.#head !== undefined) return this.#head;
    const [segment] = this.#segments;
    if (segment === undefined) return undefined;
    // What is read is not appended to any more.
    if (this.#tail?.segment === segment) this.#closeTail();
    this.#head = { segment, bytes: readOrEmpty(segment.path), offset: 0 };
    return this.#head;
  }

  #closeHead(): void {
    if (this.#head === undefined) return;
    const { left } = this.#head.segment;
    // Records that cannot be read: cut by a kill, or damaged.
    if (total(left) > 0) this.#dropped({ ...left });
    this.#remove(this.#head.segment);
  }
}

function nextRecords(
  bytes: Buffer,
  offset: number,
  most: (signal: Signal) => number,
): SpillRecord[] {
  const first = readRecord(bytes, offset);
  if (first === undefined) return [];
  const maxBytes = most(first.signal);
  const records = [first];
  let size = first.body.length;
  for (let last = first; ;) {
    const record = readRecord(bytes, last.end);
    if (record === undefined) return records;
    const wasSent = (last.flags & (FLAG_ATTEMPTED | FLAG_DONE)) !== 0;
    const isFresh = !wasSent && (record.flags & (FLAG_ATTEMPTED | FLAG_DONE)) === 0;
    const fits = isFresh && record.signal === first.signal && size + record.body.length <= maxBytes;
    const belongs = wasSent ? (last.flags & FLAG_JOINED) !== 0 : fits;
    if (!belongs) return records;
    records.push(record);
    size += record.body.length;
    last = record;
  }
}

function writeFlags(
  path: string,
  flags: readonly (readonly [offset: number, flags: number])[],
): void {
  const fd = openSync(path, 'r+');
  try {
    for (const [offset, value] of flags) {
      writeSync(fd, Buffer.of(value), 0, 1, offset + FLAGS_OFFSET);
    }
  } finally {
    closeSync(fd);
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  let size = 0;
  for (const piece of pieces) size += piece.length;
  return size;
}

function scanSegment(path: string): Segment {
  const bytes = readOrEmpty(path);
  const left = none();
  let isDone = false;
  let wasJoined = false;
  for (let record = readRecord(bytes, 0); record !== undefined;) {
    // Done is written on the first of what was joined.
    if (!wasJoined) isDone = (record.flags & FLAG_DONE) !== 0;
    if (!isDone) left[record.signal] += record.recordCount;
    wasJoined = (record.flags & FLAG_JOINED) !== 0;
    record = readRecord(bytes, record.end);
  }
  return { path, size: bytes.length, left };
}

function readOrEmpty(path: string): Buffer {
  return existsSync(path) && statSync(path).isFile() ? readFileSync(path) : Buffer.alloc(0);
}

function none(): Counts {
  return { traces: 0, metrics: 0, logs: 0 };
}

function total(counts: Counts): number {
  return counts.traces + counts.metrics + counts.logs;
}
