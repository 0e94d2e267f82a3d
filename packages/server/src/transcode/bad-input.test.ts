import type { KeyValue, LogRecord, Metric, Span } from '@codomyrmex/otlp';
import { encode, OtlpError } from '@codomyrmex/otlp';
import { describe, expect, test } from 'vitest';
import type { Row } from './fixtures/row-reader.js';
import { readRows } from './fixtures/row-reader.js';
import { wrapped } from './fixtures/wrapped.js';
import { MAX_ATTRIBUTES, MAX_VALUE_DEPTH } from './limits.js';
import { transcodeJson, transcodeLogs, transcodeMetrics, transcodeTraces } from './transcode.js';
import type { Transcoded } from './transcoded.js';

const INGEST = 1_790_000_000_000_000_000n;
const TIME = 1_789_999_999_000_000_000n;

const GOOD: Span = {
  traceId: new Uint8Array(16).fill(1),
  spanId: new Uint8Array(8).fill(2),
  name: 'good',
  startTimeUnixNano: TIME,
  endTimeUnixNano: TIME + 5n,
};

function text(key: string, stringValue: string): KeyValue {
  return { key, value: { stringValue } };
}

/** The span between two good ones. */
function spans(span: Span, resource: readonly KeyValue[] = []): Transcoded {
  return transcodeTraces(
    encode('ExportTraceServiceRequest', {
      resourceSpans: [
        { resource: { attributes: resource }, scopeSpans: [{ spans: [GOOD, span, GOOD] }] },
      ],
    }),
    INGEST,
  );
}

function spanRow(span: Span): Row {
  const result = spans({ ...GOOD, ...span });
  expect(result.rejectedReason).toBe('');
  const rows = result.batches.flatMap(readRows);
  expect(rows).toHaveLength(3);
  return rows[1] as Row;
}

function logs(record: LogRecord): Transcoded {
  return transcodeLogs(
    encode('ExportLogsServiceRequest', {
      resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }],
    }),
    INGEST,
  );
}

function logRow(record: LogRecord): Row {
  return logs(record).batches.flatMap(readRows)[0] as Row;
}

function metrics(metric: Metric): Transcoded {
  return transcodeMetrics(
    encode('ExportMetricsServiceRequest', {
      resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }],
    }),
    INGEST,
  );
}

function rejection(result: Transcoded): [number, number, string] {
  return [result.acceptedCount, result.rejectedCount, result.rejectedReason];
}

describe('a bad span among good ones is left out and told', () => {
  const ids = 'send a valid id';
  test.each([
    [{ traceId: new Uint8Array(15).fill(1) }, "a span's trace_id has 15 bytes: send 16"],
    [{ traceId: new Uint8Array() }, "a span's trace_id has 0 bytes: send 16"],
    [{ traceId: new Uint8Array(16) }, `a span's trace_id is all zeros: ${ids}`],
    [{ spanId: new Uint8Array(16).fill(1) }, "a span's span_id has 16 bytes: send 8"],
    [{ spanId: new Uint8Array(8) }, `a span's span_id is all zeros: ${ids}`],
    [{ parentSpanId: new Uint8Array(4).fill(1) }, "a span's parent_span_id has 4 bytes"],
    [{ startTimeUnixNano: 2n ** 63n }, 'start_time_unix_nano is 9223372036854775808, beyond'],
    [{ endTimeUnixNano: 2n ** 64n - 1n }, 'end_time_unix_nano is 18446744073709551615, beyond'],
    [{ events: [{ timeUnixNano: 2n ** 63n }] }, "an event's time_unix_nano is 92233720368547758"],
  ] as [Span, string][])('%o', (change, reason) => {
    const result = spans({ ...GOOD, ...change });
    expect(rejection(result)).toEqual([2, 1, expect.stringContaining(reason)]);
    expect(result.batches.flatMap(readRows).map((row) => row['SpanName'])).toEqual([
      'good',
      'good',
    ]);
  });

  test('too many attributes, on the span, an event or the resource', () => {
    const many = Array.from({ length: MAX_ATTRIBUTES + 1 }, (_, index) => text(`k${index}`, 'v'));
    const reason = `${MAX_ATTRIBUTES + 1} attributes in one map: send at most ${MAX_ATTRIBUTES}`;
    expect(rejection(spans({ ...GOOD, attributes: many }))).toEqual([2, 1, reason]);
    expect(rejection(spans({ ...GOOD, events: [{ attributes: many }] }))).toEqual([2, 1, reason]);
    expect(rejection(spans(GOOD, many))).toEqual([0, 3, reason]);
  });

  test('a value nested too deep; the deepest that fits is stored', () => {
    let value: object = { intValue: 1n };
    for (let depth = 0; depth < MAX_VALUE_DEPTH; depth++) {
      value = { arrayValue: { values: [value] } };
    }
    const row = spanRow({ attributes: [{ key: 'deep', value }] });
    const json = `${'['.repeat(MAX_VALUE_DEPTH)}1${']'.repeat(MAX_VALUE_DEPTH)}`;
    expect(row['SpanAttributes']).toEqual([['deep', json]]);
    const deeper = { kvlistValue: { values: [{ key: 'k', value }] } };
    const result = spans({ ...GOOD, attributes: [{ key: 'deep', value: deeper }] });
    expect(rejection(result)).toEqual([2, 1, expect.stringContaining('flatten it')]);
  });

  test('the first reason is told, all are counted', () => {
    const body = encode('ExportTraceServiceRequest', {
      resourceSpans: [{ scopeSpans: [{ spans: [{}, GOOD, { traceId: new Uint8Array(3) }] }] }],
    });
    expect(rejection(transcodeTraces(body, INGEST))).toEqual([
      1,
      2,
      "a span's trace_id has 0 bytes: send 16",
    ]);
  });
});

