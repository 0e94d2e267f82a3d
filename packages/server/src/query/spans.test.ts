import { MATCH_ALL, parse, type QueryNode } from '@codomyrmex/telemetry-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openTestStore, type TestRow, type TestStore } from './fixtures/test-store.js';
import { listLogs } from './logs.js';
import { nowNanos } from './range.js';
import { listSpans } from './spans.js';
import { readTrace } from './trace.js';
import { listTraces } from './traces.js';

const BASE = nowNanos() - 60_000_000_000n;
const MILLI = 1_000_000n;
const RANGE = { from: BASE - 3_600_000_000_000n, to: BASE + 3_600_000_000_000n };

const id = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');

function span(trace: number, number: number, more: TestRow = {}): TestRow {
  const start = BASE + BigInt(trace) * 1000n * MILLI + BigInt(number) * MILLI;
  return {
    Timestamp: start,
    TraceId: id(trace, 32),
    SpanId: id(trace * 100 + number, 16),
    ParentSpanId: number === 1 ? '' : id(trace * 100 + 1, 16),
    SpanName: number === 1 ? `GET /${trace}` : `step ${number}`,
    SpanKind: number === 1 ? 'Server' : 'Internal',
    ServiceName: number === 1 ? 'gateway' : 'worker',
    Duration: String(number === 1 ? 50n * MILLI : 5n * MILLI),
    StatusCode: 'Unset',
    ResourceAttributes: { 'service.name': 'gateway', 'host.name': 'h1' },
    SpanAttributes: { 'http.status_code': '200', n: String(number), 'url.path': `/p/${trace}` },
    ...more,
  };
}

function tree(text: string): QueryNode {
  const result = parse(text);
  if (!result.ok) throw result.error;
  return result.tree;
}

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

