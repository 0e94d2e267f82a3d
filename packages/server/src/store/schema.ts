/**
 * The tables: names, columns and types of the OpenTelemetry Collector's ClickHouse exporter 0.151,
 * then our lossless extras, every one with a default, so that rows which a Collector wrote stay
 * first-class. The order of `columns` is the order of the values in a RowBinary row.
 *
 * Encodings of the extras:
 *   …AttributeTypes  one UInt8 a map entry, in the map's order: the field number of AnyValue's
 *                    oneof (1 string, 2 bool, 3 int, 4 double, 5 array, 6 kvlist, 7 bytes; 0 =
 *                    no value). An empty array means: all strings.
 *   BodyType         the same code for a log's body.
 *   Optional         which of a point's optional fields were set: 1 sum, 2 min, 4 max.
 *                    Default 7: a Collector's row shows all three.
 *   IntValue, IsInt  a NumberDataPoint (or exemplar) that came as a 64-bit integer, exact.
 */
export type TableName =
  | 'otel_traces'
  | 'otel_running'
  | 'otel_logs'
  | 'otel_metrics_gauge'
  | 'otel_metrics_sum'
  | 'otel_metrics_histogram'
  | 'otel_metrics_exponential_histogram'
  | 'otel_metrics_summary';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly codec?: string;
  /** SQL expression; ours only. */
  readonly default?: string;
}

const MAP = 'Map(LowCardinality(String), String)';
const MAPS = `Array(${MAP})`;
const LOW = 'LowCardinality(String)';

function column(name: string, type: string, codec = 'ZSTD(1)'): Column {
  return { name, type, codec };
}

function extra(name: string, type: string, defaultSql?: string): Column {
  return {
    name,
    type,
    codec: 'ZSTD(1)',
    ...(defaultSql === undefined ? {} : { default: defaultSql }),
  };
}

const SPAN_COLUMNS: readonly Column[] = [
  column('Timestamp', 'DateTime64(9)', 'Delta(8), ZSTD(1)'),
  column('TraceId', 'String'),
  column('SpanId', 'String'),
  column('ParentSpanId', 'String'),
  column('TraceState', 'String'),
  column('SpanName', LOW),
  column('SpanKind', LOW),
  column('ServiceName', LOW),
  column('ResourceAttributes', MAP),
  column('ScopeName', 'String'),
  column('ScopeVersion', 'String'),
  column('SpanAttributes', MAP),
  column('Duration', 'UInt64', 'T64, ZSTD(1)'),
  column('StatusCode', LOW),
  column('StatusMessage', 'String'),
  column('Events.Timestamp', 'Array(DateTime64(9))'),
  column('Events.Name', `Array(${LOW})`),
  column('Events.Attributes', MAPS),
  column('Links.TraceId', 'Array(String)'),
  column('Links.SpanId', 'Array(String)'),
  column('Links.TraceState', 'Array(String)'),
  column('Links.Attributes', MAPS),
  extra('EndTime', 'DateTime64(9)', 'addNanoseconds(Timestamp, Duration)'),
  extra('Flags', 'UInt32'),
  extra('DroppedAttributesCount', 'UInt32'),
  extra('DroppedEventsCount', 'UInt32'),
  extra('DroppedLinksCount', 'UInt32'),
  extra('SpanAttributeTypes', 'Array(UInt8)'),
  extra('Events.AttributeTypes', 'Array(Array(UInt8))'),
  extra('Events.DroppedAttributesCount', 'Array(UInt32)'),
  extra('Links.AttributeTypes', 'Array(Array(UInt8))'),
  extra('Links.DroppedAttributesCount', 'Array(UInt32)'),
  extra('Links.Flags', 'Array(UInt32)'),
  extra('ResourceAttributeTypes', 'Array(UInt8)'),
  extra('ResourceDroppedAttributesCount', 'UInt32'),
  extra('ResourceSchemaUrl', LOW),
  extra('ScopeAttributes', MAP),
  extra('ScopeAttributeTypes', 'Array(UInt8)'),
  extra('ScopeDroppedAttributesCount', 'UInt32'),
  extra('ScopeSchemaUrl', LOW),
  extra('IngestTime', 'DateTime64(9)', 'now64(9)'),
];

const LOG_COLUMNS: readonly Column[] = [
  column('Timestamp', 'DateTime64(9)', 'Delta(8), ZSTD(1)'),
  column('TraceId', 'String'),
  column('SpanId', 'String'),
  column('TraceFlags', 'UInt8'),
  column('SeverityText', LOW),
  column('SeverityNumber', 'UInt8'),
  column('ServiceName', LOW),
  column('Body', 'String'),
  column('ResourceSchemaUrl', LOW),
  column('ResourceAttributes', MAP),
  column('ScopeSchemaUrl', LOW),
  column('ScopeName', 'String'),
  column('ScopeVersion', LOW),
  column('ScopeAttributes', MAP),
  column('LogAttributes', MAP),
  column('EventName', 'String'),
  extra('ObservedTimestamp', 'DateTime64(9)', 'Timestamp'),
  // time_unix_nano was 0: Timestamp is then the observed time, as the data model says.
  extra('TimeUnset', 'Bool'),
  extra('Flags', 'UInt32', 'toUInt32(TraceFlags)'),
  extra('BodyType', 'UInt8', '1'),
  extra('LogAttributeTypes', 'Array(UInt8)'),
  extra('DroppedAttributesCount', 'UInt32'),
  extra('ResourceAttributeTypes', 'Array(UInt8)'),
  extra('ResourceDroppedAttributesCount', 'UInt32'),
  extra('ScopeAttributeTypes', 'Array(UInt8)'),
  extra('ScopeDroppedAttributesCount', 'UInt32'),
  extra('IngestTime', 'DateTime64(9)', 'now64(9)'),
];

