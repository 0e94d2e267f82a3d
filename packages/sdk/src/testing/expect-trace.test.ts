import { AssertionError } from 'node:assert';
import { SpanKind, SpanStatusCode, trace as traceApi } from '@opentelemetry/api';
import { beforeEach, describe, expect, it } from 'vitest';
import { linkSpan, startSpan, withSpan } from '../index.js';
import {
  expectNoSpan,
  expectSpan,
  expectTrace,
  fakeClock,
  formatTrace,
  memoryBackend,
} from './testing.js';
import type { TracePattern } from './testing.js';

const backend = memoryBackend();
const clock = fakeClock({ start: '2030-01-01T00:00:00Z' });
beforeEach(() => backend.reset());

function order(): void {
  withSpan('order', { kind: SpanKind.SERVER, attributes: { id: 'o-1', total: 12.5 } }, (root) => {
    clock.advance(1);
    withSpan('charge', (span) => {
      clock.advance(20);
      span.addEvent('retry', { attempt: 2 });
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'no funds' });
    });
    withSpan('ship', (span) => {
      linkSpan(span, root, { why: 'cause' });
      clock.advance(4.5);
    });
  });
}

function failureOf(pattern: TracePattern): AssertionError {
  try {
    expectTrace(backend, pattern);
  } catch (error: unknown) {
    if (error instanceof AssertionError) return error;
    throw error;
  }
  throw new Error('it matched');
}

