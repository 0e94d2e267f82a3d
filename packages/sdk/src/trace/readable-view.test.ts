import { ROOT_CONTEXT, SpanStatusCode, isSpanContextValid, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import type { ReadableSpan, SpanProcessor } from '../common/readable-span.js';
import { Scope } from '../common/scope.js';
import { capture } from './fixtures/captured.js';
import type { IdGenerator } from './id-generator.js';
import { Tracer } from './tracer.js';

const LINKED = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
};

beforeEach(() => setDiagnostics('none'));
afterEach(() => setDiagnostics('warn'));

class Recording implements SpanProcessor {
  readonly calls: string[] = [];
  readonly ended: ReadableSpan[] = [];
  onStart: SpanProcessor['onStart'] = (span) => {
    span.setAttribute('started', true);
    this.calls.push(`start ${span.name}`);
  };
  onEnding: NonNullable<SpanProcessor['onEnding']> = (span) => {
    expect(span.isRecording()).toBe(true);
    span.setAttribute('ending', span.ended);
  };
  onEnd: SpanProcessor['onEnd'] = (span) => {
    this.ended.push(span);
  };
  forceFlush(): Promise<void> {
    this.calls.push('flush');
    return Promise.resolve();
  }
  shutdown(): Promise<void> {
    this.calls.push('shutdown');
    return Promise.resolve();
  }
}

