/**
 * The object model: proto3 JSON names, every field optional (absent = the proto's default), 64-bit
 * integers as bigint, bytes and ids as Uint8Array. What `decode` returns and `encode` takes.
 */

export interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: bigint;
  readonly doubleValue?: number;
  readonly arrayValue?: ArrayValue;
  readonly kvlistValue?: KeyValueList;
  readonly bytesValue?: Uint8Array;
}

export interface ArrayValue {
  readonly values?: readonly AnyValue[];
}

export interface KeyValueList {
  readonly values?: readonly KeyValue[];
}

export interface KeyValue {
  readonly key?: string;
  readonly value?: AnyValue;
}

export interface InstrumentationScope {
  readonly name?: string;
  readonly version?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
}

export interface EntityRef {
  readonly schemaUrl?: string;
  readonly type?: string;
  readonly idKeys?: readonly string[];
  readonly descriptionKeys?: readonly string[];
}

export interface Resource {
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly entityRefs?: readonly EntityRef[];
}

export interface ExportTraceServiceRequest {
  readonly resourceSpans?: readonly ResourceSpans[];
}

export interface ResourceSpans {
  readonly resource?: Resource;
  readonly scopeSpans?: readonly ScopeSpans[];
  readonly schemaUrl?: string;
}

export interface ScopeSpans {
  readonly scope?: InstrumentationScope;
  readonly spans?: readonly Span[];
  readonly schemaUrl?: string;
}

export interface Span {
  readonly traceId?: Uint8Array;
  readonly spanId?: Uint8Array;
  readonly traceState?: string;
  readonly parentSpanId?: Uint8Array;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: bigint;
  readonly endTimeUnixNano?: bigint;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly events?: readonly SpanEvent[];
  readonly droppedEventsCount?: number;
  readonly links?: readonly SpanLink[];
  readonly droppedLinksCount?: number;
  readonly status?: SpanStatus;
  readonly flags?: number;
}

export interface SpanEvent {
  readonly timeUnixNano?: bigint;
  readonly name?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
}

export interface SpanLink {
  readonly traceId?: Uint8Array;
  readonly spanId?: Uint8Array;
  readonly traceState?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
}

export interface SpanStatus {
  readonly message?: string;
  readonly code?: number;
}

export interface ExportTraceServiceResponse {
  readonly partialSuccess?: ExportTracePartialSuccess;
}

export interface ExportTracePartialSuccess {
  readonly rejectedSpans?: bigint;
  readonly errorMessage?: string;
}

export interface ExportMetricsServiceRequest {
  readonly resourceMetrics?: readonly ResourceMetrics[];
}

export interface ResourceMetrics {
  readonly resource?: Resource;
  readonly scopeMetrics?: readonly ScopeMetrics[];
  readonly schemaUrl?: string;
}

export interface ScopeMetrics {
  readonly scope?: InstrumentationScope;
  readonly metrics?: readonly Metric[];
  readonly schemaUrl?: string;
}

export interface Metric {
  readonly name?: string;
  readonly description?: string;
  readonly unit?: string;
  readonly gauge?: Gauge;
  readonly sum?: Sum;
  readonly histogram?: Histogram;
  readonly exponentialHistogram?: ExponentialHistogram;
  readonly summary?: Summary;
  readonly metadata?: readonly KeyValue[];
}

export interface Gauge {
  readonly dataPoints?: readonly NumberDataPoint[];
}

