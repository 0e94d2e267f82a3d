import type { StatusAnswer } from '@codomyrmex/telemetry-query';

import { STATUS_LIMITS } from '../limits.js';
import type { Engine } from '../store/engine.js';
import type { TableName } from '../store/schema.js';
import { recordCounts, type StatusRecorder } from './recorder.js';

export interface StatusOptions {
  readonly engine: Pick<Engine, 'query'>;
  readonly recorder: StatusRecorder;
  readonly version: string;
  readonly dataDir: string;
  readonly retentionSeconds: number;
  readonly maxDiskBytes: number | undefined;
  readonly damage: () => readonly string[];
  readonly queuedBytes: () => number;
  readonly endpoints: () => StatusAnswer['endpoints'];
  /** Unix time in nanoseconds. */
  readonly now: () => bigint;
}

interface StoreFigures {
  readonly stored: StatusAnswer['stored'];
  readonly usedBytes: number;
  readonly runningSpans: number;
}

/** GET /status: one computation every 250 ms serves every page that asks. */
export class ServerStatus {
  readonly #options: StatusOptions;
  readonly #started: bigint;
  #cached: { readonly at: number; readonly answer: Promise<StatusAnswer> } | undefined;
  #running: { readonly at: number; readonly spans: number } | undefined;

  constructor(options: StatusOptions) {
    this.#options = options;
    this.#started = options.now();
  }

  answer(): Promise<StatusAnswer> {
    const now = performance.now();
    if (this.#cached !== undefined && now - this.#cached.at < STATUS_LIMITS.cacheMillis) {
      return this.#cached.answer;
    }
    const answer = this.#compute();
    this.#cached = { at: now, answer };
    answer.catch(() => {
      this.#cached = undefined;
    });
    return answer;
  }

  async #compute(): Promise<StatusAnswer> {
    const { recorder, version, dataDir, retentionSeconds, maxDiskBytes } = this.#options;
    const { stored, usedBytes, runningSpans } = await this.#storeFigures();
    const { commit, ...heard } = recorder.snapshot();
    const memory = process.memoryUsage();
    return {
      version,
      startedUnixNano: String(this.#started),
      nowUnixNano: String(this.#options.now()),
      endpoints: this.#options.endpoints(),
      dataDir,
      stored,
      running: { spans: runningSpans },
      ...heard,
      damage: this.#options.damage(),
      memory: { rssBytes: memory.rss, heapBytes: memory.heapUsed },
      disk: { usedBytes, maxBytes: maxDiskBytes },
      retention: { maxAgeNanos: String(BigInt(Math.round(retentionSeconds)) * 1_000_000_000n) },
      commit: { ...commit, queuedBytes: this.#options.queuedBytes() },
    };
  }

  async #storeFigures(): Promise<StoreFigures> {
    const tables = await this.#options.engine.query<{ name: string; rows: string; bytes: string }>(
      `SELECT name, toUInt64(ifNull(total_rows, 0)) AS rows,
         toUInt64(ifNull(total_bytes, 0)) AS bytes
       FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'`,
    );
    const rows: { [table in TableName]?: number } = Object.fromEntries(
      tables.map((table) => [table.name, Number(table.rows)]),
    );
    const usedBytes = tables.reduce((sum, table) => sum + Number(table.bytes), 0);
    return {
      stored: recordCounts(rows),
      usedBytes,
      runningSpans: (rows.otel_running ?? 0) === 0 ? 0 : await this.#runningSpans(),
    };
  }

  /** Snapshots whose span has not ended, of processes heard of in the last 15 s. */
  async #runningSpans(): Promise<number> {
    const now = performance.now();
    if (this.#running !== undefined && now - this.#running.at < STATUS_LIMITS.runningCacheMillis) {
      return this.#running.spans;
    }
    const [row] = await this.#options.engine.query<{ spans: string }>(
      `SELECT uniqExact(TraceId, SpanId) AS spans FROM otel_running
       WHERE IngestTime > now64(9) - toIntervalSecond(15)
         AND (TraceId, SpanId) NOT IN (
           SELECT TraceId, SpanId FROM otel_traces
           WHERE IngestTime > now64(9) - toIntervalSecond(30))`,
    );
    const spans = Number(row?.spans ?? 0);
    this.#running = { at: now, spans };
    return spans;
  }
}
