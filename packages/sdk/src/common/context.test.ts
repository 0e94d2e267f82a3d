import { ROOT_CONTEXT, createContextKey, trace } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import {
  SPAN_KEY,
  SUPPRESS_TRACING_KEY,
  SdkContext,
  isSuppressed,
  spanOf,
  withSpanInContext,
} from './context.js';

const span = trace.wrapSpanContext({
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
});

describe('SdkContext', () => {
  it('works with the api on both sides', () => {
    const key = createContextKey('mine');
    const context = withSpanInContext(ROOT_CONTEXT, span).setValue(key, 5);
    expect(trace.getSpan(context)).toBe(span);
    expect(context.getValue(key)).toBe(5);
    const other = trace.setSpan(context, undefined as unknown as Span);
    expect(spanOf(other)).toBeUndefined();
    expect(other.getValue(key)).toBe(5);
    expect(spanOf(trace.setSpan(ROOT_CONTEXT, span))).toBe(span);
  });

  it('is immutable and forgets on delete', () => {
    const [a, b] = [createContextKey('a'), createContextKey('b')];
    const first = withSpanInContext(ROOT_CONTEXT, undefined).setValue(a, 1).setValue(b, 2);
    const second = first.setValue(a, 3);
    const third = second.deleteValue(a);
    expect([first.getValue(a), second.getValue(a), third.getValue(a)]).toEqual([1, 3, undefined]);
    expect(third.getValue(b)).toBe(2);
    expect(third.deleteValue(SPAN_KEY)).toBeInstanceOf(SdkContext);
  });

  it('keeps the values of a foreign context', () => {
    const key = createContextKey('foreign');
    const foreign = ROOT_CONTEXT.setValue(key, 'x').setValue(SUPPRESS_TRACING_KEY, true);
    const context = withSpanInContext(foreign, span);
    expect(context.getValue(key)).toBe('x');
    expect(isSuppressed(context)).toBe(true);
    expect(isSuppressed(foreign)).toBe(true);
    expect(context.deleteValue(key).getValue(key)).toBeUndefined();
    expect(isSuppressed(context.setValue(SUPPRESS_TRACING_KEY, false))).toBe(false);
  });
});
