/** Asking samplers, and knowing without asking. */
import { SpanKind } from '@opentelemetry/api';
import type { Attributes, Context, Link, SpanOptions } from '@opentelemetry/api';
import { attributesObject, flattenAttributes } from '../common/attributes.js';
import { reportOnce } from '../common/diagnostics.js';
import { ATTRIBUTE_COUNT } from '../common/limits.js';
import { SamplingDecision } from '../common/sampler.js';
import type { Sampler, SamplingResult } from '../common/sampler.js';
import { isBelow } from './samplers.js';
import type { SamplingPlan } from './samplers.js';
import type { Trace } from './trace-ids.js';

const NOTHING: SamplingResult = { decision: SamplingDecision.NOT_RECORD };

/** What a plan says of a span whose trace is known; `undefined`: ask the sampler. */
export function rootVerdict(plan: SamplingPlan, trace: Trace): boolean | undefined {
  switch (plan.root) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'bound':
      return isBelow(trace, plan.bound);
    case 'ask':
      return undefined;
  }
}

/** Asks a sampler of someone else's; one that throws, or answers nothing, records nothing. */
export function askSampler(
  sampler: Sampler,
  context: Context,
  traceId: string,
  name: string,
  options: SpanOptions,
): SamplingResult {
  try {
    const links: Link[] = options.links ?? [];
    const kind = options.kind ?? SpanKind.INTERNAL;
    const attributes = sampledAttributes(options.attributes);
    const result = sampler.shouldSample(context, traceId, name, kind, attributes, links);
    return typeof result?.decision === 'number' ? result : NOTHING;
  } catch (error: unknown) {
    reportOnce('error', 'sampler', `the sampler threw: ${String(error)}`);
    return NOTHING;
  }
}

/** What a sampler sees of the attributes: valid ones only, in an object of its own. */
function sampledAttributes(attributes: unknown): Attributes {
  if (attributes === undefined) return {};
  const { flat } = flattenAttributes(attributes, ATTRIBUTE_COUNT, Number.POSITIVE_INFINITY);
  return { ...(attributesObject(flat) as Attributes) };
}
