import {
  AGGREGATIONS,
  parse,
  parseDuration,
  parseTime,
  type QueryNode,
} from '@codomyrmex/telemetry-query';
import { z } from 'zod';

import type { ExportQuestion } from '../query/export.js';
import type { FacetsQuestion } from '../query/facets.js';
import type { HistogramQuestion } from '../query/histogram.js';
import type { ListQuestion } from '../query/list-request.js';
import type { MetricAsked } from '../query/metric-query.js';
import { ALL_TIME, nowNanos, type TimeRange } from '../query/range.js';
import { RequestError } from '../query/request-error.js';
import type { TracesQuestion } from '../query/traces.js';
import { API_LIMITS } from './limits.js';

/** Parameters as they stand in the URL. */
export interface RawParameters {
  readonly [name: string]: string;
}

const text = z.string();
const upTo = (max: number): z.ZodType<number> => z.coerce.number().int().min(1).max(max);

const FILTERED = z.object({
  from: text.default('now-15m'),
  to: text.default('now'),
  q: text.default(''),
});
const PAGE = z.object({
  limit: upTo(API_LIMITS.maxItems).default(API_LIMITS.defaultItems),
  cursor: text.max(2000).optional(),
});
const LIST = FILTERED.extend(PAGE.shape);
const TRACES = LIST.extend({ sort: z.enum(['newest', 'duration', 'errors']).default('newest') });
const TRACE = z.object({
  limit: upTo(API_LIMITS.maxTraceSpans).default(API_LIMITS.maxTraceSpans),
});
const METRIC = FILTERED.extend({
  name: text.min(1),
  agg: z.enum(AGGREGATIONS).optional(),
  by: text.default(''),
  step: text.optional(),
});
const EXPORT = z.object({
  q: text.default(''),
  from: text.optional(),
  to: text.optional(),
  service: text.optional(),
  traceId: text.optional(),
});
const FACETS = FILTERED.extend({
  key: text.default('service,status,kind,name'),
  records: z.enum(['spans', 'logs']).default('spans'),
  limit: upTo(100).default(10),
});
const HISTOGRAM = FILTERED.extend({
  kind: z.enum(['traces', 'spans', 'logs']).default('spans'),
  step: text.optional(),
});

/** Reads parameters by a schema. Throws RequestError that names the first bad one. */
function read<Schema extends z.ZodType>(schema: Schema, given: RawParameters): z.output<Schema> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw badParameter(issue?.path.join('.') ?? '', issue?.message ?? 'cannot be read');
}

function badParameter(name: string, reason: string, hint?: string): RequestError {
  return new RequestError('bad_parameter', `${name}: ${reason}`, hint);
}

const TIME_HINT = 'nanoseconds since 1970, now, now-15m or ISO 8601';

function readTime(name: string, given: string, now: bigint): bigint {
  const nanos = parseTime(given, now);
  if (nanos !== undefined) return nanos;
  throw badParameter(name, `${JSON.stringify(given)} is not a time`, TIME_HINT);
}

function readRange(given: { readonly from: string; readonly to: string }): TimeRange {
  const now = nowNanos();
  const range = { from: readTime('from', given.from, now), to: readTime('to', given.to, now) };
  if (range.from < range.to) return range;
  throw badParameter('from', 'must lie before to');
}

function readFilter(q: string): QueryNode {
  const result = parse(q);
  if (!result.ok) throw result.error;
  return result.tree;
}

function pageOf(given: z.output<typeof PAGE>): {
  readonly limit: number;
  readonly cursor?: string;
} {
  const { limit, cursor } = given;
  return { limit, ...(cursor === undefined ? {} : { cursor }) };
}

/** How far a sender's clock may be ahead of ours before its newest record is left out. */
const CLOCK_TOLERANCE_NANOS = 1_000_000_000n;

