import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode } from './decode.js';
import { encode } from './encode.js';
import { OtlpError } from './errors.js';
import type { MessageName } from './fields.js';
import { FIELDS } from './fields.js';
import { arbitraryMessage } from './fixtures/arbitrary.js';
import { OFFICIAL_NAMES, officialDecode, officialEncode } from './fixtures/official.js';
import { MAX_DEPTH } from './limits.js';
import { WireWriter } from './wire-writer.js';

const REQUESTS = [
  'ExportTraceServiceRequest',
  'ExportMetricsServiceRequest',
  'ExportLogsServiceRequest',
] as const;

type Plain = { [name: string]: unknown };

/** The message as the wire keeps it: no default of a field without presence, no empty list. */
function canonical(name: MessageName, message: Plain): Plain {
  const out: Plain = {};
  for (const field of FIELDS[name]) {
    const value = message[field.name];
    const inner = (item: unknown): unknown =>
      field.message === undefined ? item : canonical(field.message, item as Plain);
    if (Array.isArray(value)) {
      if (value.length > 0) {
        out[field.name] = value.map(inner);
      }
    } else if (value !== undefined && (field.presence === true || !isZero(value))) {
      out[field.name] = inner(value);
    }
  }
  return out;
}

function isZero(value: unknown): boolean {
  if (value instanceof Uint8Array) {
    return value.length === 0;
  }
  return value === '' || value === false || value === 0n || Object.is(value, 0);
}

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(OtlpError);
    return (error as OtlpError).code;
  }
  return 'ok';
}

describe('against the official code', () => {
  const names = OFFICIAL_NAMES.filter((name) => !/Request|^Resource.+|^Scope/.test(name));
  test.each([...REQUESTS, ...names])('%s: both decode what the other encodes', (name) => {
    fc.assert(
      fc.property(arbitraryMessage(name, name.endsWith('Request') ? 0 : 4), (message) => {
        const expected = canonical(name, message as Plain);
        const ours = encode(name, message);
        expect(officialDecode(name, ours)).toEqual(expected);
        expect(decode(name, ours)).toEqual(expected);
        const theirs = officialEncode(name, message);
        expect(canonical(name, decode(name, theirs) as Plain)).toEqual(expected);
      }),
      { numRuns: name.endsWith('Request') ? 60 : 30 },
    );
  });
});

describe('golden bytes', () => {
  test('a status with a RetryInfo', () => {
    const retry = encode('RetryInfo', { retryDelay: { seconds: 1n, nanos: 500_000_000 } });
    expect(Buffer.from(retry).toString('hex')).toBe('0a0808011080cab5ee01');
    const status = encode('Status', {
      code: 14,
      message: 'busy',
      details: [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value: retry }],
    });
    expect(Buffer.from(status).toString('hex')).toBe(
      '080e 1204 62757379 1a36 0a28'.replaceAll(' ', '') +
        Buffer.from('type.googleapis.com/google.rpc.RetryInfo').toString('hex') +
        '120a' +
        Buffer.from(retry).toString('hex'),
    );
    expect(decode('Status', status).details?.[0]?.value).toEqual(retry);
  });

  test('negative numbers, −0 and 64-bit edges', () => {
    expect(encode('AnyValue', { intValue: -1n })).toEqual(hex('18 ffffffffffffffffff01'));
    expect(encode('AnyValue', { intValue: 0n })).toEqual(hex('18 00'));
    expect(encode('Buckets', { offset: -3, bucketCounts: [1n, 300n] })).toEqual(
      hex('08 05 12 03 01 ac02'),
    );
    expect(encode('Status', { code: -1 })).toEqual(hex('08 ffffffffffffffffff01'));
    expect(encode('SummaryDataPoint', { sum: -0 })).toEqual(hex('29 0000000000000080'));
    expect(encode('SummaryDataPoint', { sum: 0 })).toEqual(hex(''));
    expect(encode('SpanEvent', { timeUnixNano: 2n ** 64n - 1n })).toEqual(
      hex('09 ffffffffffffffff'),
    );
  });

  test('a list of numbers is read packed, unpacked and in pieces', () => {
    const packed = hex('32 08 0100000000000000');
    const single = hex('31 0200000000000000');
    const both = new Uint8Array([...packed, ...single]);
    expect(decode('HistogramDataPoint', both)).toEqual({ bucketCounts: [1n, 2n] });
  });

  test('single messages that come twice are merged, of a oneof the last counts', () => {
    const resource = hex('0a 02 10 05');
    const twice = new Uint8Array([...resource, ...hex('0a 04 0a 02 0a 00')]);
    expect(decode('ResourceSpans', twice)).toEqual({
      resource: { droppedAttributesCount: 5, attributes: [{ key: '' }] },
    });
    expect(decode('AnyValue', hex('0a 01 61 18 07'))).toEqual({ intValue: 7n });
    expect(decode('Metric', hex('2a 00 3a 02 18 01 0a 01 6d'))).toEqual({
      name: 'm',
      sum: { isMonotonic: true },
    });
  });

  test('unknown fields of every wire type are skipped, groups too', () => {
    const unknown = hex('f801 01 f901 0000000000000000 fa01 02 6162 fd01 00000000');
    const group = hex('fb01 0801 fb01 fc01 fc01');
    const known = hex('0a 01 61');
    const bytes = new Uint8Array([...unknown, ...group, ...known]);
    expect(decode('KeyValue', bytes)).toEqual({ key: 'a' });
  });

  test('bytes that are not UTF-8 become U+FFFD in a string', () => {
    expect(decode('KeyValue', hex('0a 03 61ff62'))).toEqual({ key: 'a\u{fffd}b' });
  });

  test('lone surrogates are written as U+FFFD', () => {
    expect(encode('KeyValue', { key: '\ud800' })).toEqual(hex('0a 03 efbfbd'));
    expect(encode('KeyValue', { key: `${'a'.repeat(60)}\udc00` })).toEqual(
      new Uint8Array([0x0a, 63, ...Buffer.from('a'.repeat(60)), 0xef, 0xbf, 0xbd]),
    );
  });
});

