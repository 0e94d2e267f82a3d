import type { Attributes, Context, HrTime } from '@opentelemetry/api';

/** A measurement that was kept, as the official SDK has it. */
export interface KeptExemplar {
  readonly value: number;
  /** When it was measured. */
  readonly timestamp: HrTime;
  /** Attributes that the point does not have. */
  readonly filteredAttributes: Attributes;
  /** 32 and 16 hex digits; absent outside of any span. */
  readonly traceId?: string;
  readonly spanId?: string;
}

/**
 * Chooses exemplars in the program's own way (specification, metrics SDK, "ExemplarReservoir"): one
 * for each attribute set of a metric. What it throws is reported once, and costs exemplars only.
 */
export interface ExemplarReservoir {
  /** Gets every measurement that the exemplar filter lets through. */
  offer(value: number, timestamp: HrTime, attributes: Attributes, context: Context): void;
  /** Gives what it kept since the last collection, and starts over. */
  collect(pointAttributes: Attributes): readonly KeptExemplar[];
}
