import { MATCH_ALL, parse, type QueryNode } from '@codomyrmex/telemetry-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { exportLogs, exportPoints, exportSpans } from './export.js';
import { openTestStore, type TestStore } from './fixtures/test-store.js';
import { listLogs } from './logs.js';
import { listPoints } from './points.js';
import { ALL_TIME } from './range.js';
import { listServices } from './services.js';
import { listSpans } from './spans.js';
import { listTraces } from './traces.js';

/** Rows with the columns of the Collector's exporter alone: ours have their defaults. */
const BASE = 1_800_000_000_000_000_000n;
const RANGE = { from: BASE - 60_000_000_000n, to: BASE + 60_000_000_000n };
const TRACE = 'a'.repeat(32);

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
  await store.insert('otel_traces', [
    {
      Timestamp: BASE,
      TraceId: TRACE,
      SpanId: 'b'.repeat(16),
      SpanName: 'GET /',
      // As exporters wrote it until 2024.
      SpanKind: 'SPAN_KIND_SERVER',
      StatusCode: 'STATUS_CODE_ERROR',
      ServiceName: 'legacy',
      Duration: '5000000',
      ResourceAttributes: { 'service.name': 'legacy' },
      SpanAttributes: { 'http.status_code': '500', list: '["a"]' },
      'Events.Timestamp': [BASE + 1n, BASE + 2n],
      'Events.Name': ['one', 'two'],
      'Events.Attributes': [{ a: '1' }, {}],
      'Links.TraceId': [TRACE],
      'Links.SpanId': ['c'.repeat(16)],
      'Links.TraceState': ['x=y'],
      'Links.Attributes': [{}],
    },
    { Timestamp: BASE, TraceId: TRACE, SpanId: 'd'.repeat(16), SpanKind: 'odd', StatusCode: '' },
  ]);
  await store.insert('otel_logs', [
    {
      Timestamp: BASE,
      TraceId: TRACE,
      TraceFlags: 1,
      SeverityText: 'WARN',
      SeverityNumber: 13,
      ServiceName: 'legacy',
      Body: 'plain',
      LogAttributes: { a: 'b' },
    },
  ]);
  const point = { TimeUnix: BASE, StartTimeUnix: BASE - 1n, ServiceName: 'legacy' };
  await store.insert('otel_metrics_gauge', [{ ...point, MetricName: 'g', Value: 1.5 }]);
  await store.insert('otel_metrics_histogram', [
    {
      ...point,
      MetricName: 'h',
      Count: '2',
      Sum: 3,
      Min: 1,
      Max: 2,
      BucketCounts: ['2'],
      AggregationTemporality: 2,
      'Exemplars.FilteredAttributes': [{ k: 'v' }],
      'Exemplars.TimeUnix': [BASE],
      'Exemplars.Value': [2],
      'Exemplars.SpanId': ['b'.repeat(16)],
      'Exemplars.TraceId': [TRACE],
    },
  ]);
});
afterAll(() => store.close());

function tree(text: string): QueryNode {
  const result = parse(text);
  if (!result.ok) throw result.error;
  return result.tree;
}

