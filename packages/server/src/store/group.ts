import { randomBytes } from 'node:crypto';

import { GROUP_LIMITS } from '../limits.js';
import type { CommitNotice, CommitRequest } from './commit.js';
import type { Group } from './redo-log.js';
import type { TableName } from './schema.js';

/** The longest head of the queue that fits a group; at least one request. */
export function takeGroup<T extends { byteLength: number; rowCount: number }>(
  queue: readonly T[],
): readonly T[] {
  let bytes = 0;
  let rows = 0;
  let count = 0;
  for (const pending of queue) {
    bytes += pending.byteLength;
    rows += pending.rowCount;
    if (count > 0 && (bytes > GROUP_LIMITS.maxBytes || rows > GROUP_LIMITS.maxRows)) break;
    count += 1;
  }
  return queue.slice(0, count);
}

/** The request's batches for other tables. */
export function without(request: CommitRequest, tables: readonly TableName[]): CommitRequest {
  const batches = request.batches.filter((batch) => !tables.includes(batch.table));
  return { ...request, batches };
}

/** What a committed group held. */
export function noticeOf(group: Group): CommitNotice {
  const rows: { [table in TableName]?: number } = {};
  const [first] = group.requests;
  let ingestFrom = first?.ingestTime ?? 0n;
  let ingestTo = ingestFrom;
  for (const { batches, ingestTime } of group.requests) {
    if (ingestTime < ingestFrom) ingestFrom = ingestTime;
    if (ingestTime > ingestTo) ingestTo = ingestTime;
    for (const { table, rowCount } of batches) rows[table] = (rows[table] ?? 0) + rowCount;
  }
  return { rows, ingestFrom, ingestTo };
}

/** Rows of a request, all tables. */
export function rowCountOf(request: CommitRequest): number {
  return request.batches.reduce((sum, batch) => sum + batch.rowCount, 0);
}

/** Bytes of RowBinary of a request. */
export function byteLengthOf(request: CommitRequest): number {
  return request.batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
}

/** Sorts by time, so that leftovers are inserted in the order in which they came. */
export function newGroupId(): string {
  return `${Date.now().toString(36).padStart(9, '0')}-${randomBytes(6).toString('hex')}`;
}