/** The first columns of every metric table. */
const POINT_HEAD: readonly Column[] = [
  column('ResourceAttributes', MAP),
  column('ResourceSchemaUrl', 'String'),
  column('ScopeName', 'String'),
  column('ScopeVersion', 'String'),
  column('ScopeAttributes', MAP),
  column('ScopeDroppedAttrCount', 'UInt32'),
  column('ScopeSchemaUrl', 'String'),
  column('ServiceName', LOW),
  column('MetricName', LOW),
  column('MetricDescription', 'String'),
  column('MetricUnit', 'String'),
  column('Attributes', MAP),
  column('StartTimeUnix', 'DateTime64(9)', 'Delta(8), ZSTD(1)'),
  column('TimeUnix', 'DateTime64(9)', 'Delta(8), ZSTD(1)'),
];

const EXEMPLARS: readonly Column[] = [
  column('Exemplars.FilteredAttributes', MAPS),
  column('Exemplars.TimeUnix', 'Array(DateTime64(9))'),
  column('Exemplars.Value', 'Array(Float64)'),
  column('Exemplars.SpanId', 'Array(String)'),
  column('Exemplars.TraceId', 'Array(String)'),
];

const EXEMPLAR_EXTRAS: readonly Column[] = [
  extra('Exemplars.FilteredAttributeTypes', 'Array(Array(UInt8))'),
  extra('Exemplars.IntValue', 'Array(Int64)'),
  extra('Exemplars.IsInt', 'Array(Bool)'),
];

/** The last columns of every metric table. */
const POINT_TAIL: readonly Column[] = [
  extra('AttributeTypes', 'Array(UInt8)'),
  extra('Metadata', MAP),
  extra('MetadataTypes', 'Array(UInt8)'),
  extra('ResourceAttributeTypes', 'Array(UInt8)'),
  extra('ResourceDroppedAttributesCount', 'UInt32'),
  extra('ScopeAttributeTypes', 'Array(UInt8)'),
  extra('IngestTime', 'DateTime64(9)', 'now64(9)'),
];

const INT_VALUE: readonly Column[] = [extra('IntValue', 'Int64'), extra('IsInt', 'Bool')];

export const COLUMNS: { readonly [table in TableName]: readonly Column[] } = {
  otel_traces: SPAN_COLUMNS,
  otel_running: SPAN_COLUMNS,
  otel_logs: LOG_COLUMNS,
  otel_metrics_gauge: [
    ...POINT_HEAD,
    column('Value', 'Float64'),
    column('Flags', 'UInt32'),
    ...EXEMPLARS,
    ...EXEMPLAR_EXTRAS,
    ...INT_VALUE,
    ...POINT_TAIL,
  ],
  otel_metrics_sum: [
    ...POINT_HEAD,
    column('Value', 'Float64'),
    column('Flags', 'UInt32'),
    ...EXEMPLARS,
    column('AggregationTemporality', 'Int32'),
    column('IsMonotonic', 'Bool'),
    ...EXEMPLAR_EXTRAS,
    ...INT_VALUE,
    ...POINT_TAIL,
  ],
  otel_metrics_histogram: [
    ...POINT_HEAD,
    column('Count', 'UInt64'),
    column('Sum', 'Float64'),
    column('BucketCounts', 'Array(UInt64)'),
    column('ExplicitBounds', 'Array(Float64)'),
    ...EXEMPLARS,
    column('Flags', 'UInt32'),
    column('Min', 'Float64'),
    column('Max', 'Float64'),
    column('AggregationTemporality', 'Int32'),
    ...EXEMPLAR_EXTRAS,
    extra('Optional', 'UInt8', '7'),
    ...POINT_TAIL,
  ],
  otel_metrics_exponential_histogram: [
    ...POINT_HEAD,
    column('Count', 'UInt64'),
    column('Sum', 'Float64'),
    column('Scale', 'Int32'),
    column('ZeroCount', 'UInt64'),
    column('PositiveOffset', 'Int32'),
    column('PositiveBucketCounts', 'Array(UInt64)'),
    column('NegativeOffset', 'Int32'),
    column('NegativeBucketCounts', 'Array(UInt64)'),
    ...EXEMPLARS,
    column('Flags', 'UInt32'),
    column('Min', 'Float64'),
    column('Max', 'Float64'),
    column('AggregationTemporality', 'Int32'),
    ...EXEMPLAR_EXTRAS,
    extra('Optional', 'UInt8', '7'),
    extra('ZeroThreshold', 'Float64'),
    ...POINT_TAIL,
  ],
  otel_metrics_summary: [
    ...POINT_HEAD,
    column('Count', 'UInt64'),
    column('Sum', 'Float64'),
    column('ValueAtQuantiles.Quantile', 'Array(Float64)'),
    column('ValueAtQuantiles.Value', 'Array(Float64)'),
    column('Flags', 'UInt32'),
    ...POINT_TAIL,
  ],
};
