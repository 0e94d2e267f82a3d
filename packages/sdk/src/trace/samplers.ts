/** The specification's samplers, under the official names. */
import { trace as traceApi } from '@opentelemetry/api';
import type { Attributes, Context, Link, SpanKind } from '@opentelemetry/api';
import { report } from '../common/diagnostics.js';
import { readChoice, readRatio } from '../common/environment.js';
import type { Environment } from '../common/environment.js';
import { int32OfHex } from '../common/ids.js';
import { SamplingDecision } from '../common/sampler.js';
import type { Sampler, SamplingResult } from '../common/sampler.js';
import { FLAG_SAMPLED } from './trace-ids.js';
import type { Trace } from './trace-ids.js';

const YES: SamplingResult = { decision: SamplingDecision.RECORD_AND_SAMPLED };
const NO: SamplingResult = { decision: SamplingDecision.NOT_RECORD };

/** Records every span. */
export class AlwaysOnSampler implements Sampler {
  shouldSample(): SamplingResult {
    return YES;
  }

  toString(): string {
    return 'AlwaysOnSampler';
  }
}

/** Records nothing. */
export class AlwaysOffSampler implements Sampler {
  shouldSample(): SamplingResult {
    return NO;
  }

  toString(): string {
    return 'AlwaysOffSampler';
  }
}

/** Records a share of all traces, chosen by trace id as the official JS SDK does. */
export class TraceIdRatioBasedSampler implements Sampler {
  readonly #ratio: number;
  /** Of the 2^32 values that the four parts of an id can have together, those below count. */
  readonly bound: number;

