// W3C Trace Context level 2 (sections 3.2 traceparent, 3.3 tracestate, 4.3 mutating), held over a
// real HTTP server: what a service sends on for what it received. The cases are those of the W3C's
// own test suite, which drives a service in the same way.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { ROOT_CONTEXT, SpanKind, defaultTextMapGetter, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { W3CTraceContextPropagator } from '../trace/trace-context-propagator.js';
import { AlwaysOffSampler } from '../trace/samplers.js';
import { TracerProvider } from './tracer-provider.js';

const TRACE = '12345678901234567890123456789012';
const PARENT = '1234567890123456';
const VALID = `00-${TRACE}-${PARENT}-00`;

let server: Server;
beforeAll(async () => {
  const propagator = new W3CTraceContextPropagator();
  const recording = new TracerProvider().getTracer('service');
  const unsampled = new TracerProvider({ sampler: new AlwaysOffSampler() }).getTracer('service');
  server = createServer((request, response) => {
    const parent = propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter);
    const tracer = request.url === '/unsampled' ? unsampled : recording;
    const carriers = ['first', 'second'].map((name) => {
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent);
      const carrier: Record<string, string> = {};
      propagator.inject(trace.setSpan(parent, span), carrier, {
        set: (_carrier, key, value) => {
          carrier[key] = value;
        },
      });
      return carrier;
    });
    response.end(JSON.stringify(carriers));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
});

interface Sent {
  readonly traceId: string;
  readonly parentId: string;
  readonly flags: number;
  readonly state: string | undefined;
}

type Header = readonly [name: string, value: string];

