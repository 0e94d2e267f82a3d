import {
  ROOT_CONTEXT,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  trace,
} from '@opentelemetry/api';
import type { Context, SpanContext, TextMapPropagator } from '@opentelemetry/api';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SUPPRESS_TRACING_KEY } from '../common/context.js';
import { setDiagnostics } from '../common/diagnostics.js';
import { W3CBaggagePropagator, extractBaggage, serializeBaggage } from './baggage-propagator.js';
import { CompositePropagator, resolvePropagator } from './propagators.js';
import { W3CTraceContextPropagator, extractTraceContext } from './trace-context-propagator.js';
import { TraceState } from './trace-state.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';
const PARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;

let warnings: string[] = [];
beforeEach(() => {
  warnings = [];
  setDiagnostics((_severity, message) => warnings.push(message));
});
afterEach(() => setDiagnostics('warn'));

function extracted(traceparent: unknown, tracestate?: unknown): SpanContext | undefined {
  return trace.getSpanContext(extractTraceContext(ROOT_CONTEXT, traceparent, tracestate));
}

function injected(propagator: TextMapPropagator, context: Context): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagator.inject(context, carrier, defaultTextMapSetter);
  return carrier;
}

describe('traceparent', () => {
  it('reads a valid header', () => {
    expect(extracted(PARENT)).toEqual({
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      traceFlags: 1,
      isRemote: true,
    });
    expect(extracted(` ${PARENT}\t`)?.traceId).toBe(TRACE_ID);
  });

  it('keeps the sampled and the random flag, drops unknown ones', () => {
    const flagsOf = (hex: string): number | undefined =>
      extracted(`00-${TRACE_ID}-${SPAN_ID}-${hex}`)?.traceFlags;
    expect(['00', '01', '02', '03', 'ff', 'fc'].map(flagsOf)).toEqual([0, 1, 2, 3, 3, 0]);
  });

  it('takes a later version by the parts that it knows', () => {
    expect(extracted(`01-${TRACE_ID}-${SPAN_ID}-01-what-comes`)?.spanId).toBe(SPAN_ID);
    expect(extracted(`cc-${TRACE_ID}-${SPAN_ID}-01`)?.spanId).toBe(SPAN_ID);
    expect(extracted(`cc-${TRACE_ID}-${SPAN_ID}-01.x`)).toBeUndefined();
    expect(extracted(`cc-${TRACE_ID}-${SPAN_ID}-01-`)?.spanId).toBe(SPAN_ID);
  });

  it.each([
    ['nothing', undefined],
    ['empty', ''],
    ['version ff', `ff-${TRACE_ID}-${SPAN_ID}-01`],
    ['version with capitals', `0A-${TRACE_ID}-${SPAN_ID}-01`],
    ['more behind version 00', `${PARENT}-x`],
    ['trailing hyphen', `${PARENT}-`],
    ['capitals in the trace id', PARENT.replace('4bf92f', '4BF92F')],
    ['capitals in the flags', `00-${TRACE_ID}-${SPAN_ID}-0A`],
    ['no hex in the span id', `00-${TRACE_ID}-${SPAN_ID.slice(1)}g-01`],
    ['trace id of zeros', `00-${'0'.repeat(32)}-${SPAN_ID}-01`],
    ['span id of zeros', `00-${TRACE_ID}-${'0'.repeat(16)}-01`],
    ['too short', PARENT.slice(0, -1)],
    ['wrong separators', PARENT.replaceAll('-', '_')],
    ['shifted', `00-${TRACE_ID}a-${SPAN_ID.slice(1)}-01`],
  ])('refuses: %s', (_name, header) => {
    expect(extracted(header)).toBeUndefined();
  });

  it('refuses two of them, takes a list of one', () => {
    const propagator = new W3CTraceContextPropagator();
    const get = (value: string[]): SpanContext | undefined =>
      trace.getSpanContext(
        propagator.extract(ROOT_CONTEXT, { traceparent: value }, defaultTextMapGetter),
      );
    expect(get([PARENT])?.traceId).toBe(TRACE_ID);
    expect(get([PARENT, PARENT])).toBeUndefined();
  });

  it('injects what it extracted, and nothing where tracing is off or there is no span', () => {
    const propagator = new W3CTraceContextPropagator();
    const context = extractTraceContext(ROOT_CONTEXT, PARENT, 'a=1,b=2');
    expect(injected(propagator, context)).toEqual({ traceparent: PARENT, tracestate: 'a=1,b=2' });
    expect(injected(propagator, context.setValue(SUPPRESS_TRACING_KEY, true))).toEqual({});
    expect(injected(propagator, ROOT_CONTEXT)).toEqual({});
    const invalid = { traceId: 'x', spanId: 'y', traceFlags: 1 };
    expect(injected(propagator, trace.setSpanContext(ROOT_CONTEXT, invalid))).toEqual({});
    expect(propagator.fields()).toEqual(['traceparent', 'tracestate']);
  });

  it('never throws, whatever arrives', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (parent, state) => {
        extractTraceContext(ROOT_CONTEXT, parent, state);
        extractBaggage(ROOT_CONTEXT, state);
      }),
    );
  });
});

