import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode } from './decode.js';
import { encode } from './encode.js';
import { OtlpError } from './errors.js';
import type { MessageName } from './fields.js';
import { arbitraryMessage } from './fixtures/arbitrary.js';
import { decodeJson, jsonToProtobuf } from './json-decode.js';
import { encodeJson } from './json-encode.js';
import { integerOf } from './json-number.js';
import { MAX_DEPTH, MAX_JSON_NUMBER_LENGTH } from './limits.js';

const REQUESTS = [
  'ExportTraceServiceRequest',
  'ExportMetricsServiceRequest',
  'ExportLogsServiceRequest',
] as const;

function read(name: MessageName, json: string | Uint8Array): object {
  return decodeJson(name, typeof json === 'string' ? Buffer.from(json) : json);
}

function faultOf(name: MessageName, json: string | Uint8Array): string {
  try {
    read(name, json);
  } catch (error) {
    expect(error).toBeInstanceOf(OtlpError);
    return `${(error as OtlpError).code}: ${(error as OtlpError).message}`;
  }
  return 'ok';
}

/** Takes lone surrogates out: the wire cannot hold them. */
function wellFormed(name: MessageName, message: object): object {
  return decode(name, encode(name, message));
}

describe('round trip', () => {
  test.each(REQUESTS)('%s: object → JSON → object, and JSON.parse agrees on the text', (name) => {
    fc.assert(
      fc.property(arbitraryMessage(name), (message) => {
        const expected = wellFormed(name, message);
        const json = encodeJson(name, expected);
        expect(() => JSON.parse(json) as unknown).not.toThrow();
        expect(read(name, json)).toEqual(expected);
        const spaced = JSON.stringify(JSON.parse(json), undefined, 2);
        expect(read(name, spaced)).toEqual(wellFormed(name, negativeZeroLost(expected)));
      }),
      { numRuns: 60 },
    );
  });

  test('the specification’s example of a span', () => {
    const json = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":
      {"stringValue":"my.service"}}]},"scopeSpans":[{"scope":{"name":"my.library","version":"1.0.0",
      "attributes":[{"key":"my.scope.attribute","value":{"stringValue":"some scope attribute"}}]},
      "spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174",
      "parentSpanId":"EEE19B7EC3C1B173","name":"I'm a server span","startTimeUnixNano":
      "1544712660000000000","endTimeUnixNano":"1544712661000000000","kind":2,"attributes":[
      {"key":"my.span.attr","value":{"stringValue":"some value"}}]}]}]}]}`;
    const request = decodeJson('ExportTraceServiceRequest', Buffer.from(json));
    const span = request.resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0];
    expect(Buffer.from(span?.traceId ?? []).toString('hex')).toBe(
      '5b8efff798038103d269b633813fc60c',
    );
    expect([span?.kind, span?.startTimeUnixNano]).toEqual([2, 1544712660000000000n]);
  });
});

/** JSON.stringify writes −0 as 0. */
function negativeZeroLost(value: object): object {
  if (value instanceof Uint8Array) {
    return value;
  }
  const entries = Object.entries(value).map(([key, inner]: [string, unknown]) => {
    const plain = Object.is(inner, -0) ? 0 : inner;
    return [key, typeof plain === 'object' && plain !== null ? negativeZeroLost(plain) : plain];
  });
  return Array.isArray(value)
    ? entries.map(([, inner]) => inner)
    : (Object.fromEntries(entries) as object);
}

describe('values', () => {
  test.each([
    ['AnyValue', '{"intValue":9007199254740993}', { intValue: 9007199254740993n }],
    ['AnyValue', '{"intValue":"-9223372036854775808"}', { intValue: -(2n ** 63n) }],
    ['AnyValue', '{"intValue":1.50e2}', { intValue: 150n }],
    ['AnyValue', '{"intValue":-0}', { intValue: 0n }],
    ['SpanEvent', '{"timeUnixNano":1700000000123456789}', { timeUnixNano: 1700000000123456789n }],
    ['SpanEvent', '{"timeUnixNano":18446744073709551615}', { timeUnixNano: 2n ** 64n - 1n }],
    ['AnyValue', '{"doubleValue":"NaN"}', { doubleValue: Number.NaN }],
    ['AnyValue', '{"doubleValue":"-Infinity"}', { doubleValue: -Infinity }],
    ['AnyValue', '{"doubleValue":"Infinity"}', { doubleValue: Infinity }],
    ['AnyValue', '{"doubleValue":"1.25"}', { doubleValue: 1.25 }],
    ['AnyValue', '{"doubleValue":-0.0}', { doubleValue: -0 }],
    ['AnyValue', '{"bytesValue":"+/8="}', { bytesValue: new Uint8Array([0xfb, 0xff]) }],
    ['AnyValue', '{"bytesValue":"-_8"}', { bytesValue: new Uint8Array([0xfb, 0xff]) }],
    ['AnyValue', '{"boolValue":false}', { boolValue: false }],
    ['AnyValue', '{"stringValue":null}', {}],
    ['AnyValue', '{"stringValue":"a","intValue":1}', { intValue: 1n }],
    ['AnyValue', '{"arrayValue":{"values":[null,{}]}}', { arrayValue: { values: [{}, {}] } }],
    ['AnyValue', '{"arrayValue":{"values":[]}}', { arrayValue: {} }],
    ['KeyValue', '{"key":"\\u00e4\\ud83d\\ude00\\n"}', { key: 'ä😀\n' }],
    ['KeyValue', '{"key":"\\ud800"}', { key: '\u{fffd}' }],
    ['KeyValue', '{"__proto__":{"key":"x"},"key":"__proto__"}', { key: '__proto__' }],
    ['KeyValue', ' {"ignored":[1,{"a":"\\n"},true,false,null,-1e5],"key":"k"} \n', { key: 'k' }],
    ['KeyValue', '\ufeff{"key":"k"}', { key: 'k' }],
    ['Span', '{"traceId":"0A","spanId":"\\u0030b","kind":2}', bytesOf({ kind: 2 })],
    ['Span', '{"trace_id":"0a","parentSpanId":""}', { parentSpanId: new Uint8Array() }],
    ['HistogramDataPoint', '{"bucketCounts":["1",2]}', { bucketCounts: [1n, 2n] }],
    ['HistogramDataPoint', '{"explicitBounds":[],"sum":0}', { sum: 0 }],
    ['RetryInfo', '{"retryDelay":"1.5s"}', { retryDelay: { seconds: 1n, nanos: 500000000 } }],
    ['Status', '{"code":14,"message":"busy"}', { code: 14, message: 'busy' }],
  ] as const)('%s %s', (name, json, expected) => {
    expect(read(name, json)).toEqual(expected);
  });

  function bytesOf(rest: object): object {
    return { traceId: new Uint8Array([10]), spanId: new Uint8Array([11]), ...rest };
  }

  test('a name that comes twice: the last wins, wherever it stands and whatever its size', () => {
    const long = 'x'.repeat(300);
    expect(
      read('Span', `{"name":"${long}","traceState":"s","name":"b","kind":1,"name":"c"}`),
    ).toEqual({ name: 'c', traceState: 's', kind: 1 });
    expect(read('Span', '{"name":"a","name":null}')).toEqual({});
    expect(read('ArrayValue', '{"values":[{"intValue":1}],"values":[{"intValue":2}]}')).toEqual({
      values: [{ intValue: 2n }],
    });
    const events = `{"events":[{"name":"${long}","name":"e"}],"flags":1,"events":[{"name":"f"}]}`;
    expect(read('Span', events)).toEqual({ events: [{ name: 'f' }], flags: 1 });
  });

  test('bytes that are not UTF-8 become U+FFFD', () => {
    const bad = Buffer.from('{"key":"a\u{e9}b"}', 'latin1');
    expect(read('KeyValue', bad)).toEqual({ key: 'a\u{fffd}b' });
  });

  test('writes 64-bit integers and NaN as strings, ids in hex, bytes in base64', () => {
    const id = new Uint8Array([0xab, 1]);
    expect(encodeJson('Exemplar', { asInt: -(2n ** 63n), traceId: id, timeUnixNano: 1n })).toBe(
      '{"timeUnixNano":"1","traceId":"ab01","asInt":"-9223372036854775808"}',
    );
    expect(encodeJson('AnyValue', { doubleValue: Number.NaN })).toBe('{"doubleValue":"NaN"}');
    expect(encodeJson('AnyValue', { bytesValue: id })).toBe('{"bytesValue":"qwE="}');
    expect(encodeJson('ExportTracePartialSuccess', { rejectedSpans: 3n, errorMessage: 'x' })).toBe(
      '{"rejectedSpans":"3","errorMessage":"x"}',
    );
  });

  test('writes a Status with its details', () => {
    const typeUrl = 'type.googleapis.com/google.rpc.RetryInfo';
    const value = encode('RetryInfo', { retryDelay: { seconds: 2n, nanos: 50_000_000 } });
    const details = [
      { typeUrl, value },
      { typeUrl, value: new Uint8Array() },
      { typeUrl: 'other' },
    ];
    expect(encodeJson('Status', { code: 14, details })).toBe(
      `{"code":14,"details":[{"@type":"${typeUrl}","retryDelay":"2.05s"},` +
        `{"@type":"${typeUrl}"},{"@type":"other","value":""}]}`,
    );
    expect(encodeJson('RetryInfo', { retryDelay: { seconds: -1n } })).toBe('{"retryDelay":"-1s"}');
    expect(encodeJson('RetryInfo', { retryDelay: { nanos: -5 } })).toBe(
      '{"retryDelay":"-0.000000005s"}',
    );
  });
});

describe('integers', () => {
  test.each([
    ['1', 1n],
    ['-12', -12n],
    ['007', 7n],
    ['1e3', 1000n],
    ['120e-1', 12n],
    ['0.0', 0n],
    ['0e99999', 0n],
    ['-1.5e1', -15n],
    ['1.5', undefined],
    ['1e400', undefined],
    ['1e-1', undefined],
    ['', undefined],
    ['0x10', undefined],
    [' 1', undefined],
  ])('%s', (text, expected) => {
    expect(integerOf(text)).toBe(expected);
  });

  test('every 64-bit integer is exact', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(read('AnyValue', `{"intValue":${value}}`)).toEqual({ intValue: value });
      }),
    );
  });
});

describe('faults', () => {
  test.each([
    ['', 'bad_json_value: KeyValue must be an object'],
    ['[]', 'bad_json_value: KeyValue must be an object'],
    ['{', "bad_json: '\"' is missing"],
    ['{"key":"a"', "bad_json: ',' or '}' is missing"],
    ['{"key":"a",}', "bad_json: '\"' is missing"],
    ['{"key" "a"}', "bad_json: ':' is missing"],
    ['{"key":"a', 'bad_json: a string does not end'],
    ['{"key":"a\\', 'bad_json: a string does not end'],
    ['{"key":"a\\x"}', 'bad_json: a string holds a bad escape'],
    ['{"x":"a\\x"}', 'bad_json: a string holds a bad escape'],
    ['{"key":"a\n"}', 'bad_json: a control character'],
    ['{"key":"a"} x', 'bad_json: more text'],
    ['{"x":tru}', 'bad_json: a word'],
    ['{"x":nul}', 'bad_json: a word'],
    ['{"x":01}', 'bad_json: a bad number'],
    ['{"x":NaN}', 'bad_json: a value is missing'],
    ['{"x":[1 2]}', "bad_json: ',' or ']' is missing"],
    [`{"x":${'1'.repeat(MAX_JSON_NUMBER_LENGTH + 1)}}`, 'bad_json: a number of more than'],
    ['{"key":1}', 'bad_json_value: KeyValue.key must be a string'],
    ['{"value":1}', 'bad_json_value: AnyValue must be an object'],
    ['{"value":{"intValue":1.5}}', 'bad_json_value: AnyValue.intValue must be an integer'],
    ['{"value":{"intValue":true}}', 'bad_json_value: AnyValue.intValue must be an integer'],
    ['{"value":{"intValue":9223372036854775808}}', 'bad_json_value: AnyValue.intValue must be'],
    ['{"value":{"doubleValue":true}}', 'bad_json_value: AnyValue.doubleValue must be a number'],
    ['{"value":{"doubleValue":"abc"}}', 'bad_json_value: AnyValue.doubleValue must be a number'],
    ['{"value":{"doubleValue":1e999}}', 'bad_json_value: AnyValue.doubleValue must be a number'],
    ['{"value":{"boolValue":"true"}}', 'bad_json_value: AnyValue.boolValue must be true or false'],
    ['{"value":{"bytesValue":"a"}}', 'bad_json_value: AnyValue.bytesValue must be a base64'],
    ['{"value":{"bytesValue":"a*=="}}', 'bad_json_value: AnyValue.bytesValue must be a base64'],
    ['{"value":{"bytesValue":1}}', 'bad_json_value: AnyValue.bytesValue must be a base64'],
    [
      '{"value":{"arrayValue":{"values":{}}}}',
      'bad_json_value: ArrayValue.values must be an array',
    ],
  ])('%s', (json, fault) => {
    expect(faultOf('KeyValue', json)).toContain(fault);
  });

  test.each([
    ['{"kind":"SPAN_KIND_SERVER"}', 'Span.kind must be a number (OTLP/JSON takes no enum names)'],
    ['{"traceId":"W47/95gDgQPSabYzgT/GDA=="}', 'ids are not base64 in OTLP/JSON'],
    ['{"traceId":"abc"}', 'Span.traceId must be a string of hexadecimal digits'],
    ['{"traceId":12}', 'Span.traceId must be a string of hexadecimal digits'],
    ['{"flags":-1}', 'Span.flags must be an integer from 0 to 4294967295'],
    ['{"kind":2147483648}', 'Span.kind must be an integer'],
  ])('a span: %s', (json, fault) => {
    expect(faultOf('Span', json)).toContain(fault);
  });

  test.each(['"1"', '1', '"x s"', '"1.1234567891s"'])('a duration: %s', (text) => {
    expect(faultOf('RetryInfo', `{"retryDelay":${text}}`)).toContain('must be seconds');
  });

  test('depth is bound, for known and unknown names', () => {
    const open = '{"arrayValue":{"values":['.repeat(MAX_DEPTH);
    expect(faultOf('AnyValue', open)).toContain('too_deep');
    expect(faultOf('AnyValue', `{"x":${'['.repeat(1_000_000)}`)).toContain('too_deep');
    expect(faultOf('AnyValue', `{"x":${'{"a":'.repeat(100_000)}`)).toContain('too_deep');
  });

  test('a text that would swell is refused', () => {
    const counts = `{"bucketCounts":[${'1,'.repeat(100_000)}1]}`;
    expect(faultOf('HistogramDataPoint', counts)).toContain('too_large');
  });

  test('duplicates cannot be made slow', () => {
    const many = `{${Array.from({ length: 40_000 }, (_, index) =>
      index % 2 === 0 ? `"name":"${'x'.repeat(20)}"` : '"traceState":"yyyy"',
    ).join(',')}}`;
    expect(read('Span', many)).toEqual({ name: 'x'.repeat(20), traceState: 'yyyy' });
  });

  test.each(REQUESTS)('%s: every truncation of its JSON is an OtlpError', (name) => {
    for (const message of fc.sample(arbitraryMessage(name), { numRuns: 3, seed: 5 })) {
      const json = Buffer.from(encodeJson(name, message));
      const step = Math.max(1, Math.floor(json.length / 1_500));
      for (let size = 0; size < json.length; size += step) {
        expect(faultOf(name, json.subarray(0, size))).not.toBe('ok');
      }
    }
  });

  test.each(REQUESTS)('%s: mutations decode to what protobuf holds or are an OtlpError', (name) => {
    const samples = fc.sample(arbitraryMessage(name), { numRuns: 10, seed: 13 });
    const valid = samples.map((message) => Buffer.from(encodeJson(name, message)));
    fc.assert(
      fc.property(
        fc.constantFrom(...valid),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (json, changes) => {
          const mutated = Buffer.from(json);
          for (const [at, value] of changes) {
            mutated[at % mutated.length] = value;
          }
          if (faultOf(name, mutated) === 'ok') {
            expect(() => decode(name, jsonToProtobuf(name, mutated))).not.toThrow();
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