/** Sends headers as they are, blanks included, and returns what the service sends on. */
async function callbacks(headers: readonly Header[], path: string = '/'): Promise<Sent[]> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const lines = headers.map(([name, value]) => `${name}:${value}\r\n`).join('');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n${lines}\r\n`, 'latin1');
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  const body =
    Buffer.concat(pieces)
      .toString()
      .match(/\[\{.*\}\]/s)?.[0] ?? '[]';
  return (JSON.parse(body) as Record<string, string>[]).map((carrier) => {
    const [version, traceId, parentId, flags] = carrier['traceparent']?.split('-') ?? [];
    expect(version).toBe('00');
    expect(traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
    expect(parentId).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
    const state = carrier['tracestate'];
    return { traceId: traceId!, parentId: parentId!, flags: Number.parseInt(flags!, 16), state };
  });
}

async function sent(...headers: readonly Header[]): Promise<Sent> {
  const [first] = await callbacks(headers);
  return first!;
}

async function stateFor(...values: readonly string[]): Promise<string | undefined> {
  const headers = values.map((value): Header => ['tracestate', value]);
  const { traceId, state } = await sent(['traceparent', VALID], ...headers);
  expect(traceId).toBe(TRACE);
  return state;
}

describe('traceparent (3.2)', () => {
  it('is made where none came', async () => {
    expect((await sent()).traceId).not.toBe(TRACE);
  });

  it('keeps the trace id and has a new parent id', async () => {
    const { traceId, parentId } = await sent(['traceparent', `00-${TRACE}-${PARENT}-01`]);
    expect(traceId).toBe(TRACE);
    expect(parentId).not.toBe(PARENT);
  });

  it('that comes twice counts as none', async () => {
    const other = VALID.replace(TRACE, TRACE.replace(/2$/, '1'));
    const { traceId } = await sent(['traceparent', other], ['traceparent', VALID]);
    expect(traceId.startsWith('1234567890123456789012345678901')).toBe(false);
  });

  it.each(['trace-parent', 'trace.parent'])('is not called %s', async (name) => {
    expect((await sent([name, VALID])).traceId).not.toBe(TRACE);
  });

  it.each(['TraceParent', 'TrAcEpArEnT', 'TRACEPARENT'])('may be called %s', async (name) => {
    expect((await sent([name, VALID])).traceId).toBe(TRACE);
  });

  it.each([
    ['version 00 and more', `${VALID}.`],
    ['version 00 and a part', `${VALID}-what-the-future-will-be-like`],
    ['version cc and no hyphen', `cc-${TRACE}-${PARENT}-01.what-the-future-will-be-like`],
    ['version ff', `ff-${TRACE}-${PARENT}-01`],
    ['version .0', `.0-${TRACE}-${PARENT}-01`],
    ['version 0.', `0.-${TRACE}-${PARENT}-01`],
    ['version 000', `000-${TRACE}-${PARENT}-01`],
    ['version 0000', `0000-${TRACE}-${PARENT}-01`],
    ['version 0', `0-${TRACE}-${PARENT}-01`],
    ['trace id of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['trace id with a dot in front', `00-.${TRACE.slice(1)}-${PARENT}-01`],
    ['trace id with a dot behind', `00-${TRACE.slice(0, 31)}.-${PARENT}-01`],
    ['trace id of 33 digits', `00-${TRACE}3-${PARENT}-01`],
    ['trace id of 31 digits', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['parent id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['parent id with a dot in front', `00-${TRACE}-.${PARENT.slice(1)}-01`],
    ['parent id with a dot behind', `00-${TRACE}-${PARENT.slice(1)}.-01`],
    ['parent id of 17 digits', `00-${TRACE}-${PARENT}7-01`],
    ['parent id of 15 digits', `00-${TRACE}-${PARENT.slice(1)}-01`],
    ['flags .0', `00-${TRACE}-${PARENT}-.0`],
    ['flags 0.', `00-${TRACE}-${PARENT}-0.`],
    ['flags 001', `00-${TRACE}-${PARENT}-001`],
    ['flags 1', `00-${TRACE}-${PARENT}-1`],
  ])('is refused with %s', async (_name, traceparent) => {
    const { traceId } = await sent(['traceparent', traceparent]);
    expect(traceId.includes(TRACE.slice(1, 31))).toBe(false);
  });

  it.each([`cc-${TRACE}-${PARENT}-01`, `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`])(
    'of a later version is read: %s',
    async (traceparent) => {
      expect((await sent(['traceparent', traceparent])).traceId).toBe(TRACE);
    },
  );

  it.each([` ${VALID}`, `\t${VALID}`, `${VALID} `, `${VALID}\t`, `\t ${VALID} \t`])(
    'may have blanks around it: %j',
    async (traceparent) => {
      expect((await sent(['traceparent', traceparent])).traceId).toBe(TRACE);
    },
  );

  it('carries the random flag on, sampled or not (level 2, 3.2.2.5.2)', async () => {
    const random = `00-${TRACE}-${PARENT}-03`;
    expect((await sent(['traceparent', random])).flags).toBe(3);
    const [unsampled] = await callbacks([['traceparent', random]], '/unsampled');
    expect(unsampled?.flags).toBe(2);
    expect((await sent(['traceparent', `00-${TRACE}-${PARENT}-01`])).flags).toBe(1);
    // Ours are random, and say so.
    expect((await sent()).flags & 2).toBe(2);
  });

  it('is the same trace for each call, with a parent id of its own (4.3)', async () => {
    for (const headers of [[['traceparent', VALID]], [['traceparent', 'illegal']], []] as const) {
      const [first, second] = await callbacks(headers);
      expect(first?.parentId).not.toBe(second?.parentId);
      const isValid = headers.length > 0 && headers[0]?.[1] === VALID;
      expect([first?.traceId === TRACE, second?.traceId === TRACE]).toEqual([isValid, isValid]);
    }
  });
});

describe('tracestate (3.3)', () => {
  it('without traceparent is dropped', async () => {
    expect((await sent(['tracestate', 'foo=1,bar=2'])).state).toBeUndefined();
  });

  it('is carried on in its order', async () => {
    expect(await stateFor('foo=1,bar=2')).toBe('foo=1,bar=2');
    expect(await stateFor('foo=1,bar=2', 'rojo=1,congo=2', 'baz=3')).toBe(
      'foo=1,bar=2,rojo=1,congo=2,baz=3',
    );
  });

  it.each(['trace-state', 'trace.state'])('is not called %s', async (name) => {
    expect((await sent(['traceparent', VALID], [name, 'foo=1'])).state).toBeUndefined();
  });

  it.each(['TraceState', 'TrAcEsTaTe', 'TRACESTATE'])('may be called %s', async (name) => {
    expect((await sent(['traceparent', VALID], [name, 'foo=1'])).state).toBe('foo=1');
  });

  it('may be empty, or have an empty header among others', async () => {
    expect(await stateFor('')).toBeUndefined();
    expect(await stateFor('foo=1', '')).toBe('foo=1');
    expect(await stateFor('', 'foo=1')).toBe('foo=1');
  });

  const range = (from: number, to: number): string =>
    String.fromCharCode(...Array.from({ length: to - from + 1 }, (_, index) => from + index));
  const key = `${range(0x61, 0x7a)}0123456789_-*/`;
  const value = range(0x20, 0x2b) + range(0x2d, 0x3c) + range(0x3e, 0x7e);

  it.each([key, `${key}@a-z0-9_-*/`])(
    'takes all characters of keys and values: %s',
    async (own) => {
      expect(await stateFor(`${own}=${value}`)).toBe(`${own}=${value}`);
    },
  );

  it('may have blanks around members', async () => {
    expect(await stateFor('foo=1 \t , \t bar=2, \t baz=3')).toBe('foo=1,bar=2,baz=3');
    expect(await stateFor('foo=1\t \t,\t \tbar=2,\t \tbaz=3')).toBe('foo=1,bar=2,baz=3');
    for (const text of [' foo=1', '\tfoo=1', 'foo=1 ', 'foo=1\t', '\t foo=1 \t']) {
      expect(await stateFor(text)).toBe('foo=1');
    }
  });

  it.each([
    ['a key twice', ['foo=1,foo=1']],
    ['a key twice with other values', ['foo=1,foo=2']],
    ['a key twice in two headers', ['foo=1', 'foo=1']],
    ['a key twice in two headers with other values', ['foo=1', 'foo=2']],
    ['a blank in a key', ['foo =1']],
    ['capitals', ['FOO=1']],
    ['a dot in a key', ['foo.bar=1']],
    ['a key that starts with an at sign', ['@foo=1,bar=2']],
    ['a key of 257 characters', ['foo=1', `${'z'.repeat(257)}=1`]],
    ['an equals sign in a value', ['foo=bar=baz']],
    ['an empty value', ['foo=,bar=3']],
    ['33 members', [members(20), members(13, 20)]],
  ])('is dropped whole for %s', async (_name, values) => {
    expect(await stateFor(...values)).toBeUndefined();
  });

  it.each(['foo@', 'foo@@bar', 'foo@bar@baz'])('takes the key %s (level 2)', async (own) => {
    expect(await stateFor(`${own}=1,bar=2`)).toBe(`${own}=1,bar=2`);
  });

  it.each([
    'z'.repeat(256),
    `${'t'.repeat(241)}@${'v'.repeat(14)}`,
    `${'t'.repeat(242)}@v`,
    `t@${'v'.repeat(15)}`,
  ])('takes keys of up to 256 characters: %s', async (own) => {
    expect(await stateFor('foo=1', `${own}=1`)).toBe(`foo=1,${own}=1`);
  });

  it('takes 32 members in several headers', async () => {
    expect((await stateFor(members(20), members(12, 20)))?.split(',')).toHaveLength(32);
  });
});

function members(count: number, from: number = 0): string {
  return Array.from({ length: count }, (_, index) => `k${from + index}=v`).join(',');
}
