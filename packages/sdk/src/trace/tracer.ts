/** The tracer: the way from a name to a span, and from its end to a chunk. */
import {
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  SpanKind,
  trace as traceApi,
} from '@opentelemetry/api';
import type {
  Context,
  Span as ApiSpan,
  SpanContext,
  SpanOptions,
  Tracer as ApiTracer,
} from '@opentelemetry/api';
import { readClock, reading } from '../common/clock.js';
import {
  activeContext,
  isSuppressed,
  runInContextWith,
  spanOf,
  withSpanInContext,
} from '../common/context.js';
import { report, reportOnce } from '../common/diagnostics.js';
import { hexOfInt32, int32OfHex } from '../common/ids.js';
import type { ReadableResource, SpanProcessor } from '../common/readable-span.js';
import { SamplingDecision } from '../common/sampler.js';
import type { Sampler } from '../common/sampler.js';
import type { Scope } from '../common/scope.js';
import type { SpanCounts } from '../common/span-counts.js';
import type { Batcher } from '../export/batcher.js';
import { encodeView } from './encode-readable.js';
import { encodeSafely } from './encode-span.js';
import { environmentParent } from './environment-parent.js';
import { setSpanId, traceWithId } from './id-generator.js';
import type { IdGenerator } from './id-generator.js';
import { addInitial, setStart } from './initial-values.js';
import type { LiveSpans } from './live-spans.js';
import { ReadableView } from './readable-view.js';
import type { ViewOwner } from './readable-view.js';
import { isBelow, planOf } from './samplers.js';
import type { SamplingPlan } from './samplers.js';
import { askSampler, rootVerdict } from './sampling.js';
import { RecordedSpan, kindOf, textOf } from './span.js';
import type { Span, SpanOwner } from './span.js';
import type { SpanLimits } from './span-limits.js';
import { FLAG_SAMPLED, newTrace, traceOfParent } from './trace-ids.js';
import { UnrecordedSpan } from './unrecorded-span.js';
import type { Trace } from './trace-ids.js';

/** Columns of SpanCounts.started, and the row of a recording span that is not sampled. */
const NO_PARENT = 0;
const LOCAL = 1;
const REMOTE = 2;
const RECORDED = 1;
const NO_OPTIONS: SpanOptions = {};
/** What is started where tracing is off: no identity, so nothing below becomes its child. */
const SUPPRESSED: Span = Object.assign(traceApi.wrapSpanContext(INVALID_SPAN_CONTEXT), {
  [Symbol.dispose](): void {},
});

/** What a tracer gets from its provider. */
export interface TracerSurroundings {
  readonly limits: SpanLimits;
  readonly sampler: Sampler;
  readonly processors: readonly SpanProcessor[];
  readonly resource: ReadableResource;
  readonly idGenerator?: IdGenerator | undefined;
  /** Counts spans; the provider's, for all of its tracers. */
  readonly spanCounts: SpanCounts;
  /** Follows open spans, for backends that show them. */
  readonly liveSpans?: LiveSpans | undefined;
  /** Where ended spans go after the processors; `undefined`: nowhere else. */
  batcherOf(scope: Scope): Batcher | undefined;
}

/** Makes spans of one instrumentation scope. */
export class Tracer implements ApiTracer, SpanOwner, ViewOwner {
  readonly limits: SpanLimits;
  /** Name, version and schema URL of who records. */
  readonly instrumentationScope: ViewOwner['instrumentationScope'];
  readonly resource: ReadableResource;
  readonly #ids: IdGenerator | undefined;
  readonly #sampler: Sampler;
  readonly #plan: SamplingPlan;
  readonly #processors: readonly SpanProcessor[];
  readonly #batcher: Batcher | undefined;
  readonly #live: LiveSpans | undefined;
  readonly #started: Float64Array;
  readonly #ended: Float64Array;

  constructor(provider: TracerSurroundings, scope: Scope) {
    const { name, version, schemaUrl } = scope;
    this.limits = provider.limits;
    this.instrumentationScope = { name, version, schemaUrl };
    this.resource = provider.resource;
    this.#ids = provider.idGenerator;
    this.#sampler = provider.sampler;
    this.#plan = planOf(provider.sampler);
    this.#processors = provider.processors;
    this.#batcher = provider.batcherOf(scope);
    this.#live = provider.liveSpans;
    this.#started = provider.spanCounts.started;
    this.#ended = provider.spanCounts.ended;
  }

  /** Starts a span, child of the context's unless `options.root`. Never throws. */
  startSpan(name: string, options?: SpanOptions, context?: Context): Span {
    try {
      return this.#start(name, options, context);
    } catch (error: unknown) {
      // An option or a parent of the program's threw when it was looked at.
      reportOnce('warn', 'start', `a span starts without options and parent: ${textOf(error)}`);
      return this.#start(name, NO_OPTIONS, ROOT_CONTEXT);
    }
  }