describe('tracestate', () => {
  const parsed = (header: unknown): string | undefined =>
    extracted(PARENT, header)?.traceState?.serialize();

  it('keeps order, trims blanks, passes over empty members', () => {
    expect(parsed('foo=1,bar=2')).toBe('foo=1,bar=2');
    expect(parsed('foo=1 \t , \t bar=2, ,baz=3')).toBe('foo=1,bar=2,baz=3');
    expect(parsed(['foo=1', 'bar=2'])).toBe('foo=1,bar=2');
    expect(parsed('foo= 1')).toBe('foo= 1');
  });

  it('takes what level 2 allows', () => {
    expect(parsed('0foo=1')).toBe('0foo=1');
    expect(parsed('t@v=1,@v=2')).toBeUndefined();
    expect(parsed('a-b_c*d/e@f@g=1')).toBe('a-b_c*d/e@f@g=1');
    expect(parsed(`${'z'.repeat(256)}=1`)).toBe(`${'z'.repeat(256)}=1`);
    expect(parsed(`a=${'v'.repeat(256)}`)).toBe(`a=${'v'.repeat(256)}`);
    const members = Array.from({ length: 32 }, (_, index) => `k${index}=${index}`).join(',');
    expect(parsed(members)).toBe(members);
  });

  it.each([
    ['a key of 257 characters', `${'z'.repeat(257)}=1`],
    ['a value of 257 characters', `a=${'v'.repeat(257)}`],
    ['capitals', 'Foo=1'],
    ['a blank in a key', 'foo =1'],
    ['no value', 'foo='],
    ['no equals sign', 'foo'],
    ['two equals signs', 'foo=1=2'],
    ['a key twice', 'foo=1,foo=2'],
    ['characters beyond ASCII', 'foo=é'],
    ['33 members', Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(',')],
    ['a megabyte', `a=${'x'.repeat(1_000_000)}`],
  ])('drops it whole for %s and keeps the traceparent', (_name, header) => {
    expect(parsed(header)).toBeUndefined();
    expect(extracted(PARENT, header)?.traceId).toBe(TRACE_ID);
  });

  it('sets in front, unsets, and keeps 32', () => {
    const state = TraceState.parse('a=1,b=2')!;
    expect(state.set('b', '3').serialize()).toBe('b=3,a=1');
    expect(state.set('c', '3').serialize()).toBe('c=3,a=1,b=2');
    expect(state.unset('a').serialize()).toBe('b=2');
    expect([state.get('a'), state.get('z')]).toEqual(['1', undefined]);
    expect(state.set('BAD', '1')).toBe(state);
    let full = TraceState.EMPTY;
    for (let index = 0; index < 40; index++) full = full.set(`k${index}`, 'v');
    expect(full.serialize().split(',')).toHaveLength(32);
    expect(full.get('k39')).toBe('v');
  });
});

