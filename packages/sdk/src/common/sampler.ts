/** The sampling interface of the trace specification, under the official names. */
import type { Attributes, Context, Link, SpanKind, TraceState } from '@opentelemetry/api';

/** A sampler's verdict. A const object in place of an enum; values are the official ones. */
export const SamplingDecision = {
  NOT_RECORD: 0,
  RECORD: 1,
  RECORD_AND_SAMPLED: 2,
} as const;
export type SamplingDecision = (typeof SamplingDecision)[keyof typeof SamplingDecision];

/** What {@link Sampler.shouldSample} returns. */
export interface SamplingResult {
  readonly decision: SamplingDecision;
  /** Added to the span's attributes. */
  readonly attributes?: Readonly<Attributes>;
  /** Replaces the parent's tracestate; `undefined` keeps it. */
  readonly traceState?: TraceState;
}

/** Decides for each span whether it is recorded. One that throws counts as NOT_RECORD. */
export interface Sampler {
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult;
  toString(): string;
}
