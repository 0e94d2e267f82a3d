import {
  durationNanos,
  parseSeverity,
  QueryError,
  type CompareNode,
  type ExistsNode,
  type QueryNode,
  type TextNode,
} from '@codomyrmex/telemetry-query';

import { attributeSql, type AttributeMaps } from './attribute-sql.js';
import type { Bindings } from './bindings.js';
import { compareText } from './compare-sql.js';
import { inRange, type TimeRange } from './range.js';

/** Which records a filter is for, and what the surrounding query knows. */
export interface FilterScope {
  readonly records: 'spans' | 'logs' | 'points';
  readonly bindings: Bindings;
  /** Spans: the rows are of otel_running (every one runs) or of otel_traces (none does). */
  readonly running?: boolean;
  /** Spans: the range of the question; roots are looked for from an hour before it. */
  readonly range?: TimeRange;
}

const ROOT_LOOKBACK = 3_600_000_000_000n;

const MAPS: { readonly [records in FilterScope['records']]: AttributeMaps } = {
  spans: { own: 'SpanAttributes', resource: 'ResourceAttributes' },
  logs: { own: 'LogAttributes', resource: 'ResourceAttributes' },
  points: { own: 'Attributes', resource: 'ResourceAttributes' },
};

const NAME_COLUMN = { spans: 'SpanName', logs: 'EventName', points: 'MetricName' } as const;

/**
 * The SQL condition of a query tree. `!=` and `!~` are the negation of `=` and `~`: they hold for
 * records without the key too. Throws QueryError for a key that such records do not have.
 */
export function filterSql(node: QueryNode, scope: FilterScope): string {
  switch (node.type) {
    case 'and':
      if (node.nodes.length === 0) return '1';
      return node.nodes.map((child) => `(${filterSql(child, scope)})`).join(' AND ');
    case 'or':
      return node.nodes.map((child) => `(${filterSql(child, scope)})`).join(' OR ');
    case 'not':
      return `NOT (${filterSql(node.node, scope)})`;
    case 'text':
      return textSql(node, scope);
    case 'exists':
      return existsSql(node, scope);
    case 'compare':
      return compareSql(node, scope);
  }
}

function compareSql(node: CompareNode, scope: FilterScope): string {
  if (node.operator === '!=') return `NOT (${compareSql({ ...node, operator: '=' }, scope)})`;
  if (node.operator === '!~') return `NOT (${compareSql({ ...node, operator: '~' }, scope)})`;
  const { bindings, records } = scope;
  const text = node.value.text;
  switch (node.key) {
    case 'service':
      return compareText('ServiceName', node.operator, text, bindings);
    case 'name':
      return compareText(NAME_COLUMN[records], node.operator, text, bindings);
    case 'scope':
      return compareText('ScopeName', node.operator, text, bindings);
    case 'body':
      requireRecords(node, scope, 'logs');
      return compareText('Body', node.operator, text, bindings);
    case 'severity':
      requireRecords(node, scope, 'logs');
      return severitySql(node, bindings);
    case 'trace':
      refusePoints(node, scope);
      return compareText('TraceId', node.operator, idText(node), bindings);
    case 'span':
      refusePoints(node, scope);
      return compareText('SpanId', node.operator, idText(node), bindings);
    case 'kind':
    case 'status':
    case 'duration':
    case 'running':
    case 'root':
      requireRecords(node, scope, 'spans');
      return spanKeySql(node, scope);
    default:
      return attributeSql(node, MAPS[records], bindings);
  }
}

function idText(node: CompareNode): string {
  return node.operator === '~' ? node.value.text : node.value.text.toLowerCase();
}

function spanKeySql(node: CompareNode, scope: FilterScope): string {
  const { bindings } = scope;
  const value = node.value.text.toLowerCase();
  switch (node.key) {
    case 'kind': {
      // The Collector's exporter of today writes `Server`; older ones wrote the proto's name.
      const names = [capitalized(value), `SPAN_KIND_${value.toUpperCase()}`];
      return `SpanKind IN ${bindings.bind('Array(String)', names)}`;
    }
    case 'status': {
      const names = [capitalized(value), `STATUS_CODE_${value.toUpperCase()}`];
      if (value === 'unset') names.push('');
      return `StatusCode IN ${bindings.bind('Array(String)', names)}`;
    }
    case 'running':
      return (value === 'true') === (scope.running === true) ? '1' : '0';
    case 'duration': {
      const nanos = durationNanos(node.value) ?? 0n;
      return `Duration ${node.operator} ${bindings.bind('UInt64', nanos)}`;
    }
    default:
      if (value === 'true') return `ParentSpanId = ''`;
      if (value === 'false') return `ParentSpanId != ''`;
      return inTraceOfRoot(
        compareText('SpanName', node.operator, node.value.text, bindings),
        scope,
      );
  }
}

