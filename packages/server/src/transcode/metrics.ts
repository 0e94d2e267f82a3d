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
import { block, int64Column } from './origin.js';
import { Outcome, TableRows } from './outcome.js';
import type { PointKind, SharedColumns } from './points.js';
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
import type { SharedBlocks } from './scopes.js';
import { readRecords } from './scopes.js';
import type { Input } from './scan.js';
import { Frame, notNormal, scan } from './scan.js';
import type { Transcoded } from './transcoded.js';

const FRAMES = {
  request: new Frame('ExportMetricsServiceRequest'),
  resource: new Frame('ResourceMetrics'),
  scope: new Frame('ScopeMetrics'),
};
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
interface Blocks extends SharedBlocks {
  /** ResourceAttributes … ServiceName. */
  readonly head: Uint8Array;
  /** ResourceAttributeTypes … IngestTime. */
  readonly tail: Uint8Array;
  readonly serviceName: string;
}

export function readMetrics(input: Input, ingestTime: bigint): Transcoded {
  for (const rows of tables.values()) {
    rows.reset();
  }
  const outcome = new Outcome(ingestTime);
  const ingest = int64Column(ingestTime);
  const blocksFor = (resource: ResourceColumns, scope: ScopeColumns): Blocks =>
    blocksOf(resource, scope, ingest);
  readRecords(input, { ...FRAMES, blocksOf: blocksFor, readRecord: readMetric }, outcome);
  return outcome.result([...tables.values()]);
}

function blocksOf(resource: ResourceColumns, scope: ScopeColumns, ingest: Uint8Array): Blocks {
  const head = block(
    resource.attributes,
    resource.schemaUrl,
    scope.name,
    scope.version,
    scope.attributes,
    scope.dropped,
    scope.schemaUrl,
    resource.service,
  );
  const tail = block(resource.types, resource.dropped, scope.types, ingest);
  return {
    head,
    tail,
    size: head.length + tail.length,
    serviceName: resource.serviceName,
    fault: resource.fault || scope.fault,
  };
}

/** Scans a metric and its data, the one of the five that it has. */
function scanMetric(input: Input, start: number, end: number): PointKind | undefined {
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
  return kind;
}

function readMetric(
  input: Input,
  start: number,
  end: number,
  blocks: Blocks,
  outcome: Outcome,
): void {
  const kind = scanMetric(input, start, end);
  const points = kind?.data.list(1);
  if (kind === undefined || points === undefined || points.count === 0) {
    return;
  }
  outcome.beginRecords(points.count, start);
  const fault = blocks.fault || metricFault(input, end - start);
  if (fault !== '') {
    outcome.reject(points.count, fault);
    return;
  }
  const shared = {
    serviceName: blocks.serviceName,
    head: blocks.head,
    metric: METRIC,
    tail: block(metadata.finish(), metadataTypes.finish(), blocks.tail),
  };
  outcome.addSize(shared.tail.length, start);
  for (let index = 0; index < points.count; index++) {
    readPoint(input, kind, points.starts[index]!, points.ends[index]!, shared, outcome);
  }
}

function readPoint(
  input: Input,
  kind: PointKind,
  start: number,
  end: number,
  shared: SharedColumns,
  outcome: Outcome,
): void {
  scan(input, kind.point, start, end);
  const fault = pointFault(kind, METRIC, input);
  if (fault !== '') {
    outcome.reject(1, fault);
    return;
  }
  const rows = tables.get(kind) as TableRows;
  const before = rows.writer.size;
  try {
    putPoint(rows.writer, input, kind, end - start, shared);
  } catch (error) {
    outcome.rejectRow(rows, before, error);
    return;
  }
  outcome.acceptRow(rows, before, start);
  const [low, high] = pointTime(kind);
  outcome.sawTime(low, high);
  outcome.shows(shared.serviceName, low, high);
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
