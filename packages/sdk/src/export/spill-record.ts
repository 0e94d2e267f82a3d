/**
 * One record of a spill file: a request's body, or a part of one that may be joined with its
 * neighbours. Little endian:
 *
 *      0       4        5       6      8               12       16      20
 *      | magic | signal | flags | 0, 0 | record count | length | CRC32 | body …
 *
 * The CRC covers all but itself and the flags, which are written again in place, a byte at a time:
 * what a kill leaves behind is the old byte or the new one.
 */
import { crc32 } from 'node:zlib';
import type { Signal } from './signal.js';

const MAGIC = 0x31_58_4d_43;
const MAGIC_TEXT = 'CMX1';
/** Bytes before a record's body. */
export const RECORD_HEAD_SIZE = 20;
/** Where the flags stand in it. */
export const FLAGS_OFFSET = 5;

/** It was or is being sent: the same bytes again are the same request to the backend. */
export const FLAG_ATTEMPTED = 1;
/** It was sent in one body with the next record. */
export const FLAG_JOINED = 2;
/** It, and what it was joined with, needs no sending any more. */
export const FLAG_DONE = 4;

/** By their number in a record. */
export const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs'];

/** A record as it lies in a file. */
export interface SpillRecord {
  readonly signal: Signal;
  readonly flags: number;
  /** Spans, points or log records in the body. */
  readonly recordCount: number;
  readonly body: Buffer;
  /** Where it starts and where the next one does. */
  readonly offset: number;
  readonly end: number;
}

/** The head of a record with this body. */
export function encodeHead(
  signal: Signal,
  flags: number,
  recordCount: number,
  pieces: readonly Uint8Array[],
): Buffer {
  const head = Buffer.alloc(RECORD_HEAD_SIZE);
  let length = 0;
  for (const piece of pieces) length += piece.length;
  head.writeUInt32LE(MAGIC, 0);
  head[4] = SIGNALS.indexOf(signal);
  head.writeUInt32LE(recordCount, 8);
  head.writeUInt32LE(length, 12);
  let crc = crc32(head.subarray(0, 16));
  for (const piece of pieces) crc = crc32(piece, crc);
  head[FLAGS_OFFSET] = flags;
  head.writeUInt32LE(crc, 16);
  return head;
}

/** The record at `offset`; `undefined` where none is whole: cut by a kill, or damaged. */
export function readRecord(bytes: Buffer, offset: number): SpillRecord | undefined {
  if (offset + RECORD_HEAD_SIZE > bytes.length) return undefined;
  if (bytes.readUInt32LE(offset) !== MAGIC) return undefined;
  const signal = SIGNALS[bytes[offset + 4]!];
  const end = offset + RECORD_HEAD_SIZE + bytes.readUInt32LE(offset + 12);
  if (signal === undefined || end > bytes.length) return undefined;
  const flags = bytes[offset + FLAGS_OFFSET]!;
  const head = Buffer.from(bytes.subarray(offset, offset + 16));
  head[FLAGS_OFFSET] = 0;
  const body = bytes.subarray(offset + RECORD_HEAD_SIZE, end);
  if (crc32(body, crc32(head)) !== bytes.readUInt32LE(offset + 16)) return undefined;
  const recordCount = bytes.readUInt32LE(offset + 8);
  return { signal, flags, recordCount, body, offset, end };
}

/** What a record's head says, whole or not; `undefined` where there is no head. */
export function readHead(
  bytes: Buffer,
  offset: number,
): Pick<SpillRecord, 'signal' | 'flags' | 'recordCount'> | undefined {
  if (offset + RECORD_HEAD_SIZE > bytes.length) return undefined;
  if (bytes.readUInt32LE(offset) !== MAGIC) return undefined;
  const signal = SIGNALS[bytes[offset + 4]!];
  const recordCount = bytes.readUInt32LE(offset + 8);
  // A record takes two bytes at least: more of them than that were never there.
  const isPossible = recordCount <= bytes.readUInt32LE(offset + 12) / 2;
  if (signal === undefined || !isPossible) return undefined;
  return { signal, flags: bytes[offset + FLAGS_OFFSET]!, recordCount };
}

/** The first whole record at `offset` or behind: what is damaged is passed over. */
export function readFrom(bytes: Buffer, offset: number): SpillRecord | undefined {
  for (let at = offset; at >= 0; at = bytes.indexOf(MAGIC_TEXT, at + 1, 'latin1')) {
    const record = readRecord(bytes, at);
    if (record !== undefined) return record;
  }
  return undefined;
}
