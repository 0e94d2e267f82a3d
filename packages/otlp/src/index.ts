export type { OtlpErrorCode } from './errors.js';
export { OtlpError } from './errors.js';
export type { Field, FieldKind, MessageName } from './fields.js';
export {
  FIELDS,
  isPacked,
  WIRE_FIXED32,
  WIRE_FIXED64,
  WIRE_GROUP_END,
  WIRE_GROUP_START,
  WIRE_LENGTH,
  WIRE_VARINT,
  wireTypeOf,
} from './fields.js';
export type {
  Any,
  AnyValue,
  ArrayValue,
  Buckets,
  Duration,
  EntityRef,
  Exemplar,
  ExponentialHistogram,
  ExponentialHistogramDataPoint,
  ExportLogsPartialSuccess,
  ExportLogsServiceRequest,
  ExportLogsServiceResponse,
  ExportMetricsPartialSuccess,
  ExportMetricsServiceRequest,
  ExportMetricsServiceResponse,
  ExportTracePartialSuccess,
  ExportTraceServiceRequest,
  ExportTraceServiceResponse,
  Gauge,
  Histogram,
  HistogramDataPoint,
  InstrumentationScope,
  KeyValue,
  KeyValueList,
  LogRecord,
  MessageTypes,
  Metric,
  NumberDataPoint,
  Resource,
  ResourceLogs,
  ResourceMetrics,
  ResourceSpans,
  RetryInfo,
  ScopeLogs,
  ScopeMetrics,
  ScopeSpans,
  Span,
  SpanEvent,
  SpanLink,
  SpanStatus,
  Status,
  Sum,
  Summary,
  SummaryDataPoint,
  ValueAtQuantile,
} from './messages.js';
export { decode } from './decode.js';
export { encode, encodeInto } from './encode.js';
export { decodeJson, jsonToProtobuf } from './json-decode.js';
export { encodeJson } from './json-encode.js';
export { MAX_DEPTH, MAX_VARINT_SIZE } from './limits.js';
export { tooDeep, WireReader } from './wire-reader.js';
export {
  tagOf,
  utf8Size,
  varintSize,
  writeDouble,
  writeFixed32,
  writeFixed64,
  writeText,
  writeUtf8,
  writeVarint,
  writeVarint64,
  writeVarintInteger,
} from './wire-write.js';
export { WireWriter } from './wire-writer.js';
