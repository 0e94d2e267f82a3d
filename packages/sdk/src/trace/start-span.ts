/** The package's plain functions around spans. */
import { trace as traceApi } from '@opentelemetry/api';
import type {
  Attributes,
  Context,
  Span as ApiSpan,
  SpanContext,
  SpanOptions,
} from '@opentelemetry/api';
import { activeContext, spanOf, withSpanInContext } from '../common/context.js';
import { reportOnce } from '../common/diagnostics.js';
import { textOf } from './span.js';
import type { Span } from './span.js';
import { packageTracer } from './start.js';

/** How to start a span: the api's options, and whose child it is. */
export interface StartSpanOptions extends SpanOptions {
  /** Default: the current span. */
  readonly parent?: ApiSpan | SpanContext | Context;
}

/**
 * Starts a span; end it with `end()` or `using`. It does not become the current span.
 *
 * The second argument may be a parent (a Span, a SpanContext or a Context) or options. Default
 * parent: the current span. The first call starts the SDK from `OTEL_*`. Never throws.
 */
export function startSpan(
  name: string,
  parentOrOptions?: ApiSpan | SpanContext | Context | StartSpanOptions,
): Span {
  const tracer = packageTracer();
  if (parentOrOptions === undefined || parentOrOptions === null) return tracer.startSpan(name);
  const parent = parentContext(parentOrOptions);
  if (parent !== undefined) return tracer.startSpan(name, undefined, parent);
  const options = parentOrOptions as StartSpanOptions;
  return tracer.startSpan(name, options, contextOfOptions(options));
}

/** The context that options start a span in. */
export function contextOfOptions(options: StartSpanOptions): Context {
  return parentContext(givenParent(options)) ?? activeContext();
}

function givenParent(options: StartSpanOptions): unknown {
  try {
    return options?.parent;
  } catch {
    // A getter of the program's threw; the tracer meets the same options and reports them.
    return undefined;
  }
}

/** The context that a parent of any form means; `undefined` for what is none. Never throws. */
function parentContext(parent: unknown): Context | undefined {
  if (typeof parent !== 'object' || parent === null) return undefined;
  try {
    return contextOfParent(parent);
  } catch (error: unknown) {
    reportOnce('warn', 'parent', `left out a parent that cannot be read: ${textOf(error)}`);
    return undefined;
  }
}

function contextOfParent(parent: object): Context | undefined {
  if ('spanContext' in parent && typeof parent.spanContext === 'function') {
    return withSpanInContext(activeContext(), parent as ApiSpan);
  }
  if ('getValue' in parent && typeof parent.getValue === 'function') return parent as Context;
  if ('traceId' in parent) {
    const span = traceApi.wrapSpanContext(parent as SpanContext);
    return withSpanInContext(activeContext(), span);
  }
  return undefined;
}

/** The current span: ours, someone else's or a remote one; `undefined` outside of any. */
export function getCurrentSpan(): ApiSpan | undefined {
  return spanOf(activeContext());
}

/**
 * Links `span` to another one, in its trace or not: for batches, fan-ins, retries. Past the link
 * limit (128) the link is dropped and counted. Never throws.
 */
export function linkSpan(
  span: ApiSpan,
  target: ApiSpan | SpanContext,
  attributes?: Attributes,
): void {
  try {
    const context =
      'spanContext' in target && typeof target.spanContext === 'function'
        ? target.spanContext()
        : (target as SpanContext);
    span.addLink(attributes === undefined ? { context } : { context, attributes });
  } catch (error: unknown) {
    reportOnce('warn', 'linkSpan', `left out a link that cannot be read: ${textOf(error)}`);
  }
}