describe('odd but valid spans', () => {
  test('times: end before start, 0, the year 2200', () => {
    const early = spanRow({ endTimeUnixNano: TIME - 5n });
    expect([early['Duration'], early['EndTime']]).toEqual([0n, TIME - 5n]);
    const late = 7_258_118_400_000_000_000n;
    const result = spans({ ...GOOD, startTimeUnixNano: late, endTimeUnixNano: late + 2n ** 33n });
    expect(result.batches.flatMap(readRows)[1]?.['Duration']).toBe(2n ** 33n);
    expect(result.unshown).toEqual([
      { service: '', count: 1, reason: expect.stringContaining('5 minutes in the future') },
    ]);
    const zero = spans({ ...GOOD, startTimeUnixNano: 0n });
    expect(zero.unshown[0]?.reason).toContain('before the year 2000');
  });

  test('a carry from the lower half of the time', () => {
    const row = spanRow({ startTimeUnixNano: 0xffff_ffffn, endTimeUnixNano: 0x1_0000_0001n });
    expect(row['Duration']).toBe(2n);
  });

  test('no end time: a running span, in its own table', () => {
    const result = spans({ ...GOOD, name: 'open', endTimeUnixNano: 0n });
    const open = result.batches.find((batch) => batch.table === 'otel_running');
    expect(open && readRows(open)).toMatchObject([{ SpanName: 'open', EndTime: 0n, Duration: 0n }]);
    expect(result.acceptedCount).toBe(3);
  });

  test('an all-zero parent is none, ids of links that are invalid are empty', () => {
    const row = spanRow({
      parentSpanId: new Uint8Array(8),
      links: [{ traceId: new Uint8Array(3), spanId: new Uint8Array(8) }],
    });
    expect([row['ParentSpanId'], row['Links.TraceId'], row['Links.SpanId']]).toEqual([
      '',
      [''],
      [''],
    ]);
  });

  test('enum values without a name are their number', () => {
    const row = spanRow({ kind: 17, status: { code: -2 } });
    expect([row['SpanKind'], row['StatusCode']]).toEqual(['17', '-2']);
  });

  test('a name of 1 MiB, NUL and __proto__', () => {
    const name = 'ä'.repeat(512 * 1024);
    const row = spanRow({ name, traceState: '\0', attributes: [text('__proto__', '\0x')] });
    expect(row['SpanName'] === name).toBe(true);
    expect([row['TraceState'], row['SpanAttributes']]).toEqual(['\0', [['__proto__', '\0x']]]);
  });

  test('bytes that are not UTF-8 become U+FFFD, at any length', () => {
    const bad = (length: number): Uint8Array => {
      const bytes = new Uint8Array(length).fill(0x61);
      bytes[length - 1] = 0xff;
      return bytes;
    };
    for (const length of [1, 5, 100, 300]) {
      const span = wrapped([5], bad(length));
      const ids = encode('Span', { ...GOOD, name: '' });
      const body = wrapped([2, 2, 1], new Uint8Array([...ids, ...span]));
      const row = transcodeTraces(body, INGEST).batches.flatMap(readRows)[0];
      expect(row?.['SpanName']).toBe(`${'a'.repeat(length - 1)}\u{fffd}`);
    }
  });

  test('10,000 attributes, and of keys that come again the last', () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => text(`key.${index}`, `${index}`));
    expect(spanRow({ attributes: keys })['SpanAttributes']).toHaveLength(10_000);
    const again = [...keys, text('key.17', 'again'), text('', 'a'), text('', 'b')];
    const entries = spanRow({ attributes: again })['SpanAttributes'] as [string, string][];
    expect(entries).toHaveLength(10_001);
    expect(new Map(entries).get('key.17')).toBe('again');
    expect(new Map(entries).get('')).toBe('b');
  });

  test('keys that all hash alike', () => {
    const keys = Array.from({ length: 400 }, (_, index) =>
      text(`${'x'.repeat(20)}${String(index).padStart(6, '0')}${'y'.repeat(40)}zzzz`, 'v'),
    );
    expect(spanRow({ attributes: keys })['SpanAttributes']).toHaveLength(400);
  });

  test('the table of keys starts over after a million of them', () => {
    const attributes = Array.from({ length: 16_000 }, (_, index) => text(`k${index}`, 'v'));
    const span = { ...GOOD, attributes: [...attributes, text('k5', 'last')] };
    const body = encode('ExportTraceServiceRequest', {
      resourceSpans: [{ scopeSpans: [{ spans: [span] }] }],
    });
    const first = transcodeTraces(body, INGEST);
    const entries = first.batches.flatMap(readRows)[0]?.['SpanAttributes'] as [string, string][];
    expect([entries.length, new Map(entries).get('k5')]).toEqual([16_000, 'last']);
    for (let round = 0; round < 70; round++) {
      expect(transcodeTraces(body, INGEST).batches[0]?.bytes.length).toBe(
        first.batches[0]?.bytes.length,
      );
    }
  });

  test('a bool, an integer and a double in needless bytes', () => {
    const value = (bytes: number[]): Uint8Array => {
      const entry = new Uint8Array([0x0a, 1, 0x6b, 0x12, bytes.length, ...bytes]);
      return wrapped([2, 2, 1], new Uint8Array([...encode('Span', GOOD), ...wrapped([9], entry)]));
    };
    const textOf = (bytes: number[]): unknown =>
      transcodeTraces(value(bytes), INGEST).batches.flatMap(readRows)[0]?.['SpanAttributes'];
    expect(textOf([0x10, 0x82, 0x00])).toEqual([['k', 'true']]);
    expect(textOf([0x10, 0x80, 0x00])).toEqual([['k', 'false']]);
    expect(textOf([0x18, 0x85, 0x80, 0x00])).toEqual([['k', '5']]);
    expect(textOf([0xa1, 0x00, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f])).toEqual([['k', '1.5']]);
    expect(textOf([0x0a, 0x81, 0x00, 0x61])).toEqual([['k', 'a']]);
  });

  test('types follow the keys that are left', () => {
    const attributes = [
      { key: 'a', value: { intValue: 1n } },
      text('b', 'x'),
      { key: 'a', value: { boolValue: true } },
    ];
    const row = spanRow({ attributes });
    expect([row['SpanAttributes'], row['SpanAttributeTypes']]).toEqual([
      [
        ['b', 'x'],
        ['a', 'true'],
      ],
      [1, 2],
    ]);
  });

  test('nested values as attributes.ts says', () => {
    const values = [
      { stringValue: 'a"\n' },
      { boolValue: false },
      { intValue: 2n ** 63n - 1n },
      { doubleValue: 1 },
      { doubleValue: -0 },
      { doubleValue: 1e21 },
      { doubleValue: Number.NaN },
      { bytesValue: new Uint8Array([251, 255]) },
      {},
      { kvlistValue: { values: [text('$bytes', 'x')] } },
      { kvlistValue: { values: [{ key: 'k' }, text('$x', 'y')] } },
      { arrayValue: {} },
    ];
    const row = spanRow({ attributes: [{ key: 'list', value: { arrayValue: { values } } }] });
    expect((row['SpanAttributes'] as [string, string][])[0]?.[1]).toBe(
      '["a\\"\\n",false,9223372036854775807,1.0,-0.0,1e+21,{"$double":"NaN"},' +
        '{"$bytes":"+/8="},null,{"$map":{"$bytes":"x"}},{"k":null,"$x":"y"},[]]',
    );
    expect(row['SpanAttributeTypes']).toEqual([5]);
  });
});

