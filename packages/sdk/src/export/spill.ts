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
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SPILL_SEGMENT_BYTES } from '../common/limits.js';
import type { Signal } from './signal.js';
import { adoptAbandoned, createOwned, keepAlive } from './spill-owner.js';
import {
  FLAGS_OFFSET,
  FLAG_ATTEMPTED,
  FLAG_DONE,
  FLAG_JOINED,
  SIGNALS,
  encodeHead,
  readFrom,
  readRecord,
} from './spill-record.js';
import type { SpillRecord } from './spill-record.js';
import { add, fly, newSegment, none, readOrEmpty, scanSegment, total } from './spill-segment.js';
import type { Counts, Segment } from './spill-segment.js';
import { realDisk } from './spill-disk.js';
import type { SpillDisk } from './spill-disk.js';

/** Where and how much; plain data. */
export interface SpillSettings {
  readonly directory: string;
  /** All segments of this process together; past it the oldest are dropped. */
  readonly maxBytes: number;
  /** Tells the senders of one process apart; 12 random hex digits where absent. */
  readonly sender?: string;
  /** Senders of this process that have ended: what they left is this one's. */
  readonly heirOf?: readonly string[];
}

/** The segment that is sent from, read whole. */
interface Head {
  readonly segment: Segment;
  readonly bytes: Buffer;
  /** All before it was handed out or is done. */
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
  /** The order in which they were handed out. */
  readonly number: number;
  readonly place: SpillPlace;
  readonly body: Uint8Array;
}

/** Hears of records that are lost: there was no room for them, or they cannot be read. */
export type SpillLoss = (counts: Counts, reason: 'spill full' | 'damaged') => void;

/** The queue of one process. Methods throw what the file system does. */
export class Spill {
  readonly #settings: SpillSettings;
  readonly #lost: SpillLoss;
  readonly #disk: SpillDisk;
  readonly #segmentBytes: number;
  readonly #sender: string;
  #path: string | undefined;
  #segments: Segment[] = [];
  #head: Head | undefined;
  #tail: { readonly segment: Segment; readonly fd: number } | undefined;
  #files = 0;
  #batches = 0;
  /** Records that the sender has under way: not to be sent from here before they are released. */
  readonly #held = new Map<Segment, Set<number>>();

  /** Touches nothing yet. */
  constructor(settings: SpillSettings, lost: SpillLoss, disk: SpillDisk = realDisk) {
    this.#settings = settings;
    this.#lost = lost;
    this.#disk = disk;
    this.#sender = settings.sender ?? randomBytes(6).toString('hex');
    this.#segmentBytes = Math.min(SPILL_SEGMENT_BYTES, Math.ceil(settings.maxBytes / 8));
  }

  /** True when nothing waits. */
  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  /** Takes over what processes left that are gone; gives how many records, also damaged ones. */
  adopt(): Counts {
    const counts = none();
    const { directory, heirOf } = this.#settings;
    if (!existsSync(directory)) return counts;
    const found: Segment[] = [];
    for (const path of adoptAbandoned(directory, this.#sender, heirOf)) {
      const files = readdirSync(path).filter((name) => name.endsWith('.spill'));
      if (files.length === 0) this.#disk.remove(path);
      for (const name of files.toSorted()) {
        const { segment, damaged } = scanSegment(join(path, name), this.#disk);
        found.push(segment);
        add(counts, segment.left);
        add(counts, damaged);
        if (total(damaged) > 0) this.#lost(damaged, 'damaged');
      }
    }
    // Older than ours, but not before what is being sent.
    const isOpen = (one: Segment): boolean => !one.isRead && one !== this.#head?.segment;
    const index = this.#segments.findIndex(isOpen);
    this.#segments.splice(index < 0 ? this.#segments.length : index, 0, ...found);
    return counts;
  }

  /**
   * Appends a record; drops the oldest segments where room is needed. With `isUnderWay` it is not
   * handed out before {@link release}.
   */
  append(
    signal: Signal,
    pieces: readonly Uint8Array[],
    recordCount: number,
    isUnderWay: boolean,
  ): SpillPlace {
    const flags = isUnderWay ? FLAG_ATTEMPTED : 0;
    const record = [encodeHead(signal, flags, recordCount, pieces), ...pieces];
    let size = 0;
    for (const piece of record) size += piece.length;
    if (size > this.#settings.maxBytes) throw new Error('a record is larger than the spill may be');
    this.#makeRoom(size);
    const { segment, fd } = this.#tailFor(size);
    const offset = segment.size;
    this.#write(fd, record, offset, size);
    segment.size += size;
    segment.left[signal] += recordCount;
    const place = { path: segment.path, offset, flags, signal, recordCount };
    if (isUnderWay) this.#hold(segment, place);
    return place;
  }

  #write(fd: number, record: readonly Uint8Array[], offset: number, size: number): void {
    let written = 0;
    try {
      written = this.#disk.append(fd, record, offset);
    } finally {
      // Who adopts this file should not find a part of what is not here.
      if (written !== size) this.#disk.cut(fd, offset);
    }
    if (written !== size) throw new Error('a record was written in part');
  }

  #hold(segment: Segment, place: SpillPlace): void {
    fly(segment, place, 1);
    const offsets = this.#held.get(segment) ?? new Set();
    this.#held.set(segment, offsets.add(place.offset));
  }

  #letGo(place: SpillPlace): Segment | undefined {
    const segment = this.#segments.find((one) => one.path === place.path);
    if (segment === undefined) return undefined;
    fly(segment, place, -1);
    const offsets = this.#held.get(segment);
    offsets?.delete(place.offset);
    if (offsets?.size === 0) this.#held.delete(segment);
    return segment;
  }