describe('expectTrace', () => {
  it('takes what is as expected, in each form', () => {
    order();
    expectTrace(backend, 'order');
    expectTrace(backend, /^ord/);
    expectTrace(
      backend,
      `
      order
        charge
        ship
    `,
    );
    const found = expectTrace(backend, {
      name: 'order',
      kind: 'SERVER',
      scope: '@codomyrmex/telemetry',
      service: /^unknown_service/,
      status: 'UNSET',
      attributes: { id: 'o-1', total: (value) => Number(value) > 12, other: undefined },
      onlyAttributes: false,
      duration: 25.5,
      order: 'sequence',
      children: [
        {
          name: 'charge',
          status: { code: 'ERROR', message: /funds$/ },
          duration: { atLeast: 20, atMost: 20 },
          events: [{ name: 'retry', attributes: { attempt: 2 } }],
          children: [],
        },
        { name: 'ship', links: [{ to: 'order', attributes: { why: 'cause' } }], duration: 4.5 },
      ],
    });
    const { span } = found.roots[0]!;
    expectTrace(found, { children: ['charge', { links: [{ to: span }] }] });
    expect(span.startTimeUnixNano).toBe(1_893_456_000_000_000_000n);
  });

  it('takes the tree that it prints', () => {
    order();
    const text = formatTrace(backend.traces[0]!);
    expect(text).toBe(
      [
        'order  SERVER  25.5 ms  {id: "o-1", total: 12.5}',
        '├─ charge  20 ms  ERROR "no funds"',
        '│    · retry  {attempt: 2}',
        '└─ ship  4.5 ms',
      ].join('\n'),
    );
    expectTrace(backend, text);
  });

  it('prints the tree, the place and the first difference', () => {
    order();
    startSpan('other').end();
    const error = failureOf({
      name: 'order',
      children: ['charge', { name: 'ship', attributes: { carrier: 'ups' } }],
    });
    expect(error.message).toBe(
      [
        'the trace is not as expected at "order" > "ship": ' +
          'attribute "carrier" is undefined, expected "ups"',
        '',
        'received, the nearest:',
        'order  SERVER  25.5 ms  {id: "o-1", total: 12.5}',
        '├─ charge  20 ms  ERROR "no funds"',
        '│    · retry  {attempt: 2}',
        '└─ ship  4.5 ms  ◄',
        '',
        'and 1 more: "other"',
      ].join('\n'),
    );
    expect(error).toMatchObject({ actual: undefined, expected: 'ups', operator: 'expectTrace' });
    expect(error.stack?.split('\n').find((line) => line.startsWith('    at '))).toContain(
      'failureOf',
    );
  });

  it.each<[string, TracePattern]>([
    ['the name is "order", expected "odrer"', 'odrer'],
    ['the name is "order", expected to match /x/', /x/],
    ['the kind is "SERVER", expected "CLIENT"', { kind: 'CLIENT' }],
    ['the status is "UNSET", expected "OK"', { status: 'OK' }],
    ['the service is "unknown_service:node", expected "shop"', { service: 'shop' }],
    ['the scope is "@codomyrmex/telemetry", expected "x"', { scope: 'x' }],
    ['attribute "id" is "o-1", expected none', { attributes: { id: undefined } }],
    ['attribute "total" is 12.5, expected "12.5"', { attributes: { total: '12.5' } }],
    ['attribute "total" is 12.5, expected none', { attributes: { id: /o/ }, onlyAttributes: true }],
    ['the duration in ms is 25.5, expected 25', { duration: 25 }],
    ['the duration in ms is 25.5, expected at least 26', { duration: { atLeast: 26 } }],
    ['the duration in ms is 25.5, expected at most 3', { duration: { atMost: 3 } }],
    ['event 1 is undefined, expected "x"', { events: ['x'] }],
    ['link 1 is undefined, expected "a link"', { links: [{}] }],
    ['child 2 is not expected: there should be 1', { children: ['charge'] }],
    ['child 3 is missing, expected "pack"', { children: ['charge', 'ship', 'pack'] }],
    ['the name is "charge", expected "ship"', { children: ['ship', 'charge'] }],
    ['child 2 is missing, expected "pack"', { children: ['ship', 'pack'], order: 'any' }],
    ['child 1 is not expected: there should be 1', { children: ['ship'], order: 'any' }],
    ['child 2 is missing, expected "charge"', { children: ['ship', 'charge'], moreChildren: true }],
    [
      'the status\'s message is "no funds", expected "no"',
      { children: [{ status: { message: 'no' } }], moreChildren: true },
    ],
    ['event 2 is undefined, expected "again"', { children: [{ events: ['retry', 'again'] }, {}] }],
    ['event 1 is "retry", expected none', { children: [{ events: [] }, {}] }],
    [
      'event 1, attribute "attempt" is 2, expected 3',
      { children: [{ events: [{ attributes: { attempt: 3 } }] }, {}] },
    ],
    [
      'the target of link 1 is "order", expected "charge"',
      { children: [{}, { links: [{ to: 'charge' }] }] },
    ],
    [
      'link 1, attribute "why" is "cause", expected "x"',
      {
        children: [{}, { links: [{ attributes: { why: 'x' } }] }],
      },
    ],
    [
      'attribute "x" is undefined, expected 1',
      {
        children: [{ name: 'ship', attributes: { x: 1 } }, 'charge'],
        order: 'any',
      },
    ],
  ])('says %s', (message, pattern) => {
    order();
    expect(failureOf(pattern).message.split('\n')[0]).toContain(message);
  });

  it('knows one after the other from at once', () => {
    const root = startSpan('all');
    const first = startSpan('first', root);
    clock.advance(2);
    const second = startSpan('second', root);
    clock.advance(3);
    for (const span of [first, second, root]) span.end();
    expectTrace(backend, { children: ['first', 'second'] });
    const { message } = failureOf({ children: ['first', 'second'], order: 'sequence' });
    expect(message).toContain('it starts 3 ms before "first" ends');
  });

  it('gives each pattern its own child where any order will do', () => {
    withSpan('all', () => {
      for (const id of [1, 2, 3]) startSpan('step', { attributes: { id } }).end();
    });
    const step = (id: number): TracePattern & object => ({ name: 'step', attributes: { id } });
    expectTrace(backend, { children: ['step', step(1), step(2)], order: 'any' });
    expectTrace(backend, { children: [step(1), step(3)], moreChildren: true });
    expectTrace(backend, 'all\n  step\n  ...');
    expect(failureOf({ children: [step(1), step(1)], moreChildren: true }).message).toContain(
      'attribute "id" is 2, expected 1',
    );
  });

  it('tells of nothing, of a second root and of a running span', () => {
    expect(failureOf('x').message).toBe('no trace was received, expected "x"');
    const parent = startSpan('parent');
    startSpan('one', parent).end();
    startSpan('two', parent).end();
    const { message } = failureOf('one');
    expect(message).toContain('"two" is a second root: its parent');
    expect(message).toContain('was not received');
    parent.end();
    expectTrace(backend, 'parent\n  one\n  two');
  });

  it('finds spans anywhere, or says that they are not there', () => {
    order();
    expect(expectSpan(backend, { name: 'charge', status: 'ERROR' }).durationMillis).toBe(20);
    expect(() => expectSpan(backend, { name: 'charge', status: 'OK' })).toThrow(
      'nearest: the status is "ERROR", expected "OK"',
    );
    expectNoSpan(backend, 'refund');
    expectNoSpan(backend, { name: 'charge', status: 'OK' });
    expect(() => expectNoSpan(backend, 'charge')).toThrow(
      'a span is there that should not be: charge  20 ms  ERROR "no funds"',
    );
  });

  it('sees spans of anyone who records through the api', () => {
    traceApi.getTracer('library', '2.0.0').startActiveSpan('lib', (span) => span.end());
    expectTrace(backend, { name: 'lib', scope: 'library' });
  });
});
