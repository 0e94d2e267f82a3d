/**
 * The field tables of every OTLP message (opentelemetry-proto 1.x): one source for the protobuf
 * encoder and decoder and for the JSON mapping. `number` and `kind` are the proto's, `name` is the
 * proto3 JSON name. A test compares each entry with independently generated code.
 *
 * Left out on purpose: AnyValue.string_value_strindex (8) and KeyValue.key_strindex (3). They
 * belong to the profiles signal, and the proto says that others treat them as absent.
 */
export type FieldKind =
  | 'string'
  | 'bytes'
  /** Bytes that OTLP/JSON writes in hex, not base64: trace and span ids. */
  | 'id'
  | 'bool'
  | 'int32'
  | 'sint32'
  | 'uint32'
  | 'enum'
  | 'int64'
  | 'uint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'double'
  | 'message';

export interface Field {
  readonly number: number;
  readonly name: string;
  readonly kind: FieldKind;
  /** For kind `message`. */
  readonly message?: MessageName;
  readonly repeated?: true;
  /** Presence is told apart from the default: proto3 `optional` and the members of a oneof. */
  readonly presence?: true;
  /** The oneof that the field belongs to: of its members the last one on the wire counts. */
  readonly oneof?: string;
}

export type MessageName =
  | 'AnyValue'
  | 'ArrayValue'
  | 'KeyValueList'
  | 'KeyValue'
  | 'InstrumentationScope'
  | 'EntityRef'
  | 'Resource'
  | 'ExportTraceServiceRequest'
  | 'ResourceSpans'
  | 'ScopeSpans'
  | 'Span'
  | 'SpanEvent'
  | 'SpanLink'
  | 'SpanStatus'
  | 'ExportTraceServiceResponse'
  | 'ExportTracePartialSuccess'
  | 'ExportMetricsServiceRequest'
  | 'ResourceMetrics'
  | 'ScopeMetrics'
  | 'Metric'
  | 'Gauge'
  | 'Sum'
  | 'Histogram'
  | 'ExponentialHistogram'
  | 'Summary'
  | 'NumberDataPoint'
  | 'HistogramDataPoint'
  | 'ExponentialHistogramDataPoint'
  | 'Buckets'
  | 'SummaryDataPoint'
  | 'ValueAtQuantile'
  | 'Exemplar'
  | 'ExportMetricsServiceResponse'
  | 'ExportMetricsPartialSuccess'
  | 'ExportLogsServiceRequest'
  | 'ResourceLogs'
  | 'ScopeLogs'
  | 'LogRecord'
  | 'ExportLogsServiceResponse'
  | 'ExportLogsPartialSuccess'
  | 'Status'
  | 'Any'
  | 'RetryInfo'
  | 'Duration';

function scalar(number: number, name: string, kind: FieldKind): Field {
  return { number, name, kind };
}

function present(number: number, name: string, kind: FieldKind, oneof?: string): Field {
  return { number, name, kind, presence: true, ...(oneof === undefined ? {} : { oneof }) };
}

function list(number: number, name: string, kind: FieldKind): Field {
  return { number, name, kind, repeated: true };
}

function one(number: number, name: string, message: MessageName, oneof?: string): Field {
  const member = oneof === undefined ? {} : { oneof };
  return { number, name, kind: 'message', message, presence: true, ...member };
}

function many(number: number, name: string, message: MessageName): Field {
  return { number, name, kind: 'message', message, repeated: true };
}

const ATTRIBUTES = 'attributes';
const DROPPED = 'droppedAttributesCount';