describe('the service', () => {
  test.each([
    [[], ''],
    [[text('service.name', 'shop')], 'shop'],
    [[text('service.name', 'a'), text('x', 'y'), text('service.name', 'b')], 'b'],
    [[{ key: 'service.name', value: { intValue: 7n } }], '7'],
    [[text('service.name', 'long'.repeat(100))], 'long'.repeat(100)],
  ] as [KeyValue[], string][])('%o', (resource, service) => {
    const result = spans({ ...GOOD, startTimeUnixNano: 0n }, resource);
    expect(result.batches.flatMap(readRows)[1]?.['ServiceName']).toBe(service);
    expect(result.unshown[0]?.service).toBe(service);
  });

  test('unshown records are counted by service and reason', () => {
    const scopeSpans = [{ spans: [{ ...GOOD, startTimeUnixNano: 1n }, GOOD] }];
    const attributes = [text('service.name', 'a')];
    const body = encode('ExportTraceServiceRequest', {
      resourceSpans: [{ resource: { attributes }, scopeSpans }, { scopeSpans }, { scopeSpans }],
    });
    expect(
      transcodeTraces(body, INGEST).unshown.map(({ service, count }) => [service, count]),
    ).toEqual([
      ['a', 1],
      ['', 2],
    ]);
  });
});