  /** Lets a record that was under way be handed out. */
  release(place: SpillPlace): void {
    this.#letGo(place);
  }

  /**
   * The oldest records that can go in one body: what was sent together once, again; else
   * neighbours of one signal up to `most` bytes. Where it ends is on disk before it returns. Each
   * is handed out once; `undefined` when there is none, or the next one is under way already.
   */
  next(most: (signal: Signal) => number): SpillBatch | undefined {
    for (;;) {
      const head = this.#openHead();
      if (head === undefined) return undefined;
      const first = readFrom(head.bytes, head.offset);
      if (first === undefined) {
        this.#closeHead(head);
        continue;
      }
      if (this.#held.get(head.segment)?.has(first.offset) === true) return undefined;
      const records = neighboursOf(first, head.bytes, most);
      head.offset = records.at(-1)!.end;
      if ((first.flags & FLAG_DONE) === 0) return this.#handOut(head, records);
    }
  }

  #handOut(head: Head, records: readonly SpillRecord[]): SpillBatch {
    const { signal, offset } = records[0]!;
    const flags = this.#markAttempted(head, records);
    let recordCount = 0;
    for (const record of records) recordCount += record.recordCount;
    const place = { path: head.segment.path, offset, flags, signal, recordCount };
    fly(head.segment, place, 1);
    // A copy: several may be under way, and none should hold a whole segment in memory.
    const body = Buffer.concat(records.map((record) => record.body));
    return { number: ++this.#batches, place, body };
  }

  /** Marks what is at a place as not to be sent any more. */
  finish(place: SpillPlace): void {
    const segment = this.#letGo(place);
    if (segment === undefined) return;
    segment.left[place.signal] -= place.recordCount;
    if (this.#isDone(segment)) {
      this.#remove(segment);
      return;
    }
    const flags = place.flags | FLAG_DONE;
    this.#disk.patch(place.path, [[place.offset + FLAGS_OFFSET, flags]]);
    if (this.#head?.segment === segment) this.#head.bytes[place.offset + FLAGS_OFFSET] = flags;
  }

  #isDone(segment: Segment): boolean {
    return total(segment.left) === 0 && segment.flights === 0;
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
    this.#disk.remove(path);
  }

  #markAttempted(head: Head, records: readonly SpillRecord[]): number {
    if ((records[0]!.flags & FLAG_ATTEMPTED) !== 0) return records[0]!.flags;
    const flags = records.map((record, index): [number, number] => {
      const isLast = index === records.length - 1;
      const value = isLast ? FLAG_ATTEMPTED : FLAG_ATTEMPTED | FLAG_JOINED;
      return [record.offset + FLAGS_OFFSET, value];
    });
    // Backwards: a kill in between leaves groups that were never sent, each of them whole.
    this.#disk.patch(head.segment.path, flags.toReversed());
    for (const [offset, value] of flags) head.bytes[offset] = value;
    return flags[0]![1];
  }

  #makeRoom(size: number): void {
    let sum = size;
    for (const segment of this.#segments) sum += segment.size;
    while (sum > this.#settings.maxBytes) {
      const oldest = this.#segments.find(
        (segment) => segment !== this.#head?.segment && segment.flights === 0,
      );
      if (oldest === undefined) return;
      sum -= oldest.size;
      this.#lost({ ...oldest.left }, 'spill full');
      this.#remove(oldest);
    }
  }

  #remove(segment: Segment): void {
    if (this.#tail?.segment === segment) this.#closeTail();
    if (this.#head?.segment === segment) this.#head = undefined;
    this.#segments = this.#segments.filter((one) => one !== segment);
    this.#disk.remove(segment.path);
    const path = dirname(segment.path);
    const isAdopted = path !== this.#path;
    if (isAdopted && this.#segments.every((one) => dirname(one.path) !== path)) {
      this.#disk.remove(path);
    }
  }

  #tailFor(size: number): { readonly segment: Segment; readonly fd: number } {
    const tail = this.#tail;
    const fits = tail !== undefined && tail.segment.size + size <= this.#segmentBytes;
    // Another process may have taken ours for dead, or someone cleaned up.
    if (fits && existsSync(tail.segment.path)) return tail;
    this.#closeTail();
    if (this.#path === undefined || !existsSync(this.#path)) {
      this.#path = createOwned(this.#settings.directory, this.#sender);
    }
    const path = join(this.#path, `${String(++this.#files).padStart(8, '0')}.spill`);
    const fd = openSync(path, 'wx', 0o600);
    const segment = newSegment(path, 0);
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
    const segment = this.#segments.find((one) => !one.isRead);
    if (segment === undefined) return undefined;
    // What is read is not appended to any more.
    if (this.#tail?.segment === segment) this.#closeTail();
    this.#head = { segment, bytes: readOrEmpty(segment.path), offset: 0 };
    return this.#head;
  }

  #closeHead({ segment }: Head): void {
    this.#head = undefined;
    segment.isRead = true;
    // What is neither done nor under way could not be read: cut by a kill, or damaged.
    const damaged = none();
    for (const signal of SIGNALS) {
      damaged[signal] = Math.max(0, segment.left[signal] - segment.flying[signal]);
      segment.left[signal] -= damaged[signal];
    }
    if (total(damaged) > 0) this.#lost(damaged, 'damaged');
    if (this.#isDone(segment)) this.#remove(segment);
  }
}

/** What goes in one body with `first`, which may be alone. */
function neighboursOf(
  first: SpillRecord,
  bytes: Buffer,
  most: (signal: Signal) => number,
): SpillRecord[] {
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
