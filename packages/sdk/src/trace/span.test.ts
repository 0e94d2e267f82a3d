import { SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api';
import type { Span as ApiSpan } from '@opentelemetry/api';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import { capture } from './fixtures/captured.js';

beforeEach(() => setDiagnostics('none'));
afterEach(() => setDiagnostics('warn'));

const REMOTE = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
  isRemote: true,
};

describe('a span on the wire', () => {
  it('has identity, kind, times, scope and resource', async () => {
    const { tracer, spans } = capture();
    const before = BigInt(Date.now()) * 1_000_000n;
    const root = tracer.startSpan('root', { kind: SpanKind.SERVER });
    const child = tracer.startSpan('child', {}, trace.setSpan(context.active(), root));
    child.end();
    root.end();
    const [second, first] = await spans();
    expect(first).toMatchObject({
      name: 'root',
      kind: 2,
      parentSpanId: '',
      traceId: root.spanContext().traceId,
      spanId: root.spanContext().spanId,
      resource: { 'service.name': 'captured' },
      scope: 'test',
      flags: 0x103,
      status: { code: 0, message: '' },
    });
    expect(second).toMatchObject({
      name: 'child',
      kind: 1,
      traceId: first?.traceId,
      parentSpanId: first?.spanId,
    });
    expect(first!.start >= before - 50_000_000n).toBe(true);
    expect(first!.start <= second!.start && second!.end <= first!.end).toBe(true);
    expect(first!.end - first!.start < 1_000_000_000n).toBe(true);
  });

  it('keeps a remote parent, its flags and its tracestate', async () => {
    const { tracer, spans } = capture();
    const traceState = { serialize: () => 'a=1' } as never;
    const parent = trace.setSpanContext(context.active(), { ...REMOTE, traceState });
    tracer.startSpan('child', {}, parent).end();
    const [span] = await spans();
    expect(span).toMatchObject({
      traceId: REMOTE.traceId,
      parentSpanId: REMOTE.spanId,
      flags: 0x301,
      traceState: 'a=1',
    });
  });

  it('starts a root on root: true and under an invalid parent', async () => {
    const { tracer, spans } = capture();
    const active = trace.setSpan(context.active(), tracer.startSpan('outer'));
    tracer.startSpan('a', { root: true }, active).end();
    const zero = { ...REMOTE, traceId: '0'.repeat(32) };
    tracer.startSpan('b', {}, trace.setSpanContext(context.active(), zero)).end();
    const bad = { ...REMOTE, spanId: 'xyz' };
    tracer.startSpan('c', {}, trace.setSpanContext(context.active(), bad)).end();
    const all = await spans();
    expect(all.map((span) => span.parentSpanId)).toEqual(['', '', '']);
    expect(new Set(all.map((span) => span.traceId)).size).toBe(3);
  });

  it('takes explicit times and clamps an end before the start', async () => {
    const { tracer, spans } = capture();
    tracer.startSpan('past', { startTime: [1000, 5] }).end([1000, 900]);
    tracer.startSpan('backward', { startTime: new Date(5000) }).end(new Date(4000));
    const bad = tracer.startSpan('bad', { startTime: Number.NaN });
    bad.addEvent('e', undefined, [2000, 7]);
    bad.addEvent('f', [2000, 8]);
    bad.end(Number.NaN);
    const [past, backward, odd] = await spans();
    expect([past?.start, past?.end]).toEqual([1_000_000_000_005n, 1_000_000_000_900n]);
    expect([backward?.start, backward?.end]).toEqual([5_000_000_000n, 5_000_000_000n]);
    expect(odd!.end >= odd!.start && odd!.start > 1_700_000_000_000_000_000n).toBe(true);
    expect(odd?.events.map((event) => event.time)).toEqual([
      2_000_000_000_007n,
      2_000_000_000_008n,
    ]);
  });

  it('keeps the last value of an attribute and counts those past the limit', async () => {
    const { tracer, spans } = capture({ spanLimits: { attributeCountLimit: 2 } });
    const span = tracer.startSpan('s', { attributes: { a: 1, b: 2, c: 3 } });
    span
      .setAttribute('a', 'new')
      .setAttribute('d', 4)
      .setAttributes({ b: [1, 2], e: 5 });
    span
      .setAttribute('', 'x')
      .setAttribute('n', null as never)
      .setAttribute('f', (() => 1) as never);
    span.end();
    const [seen] = await spans();
    expect(seen?.attributes).toEqual({ a: 'new', b: [1, 2] });
    expect(seen?.dropped[0]).toBe(3);
  });

  it('cuts values by limit', async () => {
    const { tracer, spans } = capture({}, { OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '4' });
    const span = tracer.startSpan('s', { attributes: { a: 'abcdefgh' } });
    span.setAttribute('b', ['abcdefgh', 'x']).addEvent('e', { c: 'abcdefgh' });
    span.end();
    const [seen] = await spans();
    expect(seen?.attributes).toEqual({ a: 'abcd', b: ['abcd', 'x'] });
    expect(seen?.events[0]?.attributes).toEqual({ c: 'abcd' });
  });

  it('limits events and links and counts what it dropped', async () => {
    const limits = { eventCountLimit: 2, linkCountLimit: 1, attributePerEventCountLimit: 1 };
    const { tracer, spans } = capture({ spanLimits: limits });
    const span = tracer.startSpan('s', { links: [{ context: REMOTE, attributes: { l: 1 } }] });
    span.addLink({ context: REMOTE }).addLinks([{ context: REMOTE, attributes: { l: 3 } }]);
    span.addEvent('1').addEvent('2').addEvent('3', { a: 1, b: 2 });
    span.end();
    const [seen] = await spans();
    expect(seen?.links).toEqual([
      { traceId: REMOTE.traceId, spanId: REMOTE.spanId, attributes: { l: 3 } },
    ]);
    expect(seen?.events.map((event) => event.name)).toEqual(['2', '3']);
    expect(seen?.events[1]?.attributes).toEqual({ a: 1 });
    expect(seen?.dropped).toEqual([0, 1, 2]);
    const none = capture({ spanLimits: { eventCountLimit: 0, linkCountLimit: 0 } });
    none.tracer.startSpan('n').addEvent('e').addLink({ context: REMOTE }).end();
    expect((await none.spans())[0]?.dropped).toEqual([0, 1, 1]);
  });

  it('records links of someone else, leaving out ids that are none', async () => {
    const { tracer, spans } = capture();
    const span = tracer.startSpan('s');
    span.addLink({ context: { ...REMOTE, traceState: { serialize: () => 'x=y' } as never } });
    span.addLink({ context: { ...REMOTE, spanId: 'nonsense' }, attributes: { k: 1 } });
    span
      .addLink({} as never)
      .addLink(undefined as never)
      .addLinks(undefined as never);
    span.end();
    const [seen] = await spans();
    expect(seen?.links.map((link) => link.spanId)).toEqual([REMOTE.spanId, '']);
  });

  it('follows the status rules', async () => {
    const { tracer, spans } = capture();
    const statusOf = (...codes: SpanStatusCode[]): void => {
      const span = tracer.startSpan('s');
      codes.forEach((code, index) => span.setStatus({ code, message: `m${index}` }));
      span.end();
    };
    statusOf(SpanStatusCode.ERROR, SpanStatusCode.UNSET);
    statusOf(SpanStatusCode.ERROR, SpanStatusCode.ERROR);
    statusOf(SpanStatusCode.ERROR, SpanStatusCode.OK, SpanStatusCode.ERROR);
    statusOf(SpanStatusCode.UNSET);
    tracer
      .startSpan('s')
      .setStatus(undefined as never)
      .setStatus({ code: 9 as never })
      .end();
    expect((await spans()).map((span) => span.status)).toEqual([
      { code: 2, message: 'm0' },
      { code: 2, message: 'm1' },
      { code: 1, message: '' },
      { code: 0, message: '' },
      { code: 0, message: '' },
    ]);
  });

  it('records exceptions of every shape', async () => {
    class PaymentError extends Error {}
    const { tracer, spans } = capture();
    const hostile = {
      get message(): string {
        throw new Error('x');
      },
      name: 'Hostile',
    };
    const noText = {
      toString: () => {
        throw new Error('x');
      },
    };
    const thrown: unknown[] = [
      new TypeError('a'),
      new PaymentError('b'),
      Object.assign(new Error('c'), { code: 'ENOENT' }),
      'text',
      undefined,
      hostile,
      { name: noText },
      { name: 'Error', message: 'from another realm' },
    ];
    const span = tracer.startSpan('s');
    for (const error of thrown) span.recordException(error as Error);
    span.end();
    const events = (await spans())[0]?.events ?? [];
    expect(events.map((event) => event.attributes['exception.type'])).toEqual([
      'TypeError',
      'PaymentError',
      'ENOENT',
      'string',
      'undefined',
      'Hostile',
      'object',
      'Error',
    ]);
    expect(events[0]?.attributes['exception.stacktrace']).toContain('span.test');
    expect(events[3]?.attributes['exception.message']).toBe('text');
  });

  it('ignores everything after its end, with one diagnostic each', async () => {
    const messages: string[] = [];
    setDiagnostics((_severity, message) => messages.push(message));
    const { tracer, spans } = capture();
    const span = tracer.startSpan('s');
    span.end();
    expect(span.isRecording()).toBe(false);
    span.setAttribute('a', 1).setAttributes({ a: 1 }).addEvent('e').updateName('x');
    span.addLink({ context: REMOTE }).setStatus({ code: SpanStatusCode.ERROR });
    span.recordException(new Error('x'));
    span.end();
    span.end();
    const all = await spans();
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ name: 's', attributes: {}, events: [], status: { code: 0 } });
    expect(messages.filter((message) => message.includes('ended twice'))).toHaveLength(1);
    expect(messages.filter((message) => message.includes('after its end'))).toHaveLength(1);
  });

  it('ends with using, once', async () => {
    const { tracer, spans } = capture();
    {
      using span = tracer.startSpan('used');
      span.updateName('renamed');
    }
    const twice = tracer.startSpan('by hand');
    twice.end();
    twice[Symbol.dispose]();
    expect((await spans()).map((span) => span.name)).toEqual(['renamed', 'by hand']);
  });

  it('survives names and attributes that are none', async () => {
    const { tracer, spans } = capture();
    tracer.startSpan(undefined as never, { attributes: 'x' as never }).end();
    tracer
      .startSpan(7 as never)
      .setAttributes(null as never)
      .setAttribute(5 as never, 1)
      .end();
    expect((await spans()).map((span) => span.name)).toEqual(['undefined', '7']);
  });

  it('holds spans of any size, in order, whatever the chunks', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const { tracer, spans, exporter } = capture();
        for (const length of lengths) {
          tracer.startSpan(`s${length}`, { attributes: { text: 'x'.repeat(length) } }).end();
        }
        const all = await spans();
        expect(all.map((span) => (span.attributes['text'] as string).length)).toEqual(lengths);
        const counted = exporter.chunks.reduce((sum, chunk) => sum + chunk.recordCount, 0);
        expect(counted).toBe(lengths.length);
        for (const { bytes } of exporter.chunks) {
          expect(bytes.buffer.byteLength).toBeLessThan(bytes.length * 4 + 16_384);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('nests ten thousand deep', async () => {
    const { tracer, spans } = capture();
    const open: ApiSpan[] = [];
    let active = context.active();
    for (let depth = 0; depth < 10_000; depth++) {
      const span = tracer.startSpan('level', {}, active);
      active = trace.setSpan(active, span);
      open.push(span);
    }
    for (const span of open.toReversed()) span.end();
    const all = await spans();
    expect(all).toHaveLength(10_000);
    const known = new Set(all.map((span) => span.spanId));
    expect(known.size).toBe(10_000);
    expect(all.filter((span) => !known.has(span.parentSpanId))).toHaveLength(1);
  });
});

describe('limits', () => {
  it('refuses limits in code that are none', () => {
    expect(() => capture({ spanLimits: { eventCountLimit: -1 } })).toThrow('cannot use the limit');
  });
});
