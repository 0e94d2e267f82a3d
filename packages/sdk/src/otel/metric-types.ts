/** Metrics as readers and exporters of the official interface see them. */
import type { Attributes, HrTime, ValueType } from '@opentelemetry/api';
import type { InstrumentKind } from '../metrics/instrument-descriptor.js';
import type { Exporting } from './export-result.js';
import type { Resource } from './resource.js';

/** Where numbers count from. Const objects in place of enums; values are the official ones. */
export const AggregationTemporality = { DELTA: 0, CUMULATIVE: 1 } as const;
/** One of {@link AggregationTemporality}'s values. */
export type AggregationTemporality =
  (typeof AggregationTemporality)[keyof typeof AggregationTemporality];

/** What an exporter prefers; LOWMEMORY is delta for what needs no memory for it. */
export const AggregationTemporalityPreference = { DELTA: 0, CUMULATIVE: 1, LOWMEMORY: 2 } as const;
/** One of {@link AggregationTemporalityPreference}'s values. */
export type AggregationTemporalityPreference =
  (typeof AggregationTemporalityPreference)[keyof typeof AggregationTemporalityPreference];

/** Which shape a metric's points have. */
export const DataPointType = {
  HISTOGRAM: 0,
  EXPONENTIAL_HISTOGRAM: 1,
  GAUGE: 2,
  SUM: 3,
} as const;
/** One of {@link DataPointType}'s values. */
export type DataPointType = (typeof DataPointType)[keyof typeof DataPointType];

/** How measurements become a metric. */
export const AggregationType = {
  DEFAULT: 0,
  DROP: 1,
  SUM: 2,
  LAST_VALUE: 3,
  EXPLICIT_BUCKET_HISTOGRAM: 4,
  EXPONENTIAL_HISTOGRAM: 5,
} as const;
/** One of {@link AggregationType}'s values. */
export type AggregationType = (typeof AggregationType)[keyof typeof AggregationType];

/** The seven kinds of instrument. */
export const InstrumentType = {
  COUNTER: 'COUNTER',
  GAUGE: 'GAUGE',
  HISTOGRAM: 'HISTOGRAM',
  UP_DOWN_COUNTER: 'UP_DOWN_COUNTER',
  OBSERVABLE_COUNTER: 'OBSERVABLE_COUNTER',
  OBSERVABLE_GAUGE: 'OBSERVABLE_GAUGE',
  OBSERVABLE_UP_DOWN_COUNTER: 'OBSERVABLE_UP_DOWN_COUNTER',
} as const;
/** One of {@link InstrumentType}'s values. */
export type InstrumentType = (typeof InstrumentType)[keyof typeof InstrumentType];

/** The official name of each of our kinds. */
export const INSTRUMENT_TYPES: Readonly<Record<InstrumentKind, InstrumentType>> = {
  counter: 'COUNTER',
  gauge: 'GAUGE',
  histogram: 'HISTOGRAM',
  upDownCounter: 'UP_DOWN_COUNTER',
  observableCounter: 'OBSERVABLE_COUNTER',
  observableGauge: 'OBSERVABLE_GAUGE',
  observableUpDownCounter: 'OBSERVABLE_UP_DOWN_COUNTER',
};

/** An aggregation and its settings. */
export type AggregationOption =
  | { readonly type: 0 | 1 | 2 | 3 }
  | {
      readonly type: typeof AggregationType.EXPLICIT_BUCKET_HISTOGRAM;
      readonly options?: {
        /** Rising bounds. */
        readonly boundaries: number[];
        /** Default true. */
        readonly recordMinMax?: boolean;
      };
    }
  | {
      readonly type: typeof AggregationType.EXPONENTIAL_HISTOGRAM;
      readonly options?: {
        /** Buckets a side. Default 160. */
        readonly maxSize?: number;
        /** Default true. */
        readonly recordMinMax?: boolean;
      };
    };

/** What is counted. */
export interface MetricDescriptor {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly valueType: ValueType;
}

/** One attribute set's numbers over a span of time. */
export interface DataPoint<T> {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: Attributes;
  readonly value: T;
}

/** A histogram with fixed bounds. */
export interface Histogram {
  readonly buckets: { readonly boundaries: number[]; readonly counts: number[] };
  readonly sum?: number;
  readonly count: number;
  readonly min?: number;
  readonly max?: number;
}

/** One side of an exponential histogram. */
export interface ExponentialSide {
  readonly offset: number;
  readonly bucketCounts: number[];
}

/** A histogram whose bounds are powers. */
export interface ExponentialHistogram {
  readonly count: number;
  readonly sum?: number;
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: ExponentialSide;
  readonly negative: ExponentialSide;
  readonly min?: number;
  readonly max?: number;
}

interface MetricHead {
  readonly descriptor: MetricDescriptor;
  readonly aggregationTemporality: AggregationTemporality;
}

/** A metric of one of the four shapes; `dataPointType` says which. */
export type MetricData =
  | (MetricHead & {
      readonly dataPointType: typeof DataPointType.SUM;
      readonly dataPoints: DataPoint<number>[];
      readonly isMonotonic: boolean;
    })
  | (MetricHead & {
      readonly dataPointType: typeof DataPointType.GAUGE;
      readonly dataPoints: DataPoint<number>[];
    })
  | (MetricHead & {
      readonly dataPointType: typeof DataPointType.HISTOGRAM;
      readonly dataPoints: DataPoint<Histogram>[];
    })
  | (MetricHead & {
      readonly dataPointType: typeof DataPointType.EXPONENTIAL_HISTOGRAM;
      readonly dataPoints: DataPoint<ExponentialHistogram>[];
    });

/** The metrics of one scope. */
export interface ScopeMetrics {
  readonly scope: {
    readonly name: string;
    readonly version?: string;
    readonly schemaUrl?: string;
  };
  readonly metrics: MetricData[];
}

/** The metrics of one collection. */
export interface ResourceMetrics {
  readonly resource: Resource;
  readonly scopeMetrics: ScopeMetrics[];
}

/** A collection and what went wrong in it. */
export interface CollectionResult {
  readonly resourceMetrics: ResourceMetrics;
  readonly errors: unknown[];
}

/** What a reader collects from. */
export interface MetricProducer {
  collect(options?: { readonly timeoutMillis?: number | undefined }): Promise<CollectionResult>;
}

/** Takes metrics out of the program; the official SDK's interface. */
export interface PushMetricExporter extends Exporting<ResourceMetrics> {
  forceFlush(): Promise<void>;
  selectAggregationTemporality?(instrumentType: InstrumentType): AggregationTemporality;
  selectAggregation?(instrumentType: InstrumentType): AggregationOption;
}

/** What a meter provider asks of a reader; the official SDK's readers have it. */
export interface MetricReaderContract {
  setMetricProducer(producer: MetricProducer): void;
  selectAggregation(instrumentType: InstrumentType): AggregationOption;
  selectAggregationTemporality(instrumentType: InstrumentType): AggregationTemporality;
  selectCardinalityLimit?(instrumentType: InstrumentType): number;
  forceFlush(options?: { readonly timeoutMillis?: number }): Promise<void>;
  shutdown(options?: { readonly timeoutMillis?: number }): Promise<void>;
}
