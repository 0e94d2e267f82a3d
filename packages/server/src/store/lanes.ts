import { GROUP_LIMITS } from '../limits.js';
import type { CommitRequest } from './commit.js';
import { Pace } from './pace.js';
import type { TableName } from './schema.js';

/** What kind of records a request brings: each kind has a pace of its own. */
export type Lane = 'spans' | 'others' | 'points';

/** What waits. */
export interface Waiting {
  readonly bytes: number;
  readonly requests: number;
}

const LANES: readonly Lane[] = ['spans', 'others', 'points'];

/** The lane of the request's most urgent rows. */
export function laneOf(request: CommitRequest): Lane {
  const lanes = request.batches.map((batch) => laneOfTable(batch.table));
  return LANES.find((lane) => lanes.includes(lane)) ?? 'others';
}

function laneOfTable(table: TableName): Lane {
  if (table === 'otel_traces') return 'spans';
  return table.startsWith('otel_metrics_') ? 'points' : 'others';
}

/**
 * The paces of spans, of logs and running spans, and of points, and who has to wait for them. A
 * table's insert costs the same whatever it brings, so each lane pays for its own tables.
 */
export class Lanes {
  readonly #paces: { readonly [lane in Lane]: Pace } = {
    spans: new Pace(GROUP_LIMITS.spansPace),
    others: new Pace(GROUP_LIMITS.othersPace),
    points: new Pace(GROUP_LIMITS.pointsPace),
  };
  /** The senders that were just answered are expected back until then. */
  #gatherUntil = -Infinity;
  #gatherRequests = 0;

  /** Milliseconds from `now` until a group of this lane may start; 0 or less: at once. */
  delay(lane: Lane, now: number, waiting: Waiting): number {
    const delay = this.#paces[lane].delay(now, waiting.bytes, waiting.requests);
    const isGathered =
      waiting.requests >= this.#gatherRequests || waiting.bytes >= GROUP_LIMITS.paceFreeBytes;
    return isGathered ? delay : Math.max(delay, this.#gatherUntil - now);
  }

  /**
   * A group of so many requests was inserted into these tables. It cost so much: CPU rather than
   * time, or a busy machine would make everybody wait longer for no saving.
   */
  inserted(
    group: { readonly requests: number; readonly tables: readonly TableName[] },
    { start, end, cpuMillis }: { start: number; end: number; cpuMillis: number },
    waiting: Waiting,
  ): void {
    const millis = Math.min(cpuMillis, end - start) / Math.max(1, group.tables.length);
    for (const lane of LANES) {
      const inserts = group.tables.filter((table) => laneOfTable(table) === lane).length;
      if (inserts > 0) this.#paces[lane].spent(start, end, inserts * millis);
    }
    const { gatherFrom, gatherMillis } = GROUP_LIMITS;
    if (group.requests < gatherFrom) return;
    this.#gatherUntil = end + Math.min(gatherMillis, (end - start) / 2);
    this.#gatherRequests = group.requests + waiting.requests;
  }
}
