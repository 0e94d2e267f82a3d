import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import type { ReadableSpan, SpanProcessor } from '../common/readable-span.js';
import { capture } from './fixtures/captured.js';

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
});