/** The fields of each message, by ascending number. */
export const FIELDS: { readonly [name in MessageName]: readonly Field[] } = {
  // opentelemetry/proto/common/v1/common.proto
  AnyValue: [
    present(1, 'stringValue', 'string', 'value'),
    present(2, 'boolValue', 'bool', 'value'),
    present(3, 'intValue', 'int64', 'value'),
    present(4, 'doubleValue', 'double', 'value'),
    one(5, 'arrayValue', 'ArrayValue', 'value'),
    one(6, 'kvlistValue', 'KeyValueList', 'value'),
    present(7, 'bytesValue', 'bytes', 'value'),
  ],
  ArrayValue: [many(1, 'values', 'AnyValue')],
  KeyValueList: [many(1, 'values', 'KeyValue')],
  KeyValue: [scalar(1, 'key', 'string'), one(2, 'value', 'AnyValue')],
  InstrumentationScope: [
    scalar(1, 'name', 'string'),
    scalar(2, 'version', 'string'),
    many(3, ATTRIBUTES, 'KeyValue'),
    scalar(4, DROPPED, 'uint32'),
  ],
  EntityRef: [
    scalar(1, 'schemaUrl', 'string'),
    scalar(2, 'type', 'string'),
    list(3, 'idKeys', 'string'),
    list(4, 'descriptionKeys', 'string'),
  ],
  // opentelemetry/proto/resource/v1/resource.proto
  Resource: [
    many(1, ATTRIBUTES, 'KeyValue'),
    scalar(2, DROPPED, 'uint32'),
    many(3, 'entityRefs', 'EntityRef'),
  ],
  // opentelemetry/proto/trace/v1/trace.proto and collector/trace/v1/trace_service.proto
  ExportTraceServiceRequest: [many(1, 'resourceSpans', 'ResourceSpans')],
  ResourceSpans: [
    one(1, 'resource', 'Resource'),
    many(2, 'scopeSpans', 'ScopeSpans'),
    scalar(3, 'schemaUrl', 'string'),
  ],
  ScopeSpans: [
    one(1, 'scope', 'InstrumentationScope'),
    many(2, 'spans', 'Span'),
    scalar(3, 'schemaUrl', 'string'),
  ],
  Span: [
    scalar(1, 'traceId', 'id'),
    scalar(2, 'spanId', 'id'),
    scalar(3, 'traceState', 'string'),
    scalar(4, 'parentSpanId', 'id'),
    scalar(5, 'name', 'string'),
    scalar(6, 'kind', 'enum'),
    scalar(7, 'startTimeUnixNano', 'fixed64'),
    scalar(8, 'endTimeUnixNano', 'fixed64'),
    many(9, ATTRIBUTES, 'KeyValue'),
    scalar(10, DROPPED, 'uint32'),
    many(11, 'events', 'SpanEvent'),
    scalar(12, 'droppedEventsCount', 'uint32'),
    many(13, 'links', 'SpanLink'),
    scalar(14, 'droppedLinksCount', 'uint32'),
    one(15, 'status', 'SpanStatus'),
    scalar(16, 'flags', 'fixed32'),
  ],
  SpanEvent: [
    scalar(1, 'timeUnixNano', 'fixed64'),
    scalar(2, 'name', 'string'),
    many(3, ATTRIBUTES, 'KeyValue'),
    scalar(4, DROPPED, 'uint32'),
  ],
  SpanLink: [
    scalar(1, 'traceId', 'id'),
    scalar(2, 'spanId', 'id'),
    scalar(3, 'traceState', 'string'),
    many(4, ATTRIBUTES, 'KeyValue'),
    scalar(5, DROPPED, 'uint32'),
    scalar(6, 'flags', 'fixed32'),
  ],
  SpanStatus: [scalar(2, 'message', 'string'), scalar(3, 'code', 'enum')],
  ExportTraceServiceResponse: [one(1, 'partialSuccess', 'ExportTracePartialSuccess')],
  ExportTracePartialSuccess: [
    scalar(1, 'rejectedSpans', 'int64'),
    scalar(2, 'errorMessage', 'string'),
  ],
  // opentelemetry/proto/metrics/v1/metrics.proto and collector/metrics/v1/metrics_service.proto
  ExportMetricsServiceRequest: [many(1, 'resourceMetrics', 'ResourceMetrics')],
  ResourceMetrics: [
    one(1, 'resource', 'Resource'),
    many(2, 'scopeMetrics', 'ScopeMetrics'),
    scalar(3, 'schemaUrl', 'string'),
  ],
  ScopeMetrics: [
    one(1, 'scope', 'InstrumentationScope'),
    many(2, 'metrics', 'Metric'),
    scalar(3, 'schemaUrl', 'string'),
  ],
  Metric: [
    scalar(1, 'name', 'string'),
    scalar(2, 'description', 'string'),
    scalar(3, 'unit', 'string'),
    one(5, 'gauge', 'Gauge', 'data'),
    one(7, 'sum', 'Sum', 'data'),
    one(9, 'histogram', 'Histogram', 'data'),
    one(10, 'exponentialHistogram', 'ExponentialHistogram', 'data'),
    one(11, 'summary', 'Summary', 'data'),
    many(12, 'metadata', 'KeyValue'),
  ],
  Gauge: [many(1, 'dataPoints', 'NumberDataPoint')],
  Sum: [
    many(1, 'dataPoints', 'NumberDataPoint'),
    scalar(2, 'aggregationTemporality', 'enum'),
    scalar(3, 'isMonotonic', 'bool'),
  ],
  Histogram: [
    many(1, 'dataPoints', 'HistogramDataPoint'),
    scalar(2, 'aggregationTemporality', 'enum'),
  ],
  ExponentialHistogram: [
    many(1, 'dataPoints', 'ExponentialHistogramDataPoint'),
    scalar(2, 'aggregationTemporality', 'enum'),
  ],
  Summary: [many(1, 'dataPoints', 'SummaryDataPoint')],
  NumberDataPoint: [
    scalar(2, 'startTimeUnixNano', 'fixed64'),
    scalar(3, 'timeUnixNano', 'fixed64'),
    present(4, 'asDouble', 'double', 'value'),
    many(5, 'exemplars', 'Exemplar'),
    present(6, 'asInt', 'sfixed64', 'value'),
    many(7, ATTRIBUTES, 'KeyValue'),
    scalar(8, 'flags', 'uint32'),
  ],
  HistogramDataPoint: [
    scalar(2, 'startTimeUnixNano', 'fixed64'),
    scalar(3, 'timeUnixNano', 'fixed64'),
    scalar(4, 'count', 'fixed64'),
    present(5, 'sum', 'double'),
    list(6, 'bucketCounts', 'fixed64'),
    list(7, 'explicitBounds', 'double'),
    many(8, 'exemplars', 'Exemplar'),
    many(9, ATTRIBUTES, 'KeyValue'),
    scalar(10, 'flags', 'uint32'),
    present(11, 'min', 'double'),
    present(12, 'max', 'double'),
  ],
  ExponentialHistogramDataPoint: [
    many(1, ATTRIBUTES, 'KeyValue'),
    scalar(2, 'startTimeUnixNano', 'fixed64'),
    scalar(3, 'timeUnixNano', 'fixed64'),
    scalar(4, 'count', 'fixed64'),
    present(5, 'sum', 'double'),
    scalar(6, 'scale', 'sint32'),
    scalar(7, 'zeroCount', 'fixed64'),
    one(8, 'positive', 'Buckets'),
    one(9, 'negative', 'Buckets'),
    scalar(10, 'flags', 'uint32'),
    many(11, 'exemplars', 'Exemplar'),
    present(12, 'min', 'double'),
    present(13, 'max', 'double'),
    scalar(14, 'zeroThreshold', 'double'),
  ],
  Buckets: [scalar(1, 'offset', 'sint32'), list(2, 'bucketCounts', 'uint64')],
  SummaryDataPoint: [
    scalar(2, 'startTimeUnixNano', 'fixed64'),
    scalar(3, 'timeUnixNano', 'fixed64'),
    scalar(4, 'count', 'fixed64'),
    scalar(5, 'sum', 'double'),
    many(6, 'quantileValues', 'ValueAtQuantile'),
    many(7, ATTRIBUTES, 'KeyValue'),
    scalar(8, 'flags', 'uint32'),
  ],
  ValueAtQuantile: [scalar(1, 'quantile', 'double'), scalar(2, 'value', 'double')],
  Exemplar: [
    scalar(2, 'timeUnixNano', 'fixed64'),
    present(3, 'asDouble', 'double', 'value'),
    scalar(4, 'spanId', 'id'),
    scalar(5, 'traceId', 'id'),
    present(6, 'asInt', 'sfixed64', 'value'),
    many(7, 'filteredAttributes', 'KeyValue'),
  ],
  ExportMetricsServiceResponse: [one(1, 'partialSuccess', 'ExportMetricsPartialSuccess')],
  ExportMetricsPartialSuccess: [
    scalar(1, 'rejectedDataPoints', 'int64'),
    scalar(2, 'errorMessage', 'string'),
  ],
  // opentelemetry/proto/logs/v1/logs.proto and collector/logs/v1/logs_service.proto
  ExportLogsServiceRequest: [many(1, 'resourceLogs', 'ResourceLogs')],
  ResourceLogs: [
    one(1, 'resource', 'Resource'),
    many(2, 'scopeLogs', 'ScopeLogs'),
    scalar(3, 'schemaUrl', 'string'),
  ],
  ScopeLogs: [
    one(1, 'scope', 'InstrumentationScope'),
    many(2, 'logRecords', 'LogRecord'),
    scalar(3, 'schemaUrl', 'string'),
  ],
  LogRecord: [
    scalar(1, 'timeUnixNano', 'fixed64'),
    scalar(2, 'severityNumber', 'enum'),
    scalar(3, 'severityText', 'string'),
    one(5, 'body', 'AnyValue'),
    many(6, ATTRIBUTES, 'KeyValue'),
    scalar(7, DROPPED, 'uint32'),
    scalar(8, 'flags', 'fixed32'),
    scalar(9, 'traceId', 'id'),
    scalar(10, 'spanId', 'id'),
    scalar(11, 'observedTimeUnixNano', 'fixed64'),
    scalar(12, 'eventName', 'string'),
  ],
  ExportLogsServiceResponse: [one(1, 'partialSuccess', 'ExportLogsPartialSuccess')],
  ExportLogsPartialSuccess: [
    scalar(1, 'rejectedLogRecords', 'int64'),
    scalar(2, 'errorMessage', 'string'),
  ],
  // google/rpc/status.proto, google/rpc/error_details.proto, google/protobuf/{any,duration}.proto
  Status: [scalar(1, 'code', 'int32'), scalar(2, 'message', 'string'), many(3, 'details', 'Any')],
  Any: [scalar(1, 'typeUrl', 'string'), scalar(2, 'value', 'bytes')],
  RetryInfo: [one(1, 'retryDelay', 'Duration')],
  Duration: [scalar(1, 'seconds', 'int64'), scalar(2, 'nanos', 'int32')],
};

