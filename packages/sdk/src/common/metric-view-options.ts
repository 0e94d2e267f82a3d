/** Which instruments a view concerns, and what becomes of their measurements. */
import type { ExemplarReservoir } from './exemplar-reservoir.js';

/** How measurements become a metric (specification, metrics SDK, "Aggregation"). */
export type ViewAggregation =
  | 'default'
  | 'drop'
  | 'sum'
  | 'lastValue'
  | {
      readonly type: 'explicitHistogram';
      /** Rising bounds; default the instrument's advice, else the specification's. */
      readonly boundaries?: readonly number[];
      /** Whether points tell the least and the greatest value. Default true. */
      readonly recordMinMax?: boolean;
    }
  | {
      readonly type: 'exponentialHistogram';
      /** Buckets a side, 2 to 1,024. Default 160. */
      readonly maxSize?: number;
      /** Finest resolution, −10 to 20. Default 20. */
      readonly maxScale?: number;
      /** Whether points tell the least and the greatest value. Default true. */
      readonly recordMinMax?: boolean;
    };

/**
 * A view. Every criterion that is given must hold; one at least is needed. An instrument that
 * several views concern becomes several metrics; one that none concerns, its usual one.
 */
export interface MetricViewOptions {
  /** Name in any case; `*` stands for any characters, `?` for one. */
  readonly instrumentName?: string;
  readonly instrumentType?:
    | 'counter'
    | 'upDownCounter'
    | 'gauge'
    | 'histogram'
    | 'observableCounter'
    | 'observableUpDownCounter'
    | 'observableGauge';
  readonly instrumentUnit?: string;
  readonly meterName?: string;
  readonly meterVersion?: string;
  readonly meterSchemaUrl?: string;
  /** Name of the metric; only where `instrumentName` has no wildcard. */
  readonly name?: string;
  readonly description?: string;
  /** Only these attribute keys are kept; the rest is added up over. */
  readonly attributeKeys?: readonly string[];
  /** These attribute keys are left out. */
  readonly excludedAttributeKeys?: readonly string[];
  /** Default `default`: by the instrument's kind. */
  readonly aggregation?: ViewAggregation;
  /** Attribute sets, the overflow set included; default that of all metrics. */
  readonly cardinalityLimit?: number;
  /** Makes a reservoir of the program's for each attribute set; default the specification's. */
  readonly exemplarReservoir?: () => ExemplarReservoir;
}