describe('logs', () => {
  test('invalid ids are left out, the record is kept', () => {
    const row = logRow({ traceId: new Uint8Array(7).fill(1), spanId: new Uint8Array(8) });
    expect([row['TraceId'], row['SpanId']]).toEqual(['', '']);
  });

  test('without a time the observed one, without both the time of arrival', () => {
    const observed = logRow({ observedTimeUnixNano: TIME });
    expect([observed['Timestamp'], observed['TimeUnset']]).toEqual([TIME, true]);
    const neither = logRow({});
    expect([neither['Timestamp'], neither['ObservedTimestamp']]).toEqual([INGEST, 0n]);
    expect(logs({}).unshown).toEqual([]);
  });

  test.each([
    [300, 0],
    [-1, 0],
    [255, 255],
    [24, 24],
  ])('severity number %d is stored as %d', (sent, stored) => {
    expect(logRow({ severityNumber: sent })['SeverityNumber']).toBe(stored);
  });

  test('times beyond 2262 are rejected, as is a body too deep', () => {
    expect(rejection(logs({ timeUnixNano: 2n ** 63n }))[2]).toContain('time_unix_nano');
    expect(rejection(logs({ observedTimeUnixNano: 2n ** 63n }))[2]).toContain('observed_time');
    let body: object = {};
    for (let depth = 0; depth <= MAX_VALUE_DEPTH; depth++) {
      body = { arrayValue: { values: [body] } };
    }
    expect(rejection(logs({ body }))).toEqual([0, 1, expect.stringContaining('flatten')]);
  });

  test('a resource with a fault rejects its records', () => {
    const attributes = Array.from({ length: MAX_ATTRIBUTES + 1 }, (_, index) =>
      text(`${index}`, ''),
    );
    const body = encode('ExportLogsServiceRequest', {
      resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords: [{}, {}] }] }],
    });
    expect(rejection(transcodeLogs(body, INGEST)).slice(0, 2)).toEqual([0, 2]);
  });
});