/** The span's trace has a root, finished or running, for which `condition` holds. */
function inTraceOfRoot(condition: string, scope: FilterScope): string {
  const { bindings, range } = scope;
  const near =
    range === undefined
      ? '1'
      : inRange(bindings, 'Timestamp', { from: before(range.from), to: range.to });
  const where = `ParentSpanId = '' AND (${condition}) AND ${near}`;
  return `TraceId IN (SELECT TraceId FROM otel_traces WHERE ${where}
    UNION ALL SELECT TraceId FROM otel_running WHERE ${where})`;
}

function before(from: bigint): bigint {
  return from > ROOT_LOOKBACK ? from - ROOT_LOOKBACK : 0n;
}

function severitySql(node: CompareNode, bindings: Bindings): string {
  const [first, last] = parseSeverity(node.value.text) ?? [0, 0];
  const low = bindings.bind('UInt8', first);
  const high = bindings.bind('UInt8', last);
  switch (node.operator) {
    case '>':
      return `SeverityNumber > ${high}`;
    case '>=':
      return `SeverityNumber >= ${low}`;
    case '<':
      return `SeverityNumber < ${low} AND SeverityNumber > 0`;
    case '<=':
      return `SeverityNumber <= ${high} AND SeverityNumber > 0`;
    default: {
      // Some senders fill the text only.
      const name = bindings.text(node.value.text.toLowerCase());
      const byText = `SeverityNumber = 0 AND lower(SeverityText) = ${name}`;
      return `SeverityNumber BETWEEN ${low} AND ${high} OR (${byText})`;
    }
  }
}

const COLUMN_OF: { readonly [key: string]: string } = {
  service: 'ServiceName',
  scope: 'ScopeName',
  trace: 'TraceId',
  span: 'SpanId',
  body: 'Body',
};

function existsSql(node: ExistsNode, scope: FilterScope): string {
  switch (node.key) {
    case 'name':
      return `${NAME_COLUMN[scope.records]} != ''`;
    case 'body':
      requireRecords(node, scope, 'logs');
      break;
    case 'severity':
      requireRecords(node, scope, 'logs');
      return `SeverityNumber > 0 OR SeverityText != ''`;
    case 'trace':
    case 'span':
      refusePoints(node, scope);
      break;
    case 'root':
      requireRecords(node, scope, 'spans');
      return inTraceOfRoot('1', scope);
    case 'running':
      requireRecords(node, scope, 'spans');
      return scope.running === true ? '1' : '0';
    case 'kind':
    case 'status':
    case 'duration':
      requireRecords(node, scope, 'spans');
      return '1';
  }
  const column = COLUMN_OF[node.key];
  if (column !== undefined) return `${column} != ''`;
  return attributeSql(node, MAPS[scope.records], scope.bindings);
}

const ALL_ASCII = /^[ -~]*$/;

/**
 * Full text without regard to case: name, body, status message, attribute values, and what events
 * say; for a bare word also records that have an attribute of exactly that key.
 */
function textSql(node: TextNode, scope: FilterScope): string {
  const { bindings, records } = scope;
  const needle = bindings.text(node.text);
  const find = ALL_ASCII.test(node.text)
    ? 'positionCaseInsensitive'
    : 'positionCaseInsensitiveUTF8';
  const found = (haystack: string): string => `${find}(${haystack}, ${needle}) > 0`;
  const { own, resource } = MAPS[records];
  const anyValue = `arrayExists(v -> ${found('v')}, mapValues(${own}))`;
  const conditions = [found(NAME_COLUMN[records]), anyValue];
  if (records === 'spans') {
    conditions.push(
      found('StatusMessage'),
      `arrayExists(n -> ${found('n')}, \`Events.Name\`)`,
      `arrayExists(m -> arrayExists(v -> ${found('v')}, mapValues(m)), \`Events.Attributes\`)`,
    );
  }
  if (records === 'logs') conditions.unshift(found('Body'));
  // A key alone asks whether it is there: of the built-in ones that says something of this one.
  if (node.text === 'running' && !node.quoted && scope.running === true) return '1';
  if (!node.quoted) {
    conditions.push(`mapContains(${own}, ${needle})`, `mapContains(${resource}, ${needle})`);
  }
  return conditions.join(' OR ');
}

function requireRecords(
  node: CompareNode | ExistsNode,
  scope: FilterScope,
  records: 'spans' | 'logs',
): void {
  if (scope.records === records) return;
  const what = { spans: 'spans', logs: 'log records', points: 'metric points' }[scope.records];
  throw new QueryError({
    message: `${what} have no ${node.key}`,
    column: node.column,
    length: node.length,
    hint: `${node.key} is a key of ${records === 'logs' ? 'log records' : 'spans'}`,
  });
}

function refusePoints(node: CompareNode | ExistsNode, scope: FilterScope): void {
  if (scope.records === 'points') requireRecords(node, scope, 'spans');
}

function capitalized(value: string): string {
  return value.charAt(0).toUpperCase() + value.slice(1);
}
