import { randomBytes } from 'node:crypto';

import { GROUP_LIMITS } from '../limits.js';
import type { CommitNotice, CommitRequest } from './commit.js';
import type { Group } from './redo-log.js';
import type { TableName } from './schema.js';
import { UNPARTITIONED } from './tables.js';

/** The longest head of the queue that fits a group; at least one request. */
export function takeGroup<
  T extends { request: CommitRequest; byteLength: number; rowCount: number },
>(queue: readonly T[]): readonly T[] {
  const days = new Map<TableName, Set<number>>();
  let bytes = 0;
  let rows = 0;
  let count = 0;
  for (const pending of queue) {
    bytes += pending.byteLength;
    rows += pending.rowCount;
    if (count > 0 && (bytes > GROUP_LIMITS.maxBytes || rows > GROUP_LIMITS.maxRows)) break;
    const fits = addDays(days, pending.request);
    if (count > 0 && !fits) break;
    count += 1;
    if (!fits) break; // alone, in slices of days
  }
  return queue.slice(0, count);
}

/** Adds the request's days to each table's; false when a table then has too many. */
function addDays(days: Map<TableName, Set<number>>, request: CommitRequest): boolean {
  let fits = true;
  for (const batch of request.batches) {
    if (UNPARTITIONED.has(batch.table)) continue;
    const known = days.get(batch.table) ?? new Set<number>();
    for (const day of batch.days) known.add(day);
    days.set(batch.table, known);
    if (known.size > GROUP_LIMITS.maxDays) fits = false;
  }
  return fits;
}

/** Ascending days in slices of at most 64, as ranges. The first and last reach to infinity. */
export function daySlices(days: readonly number[]): readonly { from: number; to: number }[] {
  const slices: { from: number; to: number }[] = [];
  for (let at = 0; at < days.length; at += GROUP_LIMITS.maxDays) {
    const next = days[at + GROUP_LIMITS.maxDays];
    slices.push({
      // The partition is toDate32, which holds 1900 to 2299 and sticks to its ends beyond them.
      from: at === 0 ? FIRST_DAY : (days[at] ?? FIRST_DAY),
      to: next === undefined ? LAST_DAY : next - 1,
    });
  }
  return slices;
}

const FIRST_DAY = -2_147_483_648;
const LAST_DAY = 2_147_483_647;

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

/** Whether a request brings metric points: they have a pace of their own. */
export function hasPoints(request: CommitRequest): boolean {
  return request.batches.some((batch) => batch.table.startsWith('otel_metrics_'));
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
