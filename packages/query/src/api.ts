import type { Aggregation, ChartType } from './views.js';

/**
 * Request and answer types of the HTTP API, `/api/v1`. The server's handlers and the page's client
 * are both typed from here. Times are nanosecond Unix times as decimal strings, durations likewise;
 * 64-bit integers are decimal strings; ids are lower-case hex.
 */

/** Nanoseconds since the Unix epoch, as a decimal string: `"1763813460123456789"`. */
export type UnixNanoText = string;
/** Nanoseconds, as a decimal string. */
export type DurationNanosText = string;

/**
 * An attribute value in JSON with its OTLP type kept: strings, booleans and numbers as themselves;
 * an integer beyond 2^53 as `{ "$int": "…" }`; a double with an integral value as a number with a
 * fraction (`3.0`); NaN and the infinities as `{ "$double": "NaN" | "Infinity" | "-Infinity" }`;
 * bytes as `{ "$bytes": base64 }`; an absent value as null. A map of the user's whose only key
 * starts with `$` is `{ "$map": { … } }`.
 */
export type AttributeValue =
  | string
  | boolean
  | number
  | null
  | { readonly $int: string }
  | { readonly $double: string }
  | { readonly $bytes: string }
  | { readonly $map: { readonly [key: string]: AttributeValue } }
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

export interface Attributes {
  readonly [key: string]: AttributeValue;
}

/** OTLP names without their prefix. */
export type SpanKind = 'UNSPECIFIED' | 'INTERNAL' | 'SERVER' | 'CLIENT' | 'PRODUCER' | 'CONSUMER';
export type StatusCode = 'UNSET' | 'OK' | 'ERROR';
export type Temporality = 'UNSPECIFIED' | 'DELTA' | 'CUMULATIVE';
export type MetricType = 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';

export interface Resource {
  readonly attributes: Attributes;
  readonly schemaUrl: string;
  readonly droppedAttributesCount: number;
}

export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: Attributes;
  readonly schemaUrl: string;
  readonly droppedAttributesCount: number;
}

export interface SpanEvent {
  readonly timeUnixNano: UnixNanoText;
  readonly name: string;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
  readonly flags: number;
}

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly service: string;
  readonly startTimeUnixNano: UnixNanoText;
  /** "0" while the span runs. */
  readonly endTimeUnixNano: UnixNanoText;
  /** max(0, end − start); for a running span the time until now. */
  readonly durationNanos: DurationNanosText;
  readonly status: { readonly code: StatusCode; readonly message: string };
  readonly attributes: Attributes;
  readonly resource: Resource;
  readonly scope: Scope;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly traceState: string;
  readonly flags: number;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
  readonly running: boolean;
  /** A running span whose process has been silent for 15 s. */
  readonly lost?: boolean;
}

export interface LogRecord {
  readonly timeUnixNano: UnixNanoText;
  readonly observedTimeUnixNano: UnixNanoText;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: AttributeValue;
  readonly attributes: Attributes;
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly droppedAttributesCount: number;
  readonly service: string;
  readonly resource: Resource;
  readonly scope: Scope;
}

/** A double: `$double` holds what a JSON number cannot say (NaN, the infinities, −0). */
export type Double = number | { readonly $double: string };

export interface Exemplar {
  readonly timeUnixNano: UnixNanoText;
  readonly value: Double | { readonly $int: string };
  readonly spanId: string;
  readonly traceId: string;
  readonly attributes: Attributes;
}

export interface MetricPoint {
  readonly metric: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly description: string;
  readonly service: string;
  readonly attributes: Attributes;
  readonly startTimeUnixNano: UnixNanoText;
  readonly timeUnixNano: UnixNanoText;
  /** gauge, sum. Written as an attribute's number is. */
  readonly value?: Double | { readonly $int: string };
  /** histogram, exponential histogram, summary: a 64-bit integer as text. */
  readonly count?: string;
  readonly sum?: Double;
  readonly min?: Double;
  readonly max?: Double;
  /** histogram: bounds.length + 1 counts. */
  readonly buckets?: { readonly bounds: readonly Double[]; readonly counts: readonly string[] };
  readonly exponential?: {
    readonly scale: number;
    readonly zeroCount: string;
    readonly positive: { readonly offset: number; readonly counts: readonly string[] };
    readonly negative: { readonly offset: number; readonly counts: readonly string[] };
  };
  readonly zeroThreshold?: Double;
  readonly quantiles?: readonly { readonly quantile: Double; readonly value: Double }[];
  readonly temporality: Temporality;
  readonly monotonic?: boolean;
  readonly flags: number;
  readonly exemplars: readonly Exemplar[];
  readonly metadata?: Attributes;
  readonly resource: Resource;
  readonly scope: Scope;
}

