import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkWriter, pieceOf, varintSize } from './chunk-writer.js';

function written(write: (writer: ChunkWriter) => void, capacity = 16): Buffer {
  const writer = new ChunkWriter(capacity);
  write(writer);
  return Buffer.from(writer.copy());
}

function readVarint(bytes: Uint8Array): { value: bigint; end: number } {
  let value = 0n;
  let shift = 0n;
  for (let index = 0; index < bytes.length; index++) {
    value |= BigInt(bytes[index]! & 127) << shift;
    shift += 7n;
    if (bytes[index]! < 128) return { value, end: index + 1 };
  }
  throw new Error('no end');
}

describe('ChunkWriter', () => {
  it('writes unsigned varints in their shortest form', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
        const bytes = written((writer) => writer.varint(value));
        expect(readVarint(bytes)).toEqual({ value: BigInt(value), end: bytes.length });
        expect(bytes.length).toBe(varintSize(value));
      }),
    );
  });

  it('writes signed 64-bit integers from numbers and bigints', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.maxSafeInteger(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
        (value) => {
          const bytes = written((writer) => writer.int64(value));
          expect(BigInt.asIntN(64, readVarint(bytes).value)).toBe(BigInt(value));
        },
      ),
    );
  });

  it('writes times as nanoseconds, also where nanos run over a second', () => {
    const seconds = fc.integer({ min: 0, max: 9_000_000_000 });
    const nanos = fc.integer({ min: 0, max: 1_999_999_999 });
    fc.assert(
      fc.property(fc.array(fc.tuple(seconds, nanos), { minLength: 1 }), (times) => {
        const bytes = written((writer) => {
          for (const [second, nano] of times) writer.time(second, nano);
        });
        times.forEach(([second, nano], index) => {
          const expected = BigInt(second) * 1_000_000_000n + BigInt(nano);
          expect(bytes.readBigUInt64LE(index * 8)).toBe(expected);
        });
      }),
    );
    expect(written((writer) => writer.time(-1, 5)).readBigUInt64LE()).toBe(0n);
  });

  it('writes any string as Buffer does', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 300 })),
        (text) => {
          const bytes = written((writer) => writer.string(text));
          const { value, end } = readVarint(bytes);
          expect(Number(value)).toBe(bytes.length - end);
          expect(bytes.subarray(end).equals(Buffer.from(text, 'utf8'))).toBe(true);
        },
      ),
    );
    const surrogate = written((writer) => writer.string('a\ud800b'));
    expect(surrogate).toEqual(Buffer.from('\u0005a\ufffdb'));
  });

  it('gives nested messages their shortest length whatever was estimated', () => {
    const size = fc.integer({ min: 0, max: 40_000 });
    fc.assert(
      fc.property(size, fc.constantFrom(0, 100, 127, 128, 300, 20_000), (length, estimate) => {
        const content = Buffer.alloc(length, 7);
        const bytes = written((writer) => {
          writer.byte(1);
          const start = writer.open(estimate);
          writer.raw(content);
          writer.close(start, estimate);
          writer.byte(2);
        });
        const { value, end } = readVarint(bytes.subarray(1));
        expect(Number(value)).toBe(length);
        expect(end).toBe(varintSize(length));
        expect(bytes.subarray(1 + end, -1).equals(content)).toBe(true);
        expect(bytes.at(-1)).toBe(2);
      }),
      { numRuns: 50 },
    );
  });

  it('copies pieces by words', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (content) => {
        const source = new ChunkWriter(8);
        source.raw(content);
        const piece = pieceOf(source, 0);
        const bytes = written((writer) => {
          writer.words(piece.words, piece.size);
          writer.byte(9);
        }, 4);
        expect(bytes).toEqual(Buffer.from([...content, 9]));
      }),
    );
  });

  it('writes fixed and floating values little-endian, ids big-endian', () => {
    const bytes = written((writer) => {
      writer.fixed32(-2);
      writer.fixed64(1, 0xffffffff);
      writer.double(-0.5);
      writer.idPart(0x01020304);
      writer.lengthAndBytes(Uint8Array.of(5, 6));
    });
    expect(bytes.readInt32LE(0)).toBe(-2);
    expect(bytes.readBigUInt64LE(4)).toBe(0xffffffff00000001n);
    expect(bytes.readDoubleLE(12)).toBe(-0.5);
    expect([...bytes.subarray(20)]).toEqual([1, 2, 3, 4, 2, 5, 6]);
  });

  it('starts over with new memory and leaves the old alone', () => {
    const writer = new ChunkWriter(8, 2);
    writer.byte(1);
    const old = writer.bytes;
    writer.renew(16, 4);
    writer.byte(2);
    expect([old[2], writer.position, writer.bytes.length]).toEqual([1, 5, 16]);
    expect(writer.bytes.buffer).not.toBe(old.buffer);
    expect(old.buffer.byteLength).toBe(8);
  });
});