describe("other people's processors", () => {
  it('see spans under the official names and change them', async () => {
    const processor = new Recording();
    const { tracer, spans, telemetry } = capture({ spanProcessors: [processor] });
    const parent = tracer.startSpan('parent');
    const link = { context: parent.spanContext(), attributes: { l: 1 } };
    const options = { startTime: [1000, 999_999_999] as [number, number], links: [link] };
    const child = tracer.startSpan('child', options, trace.setSpan(ROOT_CONTEXT, parent));
    child.addEvent('event', { e: 1 }, [1001, 5]);
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'bad' });
    child.end([1002, 4]);
    const [view] = processor.ended;
    expect(view).toMatchObject({
      name: 'child',
      kind: 0,
      startTime: [1000, 999_999_999],
      endTime: [1002, 4],
      duration: [1, 5],
      ended: true,
      status: { code: 2, message: 'bad' },
      attributes: { started: true, ending: false },
      events: [{ name: 'event', time: [1001, 5], attributes: { e: 1 } }],
      links: [link],
      parentSpanContext: parent.spanContext(),
      parentSpanId: parent.spanContext().spanId,
      instrumentationScope: { name: 'test', version: '1.2.3' },
      instrumentationLibrary: { name: 'test' },
      resource: { attributes: { 'service.name': 'captured' } },
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    });
    expect(view?.spanContext()).toBe(child.spanContext());
    parent.end();
    expect((await spans())[0]?.attributes).toEqual({ started: true, ending: false });
    await telemetry.shutdown();
    expect(processor.calls).toEqual(['start parent', 'start child', 'flush', 'flush', 'shutdown']);
  });

  it('may use every method of the span', async () => {
    const processor = new Recording();
    processor.onStart = (span) => {
      span.setAttributes({ a: 1 }).addEvent('e').updateName('renamed');
      span.addLink({ context: span.spanContext() }).addLinks([]).setStatus({ code: 1 });
      span.recordException(new Error('x'));
      expect(span.parentSpanContext).toBeUndefined();
      span.end();
    };
    const { tracer, spans } = capture({ spanProcessors: [processor] });
    tracer.startSpan('s');
    const [span] = await spans();
    expect(span).toMatchObject({ name: 'renamed', attributes: { a: 1 }, status: { code: 1 } });
    expect(span?.links).toHaveLength(1);
    expect(processor.ended[0]?.status).toEqual({ code: 1 });
  });

  it('may throw without harm', async () => {
    const processor = new Recording();
    const fail = (): never => {
      throw new Error('processor');
    };
    Object.assign(processor, { onStart: fail, onEnding: fail, onEnd: fail, forceFlush: fail });
    const { tracer, spans } = capture({ spanProcessors: [processor] });
    tracer.startSpan('s').end();
    expect(await spans()).toHaveLength(1);
  });

  it('see one object from start to end, which the program has too', () => {
    const processor = new Recording();
    const marks = new WeakMap<object, string>();
    processor.onStart = (span) => {
      marks.set(span, 'mine');
    };
    const { tracer } = capture({ spanProcessors: [processor] });
    const span = tracer.startSpan('s');
    span.end();
    expect(marks.get(processor.ended[0]!)).toBe('mine');
    expect(processor.ended[0]).toBe(span);
  });

  it('change what is exported by changing what they were handed', async () => {
    const processor = new Recording();
    processor.onStart = (span) => {
      expect(span.endTime).toEqual([0, 0]);
      expect(span.duration).toEqual([-1, -1]);
      expect([span.attributes, span.events, span.links, span.status]).toEqual([
        { secret: 'x', kept: 1 },
        [],
        [],
        { code: 0 },
      ]);
    };
    processor.onEnd = (span) => {
      expect(span.attributes).toEqual({ secret: 'x', kept: 2, more: 3, ending: false });
      delete (span.attributes as Record<string, unknown>)['secret'];
      expect(span.events.map((event) => event.name)).toEqual(['2', 'exception']);
      span.events.shift();
      expect(span.links).toHaveLength(1);
      expect(span.status).toEqual({ code: 2, message: 'bad' });
      Object.assign(span, { name: 'other', kind: 3, startTime: [5, 6], parentSpanContext: LINKED });
    };
    const limits = { eventCountLimit: 2, linkCountLimit: 1 };
    const { tracer, spans } = capture({ spanProcessors: [processor], spanLimits: limits });
    const span = tracer.startSpan('s', { attributes: { secret: 'x', kept: 1 } });
    span.setAttribute('kept', 2).setAttributes({ kept: 2, more: 3 });
    span.addEvent('1').addEvent('2').recordException(new Error('e'));
    span.addLink({ context: LINKED }).addLinks([{ context: LINKED, attributes: { last: true } }]);
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'bad' });
    span.end();
    const [seen] = await spans();
    expect(seen).toMatchObject({
      name: 'other',
      kind: 4,
      start: 5_000_000_006n,
      attributes: { kept: 2, more: 3 },
      parentSpanId: LINKED.spanId,
      status: { code: 2, message: 'bad' },
      dropped: [0, 1, 1],
    });
    expect(seen?.attributes).not.toHaveProperty('secret');
    expect(seen?.events.map((event) => event.name)).toEqual(['exception']);
    expect(seen?.links[0]?.attributes).toEqual({ last: true });
  });

  it('cannot spoil the export by leaving nonsense', async () => {
    const processor = new Recording();
    processor.onEnd = (span) => {
      Object.assign(span, { name: 'n', events: undefined });
    };
    const { tracer, spans } = capture({ spanProcessors: [processor] });
    tracer.startSpan('s', { attributes: { a: 1 } }).end();
    tracer.startSpan('s', { attributes: { a: 2 } }).end();
    expect((await spans()).map((span) => span.attributes['a'])).toEqual([1, 2]);
  });

  it('may wrap spans', () => {
    const processor = new Recording();
    const names: string[] = [];
    processor.onEnd = (span) => {
      names.push((Object.create(span) as ReadableSpan).name, new Proxy(span, {}).name);
    };
    capture({ spanProcessors: [processor] })
      .tracer.startSpan('s')
      .end();
    expect(names).toEqual(['s', 's']);
  });

  it('see a parent in the context only where the span has one', () => {
    const processor = new Recording();
    const parents: unknown[] = [];
    processor.onStart = (_span, context) => {
      parents.push(trace.getSpan(context));
    };
    const { tracer } = capture({ spanProcessors: [processor] });
    const parent = tracer.startSpan('parent');
    const context = trace.setSpan(ROOT_CONTEXT, parent);
    tracer.startSpan('child', {}, context);
    tracer.startSpan('root', { root: true }, context);
    expect(parents).toEqual([undefined, parent, undefined]);
  });
});

describe('an id generator', () => {
  const traceId = '5b8aa5a2d2c872e8321cf37308d69df2';
  function withIds(ids: IdGenerator): { tracer: Tracer } {
    const { provider } = capture({});
    const surroundings = {
      limits: provider.limits,
      sampler: provider.sampler,
      processors: [],
      resource: { attributes: {} },
      idGenerator: ids,
      spanCounts: provider.spanCounts,
      batcherOf: () => undefined,
    };
    return { tracer: new Tracer(surroundings, new Scope('ids')) };
  }

  it('names traces and spans, without the random flag', () => {
    const ids = { generateTraceId: () => traceId, generateSpanId: () => '00000000000000aa' };
    const { tracer } = withIds(ids);
    expect(tracer.startSpan('s').spanContext()).toEqual({
      traceId,
      spanId: '00000000000000aa',
      traceFlags: 1,
    });
  });

  it('that fails leaves our ids', () => {
    const { tracer } = withIds({
      generateTraceId: () => '0'.repeat(32),
      generateSpanId: () => {
        throw new Error('x');
      },
    });
    expect(isSpanContextValid(tracer.startSpan('s').spanContext())).toBe(true);
  });
});
