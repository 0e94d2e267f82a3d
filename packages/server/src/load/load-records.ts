import type {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  KeyValue,
} from '@codomyrmex/otlp';

/**
 * The records of a load: 8 attributes, 20 spans a trace, some 5,000 distinct values. Ids, times and
 * user ids are placeholders, unlike each other, that the template finds and patches.
 */
const ROUTES = ['/api/cart', '/api/checkout', '/api/items', '/api/search', '/api/users'] as const;
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;

/** Spans of one trace. */
export const SPANS_A_TRACE = 20;

/** First half of a placeholder id. */
const MARK = Buffer.from('a55ac33cf00f9669', 'hex');

export function traceMark(index: number): Buffer {
  const id = Buffer.alloc(16);
  MARK.copy(id);
  id.writeUInt32BE(index, 12);
  return id;
}

/** Of a span, or with `isParent` of its parent. */
export function spanMark(index: number, isParent: boolean): Buffer {
  const id = Buffer.alloc(8, isParent ? 0xee : 0xdd);
  id.writeUInt32BE(index, 4);
  return id;
}

/** 19 digits, as any time of this century has. */
export function timeMark(index: number, isEnd: boolean): bigint {
  return 1_111_111_111_000_000_000n + BigInt(index * 2 + (isEnd ? 1 : 0));
}

/** Nine characters, of which the last four are patched. */
export const USER_MARK = 'user-####';

export function traceRequest(count: number, service: string): ExportTraceServiceRequest {
  const spans = Array.from({ length: count }, (_, index) => ({
    traceId: traceMark(index),
    spanId: spanMark(index, false),
    ...(isRoot(index) ? {} : { parentSpanId: spanMark(index, true) }),
    name: `${METHODS[index % 4] ?? ''} ${ROUTES[index % 5] ?? ''}`,
    kind: (index % 5) + 1,
    startTimeUnixNano: timeMark(index, false),
    endTimeUnixNano: timeMark(index, true),
    attributes: attributes(index),
    status: index % SPANS_A_TRACE === 0 ? { code: 2, message: 'upstream timed out' } : {},
  }));
  return {
    resourceSpans: [{ resource: resource(service), scopeSpans: [{ scope: SCOPE, spans }] }],
  };
}

/** Whether the span begins a trace. */
export function isRoot(index: number): boolean {
  return index % SPANS_A_TRACE === 0;
}

export function logsRequest(count: number, service: string): ExportLogsServiceRequest {
  const logRecords = Array.from({ length: count }, (_, index) => ({
    timeUnixNano: timeMark(index, false),
    observedTimeUnixNano: timeMark(index, true),
    severityNumber: 9 + (index % 3) * 4,
    severityText: ['INFO', 'WARN', 'ERROR'][index % 3] ?? '',
    body: { stringValue: `request ${index} to ${ROUTES[index % 5] ?? ''} took ${index % 97} ms` },
    attributes: attributes(index),
    traceId: traceMark(index),
    spanId: spanMark(index, false),
  }));
  return {
    resourceLogs: [{ resource: resource(service), scopeLogs: [{ scope: SCOPE, logRecords }] }],
  };
}

export function metricsRequest(count: number, service: string): ExportMetricsServiceRequest {
  const dataPoints = Array.from({ length: count }, (_, index) => ({
    startTimeUnixNano: timeMark(index, false),
    timeUnixNano: timeMark(index, true),
    asDouble: (index % 1_000) / 7,
    attributes: attributes(index),
  }));
  const metric = { name: 'load.queue.length', unit: '{request}', gauge: { dataPoints } };
  return {
    resourceMetrics: [
      { resource: resource(service), scopeMetrics: [{ scope: SCOPE, metrics: [metric] }] },
    ],
  };
}

const SCOPE = { name: 'codomyrmex-telemetry bench-load', version: '1' };

function resource(service: string): { attributes: KeyValue[] } {
  return { attributes: [text('service.name', service), text('service.version', '1.2.3')] };
}

function attributes(index: number): KeyValue[] {
  return [
    text('http.request.method', METHODS[index % 4] ?? ''),
    text('http.route', ROUTES[index % 5] ?? ''),
    text('url.path', `${ROUTES[index % 5] ?? ''}/${index}`),
    text('user.id', USER_MARK),
    text('server.address', `host-${index % 20}.internal`),
    { key: 'http.response.status_code', value: { intValue: 200n + BigInt(index % 5) * 100n } },
    { key: 'app.retry', value: { boolValue: index % 7 === 0 } },
    { key: 'app.score', value: { doubleValue: (index % 100) / 7 } },
  ];
}

function text(key: string, stringValue: string): KeyValue {
  return { key, value: { stringValue } };
}
