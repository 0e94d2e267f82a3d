import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WireReader } from './wire-reader.js';
import {
  tagOf,
  utf8Size,
  varintSize,
  writeDouble,
  writeFixed32,
  writeFixed64,
  writeText,
  writeUtf8,
  writeVarint,
  writeVarintInteger,
} from './wire-write.js';
import { WireWriter } from './wire-writer.js';

const ROOM = 1_000;

function room(): Buffer {
  return Buffer.alloc(ROOM, 0xee);
}

describe('the free functions', () => {
  test('a varint takes the size that varintSize says, and reads back', () => {
    const edges = [0, 127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21, 2 ** 28 - 1, 2 ** 28];
    const values = fc.oneof(fc.nat(), fc.constantFrom(...edges, 2 ** 32 - 1));
    fc.assert(
      fc.property(values, fc.nat(20), (value, at) => {
        const target = room();
        const end = writeVarint(target, at, value);
        expect(end - at).toBe(varintSize(value));
        expect(new WireReader(target, at, end).varint32()).toBe(value);
        expect(target[end]).toBe(0xee);
      }),
    );
  });

  test('a safe integer is read back as int64', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const target = room();
        const reader = new WireReader(target, 0, writeVarintInteger(target, 0, value));
        reader.varint64();
        expect(reader.int64()).toBe(BigInt(value));
        expect(reader.more()).toBe(false);
      }),
    );
  });

  test('fixed numbers are little-endian', () => {
    const target = room();
    let at = writeFixed32(target, 0, 0x0403_0201);
    at = writeFixed64(target, at, 0xffff_fffe, 0x8000_0000);
    at = writeDouble(target, at, -0.5);
    expect(at).toBe(20);
    expect(target.readUInt32LE(0)).toBe(0x0403_0201);
    expect(target.readBigUInt64LE(4)).toBe(0x8000_0000_ffff_fffen);
    expect(target.readDoubleLE(12)).toBe(-0.5);
  });

  test('text is UTF-8, with its length before it, whatever its size', () => {
    const long = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(fc.oneof(fc.string(), long), (text) => {
        const expected = Buffer.from(text);
        const target = room();
        const end = writeUtf8(target, 3, text);
        expect(target.subarray(3, end)).toEqual(expected);
        expect(utf8Size(text)).toBe(expected.length);
        const reader = new WireReader(target, 0, writeText(target, 0, text));
        expect(reader.string()).toBe(expected.toString());
        expect(reader.more()).toBe(false);
      }),
    );
  });

  test('a tag is the field number and the wire type', () => {
    expect(tagOf(16, 5)).toBe(133);
    expect(tagOf(536_870_911, 2)).toBe(0xffff_fffa);
  });
});

describe('the writer', () => {
  test('grows, keeps what it holds, and is empty again after reset', () => {
    const writer = new WireWriter(1);
    const outer = writer.begin();
    for (let index = 0; index < 100; index++) {
      writer.varint(tagOf(1, 2));
      const inner = writer.begin();
      writer.string('x'.repeat(index * 3));
      writer.end(inner);
    }
    writer.end(outer);
    const bytes = writer.finish();
    const reader = new WireReader(bytes);
    expect(reader.length()).toBe(bytes.length);
    for (let index = 0; index < 100; index++) {
      expect(reader.tag()).toBe(10);
      reader.length();
      expect(reader.string()).toBe('x'.repeat(index * 3));
    }
    expect(writer.view()).toEqual(Buffer.from(bytes));
    writer.reset();
    writer.varint64(-1n);
    writer.raw(new Uint8Array([7]));
    expect(Buffer.from(writer.finish()).toString('hex')).toBe('ffffffffffffffffff0107');
  });

  test('what finish returned is not touched by what comes after', () => {
    const writer = new WireWriter();
    writer.fixed64(1n);
    const first = writer.finish();
    writer.reset();
    writer.fixed64(2n);
    expect(first[0]).toBe(1);
  });
});

test('a signed number is read from its zigzag form', () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const writer = new WireWriter();
      writer.sint32(value);
      expect(new WireReader(writer.finish()).sint32()).toBe(value);
    }),
  );
});

test('a reader sees only its part', () => {
  const reader = new WireReader(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), 2, 5);
  expect(() => reader.fixed32()).toThrow('4 bytes are needed and 3 are left');
  expect([reader.varint32(), reader.varint32(), reader.varint32(), reader.more()]).toEqual([
    3,
    4,
    5,
    false,
  ]);
  expect(() => reader.varint32()).toThrow('1 bytes are needed and 0 are left');
});