describe('baggage', () => {
  const entriesOf = (header: unknown): Record<string, string> =>
    Object.fromEntries(
      (propagation.getBaggage(extractBaggage(ROOT_CONTEXT, header))?.getAllEntries() ?? []).map(
        ([key, entry]) => [
          key,
          entry.metadata === undefined
            ? entry.value
            : `${entry.value};${entry.metadata.toString()}`,
        ],
      ),
    );

  it('reads members, percent-encoding and properties', () => {
    expect(entriesOf('a=1, b = x%20y%2C ;p=1;q,c=')).toEqual({ a: '1', b: 'x y,;p=1;q', c: '' });
    expect(entriesOf(['a=1', 'b=2'])).toEqual({ a: '1', b: '2' });
    expect(entriesOf('k=a=b')).toEqual({ k: 'a=b' });
  });

  it('leaves out what is malformed and keeps the rest', () => {
    expect(entriesOf('a=1,=2,bad key=3,c,d=%zz,e=a"b,f=ok')).toEqual({ a: '1', f: 'ok' });
    expect(entriesOf(undefined)).toEqual({});
    expect(entriesOf('')).toEqual({});
    expect(entriesOf('__proto__=x')).toEqual({ ['__proto__']: 'x' });
  });

  it('holds its limits both ways', () => {
    const many = Array.from({ length: 100 }, (_, index) => `k${index}=v`).join(',');
    expect(Object.keys(entriesOf(many))).toHaveLength(64);
    const long = `a=1,b=${'x'.repeat(9000)},c=3`;
    expect(entriesOf(long)).toEqual({ a: '1' });
    const entries = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`k${index}`, { value: 'v' }]),
    );
    expect(serializeBaggage(propagation.createBaggage(entries)).split(',')).toHaveLength(64);
    const big = propagation.createBaggage({ a: { value: 'x'.repeat(9000) }, b: { value: '2' } });
    expect(serializeBaggage(big)).toBe('b=2');
  });

  it('injects what it can encode', () => {
    const propagator = new W3CBaggagePropagator();
    const baggage = propagation.createBaggage({
      a: { value: 'x y,é' },
      'bad key': { value: '1' },
      lone: { value: '\ud800' },
    });
    const context = propagation.setBaggage(ROOT_CONTEXT, baggage);
    expect(injected(propagator, context)).toEqual({ baggage: 'a=x%20y%2C%C3%A9' });
    expect(injected(propagator, context.setValue(SUPPRESS_TRACING_KEY, true))).toEqual({});
    expect(injected(propagator, ROOT_CONTEXT)).toEqual({});
    expect(propagator.fields()).toEqual(['baggage']);
  });

  it('keeps properties', () => {
    const header = 'a=1;p=2';
    const context = extractBaggage(ROOT_CONTEXT, header);
    expect(injected(new W3CBaggagePropagator(), context)).toEqual({ baggage: header });
  });

  it('round-trips any value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (value) => {
        const header = serializeBaggage(propagation.createBaggage({ k: { value } }));
        if (header !== '') expect(entriesOf(header)).toEqual({ k: value });
      }),
    );
  });

  it('reads a megabyte of header in under 5 ms', () => {
    const header = ' ,=;%'.repeat(200_000);
    extractBaggage(ROOT_CONTEXT, header);
    const before = process.cpuUsage();
    for (let round = 0; round < 5; round++) {
      extractBaggage(ROOT_CONTEXT, header);
      extractTraceContext(ROOT_CONTEXT, PARENT, header);
      extractTraceContext(ROOT_CONTEXT, header, header);
    }
    const { user } = process.cpuUsage(before);
    expect(user / 1000 / 5).toBeLessThan(5);
  });
});

describe('composite', () => {
  it('passes over a propagator that throws', () => {
    const bad: TextMapPropagator = {
      inject: () => {
        throw new Error('inject');
      },
      extract: () => {
        throw new Error('extract');
      },
      fields: () => ['bad'],
    };
    const old = { inject: () => undefined, extract: (context: Context) => context };
    const propagators = [bad, old as unknown as TextMapPropagator, new W3CTraceContextPropagator()];
    const composite = new CompositePropagator({ propagators });
    const carrier = { traceparent: PARENT };
    const context = composite.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
    expect(injected(composite, context)).toEqual(carrier);
    expect(composite.fields()).toEqual(['bad', 'traceparent', 'tracestate']);
    expect(new CompositePropagator().fields()).toEqual([]);
  });

  it('reads OTEL_PROPAGATORS', () => {
    const fields = (value: string): string[] =>
      resolvePropagator(undefined, { OTEL_PROPAGATORS: value }).fields();
    expect(fields('')).toEqual(['traceparent', 'tracestate', 'baggage']);
    expect(fields('baggage,baggage')).toEqual(['baggage']);
    expect(fields('none')).toEqual([]);
    expect(warnings).toEqual([]);
    expect(fields('b3,tracecontext')).toEqual(['traceparent', 'tracestate']);
    expect(warnings).toHaveLength(1);
    expect(resolvePropagator([new W3CBaggagePropagator()], {}).fields()).toEqual(['baggage']);
  });
});