describe('metrics', () => {
  const many = Array.from({ length: MAX_ATTRIBUTES + 1 }, (_, index) => text(`k${index}`, 'v'));
  const point = { timeUnixNano: TIME, asInt: 1n };
  test.each([
    [{ gauge: { dataPoints: [point, point] } }, 0, 2, 'a metric has no name: send one'],
    [
      { name: 'm', sum: { dataPoints: [{ timeUnixNano: TIME }, point] } },
      1,
      1,
      'a point of metric m has no value: send as_int or as_double',
    ],
    [
      { name: 'm', histogram: { dataPoints: [{ explicitBounds: [1], bucketCounts: [1n] }] } },
      0,
      1,
      'a point of metric m has 1 bucket_counts for 1 explicit_bounds',
    ],
    [{ name: 'm', summary: { dataPoints: [{ timeUnixNano: 2n ** 63n }] } }, 0, 1, 'time_unix_nano'],
    [{ name: 'm', metadata: many, gauge: { dataPoints: [point] } }, 0, 1, 'attributes in one map'],
    [
      { name: 'm', gauge: { dataPoints: [{ ...point, attributes: many }] } },
      0,
      1,
      'attributes in one map',
    ],
    [
      {
        name: 'm',
        gauge: { dataPoints: [{ ...point, exemplars: [{ timeUnixNano: 2n ** 63n }] }] },
      },
      0,
      1,
      "an exemplar's time_unix_nano",
    ],
    [{ name: 'm' }, 0, 0, ''],
  ] as [Metric, number, number, string][])('%o', (metric, accepted, rejected, reason) => {
    const result = rejection(metrics(metric));
    expect(result).toEqual([accepted, rejected, expect.stringContaining(reason)]);
  });

  test('"no recorded value" needs no value', () => {
    const result = metrics({
      name: 'm',
      gauge: { dataPoints: [{ timeUnixNano: TIME, flags: 1 }] },
    });
    expect(result.batches.flatMap(readRows)).toMatchObject([{ Value: 0, Flags: 1, IsInt: false }]);
  });

  test('lists of numbers that are not packed, and broken ones', () => {
    const point64 = new Uint8Array([0x31, 1, 0, 0, 0, 0, 0, 0, 0]);
    const body = (inner: Uint8Array, data = 9): Uint8Array => {
      const name = encode('Metric', { name: 'm' });
      return wrapped([2, 2, 1], new Uint8Array([...name, ...wrapped([1, data], inner)]));
    };
    const rows = transcodeMetrics(body(point64), INGEST).batches.flatMap(readRows);
    expect(rows).toMatchObject([{ BucketCounts: [1n] }]);
    const buckets = wrapped([8], new Uint8Array([0x10, 5, 0x12, 2, 0x80, 1]));
    const exponential = transcodeMetrics(body(buckets, 10), INGEST).batches.flatMap(readRows);
    expect(exponential).toMatchObject([{ PositiveBucketCounts: [5n, 128n] }]);
    const cut = wrapped([6], new Uint8Array(7));
    expect(() => transcodeMetrics(body(cut), INGEST)).toThrow('a list of 8-byte numbers has 7');
    const open = wrapped([8], new Uint8Array([0x12, 1, 0x80]));
    expect(() => transcodeMetrics(body(open, 10), INGEST)).toThrow('the last varint of a list');
  });

  test('a resource with a fault rejects its points', () => {
    const body = encode('ExportMetricsServiceRequest', {
      resourceMetrics: [
        {
          resource: { attributes: many },
          scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: [point] } }] }],
        },
      ],
    });
    expect(rejection(transcodeMetrics(body, INGEST)).slice(0, 2)).toEqual([0, 1]);
  });
});

