import type { StatusAnswer } from '@codomyrmex/telemetry-query';

import { STATUS_LIMITS } from '../limits.js';
import type { CommitNotice } from '../store/commit.js';
import type { CommitObserver } from '../store/commit-observer.js';
import type { TableName } from '../store/schema.js';
import type { Transcoded } from '../transcode/transcoded.js';
import { Samples } from './samples.js';

export type Refused = StatusAnswer['refused'][number];
export type Unshown = StatusAnswer['unshown'][number];

/** Rows by what a user calls them. */
export interface RecordCounts {
  readonly spans: number;
  readonly logs: number;
  readonly points: number;
}

const SIGNAL_WORDS = { traces: 'spans', logs: 'logs', metrics: 'points' } as const;

/** A record that ended this long ago was late before it reached us: no measure of our freshness. */
const MAX_FRESHNESS_MILLIS = 600_000;

export interface RecorderOptions {
  /** Unix time in nanoseconds. */
  readonly now: () => bigint;
  /** Writes one line for the person who runs the server. */
  readonly log: (message: string) => void;
}

/** Hears of everything that /status tells besides what the store itself knows. */
export class StatusRecorder implements CommitObserver {
  readonly #options: RecorderOptions;
  readonly #dropped = new Map<string, number>();
  readonly #refused: Refused[] = [];
  readonly #unshown: Unshown[] = [];
  readonly #groups = new Samples(STATUS_LIMITS.latencyWindowMillis);
  readonly #groupsLately = new Samples(STATUS_LIMITS.rateWindowMillis);
  readonly #answers = new Samples(STATUS_LIMITS.latencyWindowMillis);
  readonly #freshness = new Samples(STATUS_LIMITS.latencyWindowMillis);
  readonly #rates = {
    spans: new Samples(STATUS_LIMITS.rateWindowMillis),
    logs: new Samples(STATUS_LIMITS.rateWindowMillis),
    points: new Samples(STATUS_LIMITS.rateWindowMillis),
  };
  #lastTrouble = -Infinity;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  committed(group: { readonly millis: number; readonly notice: CommitNotice }): void {
    const now = performance.now();
    this.#groups.add(now, group.millis);
    this.#groupsLately.add(now, 1);
    const { spans, logs, points } = recordCounts(group.notice.rows);
    if (spans > 0) this.#rates.spans.add(now, spans);
    if (logs > 0) this.#rates.logs.add(now, logs);
    if (points > 0) this.#rates.points.add(now, points);
  }

  answered(millis: number): void {
    this.#answers.add(performance.now(), millis);
  }

  dropped(reason: string, count: number): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
  }

  /** One line a second at most: a full disk would say the same thing a thousand times. */
  trouble(message: string): void {
    const now = performance.now();
    if (now - this.#lastTrouble < 1_000) return;
    this.#lastTrouble = now;
    this.#options.log(message);
  }

  refused(request: Omit<Refused, 'timeUnixNano'>): void {
    this.#refused.unshift({ timeUnixNano: String(this.#options.now()), ...request });
    this.#refused.length = Math.min(this.#refused.length, STATUS_LIMITS.recentRefused);
  }

  /** A request is durable and readable at `readable` (Unix nanoseconds). */
  accepted(signal: keyof typeof SIGNAL_WORDS, transcoded: Transcoded, readable: bigint): void {
    const { rejectedCount, rejectedReason, unshown, newestTime } = transcoded;
    if (rejectedCount > 0) {
      this.dropped(`rejected ${SIGNAL_WORDS[signal]}: ${rejectedReason}`, rejectedCount);
    }
    for (const { service, reason, count } of unshown) {
      this.#noteUnshown({ signal: SIGNAL_WORDS[signal], service, reason, count });
    }
    // Span end to readable: points and logs say when they were collected, not what ended.
    if (signal !== 'traces') return;
    const millis = Number(readable - newestTime) / 1e6;
    if (millis >= 0 && millis <= MAX_FRESHNESS_MILLIS) {
      this.#freshness.add(performance.now(), millis);
    }
  }

  /** The recorder's part of the answer. */
  snapshot(): Pick<StatusAnswer, 'rates' | 'dropped' | 'refused' | 'unshown' | 'freshness'> & {
    readonly commit: Omit<StatusAnswer['commit'], 'queuedBytes'>;
  } {
    const now = performance.now();
    const seconds = STATUS_LIMITS.rateWindowMillis / 1000;
    const [p50Millis = 0, p95Millis = 0] = this.#answers.percentiles(now, [0.5, 0.95]);
    const [freshP50 = 0, freshP95 = 0] = this.#freshness.percentiles(now, [0.5, 0.95]);
    return {
      rates: {
        spans: this.#rates.spans.sum(now) / seconds,
        logs: this.#rates.logs.sum(now) / seconds,
        points: this.#rates.points.sum(now) / seconds,
      },
      dropped: [...this.#dropped].map(([reason, count]) => ({ reason, count })),
      refused: [...this.#refused],
      unshown: [...this.#unshown],
      commit: {
        groupsPerSecond: this.#groupsLately.count(now) / seconds,
        p50Millis,
        p95Millis,
      },
      freshness: { p50Millis: freshP50, p95Millis: freshP95 },
    };
  }

  /** The same service and reason again only counts up and moves to the front. */
  #noteUnshown(found: Omit<Unshown, 'timeUnixNano'>): void {
    const at = this.#unshown.findIndex(
      (one) =>
        one.service === found.service && one.reason === found.reason && one.signal === found.signal,
    );
    const [before] = at === -1 ? [] : this.#unshown.splice(at, 1);
    const count = found.count + (before?.count ?? 0);
    this.#unshown.unshift({ timeUnixNano: String(this.#options.now()), ...found, count });
    this.#unshown.length = Math.min(this.#unshown.length, STATUS_LIMITS.recentUnshown);
  }
}

/** Spans are finished spans: snapshots of running ones are not counted as stored. */
export function recordCounts(rows: { readonly [table in TableName]?: number }): RecordCounts {
  let points = 0;
  for (const [table, count] of Object.entries(rows)) {
    if (table.startsWith('otel_metrics_')) points += count;
  }
  return { spans: rows.otel_traces ?? 0, logs: rows.otel_logs ?? 0, points };
}