describe('spans, traces and logs on the engine', () => {
  beforeAll(async () => {
    const rows: TestRow[] = [];
    for (let trace = 1; trace <= 20; trace++) {
      for (let number = 1; number <= 4; number++) rows.push(span(trace, number));
    }
    rows.push(
      span(30, 1, {
        StatusCode: 'Error',
        StatusMessage: 'upstream Timeout',
        SpanAttributes: { 'http.status_code': '502', big: '9007199254740993', tags: '["a",1,1.0]' },
        SpanAttributeTypes: [3, 3, 5],
        'Events.Timestamp': [BASE],
        'Events.Name': ['exception'],
        'Events.Attributes': [{ 'exception.type': 'StripeGatewayError' }],
        'Links.TraceId': [id(1, 32)],
        'Links.SpanId': [id(101, 16)],
        'Links.TraceState': [''],
        'Links.Attributes': [{ why: 'retry' }],
      }),
    );
    await store.insert('otel_traces', rows);
    await store.insert('otel_running', [
      span(31, 1, { Duration: '0', EndTime: 0n }),
      span(20, 4, { Duration: '0', EndTime: 0n }),
      span(32, 2, {
        Duration: '0',
        EndTime: 0n,
        IngestTime: BASE,
        ServiceName: 'worker',
        ResourceAttributes: { 'service.instance.id': 'gone' },
      }),
    ]);
    await store.insert('otel_logs', [
      {
        Timestamp: BASE,
        SeverityNumber: 17,
        SeverityText: 'ERROR',
        ServiceName: 'gateway',
        Body: 'Timeout at 502',
        LogAttributes: { 'order.id': '7' },
        TraceId: id(30, 32),
      },
      {
        Timestamp: BASE,
        SeverityNumber: 9,
        SeverityText: 'INFO',
        ServiceName: 'worker',
        Body: 'hello',
      },
      {
        Timestamp: BASE + 1n,
        SeverityNumber: 0,
        SeverityText: 'warn',
        ServiceName: 'worker',
        Body: 'odd',
      },
    ]);
  });

  const find = async (q: string): Promise<readonly string[]> => {
    const answer = await listSpans(store, { range: RANGE, filter: tree(q), limit: 1000 });
    return answer.items.map((item) => item.spanId);
  };

  it.each([
    ['', 83],
    ['service=gateway', 22],
    ['service!=gateway', 61],
    ['status=error', 1],
    ['-status=error', 82],
    ['kind=server', 22],
    ['duration>=50ms', 23],
    ['duration>49ms running=false', 21],
    ['running=true', 2],
    ['running', 2],
    ['running=*', 2],
    ['kind=*', 83],
    ['name=*', 83],
    ['service=*', 83],
    ['root=false', 61],
    ['status=unset', 82],
    ['n>"3"', 20],
    ['n~"^[12]$"', 42],
    ['url.path!~"^/p/1"', 39],
    ['missing=""', 0],
    ['missing!=x', 83],
    ['n<1s', 0],
    ['n<=1s', 21],
    ['scope!~x', 83],
    ['é', 0],
    ['name="GET /7"', 1],
    ['name~"^GET /1."', 10],
    ['http.status_code=200', 82],
    ['http.status_code>=500', 1],
    ['http.status_code=200.0', 82],
    ['n>=3', 40],
    ['host.name=h1', 82],
    ['resource.host.name=h1 n=1', 21],
    ['resource.n=1', 0],
    ['big=*', 1],
    ['big=9007199254740993', 1],
    ['url.path!=*', 1],
    ['TIMEOUT', 1],
    ['"stripegateway"', 1],
    ['url.path', 82],
    ['root=true', 22],
    ['root="GET /5"', 4],
    ['root=*', 82],
    [`trace=${id(5, 32)}`, 4],
    [`span=${id(501, 16)}`, 1],
    ['service=gateway (status=error OR name="GET /3")', 2],
    ['scope=*', 0],
  ])('q=%s finds %i spans', async (q, count) => {
    expect(await find(q)).toHaveLength(count);
  });

  it('pages through spans without gap or repetition', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const answer = await listSpans(store, {
        range: RANGE,
        filter: MATCH_ALL,
        limit: 7,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...answer.items.map((item) => item.spanId));
      cursor = answer.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(await find(''));
    expect(new Set(seen).size).toBe(83);
  });

  it('reads a trace with every type, event and link given back', async () => {
    const answer = await readTrace(store, id(30, 32), 100);
    expect(answer?.spans).toHaveLength(1);
    expect(answer?.spans[0]).toMatchObject({
      kind: 'SERVER',
      status: { code: 'ERROR', message: 'upstream Timeout' },
      attributes: {
        'http.status_code': 502,
        big: { $int: '9007199254740993' },
        tags: ['a', 1, { $double: '1' }],
      },
      events: [{ name: 'exception', attributes: { 'exception.type': 'StripeGatewayError' } }],
      links: [{ traceId: id(1, 32), attributes: { why: 'retry' } }],
      durationNanos: '50000000',
      running: false,
    });
    expect(await readTrace(store, id(99, 32), 100)).toBeUndefined();
  });

  it('the finished span wins over its snapshot; silence makes a running one lost', async () => {
    const finished = await readTrace(store, id(20, 32), 100);
    expect(finished?.spans.map((item) => item.running)).toEqual([false, false, false, false]);
    const running = await readTrace(store, id(31, 32), 100);
    expect(running?.spans[0]).toMatchObject({ running: true, endTimeUnixNano: '0' });
    expect(running?.spans[0]).not.toHaveProperty('lost');
    const silent = await readTrace(store, id(32, 32), 100);
    expect(silent?.spans[0]).toMatchObject({ running: true, lost: true });
    const { items } = await listSpans(store, {
      range: RANGE,
      filter: tree('running=true'),
      limit: 9,
    });
    expect(items.map((item) => item.lost)).toEqual([true, undefined]);
  });

  it('lists traces newest first, in pages', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const answer = await listTraces(store, {
        range: RANGE,
        filter: MATCH_ALL,
        limit: 6,
        sort: 'newest',
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...answer.items.map((item) => item.traceId));
      cursor = answer.nextCursor;
    } while (cursor !== undefined);
    const expected = [32, 31, 30, ...Array.from({ length: 20 }, (_, index) => 20 - index)];
    expect(seen).toEqual(expected.map((number) => id(number, 32)));
  });

  it('tells the root, the services, the shape and the errors of a trace', async () => {
    const answer = await listTraces(store, {
      range: RANGE,
      filter: tree('name="step 3" root="GET /5"'),
      limit: 10,
      sort: 'duration',
    });
    expect(answer.items).toHaveLength(1);
    expect(answer.items[0]).toMatchObject({
      rootService: 'gateway',
      rootName: 'GET /5',
      rootMissing: false,
      spanCount: 4,
      errorCount: 0,
      durationNanos: '50000000',
      services: [
        { name: 'gateway', spanCount: 1 },
        { name: 'worker', spanCount: 3 },
      ],
      running: false,
    });
    expect(answer.items[0]?.shape.map((bar) => bar.depth)).toEqual([0, 1, 1, 1]);
    expect(answer.items[0]?.shape[0]).toMatchObject({ start: 0, end: 1, service: 'gateway' });
  });

  it('filters logs', async () => {
    const count = async (q: string): Promise<number> =>
      (await listLogs(store, { range: RANGE, filter: tree(q), limit: 10 })).items.length;
    expect(await count('severity>=warn')).toBe(1);
    expect(await count('severity=warn')).toBe(1);
    expect(await count('timeout')).toBe(1);
    expect(await count('order.id=7')).toBe(1);
    expect(await count('body~"^h"')).toBe(1);
    expect(await count('service=worker')).toBe(2);
    await expect(count('duration>1s')).rejects.toThrow('log records have no duration');
  });

  it('pages through logs of one nanosecond', async () => {
    const first = await listLogs(store, { range: RANGE, filter: MATCH_ALL, limit: 2 });
    const second = await listLogs(store, {
      range: RANGE,
      filter: MATCH_ALL,
      limit: 2,
      cursor: first.nextCursor ?? '',
    });
    const bodies = [...first.items, ...second.items].map((item) => item.body);
    expect(bodies.toSorted()).toEqual(['Timeout at 502', 'hello', 'odd']);
    expect(second.nextCursor).toBeUndefined();
  });
});
