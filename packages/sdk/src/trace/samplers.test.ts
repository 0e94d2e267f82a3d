import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import type { Sampler, SamplingResult } from '../common/sampler.js';
import { capture } from './fixtures/captured.js';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  createAlwaysRecordSampler,
  TraceIdRatioBasedSampler,
  samplerFromEnvironment,
} from './samplers.js';
import { TraceState } from './trace-state.js';
import type { Tracer } from './tracer.js';

let warnings: string[] = [];
beforeEach(() => {
  warnings = [];
  setDiagnostics((_severity, message) => warnings.push(message));
});
afterEach(() => setDiagnostics('warn'));

function under(tracer: Tracer, traceFlags: number, isRemote = true): boolean {
  const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags, isRemote };
  const span = tracer.startSpan('x', {}, trace.setSpanContext(ROOT_CONTEXT, parent));
  expect(span.spanContext().traceId).toBe(parent.traceId);
  return span.isRecording();
}

describe('samplers', () => {
  it('always on, always off', async () => {
    const on = capture({ sampler: new AlwaysOnSampler() });
    const off = capture({ sampler: new AlwaysOffSampler() });
    expect([under(on.tracer, 0), under(off.tracer, 1)]).toEqual([true, false]);
    const span = off.tracer.startSpan('x');
    span.setAttribute('a', 1).addEvent('e').updateName('y').end();
    expect(span.isRecording()).toBe(false);
    expect(trace.isSpanContextValid(span.spanContext())).toBe(true);
    expect(span.spanContext().traceFlags & 1).toBe(0);
    expect(await off.spans()).toEqual([]);
  });

  it('parent-based follows the parent, local or remote', () => {
    const { tracer } = capture({
      sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }),
    });
    expect([under(tracer, 1), under(tracer, 0), under(tracer, 1, false)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(tracer.startSpan('root').isRecording()).toBe(false);
  });

  it('children of an unsampled span are unsampled and keep its trace', () => {
    const { tracer } = capture({
      sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }),
    });
    const parent = tracer.startSpan('p');
    const child = tracer.startSpan('c', {}, trace.setSpan(ROOT_CONTEXT, parent));
    expect(child.isRecording()).toBe(false);
    expect(child.spanContext().traceId).toBe(parent.spanContext().traceId);
    expect(child.spanContext().spanId).not.toBe(parent.spanContext().spanId);
  });

  it('asks the sampler that a kind of parent has', () => {
    const sampler = new ParentBasedSampler({
      root: new AlwaysOnSampler(),
      remoteParentSampled: new AlwaysOffSampler(),
      remoteParentNotSampled: new AlwaysOnSampler(),
      localParentSampled: new AlwaysOffSampler(),
      localParentNotSampled: new AlwaysOnSampler(),
    });
    const { tracer } = capture({ sampler });
    expect(under(tracer, 1)).toBe(false);
    expect(under(tracer, 0)).toBe(true);
    expect(under(tracer, 1, false)).toBe(false);
    expect(under(tracer, 0, false)).toBe(true);
    expect(tracer.startSpan('r').isRecording()).toBe(true);
    expect(() => new ParentBasedSampler({} as never)).toThrow('no root sampler');
  });

  it('ratio takes its share, and the plan agrees with shouldSample', () => {
    const sampler = new TraceIdRatioBasedSampler(0.3);
    const { tracer } = capture({ sampler });
    let taken = 0;
    for (let round = 0; round < 4000; round++) {
      const span = tracer.startSpan('x');
      const asked = sampler.shouldSample(ROOT_CONTEXT, span.spanContext().traceId).decision === 2;
      expect(span.isRecording()).toBe(asked);
      expect(span.spanContext().traceFlags).toBe(asked ? 3 : 2);
      if (asked) taken++;
    }
    // 4,000 × 0.3 = 1,200 ± 6 standard deviations of 29.
    expect(Math.abs(taken - 1200)).toBeLessThan(174);
  });

  it('a trace that a lower ratio takes is taken by every higher one', () => {
    const ratio = fc.double({ min: 0, max: 1, noNaN: true });
    const id = fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(ratio, ratio, id, (one, other, digits) => {
        const traceId = digits.map((digit) => digit.toString(16)).join('');
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const taken = (share: number): number =>
          new TraceIdRatioBasedSampler(share).shouldSample(ROOT_CONTEXT, traceId).decision;
        expect(taken(high)).toBeGreaterThanOrEqual(taken(low));
      }),
    );
    const extremes = [1, 2, 0, -1, Number.NaN].map((share) => {
      const sampler = new TraceIdRatioBasedSampler(share);
      return sampler.shouldSample(ROOT_CONTEXT, 'f'.repeat(32)).decision;
    });
    expect(extremes).toEqual([2, 2, 0, 0, 0]);
  });

  it('a sampler of the program gets all, and adds attributes and tracestate', async () => {
    const seen: unknown[][] = [];
    const sampler: Sampler = {
      shouldSample: (...values: unknown[]): SamplingResult => {
        seen.push(values);
        const traceState = TraceState.EMPTY.set('v', '1');
        return { decision: 2, attributes: { rule: 'r' }, traceState };
      },
      toString: () => 'mine',
    };
    const { tracer, spans } = capture({ sampler });
    tracer.startSpan('s', { kind: SpanKind.CLIENT, attributes: { a: 1 } }).end();
    expect(seen[0]?.slice(2)).toEqual(['s', SpanKind.CLIENT, { a: 1 }, []]);
    expect((await spans())[0]).toMatchObject({
      attributes: { a: 1, rule: 'r' },
      traceState: 'v=1',
    });
  });

  it('RECORD records for processors without export; a throw records nothing', async () => {
    const record = capture({
      sampler: { shouldSample: () => ({ decision: 1 }), toString: () => '' },
    });
    const span = record.tracer.startSpan('s');
    expect([span.isRecording(), span.spanContext().traceFlags & 1]).toEqual([true, 0]);
    span.end();
    expect(await record.spans()).toEqual([]);
    const bad: Sampler = {
      shouldSample: () => {
        throw new Error('no');
      },
      toString: () => 'bad',
    };
    expect(capture({ sampler: bad }).tracer.startSpan('s').isRecording()).toBe(false);
  });

  it('always record shows processors what is not sampled', () => {
    const off = createAlwaysRecordSampler(new AlwaysOffSampler());
    const span = capture({ sampler: off }).tracer.startSpan('s');
    expect([span.isRecording(), span.spanContext().traceFlags & 1]).toEqual([true, 0]);
    const on = createAlwaysRecordSampler(new AlwaysOnSampler());
    expect(capture({ sampler: on }).tracer.startSpan('s').spanContext().traceFlags & 1).toBe(1);
    expect(on.toString()).toBe('AlwaysRecordSampler{AlwaysOnSampler}');
    expect(() => createAlwaysRecordSampler(undefined as never)).toThrow('requires a delegate');
  });

  it('asks a usual sampler whose method was replaced, and takes no trace id that is none', () => {
    const patched = new AlwaysOnSampler();
    patched.shouldSample = () => ({ decision: 0 });
    expect(capture({ sampler: patched }).tracer.startSpan('s').isRecording()).toBe(false);
    const all = new TraceIdRatioBasedSampler(1);
    expect(all.shouldSample(ROOT_CONTEXT, '0'.repeat(32)).decision).toBe(0);
    expect(all.shouldSample(ROOT_CONTEXT, 'f'.repeat(32)).decision).toBe(2);
  });

  it('reads OTEL_TRACES_SAMPLER', () => {
    const named = (name: string, argument = ''): string =>
      samplerFromEnvironment({
        OTEL_TRACES_SAMPLER: name,
        OTEL_TRACES_SAMPLER_ARG: argument,
      }).toString();
    expect(named('always_on')).toBe('AlwaysOnSampler');
    expect(named('always_off')).toBe('AlwaysOffSampler');
    expect(named('traceidratio', '0.5')).toBe('TraceIdRatioBased{0.5}');
    expect(named('parentbased_always_on')).toBe(
      'ParentBased{root=AlwaysOnSampler, remoteParentSampled=AlwaysOnSampler, ' +
        'remoteParentNotSampled=AlwaysOffSampler, localParentSampled=AlwaysOnSampler, ' +
        'localParentNotSampled=AlwaysOffSampler}',
    );
    expect(named('parentbased_traceidratio', '0.1')).toMatch(
      /^ParentBased.root=TraceIdRatioBased.0\.1/,
    );
    expect(warnings).toEqual([]);
    expect(named('traceidratio', '7')).toBe('TraceIdRatioBased{1}');
    expect(named('nonsense')).toMatch(/^ParentBased.root=AlwaysOnSampler,/);
    expect(warnings).toHaveLength(3);
  });

  it('OTEL_SDK_DISABLED and OTEL_TRACES_EXPORTER=none switch off', async () => {
    const disabled = capture({}, { OTEL_SDK_DISABLED: 'true' });
    expect(disabled.tracer.startSpan('x').isRecording()).toBe(false);
    const none = capture({}, { OTEL_TRACES_EXPORTER: 'none' });
    none.tracer.startSpan('x').end();
    expect(await none.spans()).toEqual([]);
  });
});