describe('requests in unusual form', () => {
  const span = encode('Span', GOOD);

  test('a resource in two pieces is one resource', () => {
    const service = wrapped([1, 1], encode('KeyValue', text('service.name', 'split')));
    const other = wrapped([1, 1], encode('KeyValue', text('k', 'v')));
    const body = wrapped([1], new Uint8Array([...service, ...wrapped([2, 2], span), ...other]));
    const rows = transcodeTraces(body, INGEST).batches.flatMap(readRows);
    expect(rows).toMatchObject([
      {
        ServiceName: 'split',
        ResourceAttributes: [
          ['service.name', 'split'],
          ['k', 'v'],
        ],
      },
    ]);
  });

  test('of a oneof with two members the last counts', () => {
    const value = new Uint8Array([0x18, 5, 0x0a, 1, 0x61]);
    const entry = new Uint8Array([...encode('KeyValue', { key: 'k' }), ...wrapped([2], value)]);
    const body = wrapped([2, 2, 1], new Uint8Array([...span, ...wrapped([9], entry)]));
    const rows = transcodeTraces(body, INGEST).batches.flatMap(readRows);
    expect(rows).toMatchObject([{ SpanAttributes: [['k', 'a']], SpanAttributeTypes: [] }]);
    const point = new Uint8Array([
      ...encode('NumberDataPoint', { asInt: 5n }),
      ...encode('NumberDataPoint', { asDouble: 0.5 }),
    ]);
    const metric = encode('Metric', { name: 'm', gauge: {} });
    for (const parts of [[...wrapped([1, 5], point)], [...metric, ...wrapped([1, 7], point)]]) {
      const name = encode('Metric', { name: 'm' });
      const request = wrapped([2, 2, 1], new Uint8Array([...name, ...parts]));
      const [row] = transcodeMetrics(request, INGEST).batches.flatMap(readRows);
      expect([row?.['Value'], row?.['IsInt']]).toEqual([0.5, false]);
    }
    const exemplar = new Uint8Array([
      ...encode('Exemplar', { asInt: 5n }),
      ...encode('Exemplar', { asDouble: 0.5 }),
    ]);
    const inner = new Uint8Array([
      ...encode('NumberDataPoint', { asInt: 1n }),
      ...wrapped([5], exemplar),
    ]);
    const name = encode('Metric', { name: 'm' });
    const request = wrapped([2, 2, 1], new Uint8Array([...name, ...wrapped([1, 5], inner)]));
    expect(transcodeMetrics(request, INGEST).batches.flatMap(readRows)).toMatchObject([
      { 'Exemplars.Value': [0.5], 'Exemplars.IsInt': [false] },
    ]);
  });

  test('unknown fields, groups and lengths with needless bytes are passed over', () => {
    const unknown = [
      0xf8, 1, 1, 0xf9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xfd, 1, 0, 0, 0, 0, 0xfb, 1, 0xfc, 1,
    ];
    const padded = [0x2a, 0x84, 0x00, 0x6f, 0x64, 0x64, 0x21];
    const body = wrapped([2, 2, 1], new Uint8Array([...span, ...unknown, ...padded]));
    const [row] = transcodeTraces(body, INGEST).batches.flatMap(readRows);
    expect(row?.['SpanName']).toBe('odd!');
    const entry = new Uint8Array([0x12, 0x83, 0x00, 0x0a, 0x01, 0x61, 0x0a, 0x81, 0x00, 0x6b]);
    const attribute = wrapped([2, 2, 1], new Uint8Array([...span, ...wrapped([9], entry)]));
    expect(transcodeTraces(attribute, INGEST).batches.flatMap(readRows)).toMatchObject([
      { SpanAttributes: [['k', 'a']] },
    ]);
  });

  test.each([
    [[0x0a, 0x05], 'truncated'],
    [[0x0a, 0x80], 'truncated'],
    [[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 'truncated'],
    [[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 'bad_varint'],
    [[0x00], 'bad_tag'],
    [[0x08, 0x01], 'bad_wire_type'],
    [[0x17, 0x01], 'bad_wire_type'],
    [[0x14], 'bad_group'],
    [[0x15, 0x01], 'truncated'],
  ])('a body %o is %s', (bytes, code) => {
    const run = (): unknown => transcodeTraces(new Uint8Array(bytes), INGEST);
    expect(run).toThrow(OtlpError);
    expect(run).toThrow(expect.objectContaining({ code }) as Error);
  });

  test('a view into a larger buffer is read, not what lies around it', () => {
    const body = wrapped([2, 2, 1], span);
    const around = Buffer.concat([Buffer.alloc(7, 0xff), body, Buffer.alloc(9, 0xff)]);
    const result = transcodeTraces(around.subarray(7, 7 + body.length), INGEST);
    expect(result.batches.flatMap(readRows)).toMatchObject([{ SpanName: 'good' }]);
  });

  test('rows belong to the caller: the next request does not touch them', () => {
    const first = spans(GOOD).batches[0]?.bytes.slice();
    const kept = spans(GOOD).batches[0]?.bytes;
    spans({ ...GOOD, name: 'another' });
    expect(kept).toEqual(first);
  });

  test('JSON goes the same way, with its own faults', () => {
    const json = (span64: string): Buffer =>
      Buffer.from(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${'0a'.repeat(16)}",
        "spanId":"${'0b'.repeat(8)}","startTimeUnixNano":${span64},"endTimeUnixNano":"1"}]}]}]}`);
    const result = transcodeJson('traces', json('1789999999000000001'), INGEST);
    expect(result.batches.flatMap(readRows)).toMatchObject([{ Timestamp: 1789999999000000001n }]);
    expect(() => transcodeJson('traces', json('"x"'), INGEST)).toThrow(OtlpError);
    const short = json('1').toString().replace('0a0a', '0a');
    expect(rejection(transcodeJson('traces', Buffer.from(short), INGEST))[2]).toContain('15 bytes');
  });
});
