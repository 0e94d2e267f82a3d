/**
 * ExportMetricsServiceRequest → otel_metrics_….
 *
 *   ExportMetricsServiceRequest   1 resource_metrics  ResourceMetrics*
 *   ResourceMetrics   1 resource  Resource   2 scope_metrics  ScopeMetrics*   3 schema_url  string
 *   ScopeMetrics      1 scope  InstrumentationScope   2 metrics  Metric*   3 schema_url  string
 *   Metric   1 name  string   2 description  string   3 unit  string
 *            5 gauge   7 sum   9 histogram   10 exponential_histogram   11 summary  (one of them)
 *            12 metadata  KeyValue*
 *   Gauge, Sum, Histogram, ExponentialHistogram, Summary
 *            1 data_points   2 aggregation_temporality  enum   3 is_monotonic  bool
 */
import { putAttributes } from './attributes.js';
import type { ResourceColumns, ScopeColumns } from './origin.js';
import { block, int64Column, resourceColumns, scopeColumns } from './origin.js';
import { checkRowsSize, Outcome, TableRows } from './outcome.js';
import type { PointKind } from './points.js';
import {
  EXPONENTIAL,
  GAUGE,
  HISTOGRAM,
  pointFault,
  pointTime,
  putPoint,
  SUM,
  SUMMARY,
} from './points.js';
import { Rejection } from './rejection.js';
import { RowWriter } from './row-writer.js';
import type { Input } from './scan.js';
import { Frame, notNormal, scan } from './scan.js';
import type { Transcoded } from './transcoded.js';

const REQUEST = new Frame('ExportMetricsServiceRequest');
const RESOURCE_METRICS = new Frame('ResourceMetrics');
const SCOPE_METRICS = new Frame('ScopeMetrics');
const METRIC = new Frame('Metric');

/** The members of Metric's oneof, by field number. */
const KINDS: readonly (readonly [number, PointKind])[] = [
  [5, GAUGE],
  [7, SUM],
  [9, HISTOGRAM],
  [10, EXPONENTIAL],
  [11, SUMMARY],
];
const tables: ReadonlyMap<PointKind, TableRows> = new Map(
  KINDS.map(([, kind]) => [kind, new TableRows(kind.table)]),
);

const metadata = new RowWriter();
const metadataTypes = new RowWriter();

/** What the points of one scope share. */
interface Blocks {
  /** ResourceAttributes … ServiceName. */
  readonly head: Uint8Array;
  /** ResourceAttributeTypes … IngestTime. */
  readonly tail: Uint8Array;
  readonly serviceName: string;
  readonly fault: string;
}

export function readMetrics(input: Input, ingestTime: bigint): Transcoded {
  for (const rows of tables.values()) {
    rows.reset();
  }
  const outcome = new Outcome(ingestTime);
  const ingest = int64Column(ingestTime);
  scan(input, REQUEST, 0, input.bytes.length);
  const resources = REQUEST.list(1);
  for (let index = 0; index < resources.count; index++) {
    scan(input, RESOURCE_METRICS, resources.starts[index]!, resources.ends[index]!);
    const resource = resourceColumns(input, RESOURCE_METRICS);
    const scopes = RESOURCE_METRICS.list(2);
    for (let inner = 0; inner < scopes.count; inner++) {
      scan(input, SCOPE_METRICS, scopes.starts[inner]!, scopes.ends[inner]!);
      const blocks = blocksOf(resource, scopeColumns(input, SCOPE_METRICS), ingest);
      const metrics = SCOPE_METRICS.list(2);
      for (let last = 0; last < metrics.count; last++) {
        readMetric(input, metrics.starts[last]!, metrics.ends[last]!, blocks, outcome);
      }
    }
  }
  return outcome.result([...tables.values()]);
}

function blocksOf(resource: ResourceColumns, scope: ScopeColumns, ingest: Uint8Array): Blocks {
  return {
    head: block(
      resource.attributes,
      resource.schemaUrl,
      scope.name,
      scope.version,
      scope.attributes,
      scope.dropped,
      scope.schemaUrl,
      resource.service,
    ),
    tail: block(resource.types, resource.dropped, scope.types, ingest),
    serviceName: resource.serviceName,
    fault: resource.fault || scope.fault,
  };
}

function readMetric(
  input: Input,
  start: number,
  end: number,
  blocks: Blocks,
  outcome: Outcome,
): void {
  scan(input, METRIC, start, end);
  const { slots } = METRIC;
  let kind: PointKind | undefined;
  for (const [number, candidate] of KINDS) {
    if (METRIC.has(number)) {
      if (kind !== undefined) {
        throw notNormal();
      }
      kind = candidate;
      scan(input, kind.data, slots[number * 2]!, slots[number * 2 + 1]!);
    }
  }
  if (kind === undefined) {
    return;
  }
  const points = kind.data.list(1);
  const fault = blocks.fault || metricFault(input, end - start);
  if (fault !== '') {
    outcome.reject(points.count, fault);
    return;
  }
  const shared = {
    head: blocks.head,
    metric: METRIC,
    tail: block(metadata.finish(), metadataTypes.finish(), blocks.tail),
  };
  const rows = tables.get(kind) as TableRows;
  for (let index = 0; index < points.count; index++) {
    const [pointStart, pointEnd] = [points.starts[index]!, points.ends[index]!];
    scan(input, kind.point, pointStart, pointEnd);
    const reason = pointFault(kind, METRIC, input);
    if (reason !== '') {
      outcome.reject(1, reason);
      continue;
    }
    const before = rows.writer.size;
    try {
      putPoint(rows.writer, input, kind, pointEnd - pointStart, shared);
    } catch (error) {
      if (!(error instanceof Rejection)) {
        throw error;
      }
      rows.writer.size = before;
      outcome.reject(1, error.reason);
      continue;
    }
    checkRowsSize(rows.writer.size, pointStart);
    const [low, high] = pointTime(kind);
    rows.add(low, high);
    outcome.sawTime(low, high);
    if (!outcome.accept(low, high)) {
      outcome.unshown(blocks.serviceName, low, high);
    }
  }
}

/** Encodes the scanned metric's metadata; says why its points cannot be stored, or nothing. */
function metricFault(input: Input, size: number): string {
  if (METRIC.slots[2] === METRIC.slots[3]) {
    return 'a metric has no name: send one';
  }
  metadata.reset();
  metadata.beginRow(size, 0);
  metadataTypes.reset();
  metadataTypes.beginRow(size, 0);
  try {
    putAttributes(metadata, metadataTypes, input, METRIC.list(12));
  } catch (error) {
    if (!(error instanceof Rejection)) {
      throw error;
    }
    return error.reason;
  }
  return '';
}
