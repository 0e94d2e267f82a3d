import { createHash } from 'node:crypto';

import type { LiveQuery, Span } from '@codomyrmex/telemetry-query';

import type { ServerContext } from '../context.js';
import type { Bindings } from '../query/bindings.js';
import type { Asking } from '../query/list-request.js';
import { jsonText } from '../query/json-text.js';
import { listLogs } from '../query/logs.js';
import { queryMetric } from '../query/metric-query.js';
import { listMetrics } from '../query/metrics.js';
import { ALL_TIME, arrivedIn, type TimeRange } from '../query/range.js';
import { listServices } from '../query/services.js';
import { readTrace } from '../query/trace.js';
import { traceRows } from '../query/trace-rows.js';
import { listTraces } from '../query/traces.js';
import { readFiltered, readMetric, readTraceId, type RawParameters } from '../api/parameters.js';
import type { TableName } from '../store/schema.js';
import { viewStoreOf } from '../views/view-store.js';
import { changedTraces } from './changed-traces.js';
import { LIVE_LIMITS } from './limits.js';
import type { Item, ListShape, Update } from './update.js';

/** How one distinct query is answered. */
export interface Source {
  /** Of lists; states have none. */
  readonly shape: ListShape | undefined;
  /** Commits to these tables wake it. */
  readonly tables: readonly TableName[] | 'all' | 'none';
  /** Changes as the clock moves, without any commit. */
  readonly moves: boolean;
  snapshot(): Promise<Update>;
  /** Of lists: what changed by the rows that arrived in [from, to]. */
  delta?(arrived: TimeRange): Promise<Update>;
}

const SPAN_TABLES = ['otel_traces', 'otel_running'] as const;
const METRIC_TABLES = [
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'otel_metrics_histogram',
  'otel_metrics_exponential_histogram',
  'otel_metrics_summary',
] as const;

/** The source of a query. Throws QueryError and RequestError for what cannot be answered. */
export function sourceOf(context: ServerContext, query: LiveQuery): Source {
  const options = { timeoutMillis: LIVE_LIMITS.queryTimeoutMillis };
  const asking: Asking = { engine: context.engine, options };
  switch (query.kind) {
    case 'traces':
      return tracesSource(asking, query);
    case 'trace':
      return traceSource(asking, readTraceId(query.traceId));
    case 'logs':
      return logsSource(asking, query);
    case 'services': {
      const raw = rawOf(query);
      readFiltered(raw);
      return state(['otel_traces'], () => listServices(asking, readFiltered(raw)));
    }
    case 'metrics': {
      const raw = rawOf(query);
      readFiltered(raw);
      return state(METRIC_TABLES, () => listMetrics(asking, readFiltered(raw)));
    }
    case 'series': {
      const raw = rawOf(query);
      readMetric(raw);
      return state(METRIC_TABLES, () => queryMetric(asking, readMetric(raw)));
    }
    case 'status':
      return state('all', () => context.status());
    case 'views': {
      const views = viewStoreOf(context.engine);
      return { ...state('none', async () => ({ items: await views.list() })), moves: false };
    }
  }
}

function state(tables: Source['tables'], ask: () => Promise<unknown>): Source {
  const snapshot = async (): Promise<Update> => ({
    type: 'state',
    json: jsonText(await ask()),
  });
  return { shape: undefined, tables, moves: true, snapshot };
}

const LIST_SHAPE: ListShape = {
  field: 'items',
  frameItems: LIVE_LIMITS.pendingItems,
  overflow: 'drop',
};

function tracesSource(asking: Asking, query: LiveQuery & { kind: 'traces' }): Source {
  const raw = rawOf(query);
  const limit = limitOf(query.limit);
  const question = (): ReturnType<typeof readFiltered> => tolerant(readFiltered(raw));
  question();
  return {
    shape: LIST_SHAPE,
    tables: SPAN_TABLES,
    moves: false,
    async snapshot() {
      const { items } = await listTraces(asking, { ...question(), limit, sort: 'newest' });
      return rows(items, (row) => row.traceId);
    },
    async delta(arrived) {
      const { ids, skipped } = await changedTraces(asking, question(), arrived);
      const items = await traceRows(asking, ids);
      items.sort((a, b) => (BigInt(a.startTimeUnixNano) > BigInt(b.startTimeUnixNano) ? -1 : 1));
      return { ...rows(items, (row) => row.traceId), skipped };
    },
  };
}

function traceSource(asking: Asking, traceId: string): Source {
  const ask = async (arrived?: TimeRange): Promise<Update> => {
    const trace = await readTrace(asking, traceId, LIVE_LIMITS.maxTraceSpans, arrived);
    const spans = trace?.spans.toReversed() ?? [];
    // That a running span has become longer is no news.
    const news = (span: Span): unknown => (span.running ? { ...span, durationNanos: '' } : span);
    return rows(spans, (span) => `${span.spanId}:${span.kind}`, news);
  };
  return {
    shape: {
      field: 'spans',
      frameItems: LIVE_LIMITS.traceFrameSpans,
      overflow: 'queue',
    },
    tables: SPAN_TABLES,
    moves: false,
    snapshot: () => ask(),
    delta: (arrived) => ask(arrived),
  };
}

function logsSource(asking: Asking, query: LiveQuery & { kind: 'logs' }): Source {
  const raw = rawOf(query);
  const limit = limitOf(query.limit);
  const ask = async (arrived?: TimeRange): Promise<Update> => {
    const condition = (bindings: Bindings): string =>
      arrived === undefined ? '1' : arrivedIn(bindings, arrived);
    const question = { ...tolerant(readFiltered(raw)), limit };
    const { items } = await listLogs(asking, question, condition);
    return rows(items, undefined);
  };
  tolerant(readFiltered(raw));
  return {
    shape: LIST_SHAPE,
    tables: ['otel_logs'],
    moves: false,
    snapshot: () => ask(),
    delta: (arrived) => ask(arrived),
  };
}

/** Rows as items; without ids of their own they are told apart by what they say. */
function rows<Row>(
  list: readonly Row[],
  keyOf: ((row: Row) => string) | undefined,
  newsOf?: (row: Row) => unknown,
): Update & {
  readonly type: 'items';
} {
  const items = list.map((row): Item => {
    const json = jsonText(row);
    const news = newsOf === undefined ? json : jsonText(newsOf(row));
    const digest = createHash('md5').update(news).digest('base64');
    return { key: keyOf?.(row) ?? digest, json, digest };
  });
  return { type: 'items', items, skipped: 0 };
}

function limitOf(limit: number | undefined): number {
  return Math.min(limit ?? LIVE_LIMITS.defaultItems, LIVE_LIMITS.maxItems);
}

function tolerant(question: ReturnType<typeof readFiltered>): ReturnType<typeof readFiltered> {
  const to = question.range.to + LIVE_LIMITS.clockToleranceNanos;
  return {
    ...question,
    range: { from: question.range.from, to: to < ALL_TIME.to ? to : ALL_TIME.to },
  };
}

/** A live query has the parameters of its HTTP route. */
function rawOf(query: LiveQuery): RawParameters {
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) =>
      name === 'kind' || value === undefined ? [] : [[name, String(value)]],
    ),
  );
}