  #start(name: string, options?: SpanOptions, context?: Context): Span {
    const own = options ?? NO_OPTIONS;
    let where = context ?? activeContext();
    if (isSuppressed(where)) return SUPPRESSED;
    // Samplers and processors look for the parent in the context.
    if (own.root === true && spanOf(where) !== undefined) where = traceApi.deleteSpan(where);
    const parent = own.root === true ? undefined : parentOf(where, own.kind);
    if (parent instanceof RecordedSpan) {
      return this.#startChild(name, own, where, parent.trace, parent.idHigh, parent.idLow, false);
    }
    if (parent instanceof ReadableView) {
      const { trace, idHigh, idLow } = parent.recorded;
      return this.#startChild(name, own, where, trace, idHigh, idLow, false);
    }
    if (parent instanceof UnrecordedSpan) {
      if (this.#plan.followsParent) return this.#unrecorded(parent.trace, LOCAL);
      parent.ensureId();
      return this.#startChild(name, own, where, parent.trace, parent.idHigh, parent.idLow, false);
    }
    return parent === undefined
      ? this.#startRoot(name, own, where)
      : this.#startForeign(name, own, where, parent.spanContext());
  }

  #startRoot(name: string, options: SpanOptions, context: Context): Span {
    const plan = this.#plan;
    if (plan.root === 'none') return this.#unrecorded(this.#newTrace(false, undefined), NO_PARENT);
    readClock();
    const trace = this.#newTrace(plan.root === 'all', reading.seconds);
    if (plan.root === 'all') return this.#record(name, options, context, trace, 0, 0, false);
    if (plan.root === 'bound') {
      if (!isBelow(trace, plan.bound)) return this.#unrecorded(trace, NO_PARENT);
      const sampled = trace.with(trace.flags | FLAG_SAMPLED, undefined);
      return this.#record(name, options, context, sampled, 0, 0, false);
    }
    return this.#ask(name, options, context, trace, 0, 0, false);
  }

  #newTrace(sampled: boolean, seconds: number | undefined): Trace {
    const trace = newTrace(sampled, seconds);
    return this.#ids === undefined ? trace : traceWithId(trace, this.#ids);
  }

  #unrecorded(trace: Trace, origin: number): UnrecordedSpan {
    this.#started[origin]!++;
    const span = new UnrecordedSpan(trace);
    if (this.#ids !== undefined) setSpanId(span, this.#ids);
    return span;
  }

  #startForeign(name: string, options: SpanOptions, context: Context, parent: SpanContext): Span {
    readClock();
    const trace = traceOfParent(parent, reading.seconds);
    const spanId = String(parent.spanId);
    const high = spanId.length === 16 ? int32OfHex(spanId, 0) : Number.NaN;
    const low = int32OfHex(spanId, 8);
    const isValid = !Number.isNaN(high + low) && (high | low) !== 0;
    if (trace === undefined || !isValid) return this.#startRoot(name, options, context);
    return this.#startChild(name, options, context, trace, high, low, parent.isRemote === true);
  }

  #startChild(
    name: string,
    options: SpanOptions,
    context: Context,
    trace: Trace,
    parentHigh: number,
    parentLow: number,
    isRemote: boolean,
  ): Span {
    const plan = this.#plan;
    const isSampled = (trace.flags & FLAG_SAMPLED) !== 0;
    const verdict = plan.followsParent ? isSampled : rootVerdict(plan, trace);
    if (verdict === undefined) {
      return this.#ask(name, options, context, trace, parentHigh, parentLow, isRemote);
    }
    const own = verdict === isSampled ? trace : trace.with(trace.flags ^ FLAG_SAMPLED, trace.state);
    if (!verdict) return this.#unrecorded(own, isRemote ? REMOTE : LOCAL);
    readClock();
    return this.#record(name, options, context, own, parentHigh, parentLow, isRemote);
  }

  /** Lets a sampler of someone else's decide. */
  #ask(
    name: string,
    options: SpanOptions,
    context: Context,
    trace: Trace,
    parentHigh: number,
    parentLow: number,
    isRemote: boolean,
  ): Span {
    const isRoot = (parentHigh | parentLow) === 0;
    // A parent from the process's environment is in no context yet.
    const where =
      isRoot || spanOf(context) !== undefined
        ? context
        : traceApi.setSpanContext(context, {
            traceId: trace.traceId(),
            spanId: hexOfInt32(parentHigh) + hexOfInt32(parentLow),
            traceFlags: trace.flags,
            isRemote,
          });
    const result = askSampler(this.#sampler, where, trace.traceId(), textOf(name), options);
    const isSampled = result.decision === SamplingDecision.RECORD_AND_SAMPLED;
    const flags = isSampled ? trace.flags | FLAG_SAMPLED : trace.flags & ~FLAG_SAMPLED;
    const own = trace.with(flags, result.traceState ?? trace.state);
    if (result.decision === SamplingDecision.NOT_RECORD) {
      return this.#unrecorded(own, isRoot ? NO_PARENT : isRemote ? REMOTE : LOCAL);
    }
    readClock();
    const merged =
      result.attributes === undefined
        ? options
        : { ...options, attributes: { ...options.attributes, ...result.attributes } };
    return this.#record(name, merged, context, own, parentHigh, parentLow, isRemote);
  }

  /** Makes the span; it starts at the last reading of the clock. */
  #record(
    name: string,
    options: SpanOptions,
    context: Context,
    trace: Trace,
    parentHigh: number,
    parentLow: number,
    isRemote: boolean,
  ): Span {
    const origin = (parentHigh | parentLow) === 0 ? NO_PARENT : isRemote ? REMOTE : LOCAL;
    this.#started[(RECORDED + (trace.flags & FLAG_SAMPLED)) * 3 + origin]!++;
    const span = new RecordedSpan(
      this,
      trace,
      parentHigh,
      parentLow,
      isRemote,
      typeof name === 'string' ? name : textOf(name),
      options.kind === undefined ? SpanKind.INTERNAL : kindOf(options.kind),
      reading.seconds,
      reading.nanos,
    );
    if (this.#ids !== undefined) setSpanId(span, this.#ids);
    if (options.attributes !== undefined) addInitial(span, options.attributes, this.limits);
    if (options.links !== undefined) span.addLinks(options.links);
    if (options.startTime !== undefined) setStart(span, options.startTime);
    if (this.#live !== undefined && (trace.flags & FLAG_SAMPLED) !== 0) this.#live.started(span);
    return this.#processors.length > 0 ? this.#announce(span, context) : span;
  }

  #announce(span: RecordedSpan, context: Context): ReadableView {
    const view = new ReadableView(span, this);
    for (const processor of this.#processors) {
      guarded('onStart', () => processor.onStart(view, context));
    }
    return view;
  }

  /** Shows a span that still runs; it counts as exported when it has ended. */
  spanOpen(span: RecordedSpan): void {
    if (this.#batcher === undefined) return;
    if (encodeSafely(this.#batcher.writer, span)) this.#batcher.added();
  }

  /** Takes a span that no processor saw at its end. */
  spanEnded(span: RecordedSpan): void {
    span.isEnded = true;
    this.#ended[RECORDED + (span.trace.flags & FLAG_SAMPLED)]!++;
    this.#live?.ended(span);
    if (this.#batcher === undefined || (span.trace.flags & FLAG_SAMPLED) === 0) return;
    if (encodeSafely(this.#batcher.writer, span)) this.#batcher.recorded();
  }

  /** Takes a span at its end: other people's processors first, then the chunk. */
  viewEnded(view: ReadableView): void {
    const span = view.recorded;
    for (const processor of this.#processors) {
      guarded('onEnding', () => processor.onEnding?.(view));
    }
    span.isEnded = true;
    this.#ended[RECORDED + (span.trace.flags & FLAG_SAMPLED)]!++;
    this.#live?.ended(span);
    for (const processor of this.#processors) guarded('onEnd', () => processor.onEnd(view));
    if (this.#batcher === undefined || (span.trace.flags & FLAG_SAMPLED) === 0) return;
    if (view.shown !== undefined && encodeView(this.#batcher.writer, view)) {
      this.#batcher.recorded();
    } else if (encodeSafely(this.#batcher.writer, span)) {
      this.#batcher.recorded();
    }
  }

  startActiveSpan<F extends (span: ApiSpan) => unknown>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: ApiSpan) => unknown>(
    name: string,
    options: SpanOptions,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan<F extends (span: ApiSpan) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan(
    name: string,
    second: SpanOptions | ((span: ApiSpan) => unknown),
    third?: Context | ((span: ApiSpan) => unknown),
    fourth?: (span: ApiSpan) => unknown,
  ): unknown {
    const work = fourth ?? third ?? second;
    if (typeof work !== 'function') return undefined;
    const options = typeof second === 'function' ? undefined : second;
    const context = typeof third === 'function' || third === undefined ? activeContext() : third;
    const span = this.startSpan(name, options, context);
    return runInContextWith<ApiSpan, unknown>(withSpanInContext(context, span), work, span);
  }
}

/** The parent that a context names; for a root span of a child process the environment's. */
function parentOf(context: Context, kind: SpanKind | undefined): ApiSpan | undefined {
  const span = spanOf(context);
  if (span !== undefined || context !== ROOT_CONTEXT) return span;
  // A request or message that arrives without a parent starts a trace of its own.
  if (kind === SpanKind.SERVER || kind === SpanKind.CONSUMER) return undefined;
  return environmentParent();
}

function guarded(method: string, call: () => void): void {
  try {
    call();
  } catch (error: unknown) {
    report('error', `a span processor's ${method} threw: ${String(error)}`);
  }
}