describe('rows of a Collector', () => {
  it('read as spans with every attribute a string', async () => {
    const filter = tree('kind=server status=error http.status_code>=500');
    const { items } = await listSpans(store, { range: RANGE, filter, limit: 10 });
    expect(items).toMatchObject([
      {
        kind: 'SERVER',
        status: { code: 'ERROR' },
        endTimeUnixNano: String(BASE + 5_000_000n),
        attributes: { 'http.status_code': '500', list: '["a"]' },
        events: [
          { name: 'one', timeUnixNano: String(BASE + 1n), attributes: { a: '1' } },
          { name: 'two', attributes: {}, droppedAttributesCount: 0 },
        ],
        links: [{ traceState: 'x=y', flags: 0 }],
        running: false,
      },
    ]);
    const odd = await listSpans(store, { range: RANGE, filter: tree('-kind=server'), limit: 10 });
    expect(odd.items).toMatchObject([{ kind: 'UNSPECIFIED', status: { code: 'UNSET' } }]);
  });

  it('are in the lists of traces and services', async () => {
    const traces = await listTraces(store, {
      range: RANGE,
      filter: MATCH_ALL,
      limit: 10,
      sort: 'errors',
    });
    expect(traces.items).toMatchObject([{ traceId: TRACE, spanCount: 2, errorCount: 1 }]);
    const services = await listServices(store, { range: RANGE, filter: tree('service=legacy') });
    expect(services.items).toMatchObject([{ name: 'legacy', errorCount: 1, p95Nanos: '5000000' }]);
  });

  it('read as log records and points', async () => {
    const logs = await listLogs(store, { range: RANGE, filter: tree('severity<=warn'), limit: 10 });
    expect(logs.items).toMatchObject([
      {
        body: 'plain',
        flags: 1,
        attributes: { a: 'b' },
        timeUnixNano: String(BASE),
        observedTimeUnixNano: String(BASE),
      },
    ]);
    const points = await listPoints(store, {
      range: RANGE,
      filter: tree('name=h'),
      services: ['legacy'],
      limit: 10,
    });
    expect(points.items).toMatchObject([
      {
        sum: 3,
        min: 1,
        max: 2,
        exemplars: [{ value: { $double: '2' }, traceId: TRACE, attributes: { k: 'v' } }],
      },
    ]);
    await expect(
      listPoints(store, { range: RANGE, filter: tree('trace=*'), services: [], limit: 1 }),
    ).rejects.toThrow('metric points have no trace');
  });

  it.each([
    ['severity=*', 1],
    ['severity>info', 1],
    ['severity>warn', 0],
    ['severity<warn', 0],
    ['body=plain', 1],
    ['body=*', 1],
    ['body>a', 1],
    ['name=*', 0],
    ['trace=*', 1],
    ['span=*', 0],
    ['resource.a=*', 0],
    ['a=*', 1],
  ])('q=%s finds %i log records', async (q, count) => {
    const { items } = await listLogs(store, { range: RANGE, filter: tree(q), limit: 10 });
    expect(items).toHaveLength(count);
  });

  it('are exported, narrowed by trace and service', async () => {
    const lines = async (pages: AsyncGenerator<string>): Promise<number> => {
      let text = '';
      for await (const page of pages) text += page;
      return text.split('\n').length - 1;
    };
    const question = { range: ALL_TIME, filter: MATCH_ALL, traceId: TRACE };
    expect(await lines(exportSpans(store, question))).toBe(2);
    expect(await lines(exportSpans(store, { ...question, service: 'legacy' }))).toBe(1);
    expect(await lines(exportLogs(store, question))).toBe(1);
    expect(await lines(exportPoints(store, question))).toBe(1);
  });

  it('are exported page by page, none twice and none left out', async () => {
    const rows = Array.from({ length: 5003 }, (_, index) => ({
      // A thousand records share each nanosecond.
      Timestamp: BASE + 1000n + BigInt(Math.floor(index / 1000)),
      ServiceName: 'bulk',
      Body: String(index),
    }));
    await store.insert('otel_logs', rows);
    const seen = new Set<string>();
    let pages = 0;
    const question = { range: ALL_TIME, filter: MATCH_ALL, service: 'bulk' };
    for await (const page of exportLogs(store, question)) {
      pages += 1;
      for (const line of page.trimEnd().split('\n')) {
        seen.add((JSON.parse(line) as { body: string }).body);
      }
    }
    expect(pages).toBeGreaterThan(1);
    expect(seen.size).toBe(5003);
  });

  it('are paged by cursor through records of one nanosecond', async () => {
    const seen = new Set<unknown>();
    let cursor: string | undefined;
    do {
      const answer = await listLogs(store, {
        range: RANGE,
        filter: tree('service=bulk'),
        limit: 1000,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const item of answer.items) seen.add(item.body);
      cursor = answer.nextCursor;
    } while (cursor !== undefined);
    expect(seen.size).toBe(5003);
  });
});
