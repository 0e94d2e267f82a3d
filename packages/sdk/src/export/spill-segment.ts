/** The files of a spill, and what in them is still to be sent. */
import { existsSync, readFileSync, statSync, truncateSync } from 'node:fs';
import type { Signal } from './signal.js';
import type { SpillDisk } from './spill-disk.js';
import {
  FLAGS_OFFSET,
  FLAG_DONE,
  FLAG_JOINED,
  SIGNALS,
  readFrom,
  readHead,
} from './spill-record.js';

/** Records by signal. */
export type Counts = Record<Signal, number>;

/** One file of a spill. */
export interface Segment {
  readonly path: string;
  size: number;
  /** What is still to be sent. */
  readonly left: Counts;
  /** Of {@link left}: what is under way, from here or from the sender's memory. */
  readonly flying: Counts;
  /** Places under way; a segment with one is not dropped for lack of room. */
  flights: number;
  /** All of it was handed out. */
  isRead: boolean;
}

/**
 * A segment that another process left, and what in it cannot be read. That is cut off, or marked as
 * done: who adopts the segment after this process should not count it again.
 */
export function scanSegment(path: string, disk: SpillDisk): { segment: Segment; damaged: Counts } {
  const bytes = readOrEmpty(path);
  const segment = newSegment(path, bytes.length);
  const damaged = none();
  let isDone = false;
  let wasJoined = false;
  for (let offset = 0; offset < bytes.length;) {
    const record = readFrom(bytes, offset);
    if (record?.offset !== offset) addDamaged(damaged, bytes, offset);
    if (record === undefined) {
      truncateSync(path, offset);
      segment.size = offset;
      break;
    }
    if (record.offset !== offset) markDone(path, bytes, offset, disk);
    // Done is written on the first of what was joined.
    if (!wasJoined) isDone = (record.flags & FLAG_DONE) !== 0;
    if (!isDone) segment.left[record.signal] += record.recordCount;
    wasJoined = (record.flags & FLAG_JOINED) !== 0;
    offset = record.end;
  }
  return { segment, damaged };
}

/** As many records as the head at `offset` tells of; one where it tells nothing. */
function addDamaged(counts: Counts, bytes: Buffer, offset: number): void {
  const told = readHead(bytes, offset);
  if (told !== undefined && (told.flags & FLAG_DONE) !== 0) return;
  counts[told?.signal ?? 'traces'] += told?.recordCount ?? 1;
}

function markDone(path: string, bytes: Buffer, offset: number, disk: SpillDisk): void {
  const told = readHead(bytes, offset);
  if (told !== undefined) disk.patch(path, [[offset + FLAGS_OFFSET, told.flags | FLAG_DONE]]);
}

/** A segment with nothing to send. */
export function newSegment(path: string, size: number): Segment {
  return { path, size, left: none(), flying: none(), flights: 0, isRead: false };
}

/** Counts a place of `segment` as under way, or as not any more. */
export function fly(
  segment: Segment,
  place: { readonly signal: Signal; readonly recordCount: number },
  sign: 1 | -1,
): void {
  segment.flights += sign;
  segment.flying[place.signal] += sign * place.recordCount;
}

/** Adds `more` to `counts`. */
export function add(counts: Counts, more: Counts): void {
  for (const signal of SIGNALS) counts[signal] += more[signal];
}

/** A file's bytes; none where it is gone. */
export function readOrEmpty(path: string): Buffer {
  return existsSync(path) && statSync(path).isFile() ? readFileSync(path) : Buffer.alloc(0);
}

/** No records. */
export function none(): Counts {
  return { traces: 0, metrics: 0, logs: 0 };
}

/** Records of all signals. */
export function total(counts: Counts): number {
  return counts.traces + counts.metrics + counts.logs;
}