  /** `ratio` from 0 to 1; what is outside is taken as the nearer end, NaN as 0. */
  constructor(ratio: number = 0) {
    this.#ratio = ratio >= 1 ? 1 : ratio > 0 ? ratio : 0;
    this.bound = Math.floor(this.#ratio * 0xffffffff);
  }

  shouldSample(_context: Context, traceId: string): SamplingResult {
    if (this.#ratio === 1) return /^(?!0+$)[0-9a-f]{32}$/.test(traceId) ? YES : NO;
    let sum = 0;
    for (let offset = 0; offset < 32; offset += 8) sum ^= int32OfHex(traceId, offset);
    return sum >>> 0 < this.bound ? YES : NO;
  }

  toString(): string {
    return `TraceIdRatioBased{${this.#ratio}}`;
  }
}

/**
 * Records what `delegate` would not, without sampling it: processors see every span, exporters
 * those that are sampled (trace SDK, "AlwaysRecord").
 */
export function createAlwaysRecordSampler(delegate: Sampler): Sampler {
  if (delegate === undefined || delegate === null) {
    throw new TypeError('cannot record always: createAlwaysRecordSampler requires a delegate');
  }
  return {
    shouldSample: (...asked) => {
      const result = delegate.shouldSample(...asked);
      if (result.decision !== SamplingDecision.NOT_RECORD) return result;
      return { ...result, decision: SamplingDecision.RECORD };
    },
    toString: () => `AlwaysRecordSampler{${delegate.toString()}}`,
  };
}

/** Samplers by kind of parent. Default: as the parent was. */
export interface ParentBasedSamplerOptions {
  readonly root: Sampler;
  readonly remoteParentSampled?: Sampler;
  readonly remoteParentNotSampled?: Sampler;
  readonly localParentSampled?: Sampler;
  readonly localParentNotSampled?: Sampler;
}

/** Does as the parent did; asks `root` where there is none. */
export class ParentBasedSampler implements Sampler {
  readonly options: ParentBasedSamplerOptions;

  constructor(options: ParentBasedSamplerOptions) {
    if (options?.root === undefined) {
      throw new TypeError('cannot sample by parent: no root sampler');
    }
    this.options = options;
  }

  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    const parent = traceApi.getSpanContext(context);
    const { options } = this;
    if (parent === undefined || /^0*$/.test(parent.traceId)) {
      return options.root.shouldSample(context, traceId, spanName, spanKind, attributes, links);
    }
    const sampled = (parent.traceFlags & FLAG_SAMPLED) !== 0;
    const chosen =
      parent.isRemote === true
        ? sampled
          ? options.remoteParentSampled
          : options.remoteParentNotSampled
        : sampled
          ? options.localParentSampled
          : options.localParentNotSampled;
    if (chosen === undefined) return sampled ? YES : NO;
    return chosen.shouldSample(context, traceId, spanName, spanKind, attributes, links);
  }

  toString(): string {
    const { root, ...others } = this.options;
    const parts = [
      `root=${String(root)}`,
      `remoteParentSampled=${String(others.remoteParentSampled ?? 'AlwaysOnSampler')}`,
      `remoteParentNotSampled=${String(others.remoteParentNotSampled ?? 'AlwaysOffSampler')}`,
      `localParentSampled=${String(others.localParentSampled ?? 'AlwaysOnSampler')}`,
      `localParentNotSampled=${String(others.localParentNotSampled ?? 'AlwaysOffSampler')}`,
    ];
    return `ParentBased{${parts.join(', ')}}`;
  }
}

/**
 * A sampler's meaning where it can be had without calling it: the usual ones cost no string of
 * the trace id, no result object, no attributes.
 */
export interface SamplingPlan {
  /** Children do as their parent did. */
  readonly followsParent: boolean;
  /** For the others: all, none, those below a bound, or ask the sampler. */
  readonly root: 'all' | 'none' | 'bound' | 'ask';
  readonly bound: number;
}

/** The plan of a sampler; one of someone else's is always asked. */
export function planOf(sampler: Sampler): SamplingPlan {
  if (sampler instanceof ParentBasedSampler) {
    const { options } = sampler;
    const isPlain = Object.keys(options).every(
      (key) => key === 'root' || options[key as keyof typeof options] === undefined,
    );
    if (!isPlain) return { followsParent: false, root: 'ask', bound: 0 };
    return { ...rootPlanOf(options.root), followsParent: true };
  }
  return rootPlanOf(sampler);
}

function rootPlanOf(sampler: Sampler): SamplingPlan {
  // Only these very classes: a subclass, or an object that was patched, has its own shouldSample.
  if (Object.hasOwn(sampler, 'shouldSample')) {
    return { followsParent: false, root: 'ask', bound: 0 };
  }
  const kind = Object.getPrototypeOf(sampler) as unknown;
  if (kind === AlwaysOnSampler.prototype) return { followsParent: false, root: 'all', bound: 0 };
  if (kind === AlwaysOffSampler.prototype) return { followsParent: false, root: 'none', bound: 0 };
  if (kind === TraceIdRatioBasedSampler.prototype) {
    const { bound } = sampler as TraceIdRatioBasedSampler;
    const root = bound === 0xffffffff ? 'all' : 'bound';
    return { followsParent: false, root, bound };
  }
  return { followsParent: false, root: 'ask', bound: 0 };
}

/** True when a trace's id is below the bound of a ratio. */
export function isBelow(trace: Trace, bound: number): boolean {
  return (trace.id0 ^ trace.id1 ^ trace.id2 ^ trace.id3) >>> 0 < bound;
}

const NAMES = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** The sampler that OTEL_TRACES_SAMPLER names; parent-based always on when it names none. */
export function samplerFromEnvironment(environment: Environment): Sampler {
  const name = readChoice(environment, 'OTEL_TRACES_SAMPLER', NAMES) ?? 'parentbased_always_on';
  const root = rootSampler(name, environment);
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(name: (typeof NAMES)[number], environment: Environment): Sampler {
  if (name.endsWith('always_on')) return new AlwaysOnSampler();
  if (name.endsWith('always_off')) return new AlwaysOffSampler();
  const ratio = readRatio(environment, 'OTEL_TRACES_SAMPLER_ARG');
  if (ratio === undefined) report('warn', `${name} without a usable OTEL_TRACES_SAMPLER_ARG: 1`);
  return new TraceIdRatioBasedSampler(ratio ?? 1);
}