/** Protobuf wire types (encoding.proto: the low three bits of a tag). */
export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_LENGTH = 2;
export const WIRE_GROUP_START = 3;
export const WIRE_GROUP_END = 4;
export const WIRE_FIXED32 = 5;

const WIRE_TYPES: { readonly [kind in FieldKind]: number } = {
  string: WIRE_LENGTH,
  bytes: WIRE_LENGTH,
  id: WIRE_LENGTH,
  message: WIRE_LENGTH,
  bool: WIRE_VARINT,
  int32: WIRE_VARINT,
  sint32: WIRE_VARINT,
  uint32: WIRE_VARINT,
  enum: WIRE_VARINT,
  int64: WIRE_VARINT,
  uint64: WIRE_VARINT,
  fixed32: WIRE_FIXED32,
  fixed64: WIRE_FIXED64,
  sfixed64: WIRE_FIXED64,
  double: WIRE_FIXED64,
};

/** The wire type of one value of the kind. */
export function wireTypeOf(kind: FieldKind): number {
  return WIRE_TYPES[kind];
}

/** Whether a list of the kind goes packed: every number does in proto3, nothing else can. */
export function isPacked(field: Field): boolean {
  return field.repeated === true && WIRE_TYPES[field.kind] !== WIRE_LENGTH;
}