/** Every list answer. `truncated` says why a bound cut it. */
export interface List<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
  readonly truncated?: string;
}

/** Every error answer, with the right HTTP status. */
export interface ErrorAnswer {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    /** For a bad query: 0-based column in `q`, and the length of the offending text. */
    readonly column?: number;
    readonly length?: number;
  };
}

/** `from` and `to` of every list and analysis route: nanoseconds, `now-15m`, `now`, or ISO 8601. */
export interface TimeRangeRequest {
  readonly from?: string;
  readonly to?: string;
}

export interface ListRequest extends TimeRangeRequest {
  readonly q?: string;
  /** Default 50, at most 1,000. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** One bar of a trace's thumbnail: [start, end] as fractions 0…1 of the trace, and its row. */
export interface ShapeBar {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  readonly service: string;
  readonly error: boolean;
}

/** One row of GET /traces. */
export interface TraceRow {
  readonly traceId: string;
  readonly rootService: string;
  readonly rootName: string;
  /** The root span has not arrived: service and name are those of the earliest span. */
  readonly rootMissing: boolean;
  readonly startTimeUnixNano: UnixNanoText;
  readonly durationNanos: DurationNanosText;
  readonly spanCount: number;
  readonly errorCount: number;
  /** In order of first appearance. */
  readonly services: readonly { readonly name: string; readonly spanCount: number }[];
  readonly running: boolean;
  /** At most 12 bars. */
  readonly shape: readonly ShapeBar[];
}

export type TracesRequest = ListRequest & { readonly sort?: 'newest' | 'duration' | 'errors' };
export type TracesAnswer = List<TraceRow>;

/** GET /traces/{traceId}. At most 100,000 spans unless `limit` says otherwise. */
export interface TraceAnswer {
  readonly traceId: string;
  readonly spans: readonly Span[];
  readonly truncated?: string;
}

export type SpansAnswer = List<Span>;
export type LogsAnswer = List<LogRecord>;

/** One row of GET /services, over [from, to]. */
export interface ServiceRow {
  readonly name: string;
  readonly spanCount: number;
  /** Spans a second over the range. */
  readonly rate: number;
  readonly errorCount: number;
  /** 0…1. */
  readonly errorRatio: number;
  readonly p50Nanos: DurationNanosText;
  readonly p95Nanos: DurationNanosText;
  readonly p99Nanos: DurationNanosText;
  readonly lastSeenUnixNano: UnixNanoText;
  /** Spans per equal slice of the range, oldest first: 30 numbers for a sparkline. */
  readonly sparkline: readonly number[];
}

export type ServicesAnswer = List<ServiceRow>;

/** One row of GET /metrics. */
export interface MetricRow {
  readonly name: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly description: string;
  readonly temporality: Temporality;
  readonly monotonic: boolean;
  readonly services: readonly string[];
  readonly attributeKeys: readonly string[];
  readonly seriesCount: number;
  readonly lastSeenUnixNano: UnixNanoText;
}

export type MetricsAnswer = List<MetricRow>;

/** GET /metrics/query. `step` in nanoseconds or with a unit (`10s`); default: range / 120. */
export interface MetricQueryRequest extends TimeRangeRequest {
  readonly name: string;
  readonly agg?: Aggregation;
  /** Attribute keys, comma-separated in the URL. */
  readonly by?: string;
  readonly q?: string;
  readonly step?: string;
}

export interface MetricSeries {
  /** The values of the `by` keys. */
  readonly labels: { readonly [key: string]: string };
  /** One value a step, `null` where nothing was recorded: a gap. */
  readonly values: readonly (number | null)[];
}

/** Counts of a histogram's buckets over time; the 'histogram' view shows their sum. */
export interface MetricDistribution {
  readonly bounds: readonly number[];
  /** counts[step][bucket], bounds.length + 1 buckets. */
  readonly counts: readonly (readonly number[])[];
}

export interface MetricQueryAnswer {
  readonly name: string;
  readonly type: MetricType | undefined;
  readonly unit: string;
  readonly agg: Aggregation;
  readonly fromUnixNano: UnixNanoText;
  readonly toUnixNano: UnixNanoText;
  readonly stepNanos: DurationNanosText;
  /** Start of each step. */
  readonly timesUnixNano: readonly UnixNanoText[];
  readonly series: readonly MetricSeries[];
  readonly distribution?: MetricDistribution;
  readonly truncated?: string;
}

/** One key's most frequent values. */
export interface Facet {
  readonly key: string;
  readonly values: readonly { readonly value: string; readonly count: number }[];
  /** There are more values than were asked for. */
  readonly more: boolean;
}

/** GET /facets?q&records=spans|logs&key=service,status&limit: records that match, by value. */
export interface FacetsAnswer {
  readonly items: readonly Facet[];
}

/** One step of GET /histogram; `errors`: failed spans, or records of severity error and above. */
export interface HistogramBucket {
  readonly timeUnixNano: UnixNanoText;
  readonly count: number;
  readonly errors: number;
  /** Log records of severity warn. */
  readonly warnings?: number;
  /** Spans: percentiles of their durations; absent in an empty step. */
  readonly p50Nanos?: DurationNanosText;
  readonly p95Nanos?: DurationNanosText;
}

/**
 * GET /histogram?q&kind=traces|spans|logs&step: matching records over time, empty steps too;
 * `traces` counts root spans. Default step: range / 60.
 */
export interface HistogramAnswer {
  readonly stepNanos: DurationNanosText;
  readonly items: readonly HistogramBucket[];
}

/** GET /status. */
export interface StatusAnswer {
  readonly version: string;
  readonly startedUnixNano: UnixNanoText;
  /** Now, by the server's clock. */
  readonly nowUnixNano: UnixNanoText;
  readonly endpoints: {
    readonly page: string;
    readonly otlpHttp: string | undefined;
    readonly otlpGrpc: string | undefined;
  };
  readonly dataDir: string;
  readonly stored: { readonly spans: number; readonly logs: number; readonly points: number };
  readonly running: { readonly spans: number };
  /** Records a second, over the last 5 s. */
  readonly rates: { readonly spans: number; readonly logs: number; readonly points: number };
  /** Since start, by reason. */
  readonly dropped: readonly { readonly reason: string; readonly count: number }[];
  /** Requests that were refused, newest first, at most 20. */
  readonly refused: readonly {
    readonly timeUnixNano: UnixNanoText;
    readonly method: string;
    readonly path: string;
    readonly status: number;
    readonly message: string;
    readonly hint?: string;
  }[];
  /** Records that were accepted but will not show where one looks first; newest first, ≤ 20. */
  readonly unshown: readonly {
    readonly timeUnixNano: UnixNanoText;
    readonly signal: 'spans' | 'logs' | 'points';
    readonly service: string;
    readonly count: number;
    readonly reason: string;
  }[];
  /** What was wrong with the data directory, if anything. */
  readonly damage: readonly string[];
  /** Of the server's process: resident (the engine included), and JavaScript's own. */
  readonly memory: { readonly rssBytes: number; readonly heapBytes: number };
  /** What the tables take, dropped parts that wait some seconds for removal not counted. */
  readonly disk: { readonly usedBytes: number; readonly maxBytes: number | undefined };
  /** Counted from arrival; 0: kept for ever. */
  readonly retention: { readonly maxAgeNanos: DurationNanosText };
  readonly commit: {
    /** Groups stored a second, over the last 5 s; a group is one insert a table. */
    readonly groupsPerSecond: number;
    /** From a request's arrival to its answer, over the last minute (the last 4,096 at most). */
    readonly p50Millis: number;
    readonly p95Millis: number;
    /** Rows that wait or are being written; at 128 MiB requests are refused with 503. */
    readonly queuedBytes: number;
  };
  /** Span end to readable, over the last minute. */
  readonly freshness: { readonly p50Millis: number; readonly p95Millis: number };
}

/** A registered view. PUT /views/{id} takes it without `id` and the two times. */
export interface View {
  /** Derived from group, metric and chart type by the SDK: the same call replaces its own view. */
  readonly id: string;
  readonly metric: string;
  readonly chartType: ChartType;
  readonly title?: string;
  readonly unit?: string;
  readonly by?: readonly string[];
  readonly aggregation?: Aggregation;
  readonly filter?: string;
  readonly min?: number;
  readonly max?: number;
  readonly thresholds?: readonly {
    readonly value: number;
    readonly level: 'ok' | 'warn' | 'error';
  }[];
  readonly order?: number;
  /** The page it stands on; default "Views". */
  readonly group?: string;
  /** service.name of the program that registered it. */
  readonly source?: string;
  readonly createdUnixNano: UnixNanoText;
  readonly updatedUnixNano: UnixNanoText;
}

export type ViewsAnswer = List<View>;

/** POST /display: push what is stored to every open page now and wait (at most 2 s) for them. */
export interface DisplayAnswer {
  /** Open pages that were told. */
  readonly pages: number;
  /** From this request to the last page's acknowledgement; absent without a page. */
  readonly shownMillis?: number;
}
