import type { QueryNode } from '@codomyrmex/telemetry-query';
import { MATCH_ALL } from '@codomyrmex/telemetry-query';
import type { Context, Hono } from 'hono';

import type { ServerContext } from '../context.js';
import { listFacets } from '../query/facets.js';
import { timeHistogram } from '../query/histogram.js';
import { jsonText } from '../query/json-text.js';
import type { Asking } from '../query/list-request.js';
import { listLogs } from '../query/logs.js';
import { queryMetric } from '../query/metric-query.js';
import { listMetrics } from '../query/metrics.js';
import { listPoints } from '../query/points.js';
import { RequestError } from '../query/request-error.js';
import { listServices } from '../query/services.js';
import { listSpans } from '../query/spans.js';
import { around, readTrace, readTraceLogs, traceStarts } from '../query/trace.js';
import { traceRows } from '../query/trace-rows.js';
import { listTraces } from '../query/traces.js';
import type { ApiEnvironment } from './environment.js';
import { API_LIMITS } from './limits.js';
import {
  readFacets,
  readFiltered,
  readHistogram,
  readList,
  readMetric,
  readPage,
  readTraceId,
  readTraceLimit,
  readTraces,
} from './parameters.js';

type Request = Context<ApiEnvironment>;

/** The routes that read. */
export function readRoutes(app: Hono<ApiEnvironment>, context: ServerContext): void {
  const asking = (c: Request): Asking => ({
    engine: context.engine,
    options: { signal: c.req.raw.signal },
  });
  app.get('/api/v1/status', async (c) => c.json(await context.status()));
  app.get('/api/v1/services', async (c) => {
    return answer(c, await listServices(asking(c), remember(c, readFiltered(c.req.query()))));
  });
  app.get('/api/v1/traces', async (c) => {
    return answer(c, await listTraces(asking(c), remember(c, readTraces(c.req.query()))));
  });
  app.get('/api/v1/spans', async (c) => {
    return answer(c, await listSpans(asking(c), remember(c, readList(c.req.query()))));
  });
  app.get('/api/v1/logs', async (c) => {
    return answer(c, await listLogs(asking(c), remember(c, readList(c.req.query()))));
  });
  app.get('/api/v1/metrics', async (c) => {
    return answer(c, await listMetrics(asking(c), remember(c, readFiltered(c.req.query()))));
  });
  app.get('/api/v1/metrics/query', async (c) => {
    return answer(c, await queryMetric(asking(c), remember(c, readMetric(c.req.query()))));
  });
  app.get('/api/v1/facets', async (c) => {
    return answer(c, await listFacets(asking(c), remember(c, readFacets(c.req.query()))));
  });
  app.get('/api/v1/histogram', async (c) => {
    return answer(c, await timeHistogram(asking(c), remember(c, readHistogram(c.req.query()))));
  });
  traceRoutes(app, asking);
}

function traceRoutes(app: Hono<ApiEnvironment>, asking: (c: Request) => Asking): void {
  app.get('/api/v1/traces/:traceId', async (c) => {
    const traceId = readTraceId(c.req.param('traceId'));
    const limit = readTraceLimit(c.req.query());
    const { engine, options } = asking(c);
    const timeoutMillis = API_LIMITS.traceTimeoutMillis;
    const patient = { engine, options: { ...options, timeoutMillis } };
    const trace = await readTrace(patient, traceId, limit);
    if (trace === undefined) throw unknownTrace(traceId);
    return answer(c, trace);
  });
  app.get('/api/v1/traces/:traceId/logs', async (c) => {
    const traceId = readTraceId(c.req.param('traceId'));
    const { limit, cursor } = readPage(c.req.query());
    return answer(c, await readTraceLogs(asking(c), traceId, limit, cursor));
  });
  app.get('/api/v1/traces/:traceId/metrics', async (c) => {
    const traceId = readTraceId(c.req.param('traceId'));
    const { limit } = readPage(c.req.query());
    const starts = await traceStarts(asking(c), traceId);
    const [row] = await traceRows(asking(c), [traceId]);
    if (starts === undefined || row === undefined) throw unknownTrace(traceId);
    const services = row.services.map((service) => service.name);
    const ended = starts.to + BigInt(row.durationNanos);
    const range = around({ from: starts.from, to: ended }, API_LIMITS.metricsAroundNanos);
    return answer(c, await listPoints(asking(c), { range, services, limit, filter: MATCH_ALL }));
  });
}

function answer(c: Request, body: unknown): Response {
  return c.body(jsonText(body), 200, { 'content-type': 'application/json' });
}

function remember<Question extends { readonly filter: QueryNode }>(
  c: Request,
  question: Question,
): Question {
  c.set('filter', question.filter);
  return question;
}

function unknownTrace(traceId: string): RequestError {
  return new RequestError(
    'not_found',
    `no span of trace ${traceId} is stored`,
    'it may not have arrived yet, or be older than the retention (see /api/v1/status)',
  );
}
