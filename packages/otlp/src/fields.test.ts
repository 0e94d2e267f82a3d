import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Field } from './fields.js';
import { FIELDS, isPacked, WIRE_LENGTH, wireTypeOf } from './fields.js';
import { arbitraryMessage } from './fixtures/arbitrary.js';
import { OFFICIAL_NAMES, officialEncode } from './fixtures/official.js';
import { WireReader } from './wire-reader.js';

const SAMPLES: { readonly [kind in Field['kind']]: unknown } = {
  string: 'x',
  bytes: new Uint8Array([1]),
  id: new Uint8Array([1]),
  bool: true,
  int32: 1,
  sint32: 1,
  uint32: 1,
  enum: 1,
  int64: 1n,
  uint64: 1n,
  fixed32: 1,
  fixed64: 1n,
  sfixed64: 1n,
  double: 1,
  message: {},
};

/** What tells kinds of one wire type apart: how −1 (or 1) looks on the wire. */
const TELLTALE: { readonly [kind in Field['kind']]?: readonly [unknown, string] } = {
  int32: [-1, 'ffffffffffffffffff01'],
  enum: [-1, 'ffffffffffffffffff01'],
  sint32: [-1, '01'],
  int64: [-1n, 'ffffffffffffffffff01'],
  uint64: [2n ** 64n - 1n, 'ffffffffffffffffff01'],
  double: [1, '000000000000f03f'],
  fixed64: [1n, '0100000000000000'],
  sfixed64: [1n, '0100000000000000'],
};

describe('the field tables', () => {
  test('ascend, without a number or a name twice', () => {
    for (const fields of Object.values(FIELDS)) {
      const numbers = fields.map((field) => field.number);
      expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      expect(new Set(fields.map((field) => field.name)).size).toBe(fields.length);
    }
  });

  test.each(OFFICIAL_NAMES)(
    '%s: number, wire type and kind are those of the official code',
    (name) => {
      for (const field of FIELDS[name]) {
        const [sample, hex] = TELLTALE[field.kind] ?? [SAMPLES[field.kind], undefined];
        const value = field.repeated === true ? [sample] : sample;
        const bytes = officialEncode(name, { [field.name]: value });
        const reader = new WireReader(bytes);
        const tag = reader.tag();
        const wireType = isPacked(field) ? WIRE_LENGTH : wireTypeOf(field.kind);
        expect([field.name, tag >>> 3, tag & 7]).toEqual([field.name, field.number, wireType]);
        if (hex !== undefined) {
          const at = isPacked(field) ? reader.at + 1 : reader.at;
          expect([field.name, Buffer.from(bytes.subarray(at)).toString('hex')]).toEqual([
            field.name,
            hex,
          ]);
        }
      }
    },
  );

  test('the arbitrary messages of the tests do nest and do use every field', () => {
    const seen = new Set<string>();
    const names = ['ExportTraceServiceRequest', 'Metric', 'LogRecord'] as const;
    for (const name of names) {
      for (const message of fc.sample(arbitraryMessage(name), { numRuns: 40, seed: 7 })) {
        collect(message, seen);
      }
    }
    expect(seen.has('bytesValue') && seen.has('kvlistValue') && seen.has('quantile')).toBe(true);
    expect(seen.size).toBeGreaterThan(60);
  });
});

function collect(value: unknown, seen: Set<string>): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) {
      seen.add(key);
    }
    collect(inner, seen);
  }
}