export interface Sum {
  readonly dataPoints?: readonly NumberDataPoint[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}

export interface Histogram {
  readonly dataPoints?: readonly HistogramDataPoint[];
  readonly aggregationTemporality?: number;
}

export interface ExponentialHistogram {
  readonly dataPoints?: readonly ExponentialHistogramDataPoint[];
  readonly aggregationTemporality?: number;
}

export interface Summary {
  readonly dataPoints?: readonly SummaryDataPoint[];
}

export interface NumberDataPoint {
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
  readonly asDouble?: number;
  readonly exemplars?: readonly Exemplar[];
  readonly asInt?: bigint;
  readonly attributes?: readonly KeyValue[];
  readonly flags?: number;
}

export interface HistogramDataPoint {
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
  readonly count?: bigint;
  readonly sum?: number;
  readonly bucketCounts?: readonly bigint[];
  readonly explicitBounds?: readonly number[];
  readonly exemplars?: readonly Exemplar[];
  readonly attributes?: readonly KeyValue[];
  readonly flags?: number;
  readonly min?: number;
  readonly max?: number;
}

export interface ExponentialHistogramDataPoint {
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
  readonly count?: bigint;
  readonly sum?: number;
  readonly scale?: number;
  readonly zeroCount?: bigint;
  readonly positive?: Buckets;
  readonly negative?: Buckets;
  readonly flags?: number;
  readonly exemplars?: readonly Exemplar[];
  readonly min?: number;
  readonly max?: number;
  readonly zeroThreshold?: number;
}

export interface Buckets {
  readonly offset?: number;
  readonly bucketCounts?: readonly bigint[];
}

export interface SummaryDataPoint {
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
  readonly count?: bigint;
  readonly sum?: number;
  readonly quantileValues?: readonly ValueAtQuantile[];
  readonly attributes?: readonly KeyValue[];
  readonly flags?: number;
}

export interface ValueAtQuantile {
  readonly quantile?: number;
  readonly value?: number;
}

export interface Exemplar {
  readonly timeUnixNano?: bigint;
  readonly asDouble?: number;
  readonly spanId?: Uint8Array;
  readonly traceId?: Uint8Array;
  readonly asInt?: bigint;
  readonly filteredAttributes?: readonly KeyValue[];
}

export interface ExportMetricsServiceResponse {
  readonly partialSuccess?: ExportMetricsPartialSuccess;
}

export interface ExportMetricsPartialSuccess {
  readonly rejectedDataPoints?: bigint;
  readonly errorMessage?: string;
}

export interface ExportLogsServiceRequest {
  readonly resourceLogs?: readonly ResourceLogs[];
}

export interface ResourceLogs {
  readonly resource?: Resource;
  readonly scopeLogs?: readonly ScopeLogs[];
  readonly schemaUrl?: string;
}

export interface ScopeLogs {
  readonly scope?: InstrumentationScope;
  readonly logRecords?: readonly LogRecord[];
  readonly schemaUrl?: string;
}

export interface LogRecord {
  readonly timeUnixNano?: bigint;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: AnyValue;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
  readonly traceId?: Uint8Array;
  readonly spanId?: Uint8Array;
  readonly observedTimeUnixNano?: bigint;
  readonly eventName?: string;
}

export interface ExportLogsServiceResponse {
  readonly partialSuccess?: ExportLogsPartialSuccess;
}

export interface ExportLogsPartialSuccess {
  readonly rejectedLogRecords?: bigint;
  readonly errorMessage?: string;
}

export interface Status {
  readonly code?: number;
  readonly message?: string;
  readonly details?: readonly Any[];
}

export interface Any {
  readonly typeUrl?: string;
  readonly value?: Uint8Array;
}

export interface RetryInfo {
  readonly retryDelay?: Duration;
}

export interface Duration {
  readonly seconds?: bigint;
  readonly nanos?: number;
}

/** Each message's object type by its name in the field tables. */
export interface MessageTypes {
  readonly AnyValue: AnyValue;
  readonly ArrayValue: ArrayValue;
  readonly KeyValueList: KeyValueList;
  readonly KeyValue: KeyValue;
  readonly InstrumentationScope: InstrumentationScope;
  readonly EntityRef: EntityRef;
  readonly Resource: Resource;
  readonly ExportTraceServiceRequest: ExportTraceServiceRequest;
  readonly ResourceSpans: ResourceSpans;
  readonly ScopeSpans: ScopeSpans;
  readonly Span: Span;
  readonly SpanEvent: SpanEvent;
  readonly SpanLink: SpanLink;
  readonly SpanStatus: SpanStatus;
  readonly ExportTraceServiceResponse: ExportTraceServiceResponse;
  readonly ExportTracePartialSuccess: ExportTracePartialSuccess;
  readonly ExportMetricsServiceRequest: ExportMetricsServiceRequest;
  readonly ResourceMetrics: ResourceMetrics;
  readonly ScopeMetrics: ScopeMetrics;
  readonly Metric: Metric;
  readonly Gauge: Gauge;
  readonly Sum: Sum;
  readonly Histogram: Histogram;
  readonly ExponentialHistogram: ExponentialHistogram;
  readonly Summary: Summary;
  readonly NumberDataPoint: NumberDataPoint;
  readonly HistogramDataPoint: HistogramDataPoint;
  readonly ExponentialHistogramDataPoint: ExponentialHistogramDataPoint;
  readonly Buckets: Buckets;
  readonly SummaryDataPoint: SummaryDataPoint;
  readonly ValueAtQuantile: ValueAtQuantile;
  readonly Exemplar: Exemplar;
  readonly ExportMetricsServiceResponse: ExportMetricsServiceResponse;
  readonly ExportMetricsPartialSuccess: ExportMetricsPartialSuccess;
  readonly ExportLogsServiceRequest: ExportLogsServiceRequest;
  readonly ResourceLogs: ResourceLogs;
  readonly ScopeLogs: ScopeLogs;
  readonly LogRecord: LogRecord;
  readonly ExportLogsServiceResponse: ExportLogsServiceResponse;
  readonly ExportLogsPartialSuccess: ExportLogsPartialSuccess;
  readonly Status: Status;
  readonly Any: Any;
  readonly RetryInfo: RetryInfo;
  readonly Duration: Duration;
}