/** `from`, `to`, `q`. Throws RequestError, QueryError, as all of these do. */
export function readFiltered(raw: RawParameters): { range: TimeRange; filter: QueryNode } {
  const given = read(FILTERED, raw);
  return { range: readRange(given), filter: readFilter(given.q) };
}

/**
 * `from`, `to`, `q`, `limit`, `cursor`. Until `now` means a second longer here: the clocks of the
 * sender and of the server differ by that much, and the newest record must not be missed.
 */
export function readList(raw: RawParameters): ListQuestion {
  const { range, filter } = readFiltered(raw);
  const given = read(LIST, raw);
  const to = given.to === 'now' ? range.to + CLOCK_TOLERANCE_NANOS : range.to;
  return { range: { from: range.from, to }, filter, ...pageOf(given) };
}

/** A list's parameters and `sort`. */
export function readTraces(raw: RawParameters): TracesQuestion {
  return { ...readList(raw), sort: read(TRACES, raw).sort };
}

/** `limit` and `cursor` of a list that has no range. */
export function readPage(raw: RawParameters): { readonly limit: number; readonly cursor?: string } {
  return pageOf(read(PAGE, raw));
}

/** `limit` of a trace: spans. */
export function readTraceLimit(raw: RawParameters): number {
  return read(TRACE, raw).limit;
}

/** `name`, `agg`, `by`, `q`, `from`, `to`, `step`. */
export function readMetric(raw: RawParameters): MetricAsked {
  const given = read(METRIC, raw);
  const by = keysOf('by', given.by);
  return {
    name: given.name,
    by,
    range: readRange(given),
    filter: readFilter(given.q),
    ...(given.agg === undefined ? {} : { aggregation: given.agg }),
    ...(given.step === undefined ? {} : { stepNanos: readStep(given.step) }),
  };
}

/** `service`, `traceId`, `q`, `from`, `to`; everything unless narrowed. */
export function readExport(raw: RawParameters): ExportQuestion {
  const given = read(EXPORT, raw);
  const { service, traceId } = given;
  const now = nowNanos();
  return {
    range: {
      from: given.from === undefined ? ALL_TIME.from : readTime('from', given.from, now),
      to: given.to === undefined ? ALL_TIME.to : readTime('to', given.to, now),
    },
    filter: readFilter(given.q),
    ...(service === undefined ? {} : { service }),
    ...(traceId === undefined ? {} : { traceId: readTraceId(traceId) }),
  };
}

/** `key` (several by comma), `records`, `limit` (values a key), `q`, `from`, `to`. */
export function readFacets(raw: RawParameters): FacetsQuestion {
  const { key, records, limit } = read(FACETS, raw);
  return { ...readFiltered(raw), keys: keysOf('key', key), records, limit };
}

/** `kind`, `step`, `q`, `from`, `to`. */
export function readHistogram(raw: RawParameters): HistogramQuestion {
  const { kind, step } = read(HISTOGRAM, raw);
  return {
    ...readFiltered(raw),
    kind,
    ...(step === undefined ? {} : { stepNanos: readStep(step) }),
  };
}

function keysOf(name: string, given: string): readonly string[] {
  const keys = given.split(',').flatMap((key) => key.trim() || []);
  if (keys.length <= API_LIMITS.maxByKeys) return keys;
  throw badParameter(name, `takes at most ${API_LIMITS.maxByKeys} keys`);
}

function readStep(given: string): bigint {
  const nanos = /^\d{1,18}$/.test(given) ? BigInt(given) : parseDuration(given);
  if (nanos !== undefined && nanos > 0n) return nanos;
  throw badParameter('step', `${JSON.stringify(given)} is not a duration`, 'for instance 10s');
}

/** A trace id in lower case. */
export function readTraceId(given: string): string {
  if (/^[0-9a-f]{32}$/i.test(given)) return given.toLowerCase();
  throw badParameter('traceId', 'a trace id has 32 hex digits');
}