describe('faults', () => {
  test.each([
    ['0a', 'truncated'],
    ['0a 05 61', 'truncated'],
    ['0a ff ff ff ff ff ff ff ff ff 01', 'truncated'],
    ['0a ff ff ff ff ff ff ff ff ff ff 01', 'bad_varint'],
    ['00', 'bad_tag'],
    ['02 00', 'bad_tag'],
    ['ff ff ff ff ff 01', 'bad_tag'],
    ['0e', 'bad_wire_type'],
    ['08 01', 'bad_wire_type'],
    ['0c', 'bad_wire_type'],
    ['fc 01', 'bad_group'],
    ['fb 01 f4 01', 'bad_group'],
    ['fb 01', 'truncated'],
    ['fd 01 00 00', 'truncated'],
    ['f9 01 00 00', 'truncated'],
  ])('%s is %s', (bytes, code) => {
    expect(codeOf(() => decode('KeyValue', hex(bytes)))).toBe(code);
  });

  test('a wrong wire type is told by name', () => {
    expect(() => decode('Span', hex('28 01'))).toThrow(
      'Span.name (field 5) has wire type 0, it must be 2 (at byte 0)',
    );
  });

  test('nesting ends at the limit, for messages and for groups', () => {
    const nested = (levels: number): Uint8Array => {
      const writer = new WireWriter();
      const starts: number[] = [];
      for (let level = 1; level < levels; level++) {
        writer.varint(level % 2 === 1 ? 0x2a : 0x0a);
        starts.push(writer.begin());
      }
      for (const start of starts.toReversed()) {
        writer.end(start);
      }
      return writer.finish();
    };
    expect(codeOf(() => decode('AnyValue', nested(MAX_DEPTH)))).toBe('ok');
    expect(codeOf(() => decode('AnyValue', nested(MAX_DEPTH + 1)))).toBe('too_deep');
    const groups = new Uint8Array(Buffer.from('fb01'.repeat(MAX_DEPTH + 1), 'hex'));
    expect(codeOf(() => decode('KeyValue', groups))).toBe('too_deep');
  });

  test.each(REQUESTS)('%s: every truncation decodes or is an OtlpError', (name) => {
    for (const message of fc.sample(arbitraryMessage(name), { numRuns: 3, seed: 3 })) {
      const bytes = encode(name, message).subarray(0, 4_000);
      for (let size = 0; size < bytes.length; size++) {
        codeOf(() => decode(name, bytes.subarray(0, size)));
      }
    }
  });

  test.each(REQUESTS)('%s: a thousand mutations decode or are an OtlpError', (name) => {
    const samples = fc.sample(arbitraryMessage(name), { numRuns: 10, seed: 11 });
    const valid = samples.map((message) => encode(name, message));
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...valid),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (bytes, changes) => {
          const mutated = bytes.slice();
          for (const [at, value] of changes) {
            mutated[at % Math.max(1, mutated.length)] = value;
          }
          refused += codeOf(() => decode(name, mutated)) === 'ok' ? 0 : 1;
        },
      ),
      { numRuns: 1_000 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});
